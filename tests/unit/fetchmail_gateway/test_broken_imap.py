"""ImapTransport against servers that misbehave, on real sockets."""

import dataclasses
import hashlib
import time

import pytest
from odoo.addons.fetchmail_gateway.lib import imap_plan
from odoo.addons.fetchmail_gateway.lib.imap import ImapTransport
from odoo.addons.message_history.lib import errors
from odoo.addons.message_history.lib.transport import FolderRequest, KeptMessage, Removal, StartPolicy

from dev.servers.broken_imap import BrokenImap

ALL = FolderRequest("INBOX", start=StartPolicy.ALL)


def mails(count, size=40):
    return {uid: b"Subject: mail %d\r\n\r\n%s\r\n" % (uid, b"x" * size) for uid in range(1, count + 1)}


def kept(uid, content, **names):
    """A message as the ledger has it."""
    return KeptMessage({"folder": "INBOX", "uidvalidity": 7, "uid": uid, **names}, hashlib.sha256(content).digest())


def fetch(transport, request):
    """Fetch everything; the messages by UID, the failures, and the request to go on with."""
    got, failed = {}, {}
    for chunk in transport.fetch(request):
        got |= {one.names["uid"]: one.content for one in chunk.messages}
        failed |= chunk.failed
        request = dataclasses.replace(request, cursor=chunk.cursor)
    return got, failed, request


FAULTS = ["no", "no_alone", "nil", "empty", "garbage", "cut", "hang", "too_short", "too_long"]


@pytest.mark.parametrize("fault", FAULTS)
def test_one_bad_message_stops_no_other(settings_for, fault):
    sent = mails(12)
    with (
        BrokenImap(sent, faults={5: fault}) as server,
        ImapTransport(settings_for(server)) as transport,
    ):
        got, failed, request = fetch(transport, ALL)
        assert got == {uid: content for uid, content in sent.items() if uid != 5}
        assert list(failed) == ["INBOX/7/5"]
        assert failed["INBOX/7/5"]
        assert request.cursor["pending"] == {"5": 1}

        # It is asked for again at the next fetch, and the attempts are counted.
        got, failed, request = fetch(transport, request)
        assert (got, list(failed)) == ({}, ["INBOX/7/5"])
        assert request.cursor["pending"] == {"5": 2}

        server.faults.clear()
        got, failed, request = fetch(transport, request)
        assert got == {5: sent[5]}
        assert not failed
        assert "pending" not in request.cursor
        assert fetch(transport, request)[0] == {}
    assert not list(settings_for.spool.iterdir())


@pytest.mark.parametrize("fault", ["no", "cut", "too_short"])
def test_several_bad_ones(settings_for, fault):
    sent = mails(40)
    bad = {3, 4, 20, 40}
    with (
        BrokenImap(sent, faults=dict.fromkeys(bad, fault)) as server,
        ImapTransport(settings_for(server)) as transport,
    ):
        got, failed, _request = fetch(transport, ALL)
    assert set(got) == set(sent) - bad
    assert len(failed) == len(bad)


@pytest.mark.parametrize("fault", ["no", "cut", "garbage", "too_long"])
@pytest.mark.parametrize("window", [2, 5, 2000])
def test_bad_ones_among_chunks_that_are_asked_for_ahead(settings_for, monkeypatch, fault, window):
    """What fails ahead must not cost what is in hand, or the mailbox would stand still."""
    monkeypatch.setattr(imap_plan, "WINDOW", window)
    sent = mails(14)
    bad = {1, 5, 6, 14}
    with (
        BrokenImap(sent, faults=dict.fromkeys(bad, fault)) as server,
        ImapTransport(settings_for(server, timeout=0.3)) as transport,
    ):
        request, got, failed = dataclasses.replace(ALL, max_messages=2, mark_seen=True), {}, {}
        for chunk in transport.fetch(request):
            transport.acknowledge(request, chunk)
            got |= {one.names["uid"]: one.content for one in chunk.messages}
            failed |= chunk.failed
            request = dataclasses.replace(request, cursor=chunk.cursor)
        assert got == {uid: content for uid, content in sent.items() if uid not in bad}
        assert len(failed) == len(bad)
        assert request.cursor["last_uid"] == 14
        assert server.seen == set(got)


@pytest.mark.parametrize("window", [1, 3, 2000])
def test_gaps_in_the_numbers(settings_for, monkeypatch, window):
    monkeypatch.setattr(imap_plan, "WINDOW", window)
    sent = {uid: b"Subject: %d\r\n\r\n" % uid for uid in (1, 2, 40, 41, 5000, 123_456)}
    with BrokenImap(sent) as server, ImapTransport(settings_for(server)) as transport:
        got, _failed, _request = fetch(transport, dataclasses.replace(ALL, max_messages=1))
        assert got == sent
        assert len(server.lines) < 60
        cursors = [chunk.cursor for chunk in transport.fetch(dataclasses.replace(ALL, max_messages=1))]
        for cursor in cursors:
            rest = fetch(transport, dataclasses.replace(ALL, cursor=cursor))[0]
            assert set(rest) == {uid for uid in sent if uid > cursor["last_uid"]}


def test_other_work_between_chunks(settings_for):
    """The caller moves what failed, or looks at another folder, before asking for the next."""
    sent = mails(20)
    request = dataclasses.replace(ALL, max_messages=2)
    with BrokenImap(sent) as server, ImapTransport(settings_for(server)) as transport:
        got = []
        for chunk in transport.fetch(request):
            got += [one.names["uid"] for one in chunk.messages]
            other = dataclasses.replace(request, name="Other", start=StartPolicy.NOW)
            list(transport.fetch(other))
            first = chunk.messages[0]
            transport.move([kept(first.names["uid"], first.content)], "Done")
        assert got == list(sent)
        assert server.connections == 1


def test_new_mail_comes_beside_a_pending_one(settings_for):
    with (
        BrokenImap(mails(3), faults={2: "cut"}) as server,
        ImapTransport(settings_for(server)) as transport,
    ):
        _got, _failed, request = fetch(transport, ALL)
        server.messages = mails(5)
        got, failed, request = fetch(transport, request)
        assert set(got) == {4, 5}
        assert request.cursor["pending"] == {"2": 2}
        del server.messages[2]  # somebody deletes it
        got, failed, request = fetch(transport, request)
        assert (got, failed) == ({}, {})
        assert "pending" not in request.cursor


def test_gone_between_listing_and_fetching(settings_for):
    """That is no failure: nobody hears of it again."""
    sent = mails(6)
    with (
        BrokenImap(sent, faults={2: "vanish", 6: "vanish"}) as server,
        ImapTransport(settings_for(server)) as transport,
    ):
        got, failed, request = fetch(transport, ALL)
    assert set(got) == {1, 3, 4, 5}
    assert not failed
    assert "pending" not in request.cursor


def test_a_listing_that_can_not_be_read(settings_for):
    """Then at least the numbers are had, and with them the messages."""
    sent = mails(6)
    with (
        BrokenImap(sent, faults={4: "bad_listing"}) as server,
        ImapTransport(settings_for(server)) as transport,
    ):
        got, failed, _request = fetch(transport, ALL)
    assert got == sent
    assert not failed


def test_a_server_that_cuts_everything_is_not_blamed_on_the_messages(settings_for):
    with (
        BrokenImap(mails(10), faults=dict.fromkeys(range(1, 11), "cut")) as server,
        ImapTransport(settings_for(server)) as transport,
    ):
        with pytest.raises(errors.ConnectionFailed):
            fetch(transport, ALL)
        assert server.connections < 10


def test_no_uidnext(settings_for):
    sent = mails(4)
    with (
        BrokenImap(sent, fault="no_uidnext") as server,
        ImapTransport(settings_for(server)) as transport,
    ):
        got, _failed, request = fetch(transport, ALL)
        assert got == sent
        assert fetch(transport, request)[0] == {}
        server.messages = mails(5)
        assert list(fetch(transport, request)[0]) == [5]
        start_now = dataclasses.replace(ALL, start=StartPolicy.NOW)
        got, _failed, request = fetch(transport, start_now)
        assert (got, request.cursor["last_uid"]) == ({}, 5)


def test_large_message_goes_to_a_file(settings_for):
    sent = {1: b"Subject: small\r\n\r\n", 2: b"Subject: large\r\n\r\n" + b"y" * 100_000}
    with BrokenImap(sent) as server, ImapTransport(settings_for(server)) as transport:
        (chunk,) = transport.fetch(ALL)
        small, large = chunk.messages
        assert (small.content, small.path) == (sent[1], None)
        assert large.content is None
        assert large.size == len(sent[2])
        assert not list(settings_for.spool.iterdir()), "nobody took it over: removed"
        for chunk in transport.fetch(ALL):
            with open(chunk.messages[1].path, "rb") as handle:
                assert handle.read() == sent[2]
        one = transport.fetch_one(large.names)
        with open(one.path, "rb") as handle:
            assert handle.read() == sent[2]


def test_large_message_that_breaks_leaves_no_file(settings_for):
    sent = {1: b"Subject: large\r\n\r\n" + b"y" * 500_000, 2: b"Subject: small\r\n\r\n"}
    with (
        BrokenImap(sent, faults={1: "cut"}) as server,
        ImapTransport(settings_for(server)) as transport,
    ):
        got, failed, _request = fetch(transport, ALL)
    assert list(got) == [2]
    assert list(failed) == ["INBOX/7/1"]
    assert not list(settings_for.spool.iterdir())


def test_too_large_message_comes_as_header(settings_for):
    sent = {1: b"Subject: large\r\n\r\n" + b"y" * 5000, 2: b"Subject: small\r\n\r\n"}
    request = dataclasses.replace(ALL, max_message_size=1000)
    with BrokenImap(sent) as server, ImapTransport(settings_for(server)) as transport:
        (chunk,) = transport.fetch(request)
        large, small = chunk.messages
        assert (large.truncated, small.truncated) == (True, False)
        assert large.content == b"Subject: large\r\n\r\n"
        assert large.size == len(sent[1])
        whole = transport.fetch_one(large.names)
        assert not whole.truncated
        assert whole.size == len(sent[1])


def test_abandoned_fetch_does_not_spoil_the_connection(settings_for):
    """The next chunk is on its way when the caller loses interest."""
    sent = mails(120, size=3000)
    with BrokenImap(sent) as server, ImapTransport(settings_for(server)) as transport:
        for _chunk in transport.fetch(ALL):
            break
        assert transport.fetch_one({"folder": "INBOX", "uidvalidity": 7, "uid": 99}).size > 3000
        assert len(fetch(transport, ALL)[0]) == 120
        assert server.connections == 1
    leftovers = list(settings_for.spool.iterdir())
    assert len(leftovers) <= 1, "only the one that fetch_one handed over"


def test_seen_flags_survive_a_break(settings_for):
    """The STORE of chunk 1 is not confirmed when fetching chunk 2 cuts the connection."""
    sent = mails(4)
    request = dataclasses.replace(ALL, max_messages=2, mark_seen=True)
    with (
        BrokenImap(sent, faults={3: "cut"}) as server,
        ImapTransport(settings_for(server)) as transport,
    ):
        for chunk in transport.fetch(request):
            transport.acknowledge(request, chunk)
        assert server.seen == {1, 2, 4}


def test_folder_named_by_a_literal(settings_for):
    with BrokenImap() as server, ImapTransport(settings_for(server)) as transport:
        assert [(one.name, one.selectable) for one in transport.folders()] == [
            ("INBOX", True),
            ("Ordner", False),
        ]


def test_move_and_delete_without_extensions(settings_for):
    """No MOVE, no UIDPLUS: COPY, and a mark. EXPUNGE would take along what others mark meanwhile."""
    sent = mails(4)
    with BrokenImap(sent) as server, ImapTransport(settings_for(server)) as transport:
        _got, _failed, _request = fetch(transport, ALL)
        moved = transport.move([kept(uid, sent.get(uid, b"")) for uid in (1, 2, 99)], "Odoo/Failed")
        assert moved == [Removal({"folder": "Odoo.Failed"}), Removal({"folder": "Odoo.Failed"}), Removal()]
        assert server.folders["Odoo.Failed"] == {1: sent[1], 2: sent[2]}
        assert transport.delete([kept(3, sent[3])]) == [Removal()]
        assert set(server.messages) == set(sent)
        assert server.deleted == {1, 2, 3}
        assert not [line for line in server.lines if b"EXPUNGE" in line]


def test_object_ids(settings_for):
    """EMAILID and THREADID (RFC 8474) are kept, and survive a move."""
    with (
        BrokenImap(mails(2), capabilities="IMAP4rev1 OBJECTID") as server,
        ImapTransport(settings_for(server)) as transport,
    ):
        (chunk,) = transport.fetch(ALL)
        names = chunk.messages[1].names
        assert (names["emailid"], names["threadid"]) == ("M2", "T1")
        (moved,) = transport.move([KeptMessage(names, hashlib.sha256(chunk.messages[1].content).digest())], "Done")
        assert moved.names == {"folder": "Done", "emailid": "M2", "threadid": "T1"}


def test_inbox_is_one_folder_however_it_is_written(settings_for):
    with BrokenImap(mails(1)) as server, ImapTransport(settings_for(server)) as transport:
        ids = set()
        for name in ("INBOX", "Inbox", "inbox"):
            (chunk,) = transport.fetch(dataclasses.replace(ALL, name=name))
            ids.add(chunk.messages[0].external_id)
        assert ids == {"INBOX/7/1"}


def test_empty_body_after_a_listing_that_failed(settings_for):
    """The size is not known then: an empty body must not pass for the message."""
    with (
        BrokenImap(mails(3), faults={1: "bad_listing", 2: "empty"}) as server,
        ImapTransport(settings_for(server)) as transport,
    ):
        got, failed, _request = fetch(transport, ALL)
    assert list(got) == [1, 3]
    assert list(failed) == ["INBOX/7/2"]


def test_polling_where_there_is_no_idle(settings_for):
    with BrokenImap(mails(1)) as server:
        settings = settings_for(server, poll_interval=0.4)
        events, until = [], time.monotonic() + 2
        with ImapTransport(settings) as transport:
            transport.listen(events.append, lambda: time.monotonic() > until)
        assert time.monotonic() - until < 1
        assert events == ["INBOX"]
        assert sum(b"NOOP" in line for line in server.lines) >= 2
