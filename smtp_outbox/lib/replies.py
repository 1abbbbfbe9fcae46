"""What a server's answer means (RFC 5321 4.2, enhanced status codes of RFC 3463 and RFC 5248)."""

from __future__ import annotations

import enum
import re

from odoo.addons.message_history.lib.errors import (
    AuthenticationError,
    ChannelError,
    ConnectionFailed,
    MessageRefused,
    MessageTooLarge,
    RecipientRefused,
    Throttled,
)
from odoo.addons.message_history.lib.refusal import is_too_large, status_of


class Phase(enum.Enum):
    """Where in the dialogue an answer came."""

    CONNECT = "connect"
    GREETING = "greeting"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    CONTENT = "content"


_NOISE = re.compile(r"[\x00-\x1f\x7f]+")
_LENGTH = 500
_SLOW_DOWN = re.compile(
    r"\brate\b|throttl|too many (?:messages|mails|emails|connections|concurrent)|slow down|limit exceeded"
    r"|4\.7\.28|4\.7\.500|try again later due to",
    re.IGNORECASE,
)
_WAIT = re.compile(
    r"\b(?:in|after|for|wait)\s+(\d{1,5})\s*(seconds?|secs?|s|minutes?|mins?|m|hours?|h)\b", re.IGNORECASE)
_UNITS = {"s": 1, "m": 60, "h": 3600}
_LOGIN_CODES = (530, 534, 535, 538)
_LOGIN_STATUSES = ("5.7.8", "5.7.9", "5.7.14")


def one_line(code: int, text: str) -> str:
    """Return a reply as it is shown and stored: one line, without control characters, clipped."""
    return " ".join(_NOISE.sub(" ", f"{code} {text}").split())[:_LENGTH]


def classify(code: int, text: str, phase: Phase) -> ChannelError:
    """Return the error that a reply stands for.

    :param code: the three digits; 4xx is worth another attempt, 5xx is final
    :param phase: what it was the answer to: a recipient, the message, the login
    """
    reply = one_line(code, text)
    status = status_of(reply)
    retryable = code // 100 == 4
    if code == 421:
        return ConnectionFailed(reply, server_reply=reply, retry_after=_retry_after(reply))
    if code in _LOGIN_CODES or status in _LOGIN_STATUSES:
        return AuthenticationError(reply, field="password", server_reply=reply)
    if phase is Phase.AUTH:
        kind = ConnectionFailed if retryable else AuthenticationError
        return kind(reply, field=None if retryable else "password", server_reply=reply)
    if phase in (Phase.CONNECT, Phase.GREETING):
        return ConnectionFailed(reply, retryable=True, server_reply=reply, retry_after=_retry_after(reply))
    if retryable and _SLOW_DOWN.search(reply) and not _is_too_many_recipients(reply):
        return Throttled(reply, server_reply=reply, retry_after=_retry_after(reply))
    refused = RecipientRefused if phase is Phase.RCPT else MessageTooLarge if is_too_large(reply) else MessageRefused
    wait = _retry_after(reply) if retryable else None
    return refused(reply, retryable=retryable, server_reply=reply, retry_after=wait)


def _retry_after(reply: str) -> float | None:
    """Return for how many seconds a server asks to wait, None if it does not say."""
    found = _WAIT.search(reply)
    return float(found[1]) * _UNITS[found[2][0].lower()] if found else None


def is_too_many_recipients(error: ChannelError) -> bool:
    """Whether the server wants fewer recipients of one mail at a time (RFC 5321 4.5.3.1.10)."""
    return _is_too_many_recipients(error.server_reply or "")


def _is_too_many_recipients(reply: str) -> bool:
    return reply.startswith("452") and (status_of(reply) == "4.5.3" or "too many recipients" in reply.lower())
