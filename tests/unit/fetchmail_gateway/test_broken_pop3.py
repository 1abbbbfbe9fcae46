"""Pop3Transport against servers that misbehave, on real sockets."""

import dataclasses
import hashlib
from datetime import datetime

import pytest
from odoo.addons.fetchmail_gateway.lib.pop3 import Pop3Transport
from odoo.addons.message_history.lib import errors
from odoo.addons.message_history.lib.transport import FolderRequest, StartPolicy

from dev.servers.broken_pop3 import BrokenPop3

ALL = FolderRequest("INBOX", start=StartPolicy.ALL)
DELETE = dataclasses.replace(ALL, delete_after_fetch=True)


def mails(count):
    return {f"u{n}": b"Subject: mail %d\r\n\r\n.dot\r\n" % n for n in range(1, count + 1)}


class Ledger:
    """Fetches as the ledger does: keeps ids and cursor, acknowledges after keeping."""

    def __init__(self, request):
        self.request = dataclasses.replace(request, known_ids=self.known, kept=self.originals)
        self.kept = {}

    def known(self, ids):
        return self.kept.keys() & set(ids)

    def originals(self, ids):
        """Digests of what is kept whole."""
        whole = {one: self.kept[one] for one in ids if one in self.kept and not self.kept[one].truncated}
        return {name: hashlib.sha256(one.content).digest() for name, one in whole.items() if one.content is not None}

    def fetch(self, transport):
        got, failed = {}, {}
        for chunk in transport.fetch(self.request):
            got |= {one.external_id: one.content for one in chunk.messages}
            self.kept |= {one.external_id: one for one in chunk.messages}
            failed |= chunk.failed
            self.request = dataclasses.replace(self.request, cursor=chunk.cursor)
            transport.acknowledge(self.request, chunk)
        return got, failed


@pytest.mark.parametrize("pipelining", [True, False])
@pytest.mark.parametrize("fault", ["err", "cut", "hang", "garbage"])
def test_one_bad_message_stops_no_other(settings_for, fault, pipelining):
    sent = mails(8)
    capabilities = "TOP\r\nUIDL\r\n" + ("PIPELINING\r\n" if pipelining else "")
    with BrokenPop3(sent, faults={"u3": fault}, capabilities=capabilities) as server:
        transport, ledger = Pop3Transport(settings_for(server, timeout=0.5)), Ledger(ALL)
        got, failed = ledger.fetch(transport)
        assert got == {name: content for name, content in sent.items() if name != "u3"}
        assert list(failed) == ["u3"]
        assert ledger.request.cursor["pending"] == {"u3": 1}

        server.messages["u9"] = b"Subject: new\r\n\r\n"
        got, failed = ledger.fetch(transport)
        assert list(got) == ["u9"]
        assert ledger.request.cursor["pending"] == {"u3": 2}

        server.faults.clear()
        got, failed = ledger.fetch(transport)
        assert got == {"u3": sent["u3"]}
        assert "pending" not in ledger.request.cursor
        assert ledger.fetch(transport) == ({}, {})
        transport.close()
    assert not list(settings_for.spool.iterdir())


def test_deleted_at_quit_and_only_what_was_kept(settings_for):
    sent = mails(4) | {"big": b"Subject: big\r\n\r\n" + b"x" * 5000}
    request = dataclasses.replace(DELETE, max_message_size=1000, max_messages=2)
    with BrokenPop3(sent, faults={"u2": "err"}) as server:
        transport, ledger = Pop3Transport(settings_for(server)), Ledger(request)
        got, failed = ledger.fetch(transport)
        assert set(got) == {"u1", "u3", "u4", "big"}
        assert ledger.kept["big"].truncated
        assert ledger.kept["big"].content == b"Subject: big\r\n\r\n"
        assert ledger.kept["big"].size == len(sent["big"])
        assert list(failed) == ["u2"]
        assert set(server.messages) == {"u2", "big"}
        whole = transport.fetch_one(ledger.kept["big"].names)
        with open(whole.path, "rb") as handle:
            assert handle.read() == sent["big"] + b"\r\n"
        transport.close()
        assert set(server.messages) == {"u2", "big"}


def test_not_deleted_when_not_asked_for(settings_for):
    with BrokenPop3(mails(3)) as server:
        transport, ledger = Pop3Transport(settings_for(server)), Ledger(ALL)
        assert len(ledger.fetch(transport)[0]) == 3
        assert ledger.fetch(transport) == ({}, {})
        transport.close()
        assert len(server.messages) == 3
        assert not [line for line in server.lines if line.startswith(b"DELE")]


def test_quit_without_an_answer(settings_for):
    """Nothing is deleted then; the next time the messages are known, and deleted again."""
    with BrokenPop3(mails(3), fault="cut_quit") as server:
        transport, ledger = Pop3Transport(settings_for(server)), Ledger(DELETE)
        with pytest.raises(errors.ConnectionFailed):
            ledger.fetch(transport)
        assert len(ledger.kept) == len(server.messages) == 3
        server.fault = ""
        assert ledger.fetch(transport) == ({}, {})
        assert not server.messages


def test_mail_that_was_left_is_not_deleted_later(settings_for):
    """Deleting is switched on: what was read before, and meant to stay, stays."""
    with BrokenPop3(mails(3)) as server:
        transport, ledger = Pop3Transport(settings_for(server)), Ledger(ALL)
        ledger.fetch(transport)
        ledger.request = dataclasses.replace(ledger.request, delete_after_fetch=True)
        server.messages["u9"] = b"Subject: new\r\n\r\n"
        ledger.fetch(transport)
        assert set(server.messages) == {"u1", "u2", "u3"}


@pytest.mark.parametrize("fault", ["no_uidl", "no_top", "no_capa", "bare_lf"])
def test_old_servers(settings_for, fault):
    sent = mails(3)
    with BrokenPop3(sent, fault=fault) as server:
        transport, ledger = Pop3Transport(settings_for(server)), Ledger(ALL)
        got, failed = ledger.fetch(transport)
        contents = [content.replace(b"\n", b"\r\n") for content in got.values()]
        expected = list(sent.values())
        assert (contents if fault == "bare_lf" else list(got.values())) == expected
        assert not failed
        server.messages["u9"] = b"Subject: new\r\n\r\nx\r\n"
        assert len(ledger.fetch(transport)[0]) == 1
        del server.messages["u1"]
        assert ledger.fetch(transport) == ({}, {})


def test_one_name_for_all_messages(settings_for):
    sent = mails(3)
    with BrokenPop3(sent, fault="twice") as server:
        transport, ledger = Pop3Transport(settings_for(server)), Ledger(ALL)
        assert sorted(ledger.fetch(transport)[0].values()) == sorted(sent.values())
        assert ledger.fetch(transport) == ({}, {})


def test_start_now(settings_for):
    with BrokenPop3(mails(3)) as server:
        transport = Pop3Transport(settings_for(server))
        ledger = Ledger(dataclasses.replace(ALL, start=StartPolicy.NOW))
        assert transport.first_look(ledger.request).matching == 0
        assert ledger.fetch(transport) == ({}, {})
        assert ledger.request.cursor["begun"]
        server.messages["u9"] = b"Subject: new\r\n\r\n"
        assert list(ledger.fetch(transport)[0]) == ["u9"]
        assert ledger.fetch(transport) == ({}, {})


def test_start_since(settings_for):
    def dated(line):
        return b"%s\r\nSubject: x\r\n\r\n" % line

    sent = {
        "old": dated(b"Date: Thu, 1 Jan 2026 10:00:00 +0000"),
        "new": dated(b"Date: Sat, 3 Jan 2026 10:00:00 +0000"),
        "late": dated(b"Received: by mx; Sat, 3 Jan 2026 10:00:00 +0000\r\nDate: Thu, 1 Jan 2026 10:00:00 +0000"),
        "edge": dated(b"Received: by mx\r\n\twith x; Fri, 2 Jan 2026 02:00:00 +0200"),
        "undated": dated(b"Date: whenever"),
    }
    request = dataclasses.replace(ALL, start=StartPolicy.SINCE, since=datetime(2026, 1, 2))
    with BrokenPop3(sent) as server:
        transport, ledger = Pop3Transport(settings_for(server)), Ledger(request)
        look = transport.first_look(request)
        assert (look.total, look.matching) == (5, 4)
        assert set(ledger.fetch(transport)[0]) == {"new", "late", "edge", "undated"}
        assert ledger.fetch(transport) == ({}, {})
        with pytest.raises(errors.ConfigurationError):
            transport.first_look(dataclasses.replace(request, since=None))


CONNECTION = [
    ("silent", errors.ConnectionFailed, None),
    ("full", errors.ConnectionFailed, None),
    ("http", errors.ProtocolError, "port"),
    ("no_login", errors.AuthenticationError, "password"),
    ("in_use", errors.Throttled, None),
]


@pytest.mark.parametrize(("fault", "kind", "field"), CONNECTION)
def test_connection_faults(settings_for, fault, kind, field):
    with BrokenPop3(mails(1), fault=fault) as server:
        transport = Pop3Transport(settings_for(server, timeout=0.5))
        with pytest.raises(errors.ChannelError) as caught:
            list(transport.fetch(ALL))
        assert type(caught.value) is kind
        assert caught.value.field == field
        report = transport.check()
        assert type(report.error) is kind
        assert not report.steps[-1].ok


def test_check(settings_for):
    with BrokenPop3(mails(3)) as server:
        report = Pop3Transport(settings_for(server)).check()
        assert report.ok
        assert [step.name for step in report.steps] == ["resolve", "connect", "login", "read"]
        assert report.steps[-1].detail == "3"


@pytest.mark.parametrize("security", ["starttls", "ssl"])
def test_no_tls_there(settings_for, security):
    with BrokenPop3() as server, pytest.raises(errors.ChannelError) as caught:
        Pop3Transport(settings_for(server, security=security)).first_look(ALL)
    assert caught.value.field == "encryption"


def test_line_break_in_password(settings_for):
    with BrokenPop3() as server:
        with pytest.raises(errors.ConfigurationError):
            Pop3Transport(settings_for(server, password="a\r\nDELE 1")).first_look(ALL)
        assert not [line for line in server.lines if b"DELE" in line]
