"""Mail flows while processes are killed at random instants."""

import contextlib
import os
import signal
import time
from pathlib import Path

from tests.integration.faults.mails import Mail

SENDERS = 60
#: Where processes die by themselves now and then: between two steps that belong together.
POINTS = ("stored", "committed", "quit", "chosen", "documented", "dispatched", "settled")
CHANCE = 0.03
CYCLE = """
import time
limit = time.monotonic() + seconds
while time.monotonic() < limit:
    for server in env['fetchmail.server'].search([('state', '=', 'done')]):
        server._fetch_mail()
        env.cr.commit()
    env['message.worker']._cron_process()
    env.cr.commit()
    time.sleep(0.3)
"""


class Flow:
    """Delivers mail to three mailboxes and knows what must come of it.

    :param boxes: ``Mailbox`` by name: two over IMAP, one over POP3
    """

    def __init__(self, boxes, rng):
        self.boxes, self.rng = boxes, rng
        self.mails = []
        self.copies = {}
        self.places = {}
        self.known = set()

    def deliver_some(self):
        """Put one to three mails into the mailboxes."""
        for _ in range(self.rng.randint(1, 3)):
            self._deliver(*self._choose())

    def _choose(self):
        """Return a mail and the mailboxes it goes to."""
        names = list(self.boxes)
        parents = [mail for mail in self.mails[-60:] if mail.message_id]
        kind = self.rng.random()
        if kind < 0.35 and parents:
            parent = self.rng.choice(parents)
            # elsewhere only once Odoo can know what it is an answer to
            elsewhere = parent.token in self.known and self.rng.random() < 0.4
            return self._mail("Re: order", parent=parent), [
                self.rng.choice(names if elsewhere else sorted(self.places[parent.token]))]
        if kind < 0.5:
            return self._mail("Copy"), self.rng.sample(names, 2)
        return self._mail("Order", message_id=self.rng.random() < 0.75), [self.rng.choice(names)]

    def _mail(self, words, **options):
        sender = f"customer{self.rng.randrange(SENDERS)}@customer.example"
        return Mail(words, sender=sender, to="sales@elsewhere.example", **options)

    def _deliver(self, mail, names):
        self.mails.append(mail)
        self.copies[mail.token] = len(names)
        self.places[mail.token] = set(names)
        for name in names:
            self.boxes[name].deliver(mail)

    @property
    def delivered(self):
        """Messages in mailboxes, copies counted."""
        return sum(self.copies.values())


class Killer:
    """A gateway and a process like the scheduled action's, and what kills them.

    :param gateway: function that starts ``odoo gateway``; returns an ``OdooProcess``
    """

    def __init__(self, system, start_gateway, rng):
        self.system, self.start_gateway, self.rng = system, start_gateway, rng
        self.agent = system.new_agent()
        self.agent.arm(**{point: {"do": "kill", "chance": CHANCE} for point in POINTS})
        self.agent_killed = True
        self.gateway = None
        self.began = {}
        self.counts = {}

    def keep_running(self):
        """Start what is not running; the supervisor starts its own children again."""
        if self.gateway is None or not self.gateway.alive():
            self.gateway = self.start_gateway()
        if not self.agent.alive():
            if not self.agent_killed:
                self.count("cron, between two steps")
            self.agent_killed = False
            self.agent.launch()
            self.agent.send(CYCLE, seconds=3600)

    def is_up(self):
        """Whether the supervisor has all its children."""
        return len(children(self.gateway.pid)) == 3

    def kill_one(self):
        """Kill a random process that has run for a while; False when there is none."""
        candidates = [("cron", self.agent.process.pid), ("supervisor", self.gateway.pid)]
        candidates += [("child", pid) for pid in children(self.gateway.pid)] * 3
        now = time.monotonic()
        for _role, pid in candidates:
            self.began.setdefault(pid, now)
        # a process that is still loading has nothing in its hands: no use to kill only those
        ready = [one for one in candidates if now - self.began[one[1]] > 4 or self.rng.random() < 0.02]
        if not ready:
            return False
        role, pid = self.rng.choice(ready)
        kill(pid)
        if role == "cron":
            self.agent_killed = True
            self.agent.process.wait()
        elif role == "supervisor":
            self.gateway.process.wait()
        self.count(role)
        return True

    def count(self, role, number=1):
        """Remember that something was killed."""
        if number:
            self.counts[role] = self.counts.get(role, 0) + number

    def stop(self):
        """End both in order; returns the gateway's exit code."""
        self.agent_killed = True
        self.agent.kill()
        return self.gateway.stop() if self.gateway else None


def kill(pid):
    """SIGKILL to one process of ours."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def children(pid):
    """Process ids of the direct children."""
    try:
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
