"""Receiving over POP3 (RFC 1939; CAPA and PIPELINING: RFC 2449; STLS: RFC 2595).

A POP3 session is a snapshot, so every fetch is a session. Each message is asked for by its UIDL;
what the ledger knows, by ``known_ids``, is passed over. The server deletes at QUIT and not before:
``acknowledge`` marks for deletion, and ends the session as soon as the last chunk is acknowledged.
If we die before that the messages stay, are recognised by their UIDL, and read and compared again
before they are deleted (:mod:`.pop3_again`). Only what was read whole in the session is deleted in
it: no message of which only the header was taken, none without bytes.

Bodies are asked for one chunk at a time, never ahead: Gmail hides a message after the first RETR.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from odoo.addons.message_history.lib.checking import Checker
from odoo.addons.message_history.lib.errors import (
    ChannelError,
    ConfigurationError,
    ConnectionFailed,
    MessageRefused,
    ProtocolError,
)
from odoo.addons.message_history.lib.transport import (
    Capability,
    CheckReport,
    Chunk,
    FirstLook,
    FolderRequest,
    IncomingMessage,
    StartPolicy,
    Transport,
)

from .pop3_again import Reading, most_bytes, sort_out, to_read_again, too_large
from .pop3_cursor import Pop3Cursor, short
from .pop3_drop import Entry, date_of, headers, read_drop
from .pop3_wire import Pop3Wire, Refused
from .settings import ServerSettings
from .spool import Received, remove

# After this many breaks in a row with nothing received, it is the server and not a message.
_MOST_BREAKS = 4
# What of a cursor must be stored even when no message comes.
_ESSENTIAL = ("begun", "pending", "owed", "left", "names")


class Pop3Transport(Transport):
    """One mailbox on a POP3 server. Not for several threads at once."""

    capabilities: ClassVar[frozenset[Capability]] = frozenset({Capability.CHECK, Capability.FETCH})

    def __init__(self, settings: ServerSettings) -> None:
        self.settings = settings
        self._wire: Pop3Wire | None = None
        self._numbers: dict[str, Entry] = {}
        self._readings: dict[str, Reading] = {}

    # -- sessions -----------------------------------------------------------------------------

    def check(self) -> CheckReport:
        """Try every step on a session of its own; the error's ``field`` says what is wrong."""
        checker = Checker()
        with checker:
            wire = Pop3Wire(self.settings, checker.add)
            try:
                count = wire.command("STAT").split()[:1]
                checker.done("read", "".join(count))
                wire.quit()
            except Refused as error:
                raise ProtocolError(error.text, server_reply=error.text) from error
            finally:
                wire.close()
        return checker.report()

    def _open(self) -> list[Entry]:
        """Begin a new session and list the mailbox."""
        self._end()
        self._readings = {}
        self._wire = Pop3Wire(self.settings)
        try:
            entries = read_drop(self._wire)
        except Refused as error:
            raise ProtocolError(
                f"The server does not list its messages: {error.text}", server_reply=error.text
            ) from error
        self._numbers = {entry.uid: entry for entry in entries}
        return entries

    def _end(self) -> None:
        """Quit, which deletes what was marked; a broken session is just dropped."""
        wire, self._wire = self._wire, None
        if wire is not None and not wire.broken:
            wire.quit()

    @property
    def _session(self) -> Pop3Wire:
        if self._wire is None or self._wire.broken:
            self._open()
        if self._wire is None:
            raise ConnectionFailed("There is no session.")
        return self._wire

    def close(self) -> None:
        """Quit; never raises a ChannelError."""
        try:
            self._end()
        except ChannelError:
            self._wire = None

    # -- fetching -----------------------------------------------------------------------------

    def first_look(self, request: FolderRequest) -> FirstLook:
        """Count what a first fetch would bring. POP3 knows no "seen": everything is unseen."""
        entries = self._open()
        matching = len(entries) - len(self._left_out(entries, request))
        return FirstLook(len(entries), len(entries), matching)

    def fetch(self, request: FolderRequest) -> Iterator[Chunk]:
        """Yield what is new; see :class:`Transport`. ``StartPolicy.UNSEEN`` means everything."""
        entries = self._open()
        cursor = Pop3Cursor.load(request.cursor)
        told: Mapping[str, Any] | None = cursor.dump() if cursor.begun else None
        if not cursor.begun:
            cursor.ignored = {short(one.uid) for one in self._left_out(entries, request)}
        cursor.prune({entry.uid for entry in entries})
        new, again = self._new(entries, cursor, request)
        known = [one for one in entries if one.uid in again]
        left = len(new) + len(known)
        for part in _parts(new, cursor, request) + _parts(known, cursor, request):
            received, failed = self._receive(part, request)
            left -= len(part)
            try:
                self._delete(sort_out(part, received, self._readings, again, cursor))
                if not received and not failed:
                    continue
                chunk = self._chunk(request, cursor, part, received, failed, left)
                told = chunk.cursor
                yield chunk
            finally:
                for one in received.values():
                    remove(one.path)
        if told != cursor.dump() and _essential(told) != _essential(cursor.dump()):
            yield Chunk((), cursor.dump(), remaining=0)
        self._end()

    def _new(
        self, entries: list[Entry], cursor: Pop3Cursor, request: FolderRequest
    ) -> tuple[list[Entry], dict[str, bytes | None]]:
        """What the ledger doesn't have, and what it has and must be read again."""
        candidates = [one for one in entries if not cursor.ignores(one.uid)]
        known: set[str] = set()
        if request.known_ids is not None and candidates:
            known = request.known_ids([cursor.external_id(one.uid) for one in candidates])
        cursor.owed &= known
        again = to_read_again(candidates, known, cursor, request)
        return [one for one in candidates if cursor.external_id(one.uid) not in known], again

    def _left_out(self, entries: list[Entry], request: FolderRequest) -> list[Entry]:
        """What the start policy leaves out."""
        if request.start is StartPolicy.NOW:
            return entries
        if request.start is not StartPolicy.SINCE:
            return []
        if request.since is None:
            raise ConfigurationError("The date to start from is missing.", field="since")
        dates = {entry.uid: date_of(header) for entry, header in headers(self._session, entries)}
        return [one for one in entries if _is_before(dates[one.uid], request.since)]

    def _receive(
        self, part: list[Entry], request: FolderRequest
    ) -> tuple[dict[str, Received], dict[str, str]]:
        """Get the messages of one chunk; those that can't be had are named with a reason."""
        received: dict[str, Received] = {}
        failed: dict[str, str] = {}
        groups, breaks = [part], 0
        try:
            while groups:
                group = groups.pop(0)
                before = len(received)
                try:
                    self._retrieve(group, request, received, failed)
                except (ConnectionFailed, ProtocolError) as error:
                    breaks = 1 if len(received) > before else breaks + 1
                    if breaks > _MOST_BREAKS:
                        raise
                    left = [one for one in group if one.uid not in received | failed]
                    if len(group) == 1:
                        failed[group[0].uid] = str(error)
                    else:
                        # Servers answer in order: the first that is missing is the suspect.
                        groups[:0] = [one for one in (left[:1], left[1:]) if one]
                    groups = self._renumbered(groups, failed)
        except BaseException:
            for one in received.values():
                remove(one.path)
            raise
        return received, failed

    def _renumbered(self, groups: list[list[Entry]], failed: dict[str, str]) -> list[list[Entry]]:
        """After a break the new session has new numbers, and may lack what others deleted."""
        self._open()
        fresh = [
            [self._numbers[one.uid] for one in group if one.uid in self._numbers]
            for group in groups
        ]
        for uid in [uid for uid in failed if uid not in self._numbers]:
            del failed[uid]
        return [group for group in fresh if group]

    def _retrieve(
        self,
        group: Sequence[Entry],
        request: FolderRequest,
        received: dict[str, Received],
        failed: dict[str, str],
    ) -> None:
        wire = self._session
        # The session may be another than the one that was listed: then the numbers are others too.
        group = [self._numbers[one.uid] for one in group if one.uid in self._numbers]
        commands = [
            f"TOP {one.number} 0" if too_large(one, request) else f"RETR {one.number}"
            for one in group
        ]
        for entry, _command in zip(group, wire.send_ahead(commands), strict=True):
            try:
                wire.read_status()
            except Refused as error:
                failed[entry.uid] = f"The server refused to hand over a message: {error.text}"
                continue
            body = wire.read_block(self.settings.spool_limit, most_bytes(request))
            if body.blank:
                body.discard()
                failed[entry.uid] = "The server handed over a message without anything in it."
                continue
            received[entry.uid] = body
            if not too_large(entry, request):
                self._readings[entry.uid] = Reading.of(entry, body)

    def _chunk(
        self,
        request: FolderRequest,
        cursor: Pop3Cursor,
        part: list[Entry],
        received: dict[str, Received],
        failed: dict[str, str],
        left: int,
    ) -> Chunk:
        messages = tuple(
            _message(one, received[one.uid], cursor, truncated=too_large(one, request))
            for one in part
            if one.uid in received
        )
        for one in part:
            attempts = cursor.pending.pop(one.uid, 0)
            if one.uid in failed:
                cursor.pending[one.uid] = attempts + 1
        if request.delete_after_fetch:
            cursor.owed |= {one.external_id for one in messages if not one.truncated}
            for message in messages:
                if message.truncated:
                    cursor.leave(message.names["uidl"])
        return Chunk(
            messages,
            cursor.dump(),
            {cursor.external_id(uid): words for uid, words in failed.items()},
            left,
            {cursor.external_id(uid): cursor.pending[uid] for uid in failed},
        )

    def acknowledge(self, request: FolderRequest, chunk: Chunk) -> None:
        """Delete the chunk's messages when ``delete_after_fetch``; done at the session's end.

        Only those that were read in the session that still lasts, as many bytes as the server says,
        and that ``request.kept`` confirms. The others are owed: the next fetch reads them again.
        """
        if not request.delete_after_fetch:
            return
        whole = [one for one in chunk.messages if not one.truncated]
        ids = [one.external_id for one in whole]
        kept = request.kept(ids) if request.kept is not None and ids else None
        self._delete([one.names["uidl"] for one in whole if self._may_go(one, kept)])
        if chunk.remaining == 0:
            self._end()

    def _may_go(self, message: IncomingMessage, kept: Mapping[str, bytes] | None) -> bool:
        reading = self._readings.get(message.names["uidl"])
        if reading is None or not reading.exact:
            return False
        return kept is None or kept.get(message.external_id) == reading.digest

    def _delete(self, uids: Sequence[str]) -> None:
        if not uids:
            return
        wire = self._session
        # Nothing, when the session is a new one: what these names mean in it is not known.
        numbers = [self._numbers[uid].number for uid in uids if uid in self._readings]
        refused = ""
        for _command in wire.send_ahead([f"DELE {number}" for number in numbers]):
            try:
                wire.read_status()
            except Refused as error:
                refused = error.text
        if refused:
            raise MessageRefused(
                f"The server refused to delete a message: {refused}", server_reply=refused
            )

    def fetch_one(self, names: Mapping[str, Any]) -> IncomingMessage:
        """Fetch one message whole; raises MessageRefused when it is no longer there."""
        self._open()
        entry = self._numbers.get(str(names.get("uidl") or ""))
        if entry is None:
            raise MessageRefused("The message is no longer on the server.")
        try:
            self._session.command(f"RETR {entry.number}")
        except Refused as error:
            raise MessageRefused(
                f"The server refused to hand over a message: {error.text}",
                server_reply=error.text,
            ) from error
        body = self._session.read_block(self.settings.spool_limit)
        if body.blank:
            body.discard()
            raise MessageRefused("The server handed over a message without anything in it.")
        return _message(entry, body, Pop3Cursor(), truncated=False)


def _parts(entries: list[Entry], cursor: Pop3Cursor, request: FolderRequest) -> list[list[Entry]]:
    """Cut into chunks by number and bytes; those that failed before come last, each alone."""
    parts: list[list[Entry]] = []
    weight = 0
    for one in entries:
        if one.uid in cursor.pending:
            continue
        own = 0 if too_large(one, request) else one.size
        fits = parts and len(parts[-1]) < request.max_messages
        if fits and weight + own <= request.max_bytes:
            parts[-1].append(one)
            weight += own
        else:
            parts.append([one])
            weight = own
    return parts + [[one] for one in entries if one.uid in cursor.pending]


def _is_before(moment: datetime | None, since: datetime) -> bool:
    return moment is not None and moment < since


def _essential(dumped: Mapping[str, Any] | None) -> dict[str, Any]:
    """A cursor without what may be out of date at no cost."""
    return {key: value for key, value in (dumped or {}).items() if key in _ESSENTIAL}


def _message(
    entry: Entry, body: Received, cursor: Pop3Cursor, *, truncated: bool
) -> IncomingMessage:
    return IncomingMessage(
        external_id=cursor.external_id(entry.uid),
        content=body.content,
        path=body.path,
        size=entry.size if truncated else body.size,
        names={"uidl": entry.uid},
        truncated=truncated,
        # By its name it is another: the ledger may have it all the same.
        relocated=entry.uid in cursor.names,
    )
