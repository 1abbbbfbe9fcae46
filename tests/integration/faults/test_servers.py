"""Servers and mailboxes that change or misbehave while they are read."""

import time

import pytest

from dev.servers.proxy import Proxy
from tests.integration.faults.broken import BrokenForBoth
from tests.integration.faults.mails import Mail
from tests.integration.faults.system import TIMEOUT

SIZE = 100_000


def test_uidvalidity_changes(compare):
    """The server numbers its messages anew: the old are known, the new one is new."""

    def scenario(scene):
        box = scene.box(folder={"afterwards": "leave"})
        box.deliver(*(Mail() for _ in range(3)))
        box.fetch()
        scene.dovecot.set_uidvalidity(box.user, 4711)
        box.deliver(Mail())
        box.fetch()
        box.fetch()
        scene.note()

    scene = compare("UIDVALIDITY changes between two fetches", scenario)
    assert scene.outcomes[0].perfect


def test_expunged_between_search_and_fetch(compare):
    """A mail that somebody deletes at that moment stops none of the others."""

    def scenario(scene):
        box = scene.box()
        mails = [Mail(), Mail(), Mail()]
        box.deliver(*mails)
        scene.dovecot.messages(box.user)
        dovecot = scene.dovecot
        command = ["doveadm", "-c", str(dovecot.config), "expunge", "-u", box.user, "mailbox", "INBOX",
                   "header", "subject", mails[1].token]
        scene.agent.arm(listed={"do": "run", "command": command})
        error = box.fetch()
        assert len(dovecot.messages(box.user)) == 2, "nothing was expunged"
        scene.note("in that fetch", gone=[mails[1].token], more="the fetch ended with an error" if error else "")
        scene.agent.disarm()
        box.fetch()
        scene.note("in the next one", gone=[mails[1].token])

    scene = compare("A mail is expunged between SEARCH and FETCH", scenario)
    assert all(one.perfect for one in scene.outcomes)
    assert "error" not in scene.steps[0]


def test_colleague_reads_first(compare):
    """Who reads along in webmail hides nothing from Odoo."""

    def scenario(scene):
        box = scene.box()
        mails = [Mail(), Mail(), Mail()]
        box.deliver(*mails)
        scene.dovecot.set_seen(box.user, "header", "subject", mails[1].token)
        box.fetch()
        scene.note()

    scene = compare("A colleague reads one of three mails in webmail before Odoo fetches", scenario)
    assert scene.outcomes[0].perfect


@pytest.mark.parametrize("fault", ["hang_after", "cut_after"])
def test_connection_fails_within_a_mail(compare, fault):
    """The second of three mails is cut off or never ends; the mailbox beside it is fetched."""

    def scenario(scene):
        with Proxy(scene.dovecot.imap_port) as proxy:
            box, healthy = scene.box(port=proxy.port), scene.box()
            box.deliver(*(Mail(size=SIZE) for _ in range(3)))
            healthy.deliver(Mail())
            setattr(proxy.faults, fault, SIZE * 3 // 2)
            began = time.monotonic()
            scene.system.fetch(box, healthy)
            assert time.monotonic() - began < 20 * TIMEOUT, "it waited too long"
            scene.note("during it", box)
            scene.note("the mailbox beside it", healthy)
            setattr(proxy.faults, fault, None)
            proxy.cut()
            box.fetch()
            box.fetch()
            scene.note("afterwards", box)

    what = "hangs" if fault == "hang_after" else "cuts the connection"
    scene = compare(f"The server {what} within the second of three mails", scenario)
    assert scene.outcomes[1].perfect
    assert scene.outcomes[2].perfect


def test_server_out_of_reach(compare):
    """The server refuses every connection, then is back."""

    def scenario(scene):
        with Proxy(scene.dovecot.imap_port) as proxy:
            box, healthy = scene.box(port=proxy.port), scene.box()
            box.deliver(Mail())
            healthy.deliver(Mail())
            proxy.faults.refuse = True
            assert scene.system.fetch(box, healthy), "the failure is not reported"
            scene.note("while it is away")
            proxy.faults.refuse = False
            scene.system.fetch(box, healthy)
            scene.note("when it is back")

    scene = compare("A server that refuses connections, with another one behind it", scenario)
    assert scene.outcomes[0].once == 1
    assert scene.outcomes[1].perfect


@pytest.mark.parametrize("fault", ["garbage", "no", "nil", "too_short", "cut", "hang"])
def test_server_spoils_one_mail(compare, fault):
    """One of three mails can't be had, time after time; then the server is repaired."""

    def scenario(scene):
        mails = {uid: Mail() for uid in (1, 2, 3)}
        content = {uid: mail.content.replace(b"\n", b"\r\n") for uid, mail in mails.items()}
        with BrokenForBoth(content, faults={2: fault}, classic=not scene.system.is_ours) as server:
            box = scene.box(port=server.port)
            box.sent += mails.values()
            box.messages = lambda: [
                {"hdr.subject": mail.subject, "flags": "\\Seen" if uid in server.seen else ""}
                for uid, mail in mails.items()]
            for _ in range(3):
                box.fetch()
            scene.note("after three fetches")
            server.faults.clear()
            box.fetch()
            scene.note("when the server is repaired")

    what = {"garbage": "answers garbage instead of", "no": "refuses", "nil": "hands over nothing for",
            "too_short": "announces a wrong length for", "cut": "cuts the connection at",
            "hang": "falls silent at"}[fault]  # fmt: skip
    scene = compare(f"A server that {what} the second of three mails, time after time", scenario)
    assert scene.outcomes[0].once >= 2, "the others were not fetched"
    assert scene.outcomes[1].perfect


@pytest.mark.parametrize("fault", ["silent", "bye", "http", "hang_login", "cut_login", "hang_select"])
def test_server_never_gets_that_far(compare, fault):
    """No conversation comes about; the server behind it is fetched, within the time-out."""

    def scenario(scene):
        with BrokenForBoth({}, fault=fault, classic=not scene.system.is_ours) as server:
            bad, healthy = scene.box(port=server.port), scene.box()
            healthy.deliver(Mail())
            began = time.monotonic()
            assert scene.system.fetch(bad, healthy), "the failure is not reported"
            assert time.monotonic() - began < 10 * TIMEOUT
            scene.note("the mailbox behind it", healthy)

    what = {"silent": "says nothing at all", "bye": "says BYE at once", "http": "speaks another protocol",
            "hang_login": "falls silent at the login", "cut_login": "cuts the connection at the login",
            "hang_select": "falls silent when the folder is opened"}[fault]  # fmt: skip
    scene = compare(f"A server that {what}", scenario)
    assert scene.outcomes[0].perfect
