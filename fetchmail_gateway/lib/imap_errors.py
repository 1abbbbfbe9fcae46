"""What an IMAP server's refusal means, by its response code (RFC 3501, RFC 5530) or its words."""

from __future__ import annotations

import re

from odoo.addons.message_history.lib.errors import (
    AuthenticationError,
    ChannelError,
    ConfigurationError,
    ConnectionFailed,
    MessageRefused,
    ProtocolError,
    Throttled,
)

# code: (class, field)
_BY_CODE: dict[str, tuple[type[ChannelError], str | None]] = {
    "AUTHENTICATIONFAILED": (AuthenticationError, "password"),
    "AUTHORIZATIONFAILED": (AuthenticationError, "user"),
    "EXPIRED": (AuthenticationError, "password"),
    "CONTACTADMIN": (AuthenticationError, None),
    "PRIVACYREQUIRED": (ConfigurationError, "encryption"),
    "UNAVAILABLE": (ConnectionFailed, None),
    "SERVERBUG": (ProtocolError, None),
    "INUSE": (Throttled, None),
    "LIMIT": (Throttled, None),
    "THROTTLED": (Throttled, None),
    "NONEXISTENT": (ConfigurationError, "folder"),
    "NOPERM": (ConfigurationError, "folder"),
    "CANNOT": (ConfigurationError, "folder"),
    "TRYCREATE": (ConfigurationError, "folder"),
    "OVERQUOTA": (ConnectionFailed, "folder"),
}
# Large providers throttle without a code of RFC 5530 (Gmail, Exchange Online, Yahoo).
_THROTTLED = re.compile(
    r"too many|rate limit|throttl|bandwidth limit|exceeded|connection limit|try again later", re.I
)
# Exchange says so when the mailbox is being moved or its server restarts; the password is right.
_NOT_NOW = re.compile(r"authenticated but not connected|temporar|unavailable|server busy", re.I)
_CODE = re.compile(r"^\[([A-Z0-9-]+)(?:[^A-Z0-9\]-][^\]]*)?\]")


def refusal(
    text: str, doing: str, *, otherwise: type[ChannelError], field: str | None
) -> ChannelError:
    """Return the error for a NO, BAD or BYE.

    :param text: the server's words, with the response code in brackets if it gave one
    :param doing: what we had asked for, in words
    :param otherwise: class of the error when neither code nor words say more, with its ``field``
    """
    found = _CODE.match(text.strip())
    known = _BY_CODE.get(found.group(1).upper()) if found else None
    if known is None or known[0] is AuthenticationError:
        if _THROTTLED.search(text):
            known = (Throttled, None)
        elif _NOT_NOW.search(text):
            known = (ConnectionFailed, None)
    kind, field = known or (otherwise, field)
    said = text.strip() or "no reason given"
    return kind(f"The server refused {doing}: {said}", field=field, server_reply=said)


def login_refused(text: str) -> ChannelError:
    """The error for a refused LOGIN or AUTHENTICATE."""
    return refusal(text, "the login", otherwise=AuthenticationError, field="password")


def folder_refused(text: str, folder: str) -> ChannelError:
    """The error for a folder that can't be opened or made."""
    doing = f"the folder {folder!r}"
    return refusal(text, doing, otherwise=ConfigurationError, field="folder")


def message_refused(text: str, doing: str) -> ChannelError:
    """The error for a command about messages."""
    return refusal(text, doing, otherwise=MessageRefused, field=None)
