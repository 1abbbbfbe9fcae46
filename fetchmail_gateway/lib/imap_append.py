"""Putting messages into a folder on an IMAP server, and finding them there again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from odoo.addons.message_history.lib.errors import MessageRefused

from .imap_errors import message_refused
from .imap_folders import create_folder, native_name
from .imap_parse import encode_folder, internaldate, quote, search_date
from .imap_search import search
from .imap_session import ImapSession
from .imap_wire import Command

#: Larger ones wait for the server's go-ahead: a refusal then costs no transmission.
AHEAD_BYTES = 64 * 1024
#: What LITERAL- allows to be sent ahead (RFC 7888 5).
AHEAD_BYTES_MINUS = 4096
_BARE_LINE_END = re.compile(rb"\r(?!\n)|(?<!\r)\n")


class Appender:
    """Appends messages (RFC 3501 6.3.11) over a session's connection."""

    def __init__(self, session: ImapSession) -> None:
        self._session = session
        self._real_names: dict[str, str] = {}

    def append(
        self, folder: str, content: bytes, flags: Sequence[str] = (), date: datetime | None = None
    ) -> str:
        """See :meth:`ImapTransport.append`."""
        content = _BARE_LINE_END.sub(b"\r\n", content)
        self._check_size(len(content))
        real = self._find(folder) or self._create(folder)
        command = self._append(real, content, flags, date)
        if "TRYCREATE" in command.codes:
            # Somebody removed it since we looked.
            real = self._create(folder)
            command = self._append(real, content, flags, date)
        if not command.ok:
            raise message_refused(command.text, "to take a message")
        return real

    def has_message(self, folder: str, message_id: str, since: datetime | None = None) -> bool:
        """See :meth:`ImapTransport.has_message`."""
        real = self._find(folder)
        if not real or not message_id:
            return False
        # Opened anew, or the server may search among what it has told us of so far.
        self._session.opened(real, self._session.put_select(real, write=False))
        # A day's grace: the server counts days in a time zone of its own.
        days = f"SINCE {search_date(since - timedelta(days=1))} " if since else ""
        charset = "" if message_id.isascii() else "CHARSET UTF-8 "
        return bool(search(self._session, f"{charset}{days}HEADER Message-ID {quote(message_id)}"))

    def _append(
        self, real: str, content: bytes, flags: Sequence[str], date: datetime | None
    ) -> Command:
        parts = ["APPEND", encode_folder(real)]
        if flags:
            parts.append(f"({' '.join(flags)})")
        if date:
            parts.append(quote(internaldate(date)))
        wire, ahead = self._session.wire, self._may_go_ahead(len(content))
        return wire.ask_with(" ".join(parts), content, "appending", ahead=ahead)

    def _may_go_ahead(self, size: int) -> bool:
        if self._session.offers("LITERAL+"):
            return size <= AHEAD_BYTES
        return self._session.offers("LITERAL-") and size <= AHEAD_BYTES_MINUS

    def _check_size(self, size: int) -> None:
        """Refuse what the server says that it never takes (RFC 7889)."""
        self._session.offers("APPENDLIMIT")
        for word in self._session.capabilities:
            name, _, limit = word.partition("=")
            if name == "APPENDLIMIT" and limit.isdigit() and size > int(limit):
                raise MessageRefused(f"It has {size} bytes; the server takes {limit} at most.")

    def _find(self, folder: str) -> str:
        """The folder's name on this server; empty if there is none."""
        if folder not in self._real_names:
            if self._is_there(folder):
                self._real_names[folder] = folder
            elif self._is_there(native := native_name(self._session, folder)):
                self._real_names[folder] = native
        return self._real_names.get(folder, "")

    def _is_there(self, name: str) -> bool:
        text = f"STATUS {encode_folder(name)} (UIDNEXT)"
        return self._session.wire.ask(text, f"status of {name}").ok

    def _create(self, folder: str) -> str:
        self._real_names[folder] = create_folder(self._session, folder)
        return self._real_names[folder]
