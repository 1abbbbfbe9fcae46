"""SMTP on an open session, with the next envelope sent ahead (RFC 5321, RFC 2920).

Built on whatever Odoo's own socket opened and logged in. What an error means is decided by
:func:`~.replies.classify`; what is special here is *when* it happened: before the final dot was
handed over whole nothing can have been taken, behind it anything can (:class:`AnswerLost`).
"""

from __future__ import annotations

import contextlib
import re
import smtplib
import socket
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from odoo.addons.message_history.lib.errors import (
    ChannelError,
    ConnectionFailed,
    MessageRefused,
    ProtocolError,
    RecipientRefused,
)

from .replies import Phase, classify, one_line

_INJECTION = re.compile(r"[\x00-\x20\x7f<>]")
_DOT = re.compile(rb"(?m)^\.")
_LINE_END = re.compile(rb"\r\n|\r|\n")
#: Commands sent ahead before their answers are read: more could fill both sides' buffers (RFC 2920, 3.1).
_AHEAD = 100


class AnswerLost(ConnectionFailed):
    """The content was handed over whole and the answer never came: it may have been taken."""


@dataclass(frozen=True)
class Envelope:
    """Who gets a message, and what the server is to know of it beforehand.

    :param sender: reverse-path; an empty one is the null reverse-path
    :param size: bytes of the content
    :param utf8: addresses or headers need SMTPUTF8 (RFC 6531)
    :param eight_bit: the content has bytes above 127 (RFC 6152)
    """

    sender: str
    recipients: tuple[str, ...]
    size: int
    utf8: bool = False
    eight_bit: bool = False


@dataclass(frozen=True)
class EnvelopeReply:
    """What the server said to an envelope.

    :param go: it waits for the content, for at least one recipient
    :param refused: per recipient
    :param error: concerns the whole transaction
    """

    go: bool
    accepted: tuple[str, ...] = ()
    refused: Mapping[str, ChannelError] = field(default_factory=dict)
    error: ChannelError | None = None


@dataclass(frozen=True)
class FinalReply:
    """What the server said to a content."""

    reply: str
    error: ChannelError | None = None


class SmtpConnection:
    """One session; for one thread.

    :param session: ``smtplib.SMTP`` or the like, greeted and logged in
    :param timeout: seconds to wait for an answer; ``data_timeout``: for the one to the content
    """

    def __init__(self, session: Any, *, timeout: float = 60.0, data_timeout: float = 600.0) -> None:
        self._session, self._timeout, self._data_timeout = session, timeout, data_timeout
        self._written: deque[Envelope] = deque()
        self.broken = False
        features = getattr(session, "esmtp_features", None) or {}
        self.pipelining = "pipelining" in features
        self.smtputf8 = "smtputf8" in features
        self.eight_bit = "8bitmime" in features
        self._has_size = "size" in features
        with contextlib.suppress(OSError, AttributeError):
            # a content and the next envelope are two writes: the second must not wait for an acknowledgement
            session.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        limit = str(features.get("size") or "").strip()
        self.size_limit = int(limit) if limit.isdigit() else 0

    def check(self, envelope: Envelope) -> ChannelError | None:
        """Return why an envelope can't be sent at all, without asking the server; None if it can."""
        if _INJECTION.search(envelope.sender):
            return MessageRefused("The sender's address is not valid.", field="sender")
        if any(_INJECTION.search(address) or not address for address in envelope.recipients):
            return RecipientRefused("The address is not valid.")
        if envelope.utf8 and not self.smtputf8:
            return RecipientRefused("The mail server does not take addresses with letters beyond ASCII (SMTPUTF8).")
        if self.size_limit and envelope.size > self.size_limit:
            return MessageRefused(
                f"The mail has {envelope.size} bytes; the server takes {self.size_limit} at most.")
        return None

    # Envelope -----------------------------------------------------------------------------------

    def write_envelope(self, envelope: Envelope) -> None:
        """Send an envelope ahead; without PIPELINING it is only remembered.

        :raise ConnectionFailed: when the connection is gone
        """
        if error := self.check(envelope):
            raise error
        self._written.append(envelope)
        if self._goes_ahead(envelope):
            self._send(b"".join(self._commands(envelope)), self._timeout)

    def read_envelope(self) -> EnvelopeReply:
        """Return what the server said to the oldest envelope that was written.

        :raise ChannelError: when the connection is gone or the answer is no answer
        """
        envelope = self._written.popleft()
        ahead = self._goes_ahead(envelope)
        ask = self._answer if ahead else self._ask
        commands = deque(self._commands(envelope))
        code, text = ask(commands.popleft())
        mail_error = None if code // 100 == 2 else self._classify(code, text, Phase.MAIL)
        if mail_error and not ahead:
            return EnvelopeReply(False, error=mail_error)
        accepted, refused = self._recipients(envelope, ask, commands)
        if mail_error is None and not accepted and not ahead:
            return EnvelopeReply(False, (), refused)
        code, text = ask(commands.popleft())
        if code == 354 and (mail_error or not accepted):
            # told to go on for nobody: an empty message ends it (RFC 2920, 3.1)
            self._ask(b".\r\n")
            return EnvelopeReply(False, (), {} if mail_error else refused, mail_error)
        if mail_error or not accepted:
            return EnvelopeReply(False, (), {} if mail_error else refused, mail_error or self._hung_up(code, text))
        if code != 354:
            return EnvelopeReply(False, (), refused, self._classify(code, text, Phase.DATA))
        return EnvelopeReply(True, tuple(accepted), refused)

    def _recipients(self, envelope: Envelope, ask: Callable[[bytes], tuple[int, str]],
                    commands: deque[bytes]) -> tuple[list[str], dict[str, ChannelError]]:
        accepted, refused = [], {}
        for address in envelope.recipients:
            code, text = ask(commands.popleft())
            if code // 100 == 2:
                accepted.append(address)
            else:
                refused[address] = self._classify(code, text, Phase.RCPT)
                if self.broken:
                    raise refused[address]
        return accepted, refused

    def _hung_up(self, code: int, text: str) -> ChannelError | None:
        return self._classify(code, text, Phase.DATA) if code == 421 else None

    def _goes_ahead(self, envelope: Envelope) -> bool:
        return self.pipelining and len(envelope.recipients) <= _AHEAD

    def _commands(self, envelope: Envelope) -> list[bytes]:
        options = ""
        if self._has_size and envelope.size:
            options += f" SIZE={envelope.size}"
        if envelope.eight_bit and self.eight_bit:
            options += " BODY=8BITMIME"
        if envelope.utf8:
            options += " SMTPUTF8"
        lines = [f"MAIL FROM:<{envelope.sender}>{options}"]
        lines += [f"RCPT TO:<{address}>" for address in envelope.recipients]
        return [f"{line}\r\n".encode() for line in [*lines, "DATA"]]

    # Content ------------------------------------------------------------------------------------

    def write_content(self, content: bytes, following: Envelope | None = None) -> None:
        """Send the content and its final dot, and the next envelope behind it where that is possible.

        :raise ConnectionFailed: before the dot was handed over whole: nothing can have been taken
        :raise AnswerLost: behind it
        """
        self._send(stuffed(content), self._data_timeout)
        if following is not None and self.pipelining:
            try:
                self.write_envelope(following)
            except ConnectionFailed as error:
                raise AnswerLost(error.reason) from error

    def read_final(self) -> FinalReply:
        """Return what the server said to the content.

        :raise AnswerLost: when nothing came
        """
        try:
            code, text = self._read(self._data_timeout)
        except (ConnectionFailed, ProtocolError) as error:
            raise AnswerLost(f"The server's answer to the mail was lost: {error.reason}") from error
        if code // 100 == 2:
            return FinalReply(one_line(code, text))
        return FinalReply("", self._classify(code, text, Phase.CONTENT))

    def reset(self) -> None:
        """Forget the present transaction (RSET)."""
        self._ask(b"RSET\r\n")

    def close(self) -> None:
        """End the session politely; never raises."""
        with contextlib.suppress(Exception):
            if not self.broken and not self._written:
                self._session.sock.settimeout(3)
                self._session.sock.sendall(b"QUIT\r\n")
                self._session.getreply()
        with contextlib.suppress(Exception):
            self._session.close()
        self.broken = True

    # Wire ---------------------------------------------------------------------------------------

    def _ask(self, command: bytes) -> tuple[int, str]:
        self._send(command, self._timeout)
        return self._read(self._timeout)

    def _answer(self, _command: bytes) -> tuple[int, str]:
        return self._read(self._timeout)

    def _send(self, data: bytes, timeout: float) -> None:
        try:
            self._session.sock.settimeout(timeout)
            self._session.sock.sendall(data)
        except (OSError, AttributeError, ValueError) as error:
            self.broken = True
            raise ConnectionFailed(f"The connection broke: {error or type(error).__name__}") from error

    def _read(self, timeout: float) -> tuple[int, str]:
        try:
            self._session.sock.settimeout(timeout)
            code, text = self._session.getreply()
        except smtplib.SMTPServerDisconnected as error:
            self.broken = True
            raise ConnectionFailed(f"The server closed the connection: {error}") from error
        except (smtplib.SMTPException, OSError, AttributeError, ValueError) as error:
            self.broken = True
            raise ConnectionFailed(f"The connection broke: {error or type(error).__name__}") from error
        if not 200 <= code <= 599:
            self.broken = True
            raise ProtocolError(f"The server answered oddly: {text[:200]!r}")
        return code, text.decode("utf-8", "replace")

    def _classify(self, code: int, text: str, phase: Phase) -> ChannelError:
        if code == 421:
            self.broken = True
        return classify(code, text, phase)


def stuffed(content: bytes) -> bytes:
    """Return a content as it goes over the wire: CRLF, dots doubled at line beginnings, a final dot."""
    if b"\n" in content.replace(b"\r\n", b"") or b"\r" in content.replace(b"\r\n", b""):
        content = _LINE_END.sub(b"\r\n", content)
    if content.startswith(b".") or b"\n." in content:
        content = _DOT.sub(b"..", content)
    return content + (b".\r\n" if content.endswith(b"\r\n") or not content else b"\r\n.\r\n")
