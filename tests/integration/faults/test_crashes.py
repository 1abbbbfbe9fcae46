"""kill -9 at the points where it hurts, over IMAP and POP3, with and without Message-ID."""

import time

import pytest

from tests.integration.faults.agent import AgentDied
from tests.integration.faults.mails import Mail

WITH_OR_WITHOUT = pytest.mark.parametrize(
    "message_id", [True, False], ids=["with Message-ID", "without Message-ID"])


def _die_and_go_on(scene, kind, message_id, point, **options):
    """Fetch three mails, die at the point, fetch again with a new process."""
    box = scene.box(kind=kind, **options)
    box.deliver(*(Mail(message_id=message_id) for _ in range(3)))
    scene.agent.arm(**{point: {"do": "kill"}})
    with pytest.raises(AgentDied):
        box.fetch()
    scene.agent.disarm()
    box.fetch()
    box.fetch()
    return box


def _title(what, message_id):
    return f"kill -9 {what}, {'with' if message_id else 'without'} Message-ID"


@WITH_OR_WITHOUT
@pytest.mark.parametrize("kind", ["imap", "pop"])
def test_before_the_commit(compare, kind, message_id):
    """The process dies with a document that isn't committed; ours also with a mail that isn't."""

    def scenario(scene):
        box = _die_and_go_on(scene, kind, message_id, "documented")
        scene.note(more=_flags(box))
        if scene.system.is_ours:
            box = _die_and_go_on(scene, kind, message_id, "stored")
            scene.note("before the mail itself is committed", box, more=_flags(box))

    protocol = "IMAP" if kind == "imap" else "POP3"
    scene = compare(_title(f"before the commit, {protocol}", message_id), scenario)
    assert all(one.perfect for one in scene.outcomes)
    _assert_told(scene, kind)


@WITH_OR_WITHOUT
@pytest.mark.parametrize("kind", ["imap", "pop"])
def test_between_commit_and_flag(compare, kind, message_id):
    """The process dies when the mail is safe and the server doesn't know it yet."""

    def scenario(scene):
        box = _die_and_go_on(scene, kind, message_id, "committed" if kind == "imap" else "quit")
        scene.note(more=_flags(box))

    what = "between commit and flag, IMAP" if kind == "imap" else "before QUIT, POP3"
    scene = compare(_title(what, message_id), scenario)
    assert scene.outcomes[0].perfect
    _assert_told(scene, kind)


def _flags(box):
    if box.kind == "imap":
        return f"{box.unseen()} left unread" if box.unseen() else ""
    return f"{box.left()} left on the server" if box.left() else ""


def _assert_told(scene, kind):
    """The server was told in the end, as the folder's settings ask for."""
    for one in scene.outcomes:
        assert (one.unseen if kind == "imap" else one.left) == 0


@WITH_OR_WITHOUT
def test_during_a_slow_commit(compare, message_id):
    """PostgreSQL goes on with a commit whose client is dead; the next process must not overtake it.

    A constraint trigger makes the commit take as long as a slow disk does.
    """

    def scenario(scene):
        system = scene.system
        boxes = [scene.box(model="fault.ticket") for _ in range(2 if message_id else 1)]
        mail = Mail("[slow]", message_id=message_id)
        for box in boxes:
            box.deliver(mail)
        next_one = system.new_agent().start()
        system.odoo.server.query(_SLOW_COMMIT, system.dbname)
        try:
            scene.agent.send(_FETCH_AND_PROCESS, ids=[boxes[0].id], ours=system.is_ours)
            _wait_for_commit(system)
            scene.agent.kill()
            system.fetch(*boxes, agent=next_one)
        finally:
            system.odoo.server.query("DROP TRIGGER slow_commit ON fault_ticket", system.dbname)
        system.fetch(*boxes, agent=next_one)
        next_one.stop()
        scene.note()

    scene = compare(_title("while PostgreSQL commits on a slow disk"
                           + (", the mail being in two mailboxes" if message_id else ""), message_id), scenario)
    assert scene.outcomes[0].perfect


SLOW_SECONDS = 4
_SLOW_COMMIT = f"""
CREATE OR REPLACE FUNCTION slow_commit() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN PERFORM pg_sleep({SLOW_SECONDS}); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER slow_commit AFTER INSERT ON fault_ticket
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slow_commit();
"""
_FETCH_AND_PROCESS = """
env['fetchmail.server'].browse(ids)._fetch_mail()
if ours:
    env['message.worker']._cron_process()
"""
_COMMITTING = """
SELECT count(*) FROM pg_stat_activity
 WHERE datname = current_database() AND state = 'active' AND wait_event = 'PgSleep'
"""


def _wait_for_commit(system, seconds=30):
    limit = time.monotonic() + seconds
    while system.sql(_COMMITTING) == [["0"]]:
        assert time.monotonic() < limit, "nothing was committed"
        time.sleep(0.05)


@pytest.mark.parametrize("point", ["moving", "moved"])
def test_while_moving(ours, dovecot, point):
    """Processed mail is moved away; the process dies before or after the server did it."""
    box = ours.mailbox(dovecot, folder={"afterwards": "move", "afterwards_folder": "Done"})
    box.deliver(*(Mail() for _ in range(3)))
    box.fetch()
    ours.agent.arm(**{point: {"do": "kill"}})
    with pytest.raises(AgentDied):
        box.fetch()
    ours.agent.disarm()
    box.fetch()
    box.deliver(Mail())
    box.fetch()
    box.fetch()
    assert box.left() == 0
    assert len(dovecot.messages(box.user, "Done")) == 4
    box.close()


def test_same_mail_in_two_mailboxes_at_once(compare, tmp_path):
    """Two processes fetch and process two mailboxes with one mail at the same moment."""

    def scenario(scene):
        boxes = [scene.box(), scene.box()]
        mail = Mail()
        for box in boxes:
            box.deliver(mail)
        folder = tmp_path / scene.system.kind
        folder.mkdir()
        other = scene.system.new_agent()
        for agent in (scene.agent, other):
            agent.start()
            agent.arm(routed={"do": "meet", "folder": str(folder), "count": 2, "seconds": 3})
        for agent, box in zip((scene.agent, other), boxes, strict=True):
            agent.send(_FETCH_AND_PROCESS, ids=[box.id], ours=scene.system.is_ours)
        for agent in (scene.agent, other):
            agent.wait()
        other.stop()
        scene.agent.disarm()
        scene.system.process()
        outcome = scene.note()
        scene.steps[-1] += f", {outcome.documents} document{'s' * (outcome.documents != 1)}"

    scene = compare("The same mail in two mailboxes that are fetched at once", scenario)
    assert scene.outcomes[0].perfect
    assert scene.outcomes[0].documents == 1
