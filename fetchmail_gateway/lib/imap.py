"""Receiving over IMAP4rev1 (RFC 3501), with what newer servers offer on top.

Used where offered: IDLE, UIDPLUS, MOVE, SPECIAL-USE, ESEARCH, LIST-STATUS, OBJECTID (EMAILID,
THREADID), X-GM-EXT-1. Where each of the parts lives:

    imap_connection  socket, TLS, login (imaplib, for the sake of Odoo's login hooks)
    imap_wire        commands and answers after the login
    imap_session     one connection and its open folder
    imap_cursor      the memory between two fetches
    imap_search      what is new the first time
    imap_plan        what is fetched together, and in which order
    imap_fetch       fetching it; imap_rescue: messages the server can't hand over
    imap_change      flags, moving, deleting; imap_verify: reading again what is to go
    imap_append      putting messages into a folder
    imap_folders     listing and making folders
    imap_listen      news
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from odoo.addons.message_history.lib.checking import Checker
from odoo.addons.message_history.lib.errors import ChannelError, MessageRefused
from odoo.addons.message_history.lib.transport import (
    Capability,
    CheckReport,
    Chunk,
    FirstLook,
    FolderInfo,
    FolderRequest,
    IncomingMessage,
    KeptMessage,
    Removal,
    Transport,
)

from . import imap_folders, imap_search
from .imap_append import Appender
from .imap_change import Mover, SeenFlags
from .imap_cursor import Cursor
from .imap_errors import message_refused
from .imap_fetch import FolderReader, make_message
from .imap_listen import Listener
from .imap_session import ImapSession
from .imap_wire import FetchItem
from .settings import ServerSettings
from .spool import MOST_BYTES


class ImapTransport(Transport):
    """One mailbox on an IMAP server; connects at the first use and keeps the connection.

    Not for several threads at once. After a break the next call connects again.

    :param folders: what :meth:`listen` watches, the most important first, and what :meth:`check`
        tries to open
    """

    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        {
            Capability.CHECK,
            Capability.FETCH,
            Capability.LISTEN,
            Capability.FOLDERS,
            Capability.MOVE,
        }
    )

    def __init__(self, settings: ServerSettings, folders: Sequence[str] = ("INBOX",)) -> None:
        self.settings = settings
        self._watched = list(folders) or ["INBOX"]
        self._session = ImapSession(settings)
        self._flags = SeenFlags(self._session)
        self._mover = Mover(self._session)
        self._appender = Appender(self._session)

    def check(self) -> CheckReport:
        """Try every step on a connection of its own; the error's ``field`` says what is wrong."""
        session = ImapSession(self.settings)
        checker = Checker()
        with checker:
            session.connect(checker.add)
            for folder in self._watched:
                mailbox = session.select(folder)
                checker.done("folder", f"{folder}: {mailbox.exists}")
            self._read_last(session)
            checker.done("read", "")
        session.close()
        return checker.report()

    def _read_last(self, session: ImapSession) -> None:
        """Read the header of the newest message, which proves the right to read."""
        mailbox = session.mailbox
        if mailbox is None or not mailbox.exists:
            return
        command = session.wire.ask("FETCH * (UID BODY.PEEK[HEADER])", "reading")
        if not command.ok:
            raise message_refused(command.text, "to show the newest message")

    def folders(self) -> list[FolderInfo]:
        """List the folders, INBOX first."""
        return imap_folders.list_folders(self._session)

    def first_look(self, request: FolderRequest) -> FirstLook:
        """Count what a first fetch would bring."""
        command = self._session.put_select(request.name, write=False)
        mailbox = self._session.opened(request.name, command)
        return imap_search.look(self._session, mailbox, request)

    def reconcile(self, request: FolderRequest) -> Mapping[str, Any]:
        """Return a cursor whose backlog names what the folder has and the ledger doesn't."""
        return imap_search.reconcile(self._session, request)

    def fetch(self, request: FolderRequest) -> Iterator[Chunk]:
        """Yield what is new, the next chunk being on its way while this one is stored."""
        yield from FolderReader(self._session, request).chunks()
        self._flags.settle()

    def acknowledge(self, request: FolderRequest, chunk: Chunk) -> None:
        """Mark the chunk's messages as seen when ``mark_seen``.

        While :meth:`fetch` goes on, the answer is not waited for but looked at later, at the
        latest at the end of the fetch.
        """
        if request.mark_seen and chunk.messages:
            self._flags.mark(chunk)

    def fetch_one(self, names: Mapping[str, Any]) -> IncomingMessage:
        """Fetch one message whole; raises MessageRefused when it is no longer there."""
        folder, uid = str(names.get("folder") or ""), int(names.get("uid") or 0)
        mailbox = self._session.select(folder)
        items: list[FetchItem] = []

        def take(item: FetchItem) -> bool:
            is_it = item.uid == uid and item.body is not None and not items
            if is_it:
                items.append(item)
            return is_it

        if mailbox.uidvalidity == int(names.get("uidvalidity") or 0) and uid:
            parts = "UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[]"
            self._session.wire.most_bytes = MOST_BYTES  # somebody asked for it, however large
            command = self._session.wire.put(f"UID FETCH {uid} ({parts})", "fetching", take)
            if not self._session.wire.wait(command).ok:
                raise message_refused(command.text, "to hand over a message")
        for item in items:
            if item.body is not None and item.body.blank:
                item.body.discard()
                raise MessageRefused("The server handed over a message without anything in it.")
            if item.body is not None:
                item.emailid = str(names.get("emailid") or "")
                item.threadid = str(names.get("threadid") or "")
                cursor = Cursor(uidvalidity=mailbox.uidvalidity)
                return make_message(folder, cursor, item, item.body)
        raise MessageRefused(f"The message is no longer in {folder!r} under this number.")

    def move(self, kept: Sequence[KeptMessage], target: str) -> list[Removal]:
        """Move messages that are still what the ledger has; see :class:`Transport`."""
        return self._mover.move(kept, target)

    def delete(self, kept: Sequence[KeptMessage]) -> list[Removal]:
        """Delete messages that are still what the ledger has, and no others.

        Where the server lacks UIDPLUS they are marked as deleted, and stay until it is tidied up.
        """
        return self._mover.delete(kept)

    def append(
        self, folder: str, content: bytes, flags: Sequence[str] = (), date: datetime | None = None
    ) -> str:
        """Put a message into a folder, made if need be; returns the folder's name on the server.

        When the connection breaks, the message may be there or not: ask :meth:`has_message` before
        the next attempt.

        :param date: becomes its INTERNALDATE, naive UTC; without, the server takes the present time
        :raises MessageRefused: when the server refuses this very message
        """
        return self._appender.append(folder, content, flags, date)

    def has_message(self, folder: str, message_id: str, since: datetime | None = None) -> bool:
        """Whether a folder has a message with this Message-ID; False when there is no such folder.

        :param since: received not earlier (naive UTC), which saves the server work
        """
        return self._appender.has_message(folder, message_id, since)

    def listen(self, on_event: Callable[[str], None], stop: Callable[[], bool]) -> None:
        """Tell of news in the watched folders; each is told of once at the beginning.

        ``on_event`` may call :meth:`fetch` and :meth:`acknowledge` of this same object.
        """
        Listener(self._session, self._watched, on_event, stop).run()

    def close(self) -> None:
        """Wait for outstanding flags and log out; never raises a ChannelError."""
        try:
            if self._session.connected:
                self._flags.settle()
        except ChannelError:
            self._session.reset()
        self._session.close()
