"""Which messages of a folder are fetched together, and in which order.

Old ones that the start policy chose come first, then what is new, then what could not be had
before. The folder is listed in windows, so that a mailbox of a million messages costs neither
memory nor time before the first chunk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from odoo.addons.message_history.lib.transport import FolderRequest

from .imap_cursor import Cursor
from .imap_parse import to_set
from .imap_session import Mailbox
from .imap_wire import Command, FetchItem, Wire
from .spool import MOST_BYTES, Received

WINDOW = 2000  # messages listed at a time
UNKNOWN_SIZE = 64 * 1024

Lister = Callable[[str], list[FetchItem]]


@dataclass
class Batch:
    """Messages that make one chunk, and what has come of them.

    :param up_to: every UID to this one is dealt with once the batch is; 0: that is not said
    :param gone: UIDs that the cursor still has and the folder no longer
    :param remaining: messages after these, -1 if unknown
    :param blank: UIDs for which the server handed over nothing
    """

    items: list[FetchItem]
    up_to: int = 0
    gone: set[int] = field(default_factory=set)
    remaining: int = 0
    bodies: dict[int, Received] = field(default_factory=dict)
    failed: dict[int, str] = field(default_factory=dict)
    blank: set[int] = field(default_factory=set)
    commands: list[Command] = field(default_factory=list)
    wire: Wire | None = None

    def take(self, item: FetchItem) -> bool:
        """Keep a body that is ours; one without anything in it is none, whatever size was announced."""
        is_ours = any(one.uid == item.uid for one in self.items)
        if item.body is None or not is_ours or item.uid in self.bodies:
            return False
        if item.body.blank:
            self.blank.add(item.uid)
            item.body.discard()
        else:
            self.bodies[item.uid] = item.body
        return True

    def missing(self) -> list[int]:
        """UIDs whose bodies did not come."""
        return [one.uid for one in self.items if one.uid not in self.bodies]

    def handled(self) -> set[int]:
        """UIDs that need no more attention: handed over, or gone."""
        return {item.uid for item in self.items} - set(self.failed) | self.gone

    def weight(self) -> int:
        """Bytes that are expected."""
        return sum(_expected(item) for item in self.items)

    def discard(self) -> None:
        """Remove temporary files that nobody took over."""
        for body in self.bodies.values():
            body.discard()


class Planner:
    """Plans one fetch of one folder.

    :param lister: lists messages by a set of UIDs
    """

    def __init__(self, request: FolderRequest, cursor: Cursor, lister: Lister) -> None:
        self._request = request
        self._cursor = cursor
        self._list = lister

    def windows(self, mailbox: Mailbox, listed: list[FetchItem] | None) -> Iterator[list[Batch]]:
        """Yield the batches of one window after the other; listing happens in between.

        :param listed: messages that are listed already: those of ``cursor.pending``, and the first
            ``WINDOW`` numbers above ``cursor.last_uid``
        """
        yield from self._backlog()
        yield from self._new(mailbox, listed)
        yield from self._again(listed)

    def _backlog(self) -> Iterator[list[Batch]]:
        uids = sorted(self._cursor.backlog)
        for start in range(0, len(uids), WINDOW):
            window = set(uids[start : start + WINDOW])
            items = [item for item in self._list(to_set(window)) if item.uid in window]
            gone = window - {item.uid for item in items}
            yield pack(items, self._request, gone=gone, later=max(0, len(uids) - start - WINDOW))

    def _new(self, mailbox: Mailbox, listed: list[FetchItem] | None) -> Iterator[list[Batch]]:
        last = self._cursor.last_uid
        end = mailbox.uidnext - 1
        if end < 0:  # the server does not tell UIDNEXT: list everything above, and go by that
            yield self._window(self._list(f"{last + 1}:*"), last, last, end)
            return
        if listed is not None:
            top = min(last + WINDOW, max(end, last))
            yield self._window(listed, last, top, end)
            last = top
        step = WINDOW if mailbox.exists > WINDOW else 2**32
        while last < end:
            top = min(last + step, end)
            items = self._list(f"{last + 1}:{top}")
            yield self._window(items, last, top, end)
            # Many gaps: look further at once, or a mailbox with few messages takes for ever.
            step = step * 2 if len(items) * 2 < WINDOW else min(step, WINDOW)
            last = top

    def _window(self, items: list[FetchItem], last: int, top: int, end: int) -> list[Batch]:
        # "n:*" names the last message even when it is below n, and mail may arrive above the end.
        new = [item for item in items if item.uid > last]
        up_to = max([top, *(item.uid for item in new)])
        wanted = [item for item in new if self._cursor.wants(item, self._request.start)]
        return pack(wanted, self._request, up_to=up_to, later=0 if top >= end else -1)

    def _again(self, listed: list[FetchItem] | None) -> Iterator[list[Batch]]:
        """Alone, each: one that hangs or kills the connection must not take another along."""
        retry = set(self._cursor.pending)
        if not retry:
            return
        items = self._list(to_set(retry)) if listed is None else listed
        known = ascending([item for item in items if item.uid in retry])
        yield [Batch([], gone=retry - {item.uid for item in known})]
        for index, item in enumerate(known, 1):
            yield [Batch([item], remaining=len(known) - index)]


def pack(
    items: list[FetchItem],
    request: FolderRequest,
    *,
    up_to: int = 0,
    gone: set[int] | None = None,
    later: int = 0,
) -> list[Batch]:
    """Cut a list into batches by number and bytes.

    :param up_to: dealt with up to here once all are
    :param later: messages that come after this list, -1 if unknown
    """
    items = ascending(items)
    batches: list[Batch] = []
    weight = 0
    for item in items:
        own = 0 if too_large(item, request) else _expected(item)
        part = batches[-1].items if batches else []
        if part and len(part) < request.max_messages and weight + own <= request.max_bytes:
            part.append(item)
            weight += own
        else:
            batches.append(Batch([item]))
            weight = own
    left = len(items)
    for batch in batches:
        left -= len(batch.items)
        batch.up_to = batch.items[-1].uid if up_to else 0
        batch.remaining = -1 if later < 0 else left + later
    if not batches:
        batches.append(Batch([]))
    batches[-1].up_to = up_to
    batches[-1].gone = gone or set()
    return batches


def most_bytes(request: FolderRequest) -> int:
    """Bytes that a message may really have whose announced size is not too large: many servers estimate."""
    return 2 * request.max_message_size + 1024 * 1024 if request.max_message_size else MOST_BYTES


def too_large(item: FetchItem, request: FolderRequest) -> bool:
    """Whether only the header section is wanted."""
    return 0 < request.max_message_size < item.size


def _expected(item: FetchItem) -> int:
    return item.size if item.size >= 0 else UNKNOWN_SIZE


def ascending(items: list[FetchItem]) -> list[FetchItem]:
    """By UID, each once: a server may report a message twice."""
    unique = {item.uid: item for item in items if item.uid}
    return [unique[uid] for uid in sorted(unique)]
