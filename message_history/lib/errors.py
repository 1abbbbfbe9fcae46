"""Errors that carry the decision.

A transport translates whatever its protocol raises into one of these classes, once, at its
boundary (``raise AuthenticationError(...) from error``). The hub reads three attributes and
nothing else to decide what happens next: is another attempt worthwhile, not before when, and
in which group of causes a clerk finds the message.

``failure_type`` is a stable key; the words that people read for it are made in the Odoo layer,
where they can be translated. ``str(error)`` is the technical reason, in the server's own words
where there are any.
"""

from __future__ import annotations

from typing import ClassVar


class ChannelError(Exception):
    """A channel, or one message on it, could not do what was asked.

    :param reason: the cause in technical words, the server's own where it gave some
    :param retryable: whether another attempt, with nothing changed, can succeed
    :param retry_after: seconds to wait at least before that attempt, if the server said so
    :param field: name of the setting that most probably is wrong (``server``, ``port``,
        ``encryption``, ``user``, ``password``, ``folder``...), for forms that point at it
    :param server_reply: the literal answer of the server, if there was one
    """

    failure_type: ClassVar[str] = "unknown"
    retryable_by_default: ClassVar[bool] = False

    def __init__(
        self,
        reason: str,
        *,
        retryable: bool | None = None,
        retry_after: float | None = None,
        field: str | None = None,
        server_reply: str | None = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retryable = self.retryable_by_default if retryable is None else retryable
        self.retry_after = retry_after
        self.field = field
        self.server_reply = server_reply


class ConfigurationError(ChannelError):
    """A setting is missing or contradicts another one; a person must change it."""

    failure_type = "configuration"


class AuthenticationError(ChannelError):
    """The server answered, and refused the credentials (never raised for a time-out)."""

    failure_type = "authentication"


class ConnectionFailed(ChannelError):
    """No usable connection: name not found, refused, timed out, cut, certificate not trusted."""

    failure_type = "connection"
    retryable_by_default = True


class OutOfReach(ConnectionFailed):
    """The server is where whoever set the channel up may not connect to; nothing was tried.

    Worth another attempt, since names come to mean other addresses; the same for a name that does not exist.
    """


class Throttled(ChannelError):
    """The server asks us to slow down; ``retry_after`` says for how long where it is known."""

    failure_type = "throttled"
    retryable_by_default = True


class RecipientRefused(ChannelError):
    """One recipient is refused for good; other recipients of the message are not concerned."""

    failure_type = "recipient"


class MessageRefused(ChannelError):
    """The message itself is refused for good, whoever it is for (size, content, policy)."""

    failure_type = "message"


class MessageTooLarge(MessageRefused):
    """The message is larger than the server, or the mailbox behind it, takes."""

    failure_type = "too_large"


class ProtocolError(ChannelError):
    """The server answered something that the protocol does not allow."""

    failure_type = "protocol"
    retryable_by_default = True
