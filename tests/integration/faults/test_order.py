"""Several workers at once: a reply never overtakes the mail that it answers."""

from tests.integration.faults.check import chatter, ledger
from tests.integration.faults.mails import Mail
from tests.integration.faults.system import FETCH

HOLD_SECONDS = 2


def test_parent_that_another_worker_looks_at(ours, dovecot, tmp_path):
    """Looking for work locks rows for a moment: that must not let a reply pass its parent.

    The other worker looks between our choice and our claim.
    """
    box = ours.mailbox(dovecot)
    first = Mail("Order")
    box.deliver(first, Mail("Re: Order", parent=first, sender="other@customer.example"))
    box.only_fetch()
    other = ours.new_agent().start()
    other.send(_LOOK, token=first.token, folder=str(tmp_path), seconds=HOLD_SECONDS)
    ours.agent.arm(chosen={"do": "meet", "folder": str(tmp_path), "count": 2, "seconds": 20})
    ours.process()
    assert other.wait() == 1, "the other worker saw nothing"
    ours.agent.disarm()
    ours.process()
    other.stop()
    found = chatter(ours)
    documents = {document for mail in box.sent for document in found[mail.token]}
    names = ours.sql(f"SELECT name FROM crm_lead WHERE name LIKE '%{first.token}%'")
    box.close()
    assert [len(found[mail.token]) for mail in box.sent] == [1, 1]
    assert len(documents) == 1, "the reply made a document of its own"
    assert names == [[first.subject]], "the reply was first"


# What a worker does that looks for work, only slower.
_LOOK = """
import pathlib, time
while not list(pathlib.Path(folder).iterdir()):
    time.sleep(0.02)
env.cr.execute("SELECT id FROM message_history h WHERE state = 'received' AND EXISTS (SELECT FROM message_raw r "
               "WHERE r.history_id = h.id AND position(convert_to('Message-ID: <' || %s, 'UTF8') in r.content) > 0) "
               "FOR NO KEY UPDATE SKIP LOCKED", [token])
result = env.cr.rowcount
(pathlib.Path(folder) / "looked").touch()
env.cr.execute("SELECT pg_sleep(%s)", [seconds])
"""


def test_answers_to_a_mail_that_never_came(ours, dovecot, tmp_path):
    """Two people answer a mail that Odoo never saw, two workers process them at once: one conversation."""
    boxes = [ours.mailbox(dovecot), ours.mailbox(dovecot)]
    unknown = Mail("Never came")
    for index, box in enumerate(boxes):
        box.deliver(Mail("Re: Never came", parent=unknown, sender=f"person{index}.{unknown.token}@customer.example"))
    other = ours.new_agent().start()
    for agent, box in zip((ours.agent, other), boxes, strict=True):
        agent.run(FETCH, ids=[box.id])
        agent.arm(routed={"do": "meet", "folder": str(tmp_path), "count": 2, "seconds": 3})
    for agent in (ours.agent, other):
        agent.send(_ONE)
    for agent in (ours.agent, other):
        agent.wait()
    other.stop()
    ours.agent.disarm()
    ours.process()
    rows = ledger(ours)
    conversations = {row["conversation"] for box in boxes for mail in box.sent for row in rows[mail.token]}
    for box in boxes:
        box.close()
    assert len(conversations) == 1


_ONE = """
from odoo.addons.message_history.tools import locks
with locks.AdvisoryLocks(env.cr.dbname) as held:
    result = env['message.worker']._process_batch(held, limit=1)
"""
