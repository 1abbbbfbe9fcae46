"""Messages that the ledger knows by their UIDL while the server is to delete what it has.

A UIDL is the server's word for a message, and servers give the same one again: after a deletion,
after a mailbox was made anew, to two messages at once. So nothing is deleted by its name: what was
not read in this very session is read again, and only what is then the ledger's original may go.
What turns out to be another message is received under a name of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from odoo.addons.message_history.lib.transport import FolderRequest

from .pop3_cursor import Pop3Cursor, short
from .pop3_drop import Entry
from .spool import MOST_BYTES, Received, remove


@dataclass(frozen=True)
class Reading:
    """What a message proved to be in this session.

    :param digest: SHA-256
    :param exact: it has as many bytes as the server says
    :param whole: not so many are missing that it must have been cut
    """

    digest: bytes
    exact: bool
    whole: bool

    @classmethod
    def of(cls, entry: Entry, body: Received) -> Reading:
        """Compare with what LIST said; a line end that the protocol adds counts for none."""
        exact = body.size - entry.size in (0, 2)
        return cls(body.digest, exact, not body.falls_short(entry.size))


def most_bytes(request: FolderRequest) -> int:
    """Bytes that a message may really have whose announced size is not too large."""
    return 2 * request.max_message_size + 1024 * 1024 if request.max_message_size else MOST_BYTES


def too_large(entry: Entry, request: FolderRequest) -> bool:
    """Whether only the header section is wanted."""
    return 0 < request.max_message_size < entry.size


def to_read_again(
    entries: Sequence[Entry], known: set[str], cursor: Pop3Cursor, request: FolderRequest
) -> dict[str, bytes | None]:
    """Which of the known messages are to be read again, with the digest that the ledger has.

    Those whose deletion is owed, and those that came to be known without being read: their name
    was another's. The others stay, read or not, as they were there before deleting began.
    """
    if not request.delete_after_fetch:
        cursor.left = None
        return {}
    mine = {one.uid: cursor.external_id(one.uid) for one in entries}
    mine = {uid: name for uid, name in mine.items() if name in known}
    if cursor.left is None:
        cursor.left = {short(uid) for uid, name in mine.items() if name not in cursor.owed}
    doubtful = [one for one in entries if one.uid in mine and not cursor.leaves(one.uid)]
    if request.kept is None or not doubtful:
        return {}
    kept = request.kept([mine[one.uid] for one in doubtful])
    again: dict[str, bytes | None] = {}
    for one in doubtful:
        name = mine[one.uid]
        if too_large(one, request) or (name in cursor.owed and name not in kept):
            cursor.leave(one.uid)
        else:
            again[one.uid] = kept.get(name)
    return again


def sort_out(
    part: Sequence[Entry],
    received: dict[str, Received],
    readings: Mapping[str, Reading],
    again: Mapping[str, bytes | None],
    cursor: Pop3Cursor,
) -> list[str]:
    """Compare what was read again; returns the UIDLs of what may be deleted.

    What is another message than the ledger has remains in ``received`` and is renamed.
    """
    doomed: list[str] = []
    for one in part:
        if one.uid not in again or one.uid not in received:
            continue
        reading = readings.get(one.uid)
        if reading is not None and again[one.uid] != reading.digest:
            cursor.rename(one.uid, reading.digest)
            continue
        remove(received.pop(one.uid).path)
        if reading is None:
            continue  # read in a session that broke: once more, the next time
        if reading.whole and cursor.external_id(one.uid) in cursor.owed:
            doomed.append(one.uid)
        else:
            cursor.leave(one.uid)
    return doomed
