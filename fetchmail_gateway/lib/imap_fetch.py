"""Reading what is new in a folder, chunk by chunk.

What it costs depends on what is new, never on what is there: one command opens the folder and
lists what lies above the last UID, in one round trip; then one FETCH brings each chunk's bodies,
and those of the next chunks are sent before this one is handed over, so that the network works
while the ledger writes. What is on its way waits in the sockets, not in our memory.

A message that the server lists and then refuses, garbles or dies of is set apart (``failed``, and
``pending`` in the cursor) and asked for again after the new ones at every later fetch; the others
go on. One that is gone by the time it is asked for is passed over.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

from odoo.addons.message_history.lib.errors import ChannelError, ConnectionFailed, ProtocolError
from odoo.addons.message_history.lib.transport import Chunk, FolderRequest, IncomingMessage

from . import imap_plan, imap_search
from .imap_cursor import Cursor, is_first
from .imap_errors import message_refused
from .imap_parse import canonical_folder, to_set
from .imap_plan import Batch, Planner, too_large
from .imap_rescue import Rescue
from .imap_session import ImapSession, Mailbox
from .imap_wire import Command, FetchItem
from .spool import Received

# Asked for ahead: enough for a distant server, not so much that other commands wait long behind it.
_MOST_AHEAD = 4
_BYTES_AHEAD = 1024 * 1024


class FolderReader:
    """Reads one folder once, for one call of ``fetch``."""

    def __init__(self, session: ImapSession, request: FolderRequest) -> None:
        self._session = session
        self._request = request
        self._folder = canonical_folder(request.name)
        self.cursor = Cursor.load(request.cursor)
        self._windows: Iterator[list[Batch]] = iter(())
        self._planned: deque[Batch] = deque()
        self._ahead: deque[Batch] = deque()

    def chunks(self) -> Iterator[Chunk]:
        """Yield the chunks; see :meth:`Transport.fetch`."""
        listed = self._open()
        planner = Planner(self._request, self.cursor, self._list)
        self._windows = planner.windows(self._ensure_open(), listed)
        told = self._request.cursor
        try:
            while (batch := self._next()) is not None:
                if not batch.items:  # a stretch of the folder without anything for us
                    self.cursor = self.cursor.after(batch.gone, set(), batch.up_to)
                    continue
                self._collect(batch)
                self._send_ahead()
                chunk = self._chunk(batch)
                told = chunk.cursor
                try:
                    yield chunk
                finally:
                    batch.discard()
        finally:
            self._abandon()
        if self.cursor.dump() != told:
            yield Chunk((), self.cursor.dump(), remaining=0)

    # -- opening and listing ------------------------------------------------------------------

    def _open(self) -> list[FetchItem] | None:
        """Open the folder; returns what is listed already, None if nothing was."""
        session, cursor = self._session, self.cursor
        command = session.put_select(self._folder, write=self._request.mark_seen)
        if is_first(self._request):
            mailbox = session.opened(self._folder, command)
            self.cursor = imap_search.begin(session, mailbox, self._request)
            return None
        # A range with an end: "n:*" would name the last message even when nothing is new.
        above = f"{cursor.last_uid + 1}:{cursor.last_uid + imap_plan.WINDOW}"
        wanted = ",".join(filter(None, [to_set(cursor.pending), above]))
        listing, items = session.wire.put_listing(wanted, self._attributes())
        mailbox = session.opened(self._folder, command)
        listed = self._listed(listing)
        if not cursor.fits(mailbox):
            self.cursor = cursor.begun_anew(mailbox)
            return None
        return items if listed else None

    def _attributes(self) -> str:
        extra = ""
        if self._session.offers("OBJECTID"):
            extra = " EMAILID THREADID"
        elif self._session.offers("X-GM-EXT-1"):
            extra = " X-GM-MSGID X-GM-THRID"
        return f"UID FLAGS INTERNALDATE RFC822.SIZE{extra}"

    def _listed(self, command: Command) -> bool:
        """Whether a listing can be relied upon; one that can't is made again by other means."""
        try:
            return self._session.wire.wait(command).ok
        except ProtocolError:
            self._reopen()
            return False

    def _list(self, uids: str) -> list[FetchItem]:
        """List messages; if the server stumbles over one of them, at least their numbers."""
        self._ensure_open()
        command, items = self._session.wire.put_listing(uids, self._attributes())
        if self._listed(command):
            return items
        return [
            FetchItem(uid=uid, size=-1) for uid in imap_search.search(self._session, f"UID {uids}")
        ]

    def _ensure_open(self) -> Mailbox:
        """Have our folder open; costs nothing when it is."""
        write = self._request.mark_seen
        mailbox = self._session.select(self._folder, write=write)
        if mailbox.uidvalidity != self.cursor.uidvalidity:
            raise ConnectionFailed("The folder was numbered anew while it was read.")
        return mailbox

    def _reopen(self) -> None:
        """Connect again after a break."""
        self._session.reset()
        self._ensure_open()

    # -- bodies -------------------------------------------------------------------------------

    def _put(self, batch: Batch, uids: Sequence[int]) -> list[Command]:
        self._session.wire.most_bytes = imap_plan.most_bytes(self._request)
        chosen = [item for item in batch.items if item.uid in set(uids)]
        parts = {
            "BODY.PEEK[]": [item.uid for item in chosen if not too_large(item, self._request)],
            "BODY.PEEK[HEADER]": [item.uid for item in chosen if too_large(item, self._request)],
        }
        return [
            self._session.wire.put(f"UID FETCH {to_set(uids)} (UID {part})", "fetching", batch.take)
            for part, uids in parts.items()
            if uids
        ]

    def _send(self, batch: Batch) -> None:
        self._ensure_open()
        batch.commands = self._put(batch, batch.missing())
        batch.wire = self._session.wire
        batch.wire.flush()

    def _next(self) -> Batch | None:
        """The next batch, asked for already or not; lists the next window when all are done.

        Never while something is on its way: what breaks there would break the listing.
        """
        if self._ahead:
            return self._ahead.popleft()
        while not self._planned:
            window = next(self._windows, None)
            if window is None:
                return None
            self._planned.extend(window)
        return self._planned.popleft()

    def _send_ahead(self) -> None:
        """Ask for what comes next. Nothing that fails here may cost what we have in hand."""
        while self._planned and len(self._ahead) < _MOST_AHEAD and self._weight() < _BYTES_AHEAD:
            batch = self._planned.popleft()
            self._ahead.append(batch)
            if batch.items:
                try:
                    self._send(batch)
                except ConnectionFailed:
                    return  # noticed and mended when it is this one's turn

    def _weight(self) -> int:
        return sum(batch.weight() for batch in self._ahead)

    def _collect(self, batch: Batch) -> None:
        lost: ChannelError | None = None
        words = ""
        try:
            if not self._session.connected or batch.wire is not self._session.wire:
                self._send(batch)  # not sent yet, or lost in a break
            for command in batch.commands:
                if not self._session.wire.wait(command).ok:
                    words = str(message_refused(command.text, "to hand over a message"))
        except (ConnectionFailed, ProtocolError) as error:
            lost = error
        try:
            if batch.missing():
                Rescue(self._session, self._reopen, self._put, batch).run(lost, words)
            elif lost is not None:
                self._reopen()
        except BaseException:
            batch.discard()
            raise

    def _abandon(self) -> None:
        """Nobody wants what is on its way: let its bytes arrive into nothing."""
        for batch in self._ahead:
            for command in batch.commands:
                command.on_fetch = None
            batch.discard()

    # -- handing over -------------------------------------------------------------------------

    def _chunk(self, batch: Batch) -> Chunk:
        messages = tuple(
            self._message(item, batch.bodies[item.uid])
            for item in batch.items
            if item.uid in batch.bodies
        )
        self.cursor = self.cursor.after(batch.handled(), set(batch.failed), batch.up_to)
        return Chunk(
            messages=messages,
            cursor=self.cursor.dump(),
            failed={
                self.cursor.external_id(self._folder, uid): words
                for uid, words in batch.failed.items()
            },
            remaining=batch.remaining,
            attempts={
                self.cursor.external_id(self._folder, uid): self.cursor.pending[uid]
                for uid in batch.failed
            },
        )

    def _message(self, item: FetchItem, body: Received) -> IncomingMessage:
        truncated = too_large(item, self._request)
        return make_message(
            self._folder, self.cursor, item, body, truncated=truncated,
            relocated=item.uid <= self.cursor.relocated_to,
        )  # fmt: skip


def make_message(
    folder: str,
    cursor: Cursor,
    item: FetchItem,
    body: Received,
    *,
    truncated: bool = False,
    relocated: bool = False,
) -> IncomingMessage:
    """Build the message that the ledger gets."""
    names = {
        "folder": folder,
        "uidvalidity": cursor.uidvalidity,
        "uid": item.uid,
        "emailid": item.emailid,
        "threadid": item.threadid,
    }
    return IncomingMessage(
        external_id=cursor.external_id(folder, item.uid),
        content=body.content,
        path=body.path,
        size=item.size if truncated else body.size,
        received_at=item.received_at,
        names={key: value for key, value in names.items() if value},
        flags=item.flags,
        truncated=truncated,
        relocated=relocated,
    )
