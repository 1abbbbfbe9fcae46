"""Nothing is deleted over POP3 that was not read whole in the session that deletes it."""

import dataclasses
import hashlib

import pytest
from odoo.addons.fetchmail_gateway.lib.connection import GatewayConnection
from odoo.addons.fetchmail_gateway.lib.pop3 import Pop3Transport
from odoo.addons.message_history.lib import errors
from odoo.addons.message_history.lib.transport import FolderRequest, StartPolicy

from dev.servers.broken_pop3 import BrokenPop3

DELETE = FolderRequest("INBOX", start=StartPolicy.ALL, delete_after_fetch=True)
LEAVE = dataclasses.replace(DELETE, delete_after_fetch=False)
PLAIN = "TOP\r\nUIDL\r\n"
PIPELINED = PLAIN + "PIPELINING\r\n"


def mail(word, size=60):
    return b"Subject: %s\r\n\r\n%s\r\n" % (word.encode(), b"x" * size)


def mails(*names):
    return {name: mail(name) for name in names}


class Ledger:
    """Fetches as the ledger does; knows a message that it has by its content, when told to look."""

    def __init__(self, transport, request=DELETE):
        self.transport = transport
        self.request = dataclasses.replace(request, known_ids=self.known, kept=self.originals)
        self.rows = {}
        self.pruned = set()
        self.lost = set()

    def known(self, ids):
        return (self.rows.keys() | self.pruned) & set(ids)

    def originals(self, ids):
        there = [one for one in ids if one in self.rows and one not in self.lost and not self.rows[one].truncated]
        return {one: hashlib.sha256(self.rows[one].content).digest() for one in there}

    def store(self, message):
        if message.external_id in self.rows or message.external_id in self.pruned:
            return
        if message.relocated:
            for name, row in list(self.rows.items()):
                if row.content == message.content:
                    self.pruned.add(name)
                    del self.rows[name]
        self.rows[message.external_id] = message

    def fetch(self, **changes):
        """One fetch; the contents that came, and what failed."""
        self.request = dataclasses.replace(self.request, **changes)
        got, failed = [], {}
        for chunk in self.transport.fetch(self.request):
            for one in chunk.messages:
                self.store(one)
                got.append(one.content)
            failed |= chunk.failed
            self.request = dataclasses.replace(self.request, cursor=chunk.cursor)
            self.transport.acknowledge(self.request, chunk)
        return got, failed

    def contents(self):
        return sorted(row.content for row in self.rows.values())


@pytest.fixture(params=[PLAIN, PIPELINED], ids=["plain", "pipelined"])
def office(request, settings_for):
    """A ledger and the server that it reads."""

    def make(messages, wish=DELETE, **options):
        server = BrokenPop3(messages, capabilities=request.param, **options)
        return server, Ledger(Pop3Transport(settings_for(server, spool_limit=100_000)), wish)

    return make


# -- what is no mail ------------------------------------------------------------------------------


@pytest.mark.parametrize("announced", [None, 0, 4000])
@pytest.mark.parametrize("fault", ["empty", "lines", "zeros"])
def test_a_message_without_anything_in_it_is_no_mail_and_is_never_deleted(office, fault, announced):
    sent = mails("a", "b", "c")
    server, ledger = office(sent, faults={"b": fault}, sizes={} if announced is None else {"b": announced})
    with server, ledger.transport:
        for _number in range(3):
            _got, failed = ledger.fetch()
            assert list(failed) == ["b"]
            assert "without anything in it" in failed["b"]
        assert set(server.messages) == {"b"}
        assert set(ledger.rows) == {"a", "c"}
        server.faults.clear()
        server.sizes.clear()
        assert ledger.fetch() == ([sent["b"]], {})
        assert not server.messages


@pytest.mark.parametrize("fault", ["empty", "lines", "zeros"])
def test_a_header_section_without_anything_in_it_is_none_either(office, fault):
    server, ledger = office(mails("a"), dataclasses.replace(DELETE, max_message_size=10), faults={"a": fault})
    with server, ledger.transport:
        assert list(ledger.fetch()[1]) == ["a"]
        with pytest.raises(errors.MessageRefused):
            ledger.transport.fetch_one({"uidl": "a"})


# -- a name given again ---------------------------------------------------------------------------


def test_a_name_given_again_at_once_is_another_message(office):
    server, ledger = office(mails("a", "b"))
    with server, ledger.transport:
        ledger.fetch()
        assert not server.messages
        server.messages["a"] = mail("new under an old name")
        server.faults["a"] = "keep"  # so that it is not deleted in the session in which it comes
        with pytest.raises(errors.MessageRefused):
            ledger.fetch()
        assert mail("new under an old name") in ledger.contents()
        assert len(ledger.rows) == 3
        server.faults.clear()
        assert ledger.fetch() == ([], {}), "known by its content now"
        assert not server.messages


def test_a_name_given_again_later_is_another_message(office):
    server, ledger = office(mails("a", "b"))
    with server, ledger.transport:
        ledger.fetch()
        ledger.fetch()  # the mailbox is empty: nothing is owed any more
        for number in range(3):
            server.messages["a"] = mail(f"new {number}")
            assert ledger.fetch() == ([mail(f"new {number}")], {})
            assert not server.messages
            ledger.fetch()
        assert len(ledger.rows) == 5


def test_a_name_given_again_before_the_deletion_was_confirmed(office):
    """QUIT was not answered; when we come back, the owed name is another message's."""
    server, ledger = office(mails("a", "b"), fault="cut_quit")
    with server, ledger.transport:
        with pytest.raises(errors.ConnectionFailed):
            ledger.fetch()
        server.fault = ""
        server.messages["a"] = mail("new")
        assert ledger.fetch() == ([mail("new")], {})
        assert not server.messages
        assert ledger.contents() == sorted([mail("a"), mail("b"), mail("new")])


def test_a_name_given_again_after_the_row_was_pruned(office):
    server, ledger = office(mails("a"))
    with server, ledger.transport:
        ledger.fetch()
        ledger.fetch()
        ledger.pruned.add("a")
        del ledger.rows["a"]
        server.messages["a"] = mail("new")
        assert ledger.fetch() == ([mail("new")], {})
        assert ledger.contents() == [mail("new")]


def test_names_that_wander_to_other_messages(office):
    """All have one name, and are told apart by their place; then somebody deletes the first."""
    server, ledger = office(mails("a", "b", "c"), fault="twice")
    server.faults = dict.fromkeys("abc", "keep")
    with server, ledger.transport:
        with pytest.raises(errors.MessageRefused):
            ledger.fetch()
        assert len(ledger.rows) == 3
        del server.messages["a"]
        server.messages["d"] = mail("d")
        server.faults.clear()
        ledger.fetch()
        assert ledger.contents() == sorted(mails("a", "b", "c", "d").values())
        ledger.fetch()
        ledger.fetch()
        assert not server.messages
        assert ledger.contents() == sorted(mails("a", "b", "c", "d").values())


# -- what is owed ---------------------------------------------------------------------------------


def broken_off(office, **options):
    """A ledger that has a and b, whose deletion was asked for and not confirmed."""
    server, ledger = office(mails("a", "b"), fault="cut_quit", **options)
    with pytest.raises(errors.ConnectionFailed):
        server.__enter__() and ledger.fetch()
    server.fault = ""
    server.lines.clear()
    return server, ledger


def test_what_is_owed_is_read_again_before_it_is_deleted(office):
    server, ledger = broken_off(office)
    with ledger.transport:
        assert ledger.fetch() == ([], {})
    assert not server.messages
    assert [line.split()[0] for line in server.lines if line[:4] in (b"RETR", b"DELE")] in (
        [b"RETR"] * 2 + [b"DELE"] * 2, [b"RETR", b"RETR", b"DELE", b"DELE"])
    server.__exit__(None, None, None)


@pytest.mark.parametrize("fault", ["empty", "lines", "zeros", "err", "cut", "half"])
def test_what_is_owed_and_can_not_be_read_again_stays(office, fault):
    server, ledger = broken_off(office)
    server.faults["a"] = fault
    with ledger.transport:
        for _number in range(2):
            ledger.fetch()
        assert set(server.messages) == {"a"}
        server.faults.clear()
        ledger.fetch()
        # what was cut twice is left, since nothing tells when it will be whole
        assert set(server.messages) == ({"a"} if fault == "half" else set())
    server.__exit__(None, None, None)


@pytest.mark.parametrize("way", ["lost", "pruned"])
def test_what_is_owed_and_has_no_original_any_more_stays(office, way):
    server, ledger = broken_off(office)
    if way == "lost":
        ledger.lost.add("a")
    else:
        ledger.pruned.add("a")
        del ledger.rows["a"]
    with ledger.transport:
        for _number in range(2):
            ledger.fetch()
        assert set(server.messages) == {"a"}
    server.__exit__(None, None, None)


def test_what_the_ledger_did_not_store_stays(office):
    """Its id is one of a pruned row, which the ledger takes for the message itself."""
    server, ledger = office(mails("a", "b"))
    with server, ledger.transport:
        for chunk in ledger.transport.fetch(dataclasses.replace(ledger.request, known_ids=None)):
            ledger.rows = {one.external_id: one for one in chunk.messages if one.external_id == "b"}
            ledger.transport.acknowledge(ledger.request, chunk)
        assert set(server.messages) == {"a"}


# -- sessions -------------------------------------------------------------------------------------


def test_a_session_that_broke_in_between_deletes_nothing_by_name(office):
    """Stored, the connection lost, and in the next session the names mean other messages."""
    server, ledger = office(mails("a", "b", "c", "d"))
    request = dataclasses.replace(ledger.request, max_messages=2)
    with server, ledger.transport:
        for chunk in ledger.transport.fetch(request):
            for one in chunk.messages:
                ledger.store(one)
            if chunk.remaining == 2:
                server.messages = {"x": mail("x"), **{name: mail("new " + name) for name in "abcd"}}
                ledger.transport._wire.close()
            ledger.transport.acknowledge(request, chunk)
            request = dataclasses.replace(request, cursor=chunk.cursor)
        assert mail("x") in server.messages.values()
        assert {mail("new a"), mail("new b")} <= set(server.messages.values())
        ledger.request = request
        ledger.fetch()
        ledger.fetch()
        expected = {mail(word) for word in ("x", "a", "b", "new a", "new b", "new c", "new d")}
        assert expected <= set(ledger.contents()), "nothing was lost"


def test_numbers_of_a_new_session_are_looked_up_by_name(office):
    server, ledger = office(mails("a", "b", "c", "d"))
    request = dataclasses.replace(ledger.request, max_messages=2)
    with server, ledger.transport:
        got = {}
        for chunk in ledger.transport.fetch(request):
            got |= {one.external_id: one.content for one in chunk.messages}
            if chunk.remaining == 2:
                server.messages = {"x": mail("x"), **server.messages}  # everybody's number moves by one
                ledger.transport._wire.close()
        assert got == mails("a", "b", "c", "d")


def test_a_message_that_seems_to_end_in_its_middle_is_not_deleted(office):
    server, ledger = office(mails("a", "b", "c"), faults={"b": "dot"})
    with server, ledger.transport:
        for _number in range(3):
            try:
                ledger.fetch()
            except errors.ChannelError:
                continue
        assert "b" in server.messages


# -- sizes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("announced", [0, 40, 100])
def test_a_size_that_is_not_exact_has_it_read_twice(office, announced):
    sent = mails("a")
    server, ledger = office(sent, sizes={"a": announced})
    with server, ledger.transport:
        assert ledger.fetch() == ([sent["a"]], {})
        assert set(server.messages) == {"a"}
        assert ledger.fetch() == ([], {})
        assert not server.messages


def test_what_has_far_less_than_its_size_stays(office):
    server, ledger = office(mails("a"), sizes={"a": 1000})
    with server, ledger.transport:
        for _number in range(3):
            ledger.fetch()
        assert set(server.messages) == {"a"}
        assert sum(line.startswith(b"RETR") for line in server.lines) == 2, "it is not read for ever"


def test_a_body_that_was_cut_once_comes_whole(office):
    sent = mails("a")
    server, ledger = office(sent, faults={"a": "half"})
    with server, ledger.transport:
        ledger.fetch()
        assert set(server.messages) == {"a"}
        server.faults.clear()
        assert ledger.fetch() == ([sent["a"]], {})
        assert not server.messages


# -- what is left ---------------------------------------------------------------------------------


def test_what_was_left_is_neither_read_again_nor_deleted(office):
    server, ledger = office(mails("a", "b"), LEAVE)
    with server, ledger.transport:
        ledger.fetch()
        server.messages["c"] = mail("c")
        server.lines.clear()
        for _number in range(3):
            ledger.fetch(delete_after_fetch=True)
        assert set(server.messages) == {"a", "b"}
        assert sum(line.startswith(b"RETR") for line in server.lines) == 1
        ledger.fetch(delete_after_fetch=False)
        server.messages["d"] = mail("d")
        ledger.fetch()
        ledger.fetch(delete_after_fetch=True)
        assert set(server.messages) == {"a", "b", "d"}


def test_a_large_one_of_which_the_header_came_is_left_alone(office):
    server, ledger = office({"a": mail("a", 5000)}, dataclasses.replace(DELETE, max_message_size=1000))
    with server, ledger.transport:
        for _number in range(3):
            ledger.fetch()
        assert set(server.messages) == {"a"}
        ledger.fetch(max_message_size=0)
        assert set(server.messages) == {"a"}, "the ledger has no more than its header"


def test_cores_four_methods_delete_what_was_read_in_the_session_and_no_more(settings_for):
    with BrokenPop3(mails("a", "b", "c"), faults={"b": "empty"}) as server:
        connection = GatewayConnection(Pop3Transport(settings_for(server)))
        numbers = [number for number, _content in connection.retrieve_unread_messages()]
        assert numbers == ["a", "c"]
        connection.handled_message("a")
        connection.disconnect()
        assert set(server.messages) in ({"b", "c"}, {"a", "b", "c"})


def test_nothing_costs_more_where_nothing_is_deleted(office):
    server, ledger = office(mails(*"abcdef"), LEAVE)
    asked = []
    ledger.request = dataclasses.replace(ledger.request, kept=asked.append)
    with server, ledger.transport:
        ledger.fetch()
        ledger.fetch()
        verbs = [line.split()[0] for line in server.lines]
        assert verbs.count(b"RETR") == 6
        assert not {b"DELE", b"TOP", b"RSET"} & set(verbs)
        assert verbs.count(b"LIST") == verbs.count(b"UIDL") == 2
        assert not asked
