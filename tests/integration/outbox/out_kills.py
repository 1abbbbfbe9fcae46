"""Mail is sent while the processes that send it are killed at random instants."""

import time

from tests.integration.faults.kills import children, kill

#: What a process like the scheduled action's does, again and again.
CYCLE = """
import time
limit = time.monotonic() + seconds
while time.monotonic() < limit:
    env['mail.expander']._cron_send()
    env.cr.commit()
    time.sleep(0.2)
"""
_MAKE = """
vals = [{
    'subject': f'Offer {token}', 'body_html': f'<p>Hello, this is {token}.</p>', 'auto_delete': False,
    'email_from': 'Sales <sales@outbox.example>', 'email_to': ', '.join(to),
} for token, to in mails]
env['mail.mail'].create(vals)
"""
#: Recipients by what the server does with them; what is deferred for ever is no use here.
NAMES = ("reader", "reader", "reader", "reader", "reject", "perm")


class OutFlow:
    """Makes mails, and knows what must become of each recipient."""

    def __init__(self, system, rng):
        self.system, self.rng = system, rng
        self.agent = system.new_agent()
        self.wanted = {}

    def make_some(self):
        """Make some mails with one to five recipients each, in one transaction."""
        mails = []
        for _mail in range(self.rng.randint(5, 25)):
            token = f"tok{len({key[0] for key in self.wanted}) + 10000:05d}"
            names = [self.rng.choice(NAMES) for _one in range(self.rng.choice((1, 1, 1, 2, 5)))]
            addresses = [f"{name}-{token}x{number}@example.com" for number, name in enumerate(names)]
            for address, name in zip(addresses, names, strict=True):
                self.wanted[token, address] = name
            mails.append((token, addresses))
        self.agent.run(_MAKE, mails=mails)


class OutKiller:
    """A gateway and a process like the scheduled action's, and what kills them."""

    def __init__(self, system, start_gateway, rng):
        self.system, self.start_gateway, self.rng = system, start_gateway, rng
        self.agent = system.new_agent()
        self.gateway = None
        self.began, self.counts = {}, {}

    def keep_running(self):
        """Start what is not running; the supervisor starts its own children again."""
        if self.gateway is None or not self.gateway.alive():
            self.gateway = self.start_gateway()
        if not self.agent.alive():
            self.agent.launch()
            self.agent.send(CYCLE, seconds=3600)

    def kill_one(self):
        """Kill a random process that has loaded; False when there is none."""
        candidates = [("cron", self.agent.process.pid)]
        candidates += [("worker", pid) for pid in children(self.gateway.pid)] * 2
        if self.rng.random() < 0.1:
            candidates.append(("supervisor", self.gateway.pid))
        now = time.monotonic()
        for _role, pid in candidates:
            self.began.setdefault(pid, now)
        ready = [one for one in candidates if now - self.began[one[1]] > 4]
        if not ready:
            return False
        role, pid = self.rng.choice(ready)
        kill(pid)
        if role == "cron":
            self.agent.process.wait()
        elif role == "supervisor":
            self.gateway.process.wait()
        self.counts[role] = self.counts.get(role, 0) + 1
        return True

    def stop(self):
        """End both in order; returns the gateway's exit code."""
        self.agent.kill()
        return self.gateway.stop() if self.gateway else None


def judge(system, flow, taken):
    """Return what is wrong, as {complaint: [(token, address)]}, and how many are in which state.

    :param taken: {(token, address): how often the server took it}
    """
    rows = system.sql(
        "SELECT substring(h.subject from 'tok[0-9]{5}'), d.address, d.state FROM message_delivery d "
        "JOIN message_history h ON h.id = d.history_id WHERE h.subject LIKE '%tok%'")
    states = {}
    for token, address, state in rows:
        states.setdefault((token, address), []).append(state)
    wrong, counts = {}, {}
    for key, name in flow.wanted.items():
        found, times = states.get(key, []), taken.get(key, 0)
        counts[found[0] if found else "none"] = counts.get(found[0] if found else "none", 0) + 1
        complaint = _complaint(found, times, expected="accepted" if name == "reader" else "refused")
        if complaint:
            wrong.setdefault(complaint, []).append(key)
    return wrong, counts


def _complaint(found, times, expected):
    if len(found) != 1:
        return f"{len(found)} deliveries"
    if times > 1:
        return "taken more than once"
    if found[0] == "in_doubt":
        return None if expected == "accepted" else "in doubt though refused"
    if found[0] != expected:
        return f"{found[0]} instead of {expected}"
    if times != (expected == "accepted"):
        return f"{found[0]}, and taken {times} times"
    return None


