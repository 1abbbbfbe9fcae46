"""The POP3 protocol (RFC 1939) on a socket: answers, multi-line answers, pipelining (RFC 2449).

poplib is not used: it splits a message into a list of lines, refuses long lines, and loses the
bytes that the server really sent.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator

from odoo.addons.message_history.lib import connect
from odoo.addons.message_history.lib.errors import (
    AuthenticationError,
    ChannelError,
    ConfigurationError,
    ConnectionFailed,
    MessageRefused,
    ProtocolError,
    Throttled,
)
from odoo.addons.message_history.lib.masking import as_said, mask
from odoo.addons.message_history.lib.transport import CheckStep

from .settings import ServerSettings
from .spool import MOST_BYTES, Received, Spool
from .stream import Stream

_CODE = re.compile(r"\[([A-Z/-]+)\]", re.I)
# RFC 2449, RFC 3206
_BY_CODE: dict[str, tuple[type[ChannelError], str | None]] = {
    "AUTH": (AuthenticationError, "password"),
    "IN-USE": (Throttled, None),
    "LOGIN-DELAY": (Throttled, None),
    "SYS/TEMP": (ConnectionFailed, None),
    "SYS/PERM": (AuthenticationError, None),
}
_BUSY = re.compile(r"\block|in use|too many|temporar|try again|unavailable", re.I)
# Of lists, capabilities, header sections; a list of a million messages is 24 MB.
_MOST_TEXT = 64 * 1024 * 1024
_KEEP = 8  # bytes held back at the end of a block: an end marker may be cut in two there


class Refused(Exception):
    """The server answered -ERR; ``args[0]`` is what it said."""

    @property
    def text(self) -> str:
        """The server's words."""
        return str(self.args[0])


def refusal(
    text: str, doing: str, otherwise: type[ChannelError], field: str | None
) -> ChannelError:
    """Our error for an -ERR."""
    found = _CODE.search(text)
    kind, field = _BY_CODE.get(found.group(1).upper() if found else "", (otherwise, field))
    if not found and _BUSY.search(text):
        kind, field = Throttled, None
    said = text or "no reason given"
    return kind(f"The server refused {doing}: {said}", field=field, server_reply=said)


class Pop3Wire:
    """One POP3 session, logged in when constructed. Raises ChannelErrors only, and Refused.

    :param on_step: told of each step that succeeded
    """

    def __init__(
        self, settings: ServerSettings, on_step: Callable[[CheckStep], None] | None = None
    ) -> None:
        self._settings = settings
        self._on_step = on_step
        self._began = time.monotonic()
        self._eol = b"\r\n"
        self.broken = False
        self.capabilities: dict[str, list[str]] = {}
        addresses = connect.resolve(settings)
        self._done("resolve", ", ".join(dict.fromkeys(str(one[3][0]) for one in addresses)))
        sock = connect.open_tcp(settings, addresses)
        self._done("connect", f"{sock.getpeername()[0]}:{settings.port}")
        if settings.security == "ssl":
            sock = connect.start_tls(sock, settings)
        self._stream = Stream(sock)
        try:
            self._greet()
            self._log_in()
        except BaseException:
            self.close()
            raise

    def _greet(self) -> None:
        try:
            line = self._stream.readline()
        except (OSError, EOFError) as error:
            raise connect.no_greeting(error, self._settings) from error
        if line.startswith(b"-ERR"):
            text = line[4:].decode("utf-8", "replace").strip()
            raise refusal(text, "the connection", ConnectionFailed, None)
        # Some old servers end lines with a bare line feed; others may send one inside a message.
        self._eol = b"\r\n" if line.endswith(b"\r\n") else b"\n"
        if not line.startswith(b"+OK"):
            raise ProtocolError(
                f"This does not look like a POP3 server: {line[:80]!r}", field="port"
            )
        self._read_capabilities()
        if self._settings.security == "starttls":
            self._start_tls()
        if self._settings.security != "none":
            self._done("tls", str(getattr(self._stream.sock, "version", lambda: "")() or ""))

    def _start_tls(self) -> None:
        """STLS (RFC 2595)."""
        try:
            self.command("STLS")
        except Refused as error:
            raise ConfigurationError(
                f"The server does not offer STLS on this port: {error.text}", field="encryption"
            ) from error
        if self._stream.buffered:
            raise ProtocolError("The server sent plain text after STLS began.")
        self._stream = Stream(connect.start_tls(self._stream.sock, self._settings))
        self._read_capabilities()

    def _log_in(self) -> None:
        try:
            self.command(f"USER {_safe(self._settings.user)}")
            self.command(f"PASS {_safe(self._settings.password)}")
        except Refused as error:
            said = mask(error.text, as_said(self._settings.user, self._settings.password))
            raise refusal(said, "the login", AuthenticationError, "password") from None
        except ProtocolError as error:
            said = mask(error.server_reply or "", as_said(self._settings.user, self._settings.password))
            raise ProtocolError(error.reason, server_reply=said) from None
        self._done("login", self._settings.user)
        self._read_capabilities()

    def _read_capabilities(self) -> None:
        """CAPA (RFC 2449); a server without it has none."""
        try:
            text = self.text("CAPA")
        except Refused:
            text = ""
        rows = [line.split() for line in text.splitlines() if line.strip()]
        self.capabilities = {row[0].upper(): row[1:] for row in rows}

    def _done(self, name: str, detail: str) -> None:
        now = time.monotonic()
        if self._on_step is not None:
            self._on_step(CheckStep(name, True, now - self._began, detail))
        self._began = now

    # -- commands -----------------------------------------------------------------------------

    def command(self, line: str) -> str:
        """Send a command with a one-line answer; returns what follows +OK."""
        self._send([line])
        return self.read_status()

    def text(self, line: str) -> str:
        """Send a command with a multi-line answer; returns its lines as text."""
        self._send([line])
        self.read_status()
        received = self.read_block()
        return (received.content or b"").decode("utf-8", "replace")

    def send_ahead(self, lines: list[str]) -> Iterator[str]:
        """Send commands, together if allowed; iterate, reading one answer each time."""
        if "PIPELINING" in self.capabilities:
            self._send(lines)
            yield from lines
            return
        for line in lines:
            self._send([line])
            yield line

    def read_status(self) -> str:
        """Read +OK or -ERR; raises Refused."""
        try:
            line = self._stream.readline()
        except (OSError, EOFError) as error:
            raise self._failed(error, "waiting for an answer") from error
        text = line[4:].decode("utf-8", "replace").strip()
        if line.startswith(b"-ERR"):
            raise Refused(text)
        if not line.startswith(b"+OK"):
            self.broken = True
            raise ProtocolError(
                "The server's answer can't be read.",
                server_reply=line[:200].decode("utf-8", "replace"),
            )
        return text

    def read_block(self, limit: int | None = None, most: int = MOST_BYTES) -> Received:
        """Read a multi-line answer (RFC 1939 3), leading dots undone; large ones into a file.

        :param limit: bytes above which it goes to a file; None: never, and it may not be endless
        :param most: bytes that it may have at all
        :raise ProtocolError: when the server does not stop
        """
        limit, most = (2**62, min(most, _MOST_TEXT)) if limit is None else (limit, most)
        try:
            with Spool(limit, self._settings.spool_folder) as spool:
                self._copy_block(spool, most)
                return spool.finish()
        except (OSError, EOFError) as error:
            raise self._failed(error, "receiving a message") from error

    def _copy_block(self, spool: Spool, most: int) -> None:
        eol = self._eol
        end = eol + b"." + eol
        held = eol  # as if a line had ended before: the first one may begin with a dot
        skip = len(eol)
        while True:
            held += self._stream.read_some(2**20)
            if spool.size > most:
                self.broken = True
                raise ProtocolError(f"The server sends more than {most} bytes.")
            found = held.find(end)
            if found >= 0:
                self._stream.unread(held[found + len(end) :])
                spool.write(self._undot(held[: found + len(eol)])[skip:])
                return
            if len(held) > 2**16:
                # Cut before a line's end if there is one, so that a dot stays with it.
                cut = held.rfind(eol, 0, len(held) - _KEEP)
                cut = len(held) - _KEEP if cut <= 0 else cut
                spool.write(self._undot(held[:cut])[skip:])
                held, skip = held[cut:], 0

    def _undot(self, block: bytes) -> bytes:
        return block.replace(self._eol + b".", self._eol)

    def _send(self, lines: list[str]) -> None:
        if self._stream.buffered:
            # Everything was answered: the rest of a message that seemed to end in its middle.
            self.broken = True
            raise ProtocolError("The server sent more than it was asked for.")
        try:
            self._stream.send("".join(f"{line}\r\n" for line in lines).encode())
        except OSError as error:
            raise self._failed(error, "sending") from error

    def _failed(self, error: Exception, doing: str) -> ChannelError:
        self.broken = True
        return connect.translate(error, self._settings, doing)

    # -- the end ------------------------------------------------------------------------------

    def quit(self) -> None:
        """End the session, which is when the server deletes; raises when it does not confirm."""
        if self.broken:
            raise ConnectionFailed("The connection broke before the end of the session.")
        try:
            self.command("QUIT")
        except Refused as error:
            raise refusal(error.text, "to delete messages", MessageRefused, None) from error
        finally:
            self.close()

    def close(self) -> None:
        """Close the socket at once: nothing is deleted then."""
        self.broken = True
        self._stream.close()


def _safe(text: str) -> str:
    if any(char in text for char in "\r\n\0"):
        raise ConfigurationError("User and password may not contain a line break.", field="user")
    return text
