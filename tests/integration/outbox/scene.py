"""One fault on one system: the mails, what is done, what was seen of it."""

import time
from collections import Counter
from dataclasses import dataclass, field

from tests.integration.faults.agent import AgentDied
from tests.integration.outbox.system import arrivals


@dataclass
class Outcome:
    """What became of some mails.

    :param arrived: recipients that the server took them for; ``twice``: more than once
    :param told: what Odoo says of the mails, sorted
    :param states: our deliveries by state
    :param icons: chatter's icons by address
    """

    arrived: int = 0
    twice: int = 0
    told: str = ""
    states: dict = field(default_factory=dict, compare=True)
    icons: dict = field(default_factory=dict, compare=False)

    def __eq__(self, other):
        mine = (self.arrived, self.twice, self.told)
        same = mine == (other.arrived, other.twice, other.told)
        return same and (not other.states or not self.states or self.states == other.states)

    __hash__ = None


class OutScene:
    """A scene for one system (core or ours), with an SMTP server of its own."""

    def __init__(self, system, sink):
        self.system, self.sink = system, sink
        self.steps = []
        self.addresses = {}
        self.server = system.server(sink.port, sequence=1)

    def close(self):
        """Leave nothing to the next fault."""
        self.system.agent.disarm()
        self.system.agent.run(
            "env['ir.mail_server'].browse(id).active = False\n"
            "env['mail.mail'].search([('state', '=', 'outgoing')]).write({'state': 'cancel'})", id=self.server)

    def mail(self, *to, partners=(), **values):
        """A mail that waits."""
        token = self.system.mail(*to, partners=partners, **values)
        self.addresses[token] = [*to, *partners]
        return token

    def post(self, *to):
        """A chatter message to contacts."""
        token = self.system.post(*to)
        self.addresses[token] = list(to)
        return token

    def run(self, seconds=120):
        """Work the queue off once."""
        self.system.run(seconds=seconds)

    def later(self):
        """Let time pass and work the queue off again."""
        self.system.later()

    def retry(self, token):
        """Press Retry on the mail."""
        self.system.agent.run(
            "env['mail.mail'].search([('subject', 'like', token)]).action_retry()", token=token)
        self.later()

    def send_again(self, token):
        """Choose to send what is in doubt again (core: Retry)."""
        if self.system.is_ours:
            self.system.agent.run(
                "env['message.history'].search([('subject', 'like', token)]).action_send_again()", token=token)
            self.later()
        else:
            self.retry(token)

    def run_twice(self):
        """Two processes at once."""
        other = self.system.new_agent().start()
        script = "env['mail.mail'].process_email_queue()"
        other.send(script)
        self.system.agent.send(script)
        for agent in (self.system.agent, other):
            try:
                agent.wait(120)
            except RuntimeError as error:
                # core's two workers fail each other
                if self.system.is_ours:
                    raise
                print(error)
        other.stop()

    def die_after_accept(self, number):
        """Have the process die right after the server took the so-many-eth mail, before anything is written."""
        self.system.agent.run(_DIE, number=number, ours=self.system.is_ours)

    def run_and_die(self):
        """Work the queue off and die meanwhile."""
        try:
            self.run()
        except AgentDied:
            return
        raise AssertionError("it did not die")

    def note(self, when, *tokens):
        """Look what became of mails, and keep it for the page."""
        outcome = self._look(tokens)
        said = self._words(outcome, sum(len(self.addresses[token]) for token in tokens))
        self.steps.append(f"{when}: {said}" if when else said)
        return outcome

    def _look(self, tokens):
        time.sleep(0.1)
        counts = Counter({key: count for key, count in arrivals(self.sink.taken()).items() if key[0] in tokens})
        told = sorted({self.system.mail_state(token) or "gone" for token in tokens} - {"gone"})
        states, icons = Counter(), {}
        for token in tokens:
            icons |= self.system.notifications(token)
            if self.system.is_ours:
                states.update(row[0] for row in self.system.deliveries(token).values())
        return Outcome(
            arrived=len(counts), twice=sum(count > 1 for count in counts.values()), told=", ".join(told),
            states=dict(states), icons=icons)

    def _words(self, outcome, total):
        said = [f"{outcome.arrived} of {total} recipients got it"]
        if outcome.twice:
            said.append(f"**{outcome.twice} twice**")
        if outcome.icons:
            said.append("icons: " + ", ".join(f"{one} {state}" for one, state in sorted(outcome.icons.items())))
        elif outcome.told:
            said.append(f"mail says *{outcome.told}*")
        if outcome.states:
            said.append(", ".join(f"{count} {state}" for state, count in sorted(outcome.states.items())))
        return "; ".join(said)


_DIE = """
import os, smtplib
count = [0]
if ours:
    from odoo.addons.smtp_outbox.lib.wire import SmtpConnection
    origin = SmtpConnection.read_final
    def read_final(self):
        found = origin(self)
        count[0] += 1
        if count[0] == number:
            os.kill(os.getpid(), 9)
        return found
    SmtpConnection.read_final = read_final
else:
    origin = smtplib.SMTP.send_message
    def send_message(self, *args, **kwargs):
        found = origin(self, *args, **kwargs)
        count[0] += 1
        if count[0] == number:
            os.kill(os.getpid(), 9)
        return found
    smtplib.SMTP.send_message = send_message
"""
