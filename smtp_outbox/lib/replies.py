"""What a server's answer means (RFC 5321 4.2, RFC 3463)."""

from __future__ import annotations

import enum
import re

from odoo.addons.message_history.lib.errors import (
    AuthenticationError,
    ChannelError,
    ConnectionFailed,
    MessageRefused,
    RecipientRefused,
    Throttled,
)


class Phase(enum.Enum):
    """Where in the dialogue an answer came."""

    CONNECT = "connect"
    GREETING = "greeting"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    CONTENT = "content"


_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_NOISE = re.compile(r"[\x00-\x1f\x7f]+")


def status_of(reply: str) -> str:
    """Return the enhanced status code of a reply, empty if there is none."""
    found = _STATUS.search(reply)
    return found[1] if found else ""


def one_line(code: int, text: str) -> str:
    """Return a reply as it is shown and stored."""
    return _NOISE.sub(" ", f"{code} {text}").strip()[:500]


def classify(code: int, text: str, phase: Phase) -> ChannelError:
    """Return the error that a reply stands for."""
    reply = one_line(code, text)
    status = status_of(reply)
    retryable = code // 100 == 4
    if code == 421:
        return ConnectionFailed(reply, server_reply=reply)
    if code in (530, 534, 535, 538) or status in ("5.7.8", "5.7.9") or (phase is Phase.AUTH and not retryable):
        return AuthenticationError(reply, field="password", server_reply=reply)
    if retryable and re.search(r"rate|throttl|too many (?:messages|mails|connections)|slow down|4\.7\.28", reply, re.I):
        return Throttled(reply, server_reply=reply)
    kind = RecipientRefused if phase is Phase.RCPT else MessageRefused
    return kind(reply, retryable=retryable, server_reply=reply)


def is_too_many_recipients(error: ChannelError) -> bool:
    """Whether the server wants fewer recipients at a time."""
    reply = error.server_reply or ""
    return reply.startswith("452") and (status_of(reply) == "4.5.3" or "too many recipients" in reply.lower())


_DEAD = ("5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1")


def is_bad_address(reply: str) -> bool:
    """Whether a reply says that the address itself is dead."""
    status = status_of(reply)
    if status:
        return status in _DEAD
    return bool(re.match(r"55[03]\b.*(user unknown|no such user|does not exist|unknown user)", reply, re.I))
