"""What became of the mails of one fault, measured, and said in words for ``docs/faults.md``."""

from collections import Counter
from dataclasses import dataclass, field

from tests.integration.faults.check import chatter, ledger, token_of

#: States of the ledger in which a mail is safe and something or somebody still has to act.
KEPT = ("received", "failed", "held", "given_up")


@dataclass
class Outcome:
    """Where the mails stand.

    :param total: mails delivered
    :param once: mails that stand in Odoo as often as they should
    :param twice: mails that stand there more often
    :param kept: mails that don't, but are in the ledger, by state
    :param waiting: mails that are still to be fetched
    :param lost: mails that nobody will ever see in Odoo
    :param documents: documents that the mails stand on
    :param unseen: messages left unread in the mailbox; ``left``: messages left in it
    """

    total: int
    once: int = 0
    twice: int = 0
    kept: Counter = field(default_factory=Counter)
    ignored: int = 0
    waiting: int = 0
    lost: int = 0
    documents: int = 0
    unseen: int = 0
    left: int = 0
    error: str = ""

    @property
    def perfect(self):
        """Every mail is in Odoo, once."""
        return self.once == self.total and not self.twice

    def words(self):
        """Say it as a clerk would."""
        said = [f"{self.once + self.twice} of {self.total} in Odoo"]
        if self.twice:
            said.append(f"**{self.twice} of them twice**")
        if self.lost:
            said.append(f"**lost {self.lost}**")
        said += [f"{count} kept as {state}" for state, count in sorted(self.kept.items())]
        if self.ignored:
            said.append(f"{self.ignored} recorded and ignored")
        if self.waiting:
            said.append(f"{self.waiting} still to be fetched")
        return ", ".join(said)


def observe(*boxes, gone=()):
    """Find out what became of the mails of some mailboxes of one system.

    A mail that is neither in Odoo nor in the ledger is lost when nothing will bring it: for core
    when it is gone from the server or marked as read there, for us when it is gone.

    :param gone: tokens of mails that people removed before anybody fetched them
    """
    system = boxes[0].system
    in_odoo, in_ledger = chatter(system), ledger(system)
    mails = {mail.token: mail for box in boxes for mail in box.sent if mail.token not in gone}
    on_server = {}
    for box in boxes:
        for one in box.messages():
            on_server[token_of(one["hdr.subject"])] = "\\Seen" in one["flags"]
    found = Outcome(len(mails))
    documents = set()
    for token, mail in mails.items():
        messages = in_odoo.get(token, [])
        documents.update(messages)
        states = [row["state"] for row in in_ledger.get(token, [])]
        if len(messages) > mail.expected:
            found.twice += 1
        elif len(messages) == mail.expected:
            found.once += 1
        elif kept := [state for state in states if state in KEPT]:
            found.kept[kept[0]] += 1
        elif states:
            found.ignored += 1
        elif token in on_server and (system.is_ours or not on_server[token]):
            found.waiting += 1
        else:
            found.lost += 1
    found.documents = len(documents)
    found.unseen = sum(box.unseen() for box in boxes)
    found.left = sum(box.left() for box in boxes)
    return found
