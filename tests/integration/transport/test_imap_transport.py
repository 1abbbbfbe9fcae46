"""ImapTransport against a real Dovecot."""

import hashlib
import threading
import time
import tracemalloc
from datetime import UTC, datetime, timedelta

import pytest
from odoo.addons.message_history.lib import errors
from odoo.addons.message_history.lib.transport import FolderRequest, StartPolicy

from tests.integration.transport.mailboxes import Reader, mail, number_of

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
        gone = {"folder": "INBOX", "uidvalidity": first.names["uidvalidity"], "uid": 99}
        moved = transport.move([third.names, gone, first.names], "Odoo/Ungelöst & Co")
        assert [bool(names) for names in moved] == [True, False, True]
        assert {names.get("folder") for names in moved} == {"Odoo/Ungelöst & Co", None}
        assert transport.fetch_one(moved[0]).content == mail(3)
        assert transport.fetch_one(moved[2]).content == mail(1)
        assert mailbox.subjects() == ["mail 2"]
        # And back, from a folder with such a name.
        (back,) = transport.move([moved[2]], "INBOX")
        assert transport.fetch_one(back).content == mail(1)
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
        stale = {**one.names, "uidvalidity": 1}
        moved = transport.move([two.names, one.names, stale], "Done")
        assert [number_of(transport.fetch_one(names)) for names in moved[:2]] == [2, 1]
        assert moved[2] == {}


def test_deleted_and_no_others(mailbox):
    mailbox.put(1, 2, 3)
    with mailbox.imap() as transport:
        first, second, _third = Reader(transport, INBOX).fetch()
        mailbox.server.doveadm(
            "flags", "add", "-u", mailbox.user, "\\Deleted", "mailbox", "INBOX", "subject", "mail 3"
        )
        transport.delete([second.names])
        transport.delete([second.names, {"folder": "INBOX", "uidvalidity": 1, "uid": 1}])
        assert mailbox.subjects() == ["mail 1", "mail 3"]
        with pytest.raises(errors.MessageRefused):
            transport.fetch_one(second.names)
        assert transport.fetch_one(first.names).content == mail(1)


# -- what can happen meanwhile --------------------------------------------------------------------


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


# -- news -----------------------------------------------------------------------------------------


class Listening:
    """``listen`` in a thread; events with their time."""

    def __init__(self, transport, on_event=lambda _folder: None):
        self.events = []
        self.error = None
        self._on_event = on_event
        self._transport = transport
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        try:
            self._transport.listen(self._event, self._stop.is_set)
        except errors.ChannelError as error:
            self.error = error

    def _event(self, folder):
        self.events.append((folder, time.monotonic()))
        self._on_event(folder)

    def wait(self, count, seconds=5):
        end = time.monotonic() + seconds
        while len(self.events) < count and time.monotonic() < end and self._thread.is_alive():
            time.sleep(0.01)
        assert len(self.events) >= count, self.events
        return self.events[count - 1]

    def join(self, seconds=5):
        self._thread.join(seconds)
        assert not self._thread.is_alive()

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *exc_info):
        self._stop.set()
        self.join()


def test_idle_pushes(mailbox):
    """Dovecot itself gathers changes for half a second before it tells of them."""
    with mailbox.imap() as transport, Listening(transport) as listening:
        listening.wait(1)
        delays = []
        for number in range(1, 5):
            time.sleep(0.05)
            began = time.monotonic()
            mailbox.server.deliver_file(mailbox.user, mail(number))
            _folder, at = listening.wait(number + 1)
            delays.append(at - began)
        assert sorted(delays)[1] < 0.7, delays
        began = time.monotonic()
    assert time.monotonic() - began < 1, "stop is obeyed within a second"


def test_idle_costs_nothing_of_our_own(mailbox, proxy_to):
    """From the server's word to the event: at once."""
    proxy = proxy_to(mailbox.server.imap_port)
    transport = mailbox.imap(security="none", port=proxy.port)
    with transport, Listening(transport) as listening:
        listening.wait(1)
        time.sleep(0.3)
        before = proxy.total.received
        mailbox.server.deliver_file(mailbox.user, mail(1))
        while proxy.total.received == before:
            time.sleep(0.001)
        told = time.monotonic()
        assert listening.wait(2)[1] - told < 0.1


def test_fetching_while_listening(mailbox):
    """The listener fetches on the connection that listens; nothing is missed in between."""
    for folder in ("Sent", "Other"):
        mailbox.server.create_folder(mailbox.user, folder)
    transport = mailbox.imap(folders=["INBOX", "Sent", "Other"], poll_interval=0.5)
    readers = {
        folder: Reader(transport, FolderRequest(folder, start=StartPolicy.ALL, mark_seen=True))
        for folder in ("INBOX", "Sent", "Other")
    }
    with transport, Listening(transport, lambda folder: readers[folder].fetch()) as listening:
        listening.wait(3)
        for number in range(1, 31):
            folder = ("INBOX", "INBOX", "Sent", "Other")[number % 4]
            mailbox.server.deliver_file(mailbox.user, mail(number), folder)
            time.sleep(0.05)
        end = time.monotonic() + 10
        while sum(len(one.kept) for one in readers.values()) < 30 and time.monotonic() < end:
            time.sleep(0.05)
    assert listening.error is None
    assert {folder: len(one.kept) for folder, one in readers.items()} == {
        "INBOX": 15,
        "Sent": 8,
        "Other": 7,
    }


def test_mail_from_before_listening_is_told(mailbox):
    mailbox.put(1)
    with mailbox.imap() as transport, Listening(transport) as listening:
        assert listening.wait(1)[0] == "INBOX"


def test_idle_is_renewed(mailbox, proxy_to):
    proxy = proxy_to(mailbox.server.imap_port)
    transport = mailbox.imap(security="none", port=proxy.port, idle_renew=0.5)
    with transport, Listening(transport) as listening:
        listening.wait(1)
        before = proxy.snapshot()
        time.sleep(2.5)
        assert 3 <= (proxy.snapshot() - before).commands <= 6
        mailbox.put(1)
        listening.wait(2)


def test_break_while_listening(mailbox, proxy_to):
    proxy = proxy_to(mailbox.server.imap_port)
    transport = mailbox.imap(security="none", port=proxy.port)
    with Listening(transport) as listening:
        listening.wait(1)
        time.sleep(0.2)
        proxy.cut()
        listening.join()
        assert isinstance(listening.error, errors.ConnectionFailed)
    with Listening(transport) as listening:  # the same object connects again
        listening.wait(1)
        mailbox.put(1)
        listening.wait(2)
    transport.close()


def test_server_that_died_silently_while_listening(mailbox, proxy_to):
    proxy = proxy_to(mailbox.server.imap_port)
    transport = mailbox.imap(security="none", port=proxy.port, idle_renew=0.5, timeout=0.5)
    with transport, Listening(transport) as listening:
        listening.wait(1)
        proxy.faults.hang_after = 0
        listening.join(5)
        assert isinstance(listening.error, errors.ConnectionFailed)
