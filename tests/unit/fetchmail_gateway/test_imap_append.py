"""Putting messages into folders of servers that do it in different ways, or don't."""

import re
import time
from datetime import datetime

import pytest
from odoo.addons.fetchmail_gateway.lib.imap import ImapTransport
from odoo.addons.fetchmail_gateway.lib.imap_parse import internaldate, parse_internaldate
from odoo.addons.message_history.lib import errors

from dev.servers.broken_imap import BrokenImap
from dev.servers.scripted import Hangup

MOMENT = datetime(2026, 2, 7, 9, 5, 0)
SMALL = b"Subject: small\r\n\r\nhello\r\n"
LARGE = b"Subject: large\r\n\r\n" + b"x" * 70_000 + b"\r\n"
LITERAL = re.compile(r"\{(\d+)(\+?)\}$")


class Appending(BrokenImap):
    """A server that takes messages.

    :param append: what goes wrong: ``refuse`` (before the go-ahead), ``refuse_late`` (behind the
        literal), ``lost`` (taken, and the connection ends before the answer), ``hang``, ``gone`` (the
        folder was removed since)
    :param prefix: what the folders' names begin with
    """

    def __init__(self, *, append="", folders=("Sent",), prefix="", **options):
        super().__init__(**options)
        self.append, self.prefix = append, prefix
        self.folders = {name: {} for name in folders}
        self.appended, self.waited = [], 0

    def _answers(self):
        return {**super()._answers(), "append": self._append, "status": self._status, "namespace": self._namespace}

    def _namespace(self, conversation, arguments):
        conversation.send(f'* NAMESPACE (("{self.prefix}" ".")) NIL NIL\r\n')

    def _status(self, conversation, arguments):
        name = arguments.split('"')[1]
        if name not in self.folders:
            return "NO [NONEXISTENT] no such folder"
        conversation.send(f'* STATUS "{name}" (UIDNEXT 1)\r\n')
        return None

    def _create(self, conversation, arguments):
        if not arguments.strip('"').startswith(self.prefix):
            return "NO not here"
        return super()._create(conversation, arguments)

    def _append(self, conversation, arguments):
        size, ahead = LITERAL.search(arguments).groups()
        folder = arguments.split('"')[1]
        if not ahead:
            if self.append == "refuse":
                return "NO [OVERQUOTA] the mailbox is full"
            if self.append == "hang":
                conversation.hang()
            self.waited += 1
            conversation.send("+ go on\r\n")
        content = conversation.read(int(size))
        assert conversation.readline() == b""
        if self.append == "gone":
            self.append = ""
            self.folders.pop(folder)
            return "NO [TRYCREATE] no such folder"
        if self.append == "refuse_late":
            return "NO I don't like it"
        self.appended.append((folder, arguments[: arguments.rindex(" {")].partition(" ")[2], content))
        if self.append == "lost":
            raise Hangup
        return None


def offering(*words):
    return " ".join(("IMAP4rev1", *words))


@pytest.mark.parametrize(
    ("words", "content", "waited"),
    [
        ((), SMALL, 1),
        (("LITERAL+",), SMALL, 0),
        (("LITERAL+",), LARGE, 1),
        (("LITERAL-",), SMALL, 0),
        (("LITERAL-",), SMALL + b"x" * 4096, 1),
    ],
)
def test_appended(settings_for, words, content, waited):
    with (
        Appending(capabilities=offering(*words)) as server,
        ImapTransport(settings_for(server)) as transport,
    ):
        assert transport.append("Sent", content, ("\\Seen",), MOMENT) == "Sent"
        assert server.appended == [("Sent", '(\\Seen) "07-Feb-2026 09:05:00 +0000"', content)]
        assert server.waited == waited
        # The connection is none the worse.
        transport.append("Sent", SMALL)
        assert server.appended[1] == ("Sent", "", SMALL)
        assert server.connections == 1


def test_line_ends_are_those_of_mail(settings_for):
    with Appending() as server, ImapTransport(settings_for(server)) as transport:
        transport.append("Sent", b"Subject: a\n\nb\rc\r\n\r\n")
    assert server.appended[0][2] == b"Subject: a\r\n\r\nb\r\nc\r\n\r\n"


@pytest.mark.parametrize(
    ("prefix", "there", "real"),
    [
        ("", (), "Sent"),
        ("INBOX.", (), "INBOX.Sent"),
        ("INBOX.", ("INBOX.Sent",), "INBOX.Sent"),
    ],
)
def test_a_folder_is_found_or_made(settings_for, prefix, there, real):
    with (
        Appending(folders=there, prefix=prefix, capabilities=offering("NAMESPACE")) as server,
        ImapTransport(settings_for(server)) as transport,
    ):
        assert not transport.has_message("Sent", "<a@b>") or there
        for _ in range(2):
            assert transport.append("Sent", SMALL) == real
        assert [folder for folder, *_rest in server.appended] == [real, real]
        assert sum(line.split()[1] == b"CREATE" for line in server.lines) == (0 if there else 1)


def test_a_folder_that_is_removed_meanwhile(settings_for):
    with Appending(append="gone") as server, ImapTransport(settings_for(server)) as transport:
        transport.append("Sent", SMALL)
        assert [content for *_place, content in server.appended] == [SMALL]


def test_a_refusal_is_told_and_stops_no_other(settings_for):
    with Appending(append="refuse_late") as server, ImapTransport(settings_for(server)) as transport:
        with pytest.raises(errors.MessageRefused, match="I don't like it"):
            transport.append("Sent", SMALL)
        server.append = ""
        transport.append("Sent", LARGE)
        assert len(server.appended) == server.connections == 1


def test_no_room(settings_for):
    with Appending(append="refuse") as server, ImapTransport(settings_for(server)) as transport:
        with pytest.raises(errors.ConnectionFailed, match="full") as caught:
            transport.append("Sent", LARGE)
        assert (caught.value.field, caught.value.retryable) == ("folder", True)
        server.append = ""
        transport.append("Sent", LARGE)
        assert server.connections == 1


def test_what_is_too_large_is_not_sent(settings_for):
    with (
        Appending(capabilities=offering("APPENDLIMIT=1000")) as server,
        ImapTransport(settings_for(server)) as transport,
    ):
        with pytest.raises(errors.MessageRefused, match="1000 at most"):
            transport.append("Sent", LARGE)
        assert transport.append("Sent", SMALL)
        assert len(server.appended) == 1


def test_a_lost_answer_and_a_silent_server(settings_for):
    with Appending(append="lost") as server, ImapTransport(settings_for(server)) as transport:
        with pytest.raises(errors.ConnectionFailed):
            transport.append("Sent", SMALL)
        assert len(server.appended) == 1
        server.append = "hang"
        begun = time.monotonic()
        with pytest.raises(errors.ConnectionFailed):
            transport.append("Sent", SMALL)
        assert time.monotonic() - begun < 5
        server.append = ""
        transport.append("Sent", SMALL)
        assert server.connections == 3


@pytest.mark.parametrize(
    ("message_id", "since", "command"),
    [
        ("<a@b>", None, 'UID SEARCH HEADER Message-ID "<a@b>"'),
        ("<a@b>", datetime(2026, 3, 1, 0, 10), 'UID SEARCH SINCE 28-Feb-2026 HEADER Message-ID "<a@b>"'),
        ('<"a b"@ü>', None, 'UID SEARCH CHARSET UTF-8 HEADER Message-ID "<\\"a b\\"@ü>"'),
    ],
)
def test_looking_for_a_message(settings_for, message_id, since, command):
    with Appending(messages={1: SMALL}) as server, ImapTransport(settings_for(server)) as transport:
        assert transport.has_message("Sent", message_id, since)
        assert server.lines[-1].decode().partition(" ")[2] == command
        server.messages.clear()
        assert not transport.has_message("Sent", message_id, since)
        assert not transport.has_message("Other", message_id)
        assert not transport.has_message("Sent", "")


def test_an_internaldate_is_read_back():
    for moment in (MOMENT, datetime(1999, 12, 31, 23, 59, 59)):
        assert parse_internaldate(internaldate(moment).encode()) == moment
