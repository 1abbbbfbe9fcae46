"""ImapTransport against a real Dovecot."""

import hashlib
import tracemalloc
from datetime import UTC, datetime, timedelta

import pytest
from odoo.addons.message_history.lib import errors
from odoo.addons.message_history.lib.transport import FolderRequest, StartPolicy

from tests.integration.transport.mailboxes import Reader, as_kept, mail, number_of

INBOX = FolderRequest("INBOX", start=StartPolicy.ALL)


# -- what is new ----------------------------------------------------------------------------------


def test_all_then_only_what_is_new(mailbox):
    mailbox.put(*range(1, 8))
    with mailbox.imap() as transport:
        reader = Reader(transport, INBOX)
        assert reader.subjects(max_messages=3) == [1, 2, 3, 4, 5, 6, 7]
        assert [len(chunk.messages) for chunk in reader.chunks] == [3, 3, 1]
        assert [chunk.remaining for chunk in reader.chunks] == [4, 1, 0]
        assert reader.fetch() == []
        assert reader.chunks == []
        mailbox.put(8)
        assert reader.subjects() == [8]
    with mailbox.imap() as transport:  # another connection, the same cursor
        again = Reader(transport, reader.request)
        assert again.fetch() == []
        mailbox.put(9)
        assert again.subjects() == [9]


def test_what_comes_with_a_message(mailbox):
    moment = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
    mailbox.put(1, received_at=moment.timestamp(), seen=True)
    with mailbox.imap() as transport:
        (message,) = Reader(transport, INBOX).fetch()
    validity = message.names["uidvalidity"]
    assert message.content == mail(1)
    assert message.size == len(mail(1))
    assert message.external_id == f"INBOX/{validity}/1"
    assert message.names == {"folder": "INBOX", "uidvalidity": validity, "uid": 1}
    assert message.received_at == moment.replace(tzinfo=None)
    assert "\\Seen" in message.flags
    assert (message.path, message.truncated, message.relocated) == (None, False, False)


def test_byte_budget(mailbox):
    for size in (10, 3000, 10, 10, 9000, 10):
        mailbox.server.deliver_file(mailbox.user, mail(1, size))
        mailbox.subjects()
    with mailbox.imap() as transport:
        reader = Reader(transport, INBOX)
        reader.fetch(max_bytes=4000)
    assert [len(chunk.messages) for chunk in reader.chunks] == [4, 1, 1]


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (StartPolicy.NOW, []),
        (StartPolicy.UNSEEN, [2, 4]),
        (StartPolicy.ALL, [1, 2, 3, 4]),
        (StartPolicy.SINCE, [3, 4]),
    ],
)
def test_start(mailbox, start, expected):
    base = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    for number, minutes, seen in ((1, -2, True), (2, -1, False), (3, 0, True), (4, 1, False)):
        stamp = (base + timedelta(minutes=minutes)).timestamp()
        mailbox.put(number, received_at=stamp, seen=seen)
    request = FolderRequest("INBOX", start=start, since=base.replace(tzinfo=None), max_messages=1)
    with mailbox.imap() as transport:
        look = transport.first_look(request)
        assert (look.total, look.unseen, look.matching) == (4, 2, len(expected))
        reader = Reader(transport, request)
        assert reader.subjects() == expected
        assert reader.request.cursor, "a cursor is kept even when nothing was chosen"
        mailbox.put(5, seen=True)
        assert reader.subjects() == [5], "read by a colleague, and new all the same"
        assert reader.fetch() == []


def test_since_needs_a_date(mailbox):
    with mailbox.imap() as transport, pytest.raises(errors.ConfigurationError):
        transport.first_look(FolderRequest("INBOX", start=StartPolicy.SINCE))


def test_start_is_resumed_where_it_stopped(mailbox):
    """Two chunks of the old unseen mails are kept, then the process dies; new mail comes."""
    mailbox.put(1, 3, 5, seen=True)
    mailbox.put(2, 4, 6, 7)
    request = FolderRequest("INBOX", start=StartPolicy.UNSEEN, max_messages=1)
    with mailbox.imap() as transport:
        chunks = transport.fetch(request)
        first, second = next(chunks), next(chunks)
        assert [number_of(one.messages[0]) for one in (first, second)] == [2, 4]
        chunks.close()
    mailbox.put(8)
    mailbox.server.set_seen(mailbox.user, "subject", "mail 6")
    with mailbox.imap() as transport:
        reader = Reader(transport, request)
        assert reader.subjects(cursor=second.cursor) == [6, 7, 8]


def test_empty_folder_then_mail(mailbox):
    with mailbox.imap() as transport:
        reader = Reader(transport, FolderRequest("INBOX"))
        assert reader.fetch() == []
        assert len(reader.chunks) == 1
        mailbox.put(1)
        assert reader.subjects() == [1]


# -- after fetching -------------------------------------------------------------------------------


def test_fetching_changes_nothing(mailbox):
    mailbox.put(1, 2)
    with mailbox.imap() as transport:
        reader = Reader(transport, INBOX)
        reader.fetch()
    assert mailbox.flags() == {1: set(), 2: set()}


def test_marked_as_seen(mailbox):
    mailbox.put(*range(1, 8))
    with mailbox.imap() as transport:
        reader = Reader(transport, INBOX)
        reader.fetch(mark_seen=True, max_messages=3)
        assert set(map(frozenset, mailbox.flags().values())) == {frozenset({"\\Seen"})}


def test_acknowledged_by_another_connection(mailbox):
    """After a crash between commit and flag the ledger acknowledges what it has kept."""
    mailbox.put(1, 2)
    with mailbox.imap() as transport:
        (chunk,) = transport.fetch(INBOX)
    request = FolderRequest("INBOX", mark_seen=True, cursor=chunk.cursor)
    with mailbox.imap() as transport:
        transport.acknowledge(request, chunk)
        assert mailbox.flags() == {1: {"\\Seen"}, 2: {"\\Seen"}}
        mailbox.server.set_uidvalidity(mailbox.user, 4711)
    with mailbox.imap() as transport:
        transport.acknowledge(request, chunk)  # these numbers mean nothing any more


def test_moved(mailbox):
    mailbox.put(1, 2, 3)
    with mailbox.imap() as transport:
        first, _second, third = Reader(transport, INBOX).fetch()
        kept = [as_kept(third), as_kept(first, uid=99), as_kept(first)]
        moved = [one.names for one in transport.move(kept, "Odoo/Ungelöst & Co")]
        assert [bool(names) for names in moved] == [True, False, True]
        assert {names.get("folder") for names in moved} == {"Odoo/Ungelöst & Co", None}
        assert transport.fetch_one(moved[0]).content == mail(3)
        assert transport.fetch_one(moved[2]).content == mail(1)
        assert mailbox.subjects() == ["mail 2"]
        # And back, from a folder with such a name.
        (back,) = transport.move([as_kept(first, **moved[2])], "INBOX")
        assert transport.fetch_one(back.names).content == mail(1)
        assert mailbox.subjects() == ["mail 2", "mail 1"]
    told = mailbox.server.doveadm("mailbox", "list", "-s", "-u", mailbox.user)
    assert "Odoo/Ungelöst & Co" in told.splitlines()


def test_moved_from_several_folders(mailbox):
    mailbox.server.create_folder(mailbox.user, "Other")
    mailbox.put(1)
    mailbox.put(2, folder="Other")
    with mailbox.imap() as transport:
        (one,) = Reader(transport, INBOX).fetch()
        (two,) = Reader(transport, FolderRequest("Other", start=StartPolicy.ALL)).fetch()
        kept = [as_kept(two), as_kept(one), as_kept(one, uidvalidity=1)]
        moved = [names.names for names in transport.move(kept, "Done")]
        assert [number_of(transport.fetch_one(names)) for names in moved[:2]] == [2, 1]
        assert moved[2] == {}


def test_deleted_and_no_others(mailbox):
    mailbox.put(1, 2, 3)
    with mailbox.imap() as transport:
        first, second, _third = Reader(transport, INBOX).fetch()
        mailbox.server.doveadm("flags", "add", "-u", mailbox.user, "\\Deleted", "mailbox", "INBOX", "subject", "mail 3")
        transport.delete([as_kept(second)])
        transport.delete([as_kept(second), as_kept(second, uidvalidity=1, uid=1)])
        assert mailbox.subjects() == ["mail 1", "mail 3"]
        with pytest.raises(errors.MessageRefused):
            transport.fetch_one(second.names)
        assert transport.fetch_one(first.names).content == mail(1)


# -- folders --------------------------------------------------------------------------------------


def test_folders(mailbox):
    for folder in ("Sent", "Entwürfe", "Kunden/Müller", "Papierkorb"):
        mailbox.server.create_folder(mailbox.user, folder)
    mailbox.put(1, 2)
    with mailbox.imap() as transport:
        found = {one.name: one for one in transport.folders()}
    assert next(iter(found)) == "INBOX"
    assert {name: one.role for name, one in found.items()} == {
        "INBOX": "inbox",
        "Sent": "sent",
        "Entwürfe": "drafts",
        "Papierkorb": "trash",
        "Kunden": "",
        "Kunden/Müller": "",
    }
    assert found["INBOX"].messages == 2
    assert found["Kunden/Müller"].selectable


def test_folder_with_a_foreign_name(mailbox):
    name = "Büro/台北 & Söhne"
    mailbox.server.create_folder(mailbox.user, name)
    mailbox.put(1, folder=name)
    with mailbox.imap() as transport:
        (message,) = Reader(transport, FolderRequest(name, start=StartPolicy.ALL)).fetch()
        assert message.external_id == f"{name}/{message.names['uidvalidity']}/1"
        assert transport.fetch_one(message.names).content == mail(1)


# -- large mail -----------------------------------------------------------------------------------


def test_25_mib_and_flat_memory(mailbox):
    block = bytes(range(32, 127)) * 11 + b"\r\n"
    body = block * (25 * 1024 * 1024 // len(block))
    content = b"Subject: mail 1\r\n\r\n" + body
    mailbox.server.deliver_file(mailbox.user, content)
    expected, size = hashlib.sha256(content).hexdigest(), len(content)
    del body, content
    with mailbox.imap() as transport:
        tracemalloc.start()
        try:
            for chunk in transport.fetch(INBOX):
                (message,) = chunk.messages
                _now, peak = tracemalloc.get_traced_memory()
                with open(message.path, "rb") as handle:
                    assert hashlib.file_digest(handle, "sha256").hexdigest() == expected
        finally:
            tracemalloc.stop()
    assert message.size == size
    assert message.content is None
    assert peak < 8 * 1024 * 1024, f"{peak / 2**20:.1f} MiB for a message of 25 MiB"


def test_too_large_and_fetched_anyway(mailbox):
    mailbox.server.deliver_file(mailbox.user, mail(1, 300_000))
    mailbox.put(2)
    with mailbox.imap() as transport:
        large, small = Reader(transport, INBOX).fetch(max_message_size=100_000)
        assert (large.truncated, small.truncated) == (True, False)
        assert large.content == mail(1).partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
        assert large.size == len(mail(1, 300_000))
        assert transport.fetch_one(large.names).content == mail(1, 300_000)
