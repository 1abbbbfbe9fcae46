"""Commands and answers on an IMAP connection that is logged in.

Commands may be sent before earlier ones are answered (RFC 3501 5.5), which is where the speed at
a distance comes from: whoever waits for a command also takes in what belongs to others. Servers
may then answer in another order (Dovecot answers a FETCH before the NOOP that came first), so a
FETCH response goes to the first command that says it is its own; other data can't be told apart
and is asked for with :meth:`Wire.ask`, when nothing else is outstanding.
Literals above the spool limit go to a file while they arrive, so memory stays flat.

Anything that can't be read ends the connection with a ProtocolError: after a wrong literal size
the text of a mail would otherwise be taken for the server's words.
"""

from __future__ import annotations

import itertools
import logging
import re
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from odoo.addons.message_history.lib import connect
from odoo.addons.message_history.lib.errors import ChannelError, ConnectionFailed, ProtocolError

from .imap_connection import ImapConnection
from .imap_errors import refusal
from .imap_parse import LITERAL, Token, number_of, parse_internaldate, text_of, tokens
from .spool import MOST_BYTES, Received, Spool

_logger = logging.getLogger(__name__)

_NUMBERED = re.compile(rb"\A\* (\d{1,20}) ([A-Za-z]+) ?")
_UNTAGGED = re.compile(rb"\A\* ([A-Za-z-]+) ?")
_TAGGED = re.compile(rb"\A(\S+) (OK|NO|BAD)\b ?(.*)", re.I | re.S)
_CODE = re.compile(r"\A\[([A-Za-z0-9-]+)(?: ([^\]]*))?\]")
_PIECE = 256 * 1024
_STATUS = (b"OK", b"NO", b"BAD", b"BYE", b"PREAUTH")


@dataclass
class FetchItem:
    """One FETCH response; what the server left out is empty."""

    uid: int = 0
    flags: tuple[str, ...] = ()
    received_at: datetime | None = None
    size: int = 0
    emailid: str = ""
    threadid: str = ""
    body: Received | None = None

    @property
    def is_seen(self) -> bool:
        """Whether somebody has read it."""
        return any(flag.lower() == "\\seen" for flag in self.flags)


OnFetch = Callable[[FetchItem], bool]


class Listing(list[FetchItem]):
    """Collects FETCH responses about messages, not those with their bodies."""

    def take(self, item: FetchItem) -> bool:
        """Keep a response that is ours."""
        is_ours = bool(item.uid) and item.body is None
        if is_ours:
            self.append(item)
        return is_ours


@dataclass
class Command:
    """A command on its way, and what has come back for it so far.

    :param doing: what it is for, in words without secrets
    :param on_fetch: called with FETCH responses that come while it runs; says whether it is one
        of those it asked for
    """

    tag: bytes
    doing: str
    on_fetch: OnFetch | None = None
    status: str = ""
    text: str = ""
    codes: dict[str, str] = field(default_factory=dict)
    data: list[tuple[str, list[Token]]] = field(default_factory=list)
    is_select: bool = False
    read_only: bool = False

    @property
    def ok(self) -> bool:
        """Whether the server did it."""
        return self.status == "OK"

    def rows(self, kind: str) -> list[list[Token]]:
        """Untagged data of one kind, e.g. ``LIST``."""
        return [row for name, row in self.data if name == kind]


class Wire:
    """The connection after its login. Every method raises ChannelErrors only."""

    def __init__(self, connection: ImapConnection) -> None:
        self._connection = connection
        self._settings = connection.settings
        self._stream = connection.stream
        self._numbers = itertools.count(1)
        self._waiting: deque[Command] = deque()
        self._out = bytearray()
        self._idle: Command | None = None
        #: Bytes that the literals of one response may have.
        self.most_bytes = MOST_BYTES
        self.exists = 0
        self.grown = False
        self.broken = False

    # -- sending ------------------------------------------------------------------------------

    def put(self, text: str, doing: str, on_fetch: OnFetch | None = None) -> Command:
        """Queue a command; it leaves with :meth:`flush`, or when one waits for an answer."""
        if self._idle is not None:
            self.end_idle()
        command = Command(b"G%d" % next(self._numbers), doing, on_fetch)
        command.read_only = text.startswith("EXAMINE ")
        command.is_select = command.read_only or text.startswith("SELECT ")
        self._out += b"%s %s\r\n" % (command.tag, text.encode())
        self._waiting.append(command)
        return command

    def flush(self) -> None:
        """Send what is queued, without waiting."""
        if self._out:
            data, self._out = bytes(self._out), bytearray()
            self._send(data)

    def _send(self, data: bytes) -> None:
        try:
            # In pieces: the time-out is for a wait, not for the whole of a large message.
            for start in range(0, len(data), _PIECE):
                self._stream.send(data[start : start + _PIECE])
        except OSError as error:
            raise self._failed(error, "sending") from error

    def wait(self, command: Command) -> Command:
        """Take answers in until this command has its own; returns it, done or refused."""
        self.flush()
        while not command.status:
            self._take(command.doing)
        return command

    def ask(self, text: str, doing: str) -> Command:
        """Send a command when all before it are answered, and wait for its answer."""
        self.drain()
        return self.wait(self.put(text, doing))

    def ask_with(self, text: str, content: bytes, doing: str, *, ahead: bool) -> Command:
        """Like :meth:`ask`, for a command that ends in a literal (RFC 3501 4.3).

        :param ahead: don't wait for the server's go-ahead (RFC 7888)
        """
        self.drain()
        command = self.put(f"{text} {{{len(content)}{'+' if ahead else ''}}}", doing)
        self.flush()
        while not ahead and not command.status:
            ahead = self._take(doing) == "+"
        if ahead:
            self._send(content)
            self._send(b"\r\n")
        return self.wait(command)

    def run(self, text: str, doing: str) -> Command:
        """Like :meth:`ask`, but raises when the server refuses."""
        command = self.ask(text, doing)
        if not command.ok:
            raise refusal(command.text, doing, otherwise=ProtocolError, field=None)
        return command

    def put_listing(self, uids: str, attributes: str) -> tuple[Command, Listing]:
        """Queue a UID FETCH of attributes that are no bodies."""
        found = Listing()
        return self.put(f"UID FETCH {uids} ({attributes})", "listing", found.take), found

    @property
    def outstanding(self) -> int:
        """Commands that are not answered yet."""
        return len(self._waiting)

    def drain(self) -> None:
        """Wait for everything that is outstanding; an IDLE is ended."""
        if self._idle is not None:
            self.end_idle()
        while self._waiting:
            self.wait(self._waiting[-1])

    # -- IDLE (RFC 2177) ----------------------------------------------------------------------

    def begin_idle(self) -> None:
        """Let the server tell of new messages from now on; any command ends this."""
        command = self.put("IDLE", "waiting for news")
        self.drain_until_idle(command)

    def drain_until_idle(self, command: Command) -> None:
        """Wait for the server's go-ahead."""
        self.flush()
        while not command.status:
            if self._take(command.doing) == "+":
                self._idle = command
                return
        raise refusal(command.text, "IDLE", otherwise=ProtocolError, field=None)

    @property
    def idling(self) -> bool:
        """Whether an IDLE runs."""
        return self._idle is not None

    def listen(self, seconds: float) -> None:
        """During IDLE: take in what the server says within ``seconds``; ends early if it does."""
        deadline = time.monotonic() + seconds
        while self._idle is not None and not self.grown:
            left = deadline - time.monotonic()
            try:
                readable = left > 0 and self._stream.wait_readable(left)
            except OSError as error:
                raise self._failed(error, "waiting for news") from error
            if not readable:
                return
            self._take("waiting for news")
            if self._idle is not None and self._idle.status:
                self._idle = None

    def end_idle(self) -> None:
        """Leave IDLE."""
        command, self._idle = self._idle, None
        if command is not None and not command.status:
            self._out += b"DONE\r\n"
            self.wait(command)

    # -- receiving ----------------------------------------------------------------------------

    def _take(self, doing: str) -> str:
        """Take one response in; returns ``+`` for a continuation."""
        try:
            return self._take_response()
        except (OSError, EOFError) as error:
            raise self._failed(error, doing) from error
        except ChannelError:
            self.broken = True
            raise
        except (ValueError, RecursionError) as error:
            # nested a thousandfold and the like: it is the server's doing all the same
            self.broken = True
            raise ProtocolError(f"The server's answer can't be read: {error}"[:200]) from error

    def _failed(self, error: Exception, doing: str) -> ChannelError:
        self.broken = True
        return connect.translate(error, self._settings, doing)

    def _take_response(self) -> str:
        line = self._stream.readline()
        if line.startswith(b"+"):
            return "+"
        if line.startswith(b"* "):
            self._take_untagged(line)
            return "*"
        found = _TAGGED.match(line)
        command = next((one for one in self._waiting if found and one.tag == found[1]), None)
        if found is None or command is None:
            raise ProtocolError(
                "The server's answer can't be read.",
                server_reply=line[:200].decode("utf-8", "replace"),
            )
        self._waiting.remove(command)
        command.status = found[2].decode().upper()
        self._note_status(command, found[3].decode("utf-8", "replace").strip())
        return command.status

    def _take_untagged(self, line: bytes) -> None:
        current = self._waiting[0] if self._waiting else None
        found = _NUMBERED.match(line)
        if found is not None:
            self._take_numbered(int(found[1]), found[2].upper(), line[found.end() :])
            return
        found = _UNTAGGED.match(line)
        if found is None:
            raise ProtocolError("The server's answer can't be read.", server_reply=str(line[:200]))
        kind, rest = found[1].upper(), line[found.end() :]
        if kind not in _STATUS:
            row = self._read_row(rest)
            if current is not None:
                current.data.append((kind.decode(), row))
            return
        text = rest.decode("utf-8", "replace").strip()
        if kind == b"BYE" and not (current and current.doing == "logging out"):
            raise refusal(text, "to go on", otherwise=ConnectionFailed, field=None)
        if current is not None:
            self._note_status(current, text)

    def _note_status(self, command: Command, text: str) -> None:
        command.text = text or command.text
        found = _CODE.match(text)
        if found:
            command.codes[found[1].upper()] = found[2] or ""

    def _take_numbered(self, number: int, kind: bytes, rest: bytes) -> None:
        if kind == b"EXISTS":
            if number > self.exists and not any(one.is_select for one in self._waiting):
                self.grown = True
            self.exists = number
        elif kind == b"EXPUNGE":
            self.exists = max(0, self.exists - 1)
        elif kind == b"FETCH":
            item = _fetch_item(self._read_row(rest))
            takers = (one.on_fetch for one in self._waiting if one.on_fetch is not None)
            if not any(take(item) for take in takers) and item.body is not None:
                item.body.discard()

    def _read_row(self, line: bytes) -> list[Token]:
        segments: list[bytes | Received] = [line]
        left = self.most_bytes
        try:
            while found := LITERAL.search(line):
                left -= int(found[1])
                if left < 0:
                    raise ProtocolError(  # noqa: TRY301 - what was read is discarded below
                        f"The server sends more than {self.most_bytes} bytes of one message.")
                segments.append(self._read_literal(int(found[1])))
                line = self._stream.readline()
                segments.append(line)
            return tokens(segments)
        except BaseException:
            for part in segments:
                if isinstance(part, Received):
                    part.discard()
            raise

    def _read_literal(self, size: int) -> Received:
        with Spool(self._settings.spool_limit, self._settings.spool_folder) as spool:
            while size:
                block = self._stream.read_some(size)
                spool.write(block)
                size -= len(block)
            return spool.finish()

    # -- the end ------------------------------------------------------------------------------

    def log_out(self) -> None:
        """Say goodbye politely and close; never raises a ChannelError."""
        try:
            if not self.broken:
                # What is outstanding may hold flags that must not be lost with the socket.
                self._stream.sock.settimeout(min(10.0, self._settings.timeout))
                if self._idle is not None:
                    self.end_idle()
                self.drain()
                self.wait(self.put("LOGOUT", "logging out"))
        except (ChannelError, OSError):
            _logger.debug("The server did not hear our goodbye", exc_info=True)
        finally:
            self.close()

    def close(self) -> None:
        """Close the socket at once."""
        self.broken = True
        self._stream.close()


def _fetch_item(row: list[Token]) -> FetchItem:
    if len(row) != 1 or not isinstance(row[0], list) or len(row[0]) % 2:
        raise ProtocolError("A FETCH response can't be read.", server_reply=str(row)[:200])
    item = FetchItem()
    pairs = row[0]
    for key, value in zip(pairs[::2], pairs[1::2], strict=True):
        _set_attribute(item, text_of(key).upper(), value)
    return item


def _set_attribute(item: FetchItem, key: str, value: Token) -> None:
    if key == "UID":
        item.uid = number_of(value)
    elif key == "FLAGS" and isinstance(value, list):
        item.flags = tuple(text_of(flag) for flag in value)
    elif key == "INTERNALDATE" and isinstance(value, bytes):
        item.received_at = parse_internaldate(value)
    elif key == "RFC822.SIZE":
        item.size = number_of(value)
    elif key in ("EMAILID", "X-GM-MSGID"):
        item.emailid = text_of(value[0] if isinstance(value, list) and value else value)
    elif key in ("THREADID", "X-GM-THRID"):
        item.threadid = text_of(value[0] if isinstance(value, list) and value else value)
    elif key.startswith("BODY["):
        if isinstance(value, bytes):
            value = Received(len(value), value)
        item.body = value if isinstance(value, Received) else None
