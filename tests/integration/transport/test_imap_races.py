"""What can happen to a folder and a connection while it is read, on a real Dovecot."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from odoo.addons.message_history.lib import errors
from odoo.addons.message_history.lib.transport import FolderRequest, StartPolicy

from tests.integration.transport.mailboxes import Reader, mail, number_of

INBOX = FolderRequest("INBOX", start=StartPolicy.ALL)


@pytest.mark.parametrize("start", list(StartPolicy))
def test_uidvalidity_changes(mailbox, start):
    """Everything comes again under new names, marked; what came meanwhile is among it."""
    old = datetime(2026, 1, 1, tzinfo=UTC)
    mailbox.put(1, 2, received_at=old.timestamp(), seen=True)
    mailbox.put(3, received_at=(old + timedelta(hours=1)).timestamp(), seen=True)
    request = FolderRequest("INBOX", start=start, since=datetime(2026, 1, 1, 0, 30), max_messages=2)
    with mailbox.imap() as transport:
        reader = Reader(transport, request)
        first = reader.subjects()
        mailbox.put(4, 5)
        assert reader.subjects() == [4, 5]
        before = set(reader.kept)
        mailbox.put(6)  # not fetched yet
        mailbox.server.set_uidvalidity(mailbox.user, 12345)
        again = reader.fetch()
        expected = {StartPolicy.ALL: [1, 2, 3, 4, 5, 6]}.get(start, [3, 4, 5, 6])
        assert [number_of(one) for one in again] == expected
        assert all(one.relocated for one in again)
        assert not before & {one.external_id for one in again}
        assert {one.names["uidvalidity"] for one in again} == {12345}
        mailbox.put(7)
        (new,) = reader.fetch()
        assert (number_of(new), new.relocated) == (7, False)
    assert first == {"all": [1, 2, 3], "since": [3]}.get(start.value, [])


def test_folder_removed_and_made_again(mailbox):
    mailbox.server.create_folder(mailbox.user, "Orders")
    mailbox.put(1, 2, folder="Orders")
    with mailbox.imap() as transport:
        reader = Reader(transport, FolderRequest("Orders", start=StartPolicy.ALL))
        assert reader.subjects() == [1, 2]
        mailbox.server.delete_folder(mailbox.user, "Orders")
        with pytest.raises(errors.ChannelError):
            reader.fetch()
        time.sleep(1.1)  # Dovecot's UIDVALIDITY is the time in seconds
        mailbox.server.create_folder(mailbox.user, "Orders")
        mailbox.put(3, folder="Orders")
        again = reader.fetch()
        assert [number_of(one) for one in again] == [3]
        assert len(reader.kept) == 3


def test_expunged_while_reading(mailbox):
    mailbox.put(*range(1, 9))
    with mailbox.imap() as transport:
        request = FolderRequest("INBOX", start=StartPolicy.ALL, max_messages=2, mark_seen=True)
        got, cursor, failed = [], {}, {}
        for chunk in transport.fetch(request):
            if not got:  # chunk 2 is on its way; chunks 3 and 4 are listed
                mailbox.server.expunge(mailbox.user, "subject", "mail 2")
                mailbox.server.expunge(mailbox.user, "subject", "mail 6")
                mailbox.server.expunge(mailbox.user, "subject", "mail 7")
                mailbox.server.expunge(mailbox.user, "subject", "mail 8")
            got += [number_of(one) for one in chunk.messages]
            cursor, failed = chunk.cursor, failed | chunk.failed
            transport.acknowledge(request, chunk)
        # Dovecot may still hand over what it had open when it was expunged.
        assert got[:4] == [1, 2, 3, 4]
        assert 5 in got
        assert not failed
        assert "pending" not in cursor
        assert cursor["last_uid"] == 8
        reader = Reader(transport, request)
        mailbox.put(9)
        assert reader.subjects(cursor=cursor) == [9]


def test_connection_cut_while_reading(mailbox, proxy_to):
    """What was handed over stays handed over; the rest comes at the next attempt."""
    mailbox.server.deliver_many(mailbox.user, [mail(number, 2000) for number in range(60)])
    proxy = proxy_to(mailbox.server.imap_port)
    with mailbox.imap(security="none", port=proxy.port) as transport:
        reader = Reader(transport, INBOX)
        proxy.faults.cut_after = 60_000
        for _attempt in range(8):
            try:
                reader.fetch(max_messages=10, mark_seen=True)
            except errors.ConnectionFailed:
                continue
        proxy.faults.cut_after = None
        reader.fetch()
        assert len(reader.kept) == 60
        assert "pending" not in reader.request.cursor


def test_server_falls_silent(mailbox, proxy_to):
    mailbox.put(1, 2)
    proxy = proxy_to(mailbox.server.imap_port)
    with mailbox.imap(security="none", port=proxy.port, timeout=0.5) as transport:
        proxy.faults.hang_after = 0
        began = time.monotonic()
        with pytest.raises(errors.ConnectionFailed) as caught:
            list(transport.fetch(INBOX))
        assert time.monotonic() - began < 3
        assert caught.value.retryable
        proxy.faults.hang_after = None
        proxy.cut()
        assert len(Reader(transport, INBOX).fetch()) == 2
