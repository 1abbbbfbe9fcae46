"""Reading messages again, before anything is done with them that can't be undone.

A UID is the server's word for a message, and servers err: folders are made again with their old
numbers, files are replaced or emptied below the server, answers get mixed up. So a message is moved
or deleted only when its bytes, read over the very connection that does it, are those of the
original that the ledger keeps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from odoo.addons.message_history.lib.errors import (
    ChannelError,
    ConnectionFailed,
    MessageRefused,
    ProtocolError,
)
from odoo.addons.message_history.lib.transport import FolderRequest, IncomingMessage

from .imap_cursor import Cursor
from .imap_errors import message_refused
from .imap_fetch import make_message
from .imap_parse import to_set
from .imap_plan import Batch, pack
from .imap_rescue import Rescue
from .imap_search import search
from .imap_session import ImapSession
from .imap_wire import Command, FetchItem, Wire
from .spool import MOST_BYTES, Received

# A connection that breaks this often while a batch is read is no connection to delete over.
_MOST_ATTEMPTS = 3


@dataclass
class Proof:
    """What some UIDs of a folder turned out to be.

    :param wire: the connection they were read over; what is done to ``same`` is done over it
    :param same: UID and digest of those that are what was expected
    :param other: by UID, what is there instead
    :param unreadable: UIDs that are there and can't be read whole
    """

    wire: Wire
    same: dict[int, bytes] = field(default_factory=dict)
    other: dict[int, IncomingMessage] = field(default_factory=dict)
    unreadable: set[int] = field(default_factory=set)


class Verifier:
    """Reads messages of one folder again, chunk by chunk.

    :param uidvalidity: the numbering in which ``uids`` mean something
    """

    def __init__(self, session: ImapSession, folder: str, uidvalidity: int) -> None:
        self._session = session
        self._folder = folder
        self._uidvalidity = uidvalidity
        self._limits = FolderRequest(folder)

    def proofs(self, wanted: Mapping[int, set[bytes]]) -> Iterator[Proof]:
        """Yield one proof for each chunk; UIDs that are in none are no longer there.

        :param wanted: the digests that are expected, by UID
        """
        if self._session.select_for_writing(self._folder).uidvalidity != self._uidvalidity:
            return
        for batch in pack(self._list(wanted), self._limits):
            if batch.items:
                yield self._prove(batch.items, wanted)

    # -- listing ------------------------------------------------------------------------------

    def _list(self, wanted: Mapping[int, set[bytes]]) -> list[FetchItem]:
        """Those that are still there, with their sizes; if the server stumbles, without."""
        wire, numbers = self._session.wire, to_set(wanted)
        wire.ask("NOOP", "looking again")  # or it may go on showing what was expunged
        command, listing = wire.put_listing(numbers, "UID FLAGS INTERNALDATE RFC822.SIZE")
        items: list[FetchItem] = listing
        try:
            if not wire.wait(command).ok:
                raise message_refused(command.text, "to show messages")
        except ProtocolError:
            self._reopen()
            items = [FetchItem(uid=uid, size=-1) for uid in search(self._session, f"UID {numbers}")]
        return [item for item in items if item.uid in wanted]

    def _reopen(self) -> None:
        self._session.reset()
        self._ensure_open()

    def _ensure_open(self) -> None:
        if self._session.select_for_writing(self._folder).uidvalidity != self._uidvalidity:
            raise ConnectionFailed("The folder was numbered anew while it was read.")

    # -- reading ------------------------------------------------------------------------------

    def _prove(self, items: list[FetchItem], wanted: Mapping[int, set[bytes]]) -> Proof:
        """Read some messages over one connection, and compare."""
        unreadable: set[int] = set()
        for _attempt in range(_MOST_ATTEMPTS):
            self._ensure_open()
            proof = Proof(self._session.wire)
            batch = self._read([item for item in items if item.uid not in unreadable])
            unreadable.update(batch.failed)
            proof.unreadable.update(unreadable)
            try:
                self._compare(proof, batch, wanted)
            except BaseException:
                batch.discard()
                raise
            if proof.wire is self._session.wire:
                return proof
            batch.discard()  # some of it was read over a connection that is no more
        raise ConnectionFailed("The connection broke again and again.")

    def _read(self, items: list[FetchItem]) -> Batch:
        """Read bodies; those that can't be had are named in ``failed``."""
        batch = Batch(items)
        lost: ChannelError | None = None
        words = ""
        try:
            try:
                for command in self._put(batch, batch.missing()):
                    words = self._refusal(self._session.wire.wait(command))
            except (ConnectionFailed, ProtocolError) as error:
                lost = error
            if batch.missing():
                Rescue(self._session, self._reopen, self._put, batch).run(lost, words)
        except BaseException:
            batch.discard()
            raise
        return batch

    def _refusal(self, command: Command) -> str:
        """The server's words when it refused a message; raises when it is about the server."""
        if command.ok:
            return ""
        error = message_refused(command.text, "to hand over a message")
        if not isinstance(error, MessageRefused | ProtocolError):
            raise error
        return str(error)

    def _put(self, batch: Batch, uids: Sequence[int]) -> list[Command]:
        self._ensure_open()
        text = f"UID FETCH {to_set(uids)} (UID BODY.PEEK[])"
        self._session.wire.most_bytes = MOST_BYTES  # some were fetched although they were too large
        return [self._session.wire.put(text, "reading again", batch.take)] if uids else []

    # -- comparing ----------------------------------------------------------------------------

    def _compare(self, proof: Proof, batch: Batch, wanted: Mapping[int, set[bytes]]) -> None:
        for item in batch.items:
            body = batch.bodies.get(item.uid)
            if body is None:
                continue
            digest = body.digest
            if self._is_doubtful(item, body, digest):
                proof.unreadable.add(item.uid)
            elif digest in wanted[item.uid]:
                proof.same[item.uid] = digest
            else:
                proof.other[item.uid] = self._message(item, body)
                continue
            body.discard()

    def _is_doubtful(self, item: FetchItem, body: Received, digest: bytes) -> bool:
        """Whether a body is not surely whole, or not surely this message's.

        A size that is estimated (Exchange) or counts line ends otherwise (Courier) is no reason by
        itself: then the server must answer the same when it is asked for this message alone.
        """
        if item.size in (body.size, -1):
            return False
        if body.falls_short(item.size):
            return True
        alone = self._read([item])
        again = alone.bodies.get(item.uid)
        is_same = again is not None and again.digest == digest
        alone.discard()
        return not is_same

    def _message(self, item: FetchItem, body: Received) -> IncomingMessage:
        cursor = Cursor(uidvalidity=self._uidvalidity)
        return make_message(self._folder, cursor, item, body, relocated=True)
