"""Reading what is new in a folder, chunk by chunk.

What it costs depends on what is new, never on what is there: one command opens the folder and
lists what lies above the last UID, in one round trip; then one FETCH brings each chunk's bodies,
and the next chunk's is sent before this one is handed over, so that the network works while the
ledger writes.

A message that the server lists and then refuses, garbles or dies of is set apart (``failed``, and
``pending`` in the cursor) and asked for again after the new ones at every later fetch; the others
go on. One that is gone by the time it is asked for is passed over.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from odoo.addons.message_history.lib.errors import ChannelError, ConnectionFailed, ProtocolError
from odoo.addons.message_history.lib.transport import Chunk, FolderRequest, IncomingMessage

from . import imap_search
from .imap_cursor import Cursor, is_first
from .imap_errors import message_refused
from .imap_parse import to_set
from .imap_rescue import Rescue
from .imap_session import ImapSession, Mailbox
from .imap_wire import Command, FetchItem
from .spool import Received

_WINDOW = 2000  # messages listed at a time
_UNKNOWN_SIZE = 64 * 1024


@dataclass
class Batch:
    """Messages that make one chunk, and what has come of them.

    :param up_to: every UID to this one is dealt with once the batch is
    """

    items: list[FetchItem]
    up_to: int = 0
    remaining: int = -1
    bodies: dict[int, Received] = field(default_factory=dict)
    failed: dict[int, str] = field(default_factory=dict)
    commands: list[Command] = field(default_factory=list)

    def take(self, item: FetchItem) -> bool:
        """Keep a body that is ours; an empty one of a message that has bytes is none."""
        listed = next((one for one in self.items if one.uid == item.uid), None)
        if item.body is None or listed is None or item.uid in self.bodies:
            return False
        if item.body.size or not listed.size:
            self.bodies[item.uid] = item.body
        return True

    def missing(self) -> list[int]:
        """UIDs whose bodies did not come."""
        return [one.uid for one in self.items if one.uid not in self.bodies]

    def discard(self) -> None:
        """Remove temporary files that nobody took over."""
        for body in self.bodies.values():
            body.discard()


class FolderReader:
    """Reads one folder once, for one call of ``fetch``."""

    def __init__(self, session: ImapSession, request: FolderRequest) -> None:
        self._session = session
        self._request = request
        self._folder = request.name
        self._relocated = False
        self.cursor = Cursor.load(request.cursor)

    def chunks(self) -> Iterator[Chunk]:
        """Yield the chunks; see :meth:`Transport.fetch`."""
        first_items = self._open()
        told = self._request.cursor
        batches = self._batches(first_items)
        batch = self._send(next(batches, None))
        try:
            while batch is not None:
                self._collect(batch)
                following = self._send(next(batches, None))
                current, batch = batch, following
                chunk = self._chunk(current)
                told = chunk.cursor
                try:
                    yield chunk
                finally:
                    current.discard()
        finally:
            if batch is not None:
                self._abandon(batch)
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
        above = f"{cursor.last_uid + 1}:{cursor.last_uid + _WINDOW}"
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
        command, items = self._session.wire.put_listing(uids, self._attributes())
        if self._listed(command):
            return items
        return [FetchItem(uid=uid) for uid in imap_search.search(self._session, f"UID {uids}")]

    def _reopen(self) -> Mailbox:
        """Connect again after a break; the folder must be the same."""
        before = self.cursor.uidvalidity
        self._session.reset()
        command = self._session.put_select(self._folder, write=self._request.mark_seen)
        mailbox = self._session.opened(self._folder, command)
        if before and mailbox.uidvalidity != before:
            raise ConnectionFailed("The folder was numbered anew while it was read.")
        return mailbox

    # -- planning -----------------------------------------------------------------------------

    def _batches(self, listed: list[FetchItem] | None) -> Iterator[Batch]:
        """Backlog first, then what is new, then what could not be had before."""
        retry = dict(self.cursor.pending)
        for window in _windows(sorted(self.cursor.backlog)):
            items = _ascending(self._list(to_set(window)), set(window))
            gone = set(window) - {item.uid for item in items}
            self.cursor = self.cursor.after(gone, set(), 0)
            yield from self._pack(items, up_to_end=0)
        known: dict[int, FetchItem] = {item.uid: item for item in listed or [] if item.uid in retry}
        yield from self._new(listed)
        yield from self._again(retry, known if listed is not None else None)

    def _new(self, listed: list[FetchItem] | None) -> Iterator[Batch]:
        mailbox = self._session.select(self._folder)
        last = self.cursor.last_uid
        end = mailbox.uidnext - 1
        if end < 0:  # the server does not tell UIDNEXT: list everything above, and go by that
            yield from self._window(self._list(f"{last + 1}:*"), last, last)
            return
        if listed is not None:
            top = min(last + _WINDOW, max(end, last))
            yield from self._window(listed, last, top)
            last = top
        step = _WINDOW if mailbox.exists > _WINDOW else 2**32
        while last < end:
            top = min(last + step, end)
            items = self._list(f"{last + 1}:{top}")
            yield from self._window(items, last, top)
            # Many gaps: look further at once, or a mailbox with few messages takes for ever.
            step = step * 2 if len(items) < _WINDOW // 2 else step
            last = top

    def _window(self, items: list[FetchItem], last: int, end: int) -> Iterator[Batch]:
        start = self._request.start
        # "n:*" names the last message even when it is below n, and mail may arrive above the end.
        new = [item for item in items if item.uid > last]
        end = max([end, *(item.uid for item in new)])
        yield from self._pack([one for one in new if self.cursor.wants(one, start)], end)

    def _pack(self, items: list[FetchItem], up_to_end: int) -> Iterator[Batch]:
        """Cut a list into batches by number and bytes; ``up_to_end`` holds once all are handled."""
        request = self._request
        items = _ascending(items)
        part: list[FetchItem] = []
        weight = 0
        for index, item in enumerate(items):
            own = 0 if self._too_large(item) else item.size or _UNKNOWN_SIZE
            if part and (len(part) >= request.max_messages or weight + own > request.max_bytes):
                yield Batch(part, part[-1].uid if up_to_end else 0, len(items) - index)
                part, weight = [], 0
            part.append(item)
            weight += own
        if part:
            yield Batch(part, up_to_end, 0)
        elif up_to_end:
            self.cursor = self.cursor.after(set(), set(), up_to_end)

    def _again(self, retry: dict[int, int], known: dict[int, FetchItem] | None) -> Iterator[Batch]:
        if not retry:
            return
        if known is None:
            known = {item.uid: item for item in self._list(to_set(retry)) if item.uid in retry}
        self.cursor = self.cursor.after(set(retry) - set(known), set(), 0)
        for uid in sorted(known):
            # Alone: one that hangs or kills the connection must not take another along.
            yield Batch([known[uid]], 0, 0)

    # -- bodies -------------------------------------------------------------------------------

    def _too_large(self, item: FetchItem) -> bool:
        return 0 < self._request.max_message_size < item.size

    def _put(self, batch: Batch, uids: Sequence[int]) -> list[Command]:
        chosen = [item for item in batch.items if item.uid in set(uids)]
        parts = {
            "BODY.PEEK[]": [item.uid for item in chosen if not self._too_large(item)],
            "BODY.PEEK[HEADER]": [item.uid for item in chosen if self._too_large(item)],
        }
        return [
            self._session.wire.put(f"UID FETCH {to_set(uids)} (UID {part})", "fetching", batch.take)
            for part, uids in parts.items()
            if uids
        ]

    def _send(self, batch: Batch | None) -> Batch | None:
        if batch is not None:
            batch.commands = self._put(batch, [item.uid for item in batch.items])
            self._session.wire.flush()
        return batch

    def _collect(self, batch: Batch) -> None:
        lost: ChannelError | None = None
        words = ""
        for command in batch.commands:
            try:
                self._session.wire.wait(command)
            except (ConnectionFailed, ProtocolError) as error:
                lost = error
                break
            if not command.ok:
                words = str(message_refused(command.text, "to hand over a message"))
        if batch.missing():
            Rescue(self._session, self._reopen, self._put, batch).run(lost, words)
        elif lost is not None:
            self._reopen()

    def _abandon(self, batch: Batch) -> None:
        """Nobody wants the next chunk: let its bytes arrive into nothing."""
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
        failed = set(batch.failed)
        handled = {item.uid for item in batch.items} - failed
        self.cursor = self.cursor.after(handled, failed, batch.up_to)
        return Chunk(
            messages=messages,
            cursor=self.cursor.dump(),
            failed={
                self.cursor.external_id(self._folder, uid): words
                for uid, words in batch.failed.items()
            },
            remaining=batch.remaining,
        )

    def _message(self, item: FetchItem, body: Received) -> IncomingMessage:
        truncated = self._too_large(item)
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


def _ascending(items: list[FetchItem], among: set[int] | None = None) -> list[FetchItem]:
    """By UID, each once: a server may report a message's flags twice."""
    unique = {item.uid: item for item in items if item.uid and (among is None or item.uid in among)}
    return [unique[uid] for uid in sorted(unique)]


def _windows(uids: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(uids), _WINDOW):
        yield uids[start : start + _WINDOW]
