"""An IMAP server without extensions, with the folder prefix of older servers."""

import dataclasses
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from odoo.addons.message_history.lib.transport import FolderRequest, StartPolicy

from dev.servers import dovecot as module
from tests.integration.transport.mailboxes import Mailbox, Reader, as_kept, mail

PLAIN = """
imap_capability = {capability}
namespace inbox {{
  separator = .
  prefix = INBOX.
}}
"""
INBOX = FolderRequest("INBOX", start=StartPolicy.ALL)


@pytest.fixture(scope="module", params=["IMAP4rev1", "IMAP4rev1 UIDPLUS NAMESPACE"])
def plain_server(request):
    if not module.is_available():
        pytest.skip("Dovecot is not installed: apt-get install dovecot-imapd dovecot-pop3d")
    with module.Dovecot(extra=PLAIN.format(capability=request.param)) as server:
        yield server, "UIDPLUS" in request.param


@pytest.fixture
def mailbox(plain_server, tmp_path):
    server, _has_uidplus = plain_server
    return Mailbox(server, tmp_path)


def test_moved(mailbox, plain_server):
    _server, has_uidplus = plain_server
    mailbox.put(1, 2, 3)
    with mailbox.imap() as transport:
        first, second, third = Reader(transport, INBOX).fetch()
        moved = [one.names for one in transport.move([as_kept(third), as_kept(first)], "Odoo/Ungelöst")]
        # By copying: COPYUID tells the new numbers where there is UIDPLUS.
        assert {one["folder"] for one in moved} <= {"INBOX.Odoo.Ungelöst", "Odoo.Ungelöst"}
        # Without UIDPLUS they are marked, and stay until somebody tidies up.
        assert mailbox.subjects() == (["mail 2"] if has_uidplus else ["mail 1", "mail 2", "mail 3"])
        if has_uidplus:
            assert [transport.fetch_one(one).content for one in moved] == [mail(3), mail(1)]
        (again,) = transport.move([as_kept(second)], "Odoo/Ungelöst")
        assert again.names["folder"] == moved[0]["folder"]
        assert mailbox.subjects() == [] or not has_uidplus
        assert all("\\Deleted" in flags for flags in mailbox.flags().values())


def test_deleted_and_no_others(mailbox, plain_server):
    _server, has_uidplus = plain_server
    mailbox.put(1, 2, 3)
    with mailbox.imap() as transport:
        _first, second, _third = Reader(transport, INBOX).fetch()
        mailbox.server.doveadm("flags", "add", "-u", mailbox.user, "\\Deleted", "mailbox", "INBOX", "subject", "mail 3")
        transport.delete([as_kept(second)])
        left = ["mail 1", "mail 3"] if has_uidplus else ["mail 1", "mail 2", "mail 3"]
        assert mailbox.subjects() == left


@pytest.mark.parametrize("start", [StartPolicy.UNSEEN, StartPolicy.SINCE])
def test_start_without_esearch(mailbox, start):
    mailbox.put(1, seen=True, received_at=time.time() - 864_000)
    mailbox.put(2, 3)
    yesterday = datetime.now(UTC).replace(tzinfo=None) - timedelta(days=1)
    request = dataclasses.replace(INBOX, start=start, since=yesterday)
    with mailbox.imap() as transport:
        assert transport.first_look(request).matching == 2
        assert Reader(transport, request).subjects() == [2, 3]


def test_news_without_idle(mailbox):
    """By asking every now and then."""
    events, stop = [], threading.Event()
    transport = mailbox.imap(poll_interval=0.3)
    thread = threading.Thread(target=transport.listen, args=(events.append, stop.is_set))
    thread.start()
    try:
        end = time.monotonic() + 5
        while not events and time.monotonic() < end:
            time.sleep(0.02)
        mailbox.server.deliver_file(mailbox.user, mail(1))
        while len(events) < 2 and time.monotonic() < end:
            time.sleep(0.02)
        assert events == ["INBOX", "INBOX"]
    finally:
        stop.set()
        thread.join(5)
        transport.close()
    assert not thread.is_alive()


def test_folders(mailbox):
    mailbox.server.create_folder(mailbox.user, "INBOX.Gesendet")
    with mailbox.imap() as transport:
        assert {one.name: one.role for one in transport.folders()} == {
            "INBOX": "inbox",
            "INBOX.Gesendet": "sent",
        }
