"""Nothing is moved or deleted over IMAP that was not read whole over the connection that does it."""

import dataclasses
import hashlib

import pytest
from odoo.addons.fetchmail_gateway.lib import imap_verify
from odoo.addons.fetchmail_gateway.lib.imap import ImapTransport
from odoo.addons.message_history.lib import errors
from odoo.addons.message_history.lib.transport import FolderRequest, KeptMessage, Removal, StartPolicy, Stays

from dev.servers.broken_imap import BrokenImap

ALL = FolderRequest("INBOX", start=StartPolicy.ALL)
MODERN = "IMAP4rev1 UIDPLUS MOVE"


def mails(count, size=60):
    return {uid: b"Subject: mail %d\r\n\r\n%s\r\n" % (uid, b"x" * (size + uid)) for uid in range(1, count + 1)}


OTHER = b"Subject: another\r\n\r\nwords\r\n"


def kept(uid, content, uidvalidity=7):
    """A message as the ledger has it."""
    names = {"folder": "INBOX", "uidvalidity": uidvalidity, "uid": uid}
    return KeptMessage(names, hashlib.sha256(content).digest())


def all_kept(sent):
    return [kept(uid, content) for uid, content in sent.items()]


def fetch(transport, request=ALL):
    got, failed = {}, {}
    for chunk in transport.fetch(request):
        got |= {one.names["uid"]: one.content for one in chunk.messages}
        failed |= chunk.failed
        request = dataclasses.replace(request, cursor=chunk.cursor)
        transport.acknowledge(request, chunk)
    return got, failed, request


@pytest.fixture(params=["delete", "move", "copy"])
def remove(request):
    """Each way by which a message leaves its folder; (what the server can, the call)."""

    def act(transport, messages):
        if request.param == "delete":
            return transport.delete(messages)
        return transport.move(messages, "Done")

    act.offers = "IMAP4rev1 UIDPLUS" if request.param == "copy" else MODERN
    return act


@pytest.fixture
def mailbox(settings_for, remove):
    """Make a server with three mails that the ledger has, and a transport that read nothing yet."""

    def make(count=3, **options):
        server = BrokenImap(mails(count), capabilities=remove.offers, **options)
        server.folders["Done"] = {}
        return server, ImapTransport(settings_for(server))

    return make


# -- what is no mail ------------------------------------------------------------------------------


@pytest.mark.parametrize("announced", [None, 0, 5, 4000])
@pytest.mark.parametrize("fault", ["nil", "empty", "lines", "zeros"])
def test_a_message_without_anything_in_it_is_no_mail_whatever_size_is_announced(settings_for, fault, announced):
    sent = mails(3)
    sizes = {} if announced is None else {2: announced}
    request = dataclasses.replace(ALL, mark_seen=True)
    with (
        BrokenImap(sent, faults={2: fault}, sizes=sizes, capabilities=MODERN) as server,
        ImapTransport(settings_for(server)) as transport,
    ):
        got, failed, request = fetch(transport, request)
        assert set(got) == {1, 3}
        assert list(failed) == ["INBOX/7/2"]
        assert server.seen == {1, 3}, "not even marked"
        if fault != "nil":
            assert "without anything in it" in failed["INBOX/7/2"]
        _got, failed, request = fetch(transport, request)
        assert list(failed) == ["INBOX/7/2"]
        server.faults.clear()
        server.sizes.clear()
        assert fetch(transport, request)[0] == {2: sent[2]}, "when the server is mended it comes"


@pytest.mark.parametrize("fault", ["empty", "lines", "zeros"])
def test_the_header_alone_of_a_large_message_is_no_mail_either_when_it_is_blank(settings_for, fault):
    request = dataclasses.replace(ALL, max_message_size=50)
    with (
        BrokenImap(mails(1), faults={1: fault}) as server,
        ImapTransport(settings_for(server)) as transport,
    ):
        got, failed, _request = fetch(transport, request)
        assert (got, list(failed)) == ({}, ["INBOX/7/1"])
        with pytest.raises(errors.MessageRefused):
            transport.fetch_one({"folder": "INBOX", "uidvalidity": 7, "uid": 1})


def test_a_large_file_of_zeros_is_no_mail(settings_for):
    with (
        BrokenImap({1: b"Subject: x\r\n\r\n" + b"x" * 50_000}, faults={1: "zeros"}) as server,
        ImapTransport(settings_for(server)) as transport,
    ):
        assert fetch(transport)[0] == {}
    assert not list(settings_for.spool.iterdir())


def test_attempts_are_told_with_the_chunk(settings_for):
    with BrokenImap(mails(2), faults={2: "empty"}) as server, ImapTransport(settings_for(server)) as transport:
        request, told = ALL, []
        for _number in range(3):
            for chunk in transport.fetch(request):
                told += chunk.attempts.values()
                request = dataclasses.replace(request, cursor=chunk.cursor)
        assert told == [1, 2, 3]


# -- what is removed ------------------------------------------------------------------------------


def test_what_is_the_same_goes(mailbox, remove):
    server, transport = mailbox()
    sent = dict(server.messages)
    with server, transport:
        results = remove(transport, all_kept(sent))
        assert [one.stays for one in results] == [None] * 3
        assert not server.messages


def test_it_is_read_over_the_connection_that_removes_it(mailbox, remove):
    server, transport = mailbox()
    sent = dict(server.messages)
    with server, transport:
        fetch(transport)
        server.lines.clear()
        remove(transport, all_kept(sent))
        steps = [step for line in server.lines for step in (b"BODY.PEEK[]", b"STORE", b"COPY", b"MOVE") if step in line]
        assert steps[0] == b"BODY.PEEK[]"
        assert steps.count(b"BODY.PEEK[]") == 1
        assert len(steps) >= 2
        assert server.connections == 1


@pytest.mark.parametrize("fault", ["nil", "empty", "lines", "zeros", "no", "no_alone", "garbage", "cut", "too_long"])
def test_what_can_not_be_read_again_stays_and_stops_no_other(mailbox, remove, fault):
    server, transport = mailbox(5, faults={3: fault})
    sent = dict(server.messages)
    with server, transport:
        results = remove(transport, all_kept(sent))
        assert [one.stays for one in results] == [None, None, Stays.UNREADABLE, None, None]
        assert set(server.messages) == {3}


@pytest.mark.parametrize("announced", [None, 10, 400])
@pytest.mark.parametrize("content", [OTHER, mails(2)[2].replace(b"x", b"y")], ids=["shorter", "as long"])
def test_another_message_under_its_name_stays_and_is_handed_over(mailbox, remove, content, announced):
    """The folder was made again with its old numbers, the file was replaced, the server errs."""
    server, transport = mailbox(sizes={} if announced is None else {2: announced})
    sent = dict(server.messages)
    server.messages[2] = content
    with server, transport:
        results = remove(transport, all_kept(sent))
        assert set(server.messages) == {2}
        if announced == 400:  # far less than it should have: it may be cut
            assert results[1] == Removal(stays=Stays.UNREADABLE)
            return
        assert results[1].stays is Stays.OTHER
        assert results[1].other.content == content
        assert results[1].other.names == {"folder": "INBOX", "uidvalidity": 7, "uid": 2}
        assert results[1].other.relocated


def test_the_answer_of_another_number_removes_nothing(mailbox, remove):
    server, transport = mailbox(faults={2: "echo"})
    sent = dict(server.messages)
    # the ledger was told the same, when it read it
    messages = [kept(1, sent[1]), kept(2, sent[1]), kept(3, sent[3])]

    class Mixed(type(server)):
        def _fetch(self, conversation, arguments):
            """Asked for one alone, the server answers right."""
            self.faults = {2: "echo"} if "," in arguments or ":" in arguments else {}
            return super()._fetch(conversation, arguments)

    server.__class__ = Mixed
    with server, transport:
        results = remove(transport, messages)
        assert set(server.messages) == {2}
        assert results[1].stays is Stays.UNREADABLE


def test_a_body_that_is_cut_removes_nothing(mailbox, remove):
    server, transport = mailbox(faults={2: "half"}, sizes={2: 1000})
    sent = dict(server.messages)
    messages = [kept(uid, content if uid != 2 else content[: len(content) // 2]) for uid, content in sent.items()]
    with server, transport:
        assert remove(transport, messages)[1].stays is Stays.UNREADABLE
        assert set(server.messages) == {2}


def test_sizes_that_are_estimated_do_not_keep_what_is_the_same(mailbox, remove):
    server, transport = mailbox(4, sizes={1: 0, 2: 60, 3: 100, 4: 10_000})
    sent = dict(server.messages)
    with server, transport:
        results = remove(transport, all_kept(sent))
        assert [one.stays for one in results] == [None, None, None, Stays.UNREADABLE]
        assert set(server.messages) == {4}


def test_a_numbering_that_began_anew_removes_nothing(mailbox, remove):
    server, transport = mailbox(uidvalidity=8)
    sent = dict(server.messages)
    with server, transport:
        assert remove(transport, all_kept(sent)) == [Removal()] * 3
        assert server.messages == sent


def test_a_break_after_reading_means_reading_again(mailbox, remove):
    """What was read over a connection that is no more proves nothing about the next."""
    server, transport = mailbox(4, faults={4: "cut"})
    sent = dict(server.messages)

    class Swaps(type(server)):
        def talk(self, conversation):
            if self.connections > 1:  # when we come back, another message has the number 2
                self.messages[2] = b"Subject: another\r\n\r\n" + b"z" * 60 + b"\r\n"
            super().talk(conversation)

    server.__class__ = Swaps
    with server, transport:
        results = remove(transport, all_kept(sent))
        assert set(server.messages) == {2, 4}
        assert [one.stays for one in results] == [None, Stays.OTHER, None, Stays.UNREADABLE]


def test_a_connection_that_breaks_again_and_again_removes_nothing(mailbox, remove, monkeypatch):
    server, transport = mailbox(3, faults=dict.fromkeys((1, 2, 3), "cut"))
    monkeypatch.setattr(imap_verify, "_MOST_ATTEMPTS", 1)
    sent = dict(server.messages)
    with server, transport:
        with pytest.raises(errors.ConnectionFailed):
            remove(transport, all_kept(sent))
        assert server.messages == sent


def test_a_server_that_limits_is_not_blamed_on_the_message(mailbox, remove):
    server, transport = mailbox()
    sent = dict(server.messages)

    class Limited(type(server)):
        def _fetch(self, conversation, arguments):
            return "NO [LIMIT] Rate limit hit." if "BODY" in arguments else super()._fetch(conversation, arguments)

    server.__class__ = Limited
    with server, transport:
        with pytest.raises(errors.Throttled):
            remove(transport, all_kept(sent))
        assert server.messages == sent
        assert sum(b"BODY" in line for line in server.lines) == 1


def test_what_others_marked_as_deleted_stays(mailbox, remove):
    server, transport = mailbox()
    sent = dict(server.messages)
    server.deleted = {2}
    with server, transport:
        remove(transport, [kept(1, sent[1])])
        assert set(server.messages) == {2, 3}


@pytest.mark.parametrize("moment", ["before", "searching", "storing"])
def test_without_uidplus_nothing_is_expunged_whenever_others_mark(settings_for, moment):
    sent = mails(3)

    class Marks(BrokenImap):
        def _search(self, conversation, arguments):
            super()._search(conversation, arguments)
            self.deleted |= {2} if moment == "searching" else set()

        def _store(self, conversation, arguments):
            super()._store(conversation, arguments)
            self.deleted |= {2} if moment == "storing" else set()

    with Marks(sent) as server, ImapTransport(settings_for(server)) as transport:
        server.deleted = {2} if moment == "before" else set()
        transport.delete([kept(1, sent[1])])
        assert set(server.messages) == set(sent)
        assert 1 in server.deleted, "marked, for whoever tidies up"


def test_two_rows_of_one_number_take_only_what_is_there(mailbox, remove):
    """The number was given again: the ledger has both messages, the server one."""
    server, transport = mailbox(1)
    new = server.messages[1]
    with server, transport:
        results = remove(transport, [kept(1, b"Subject: old\r\n\r\nold\r\n"), kept(1, new)])
        assert [one.stays for one in results] == [None, None]
        assert not server.messages


def test_a_large_one_is_compared_without_filling_memory_or_disk(settings_for):
    sent = {1: b"Subject: large\r\n\r\n" + b"x" * 50_000, 2: b"Subject: large\r\n\r\n" + b"y" * 50_000}
    with (
        BrokenImap(sent, capabilities=MODERN) as server,
        ImapTransport(settings_for(server)) as transport,
    ):
        results = transport.delete([kept(1, sent[1]), kept(2, b"another")])
        assert set(server.messages) == {2}
        (left,) = settings_for.spool.iterdir()
        assert results[1].other.path == str(left)
        assert left.read_bytes() == sent[2]


def test_reading_costs_no_command_more_where_nothing_is_removed(settings_for):
    with BrokenImap(mails(60), capabilities=MODERN) as server, ImapTransport(settings_for(server)) as transport:
        fetch(transport, dataclasses.replace(ALL, mark_seen=True))
        assert sum(b"BODY.PEEK" in line for line in server.lines) == 2
        assert len(server.lines) == 9, server.lines
