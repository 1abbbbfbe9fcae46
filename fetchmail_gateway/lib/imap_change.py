"""Changing messages on an IMAP server: marking as seen, moving, deleting."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from odoo.addons.message_history.lib.errors import ConfigurationError, ConnectionFailed, ProtocolError
from odoo.addons.message_history.lib.transport import Chunk, KeptMessage, Removal, Stays

from .imap_errors import message_refused
from .imap_folders import create_folder
from .imap_parse import encode_folder, from_set, to_set, whole_number
from .imap_session import ImapSession
from .imap_verify import Verifier
from .imap_wire import Command, Wire

Names = Mapping[str, Any]


@dataclass
class _Owed:
    """A STORE that was sent and whose answer nobody waited for."""

    wire: Wire
    command: Command
    folder: str
    uidvalidity: int
    uids: str


class SeenFlags:
    """Marks messages as seen without waiting while the next chunk is on its way.

    What was not confirmed when the connection broke is sent again.
    """

    def __init__(self, session: ImapSession) -> None:
        self._session = session
        self._owed: list[_Owed] = []

    def mark(self, chunk: Chunk) -> None:
        """Mark a chunk's messages as seen, those that are not."""
        unseen = [one.names for one in chunk.messages if "\\seen" not in _lower(one.flags)]
        for folder, uidvalidity, uids in _by_folder(unseen):
            self._store(folder, uidvalidity, to_set(uids))
        if not self._session.connected or not self._session.wire.outstanding:
            self.settle()

    def settle(self) -> None:
        """Wait for the answers to what was sent."""
        owed, self._owed = self._owed, []
        for one in owed:
            if not one.command.status and one.wire is not self._session.wire:
                self._store(one.folder, one.uidvalidity, one.uids)
        for one in owed + self._owed:
            if one.wire is self._session.wire and not one.wire.wait(one.command).ok:
                raise message_refused(one.command.text, "to mark messages as seen")
        self._owed = []

    def _store(self, folder: str, uidvalidity: int, uids: str) -> None:
        if not uids or self._session.select_for_writing(folder).uidvalidity != uidvalidity:
            return
        wire = self._session.wire
        command = wire.put(f"UID STORE {uids} +FLAGS.SILENT (\\Seen)", "marking as seen")
        self._owed.append(_Owed(wire, command, folder, uidvalidity, uids))
        # A connection that a message asked for ahead has just killed: settle() does it again.
        with contextlib.suppress(ConnectionFailed):
            wire.flush()


class Mover:
    """Moves and deletes what is proven to be the message that the ledger has."""

    def __init__(self, session: ImapSession) -> None:
        self._session = session
        self._real_names: dict[str, str] = {}

    def move(self, kept: Sequence[KeptMessage], target: str) -> list[Removal]:
        """See :meth:`Transport.move`.

        Without UIDPLUS the server doesn't tell the new UIDs: then only ``folder`` is known.
        """

        def act(wire: Wire, uids: list[int]) -> dict[int, Names]:
            command, real = self._move_set(wire, to_set(uids), target)
            found = _copied(command, real)
            return {uid: found.get(uid, {} if found else {"folder": real}) for uid in uids}

        return self._carry_out(kept, act)

    def delete(self, kept: Sequence[KeptMessage]) -> list[Removal]:
        """See :meth:`Transport.delete`."""

        def act(wire: Wire, uids: list[int]) -> dict[int, Names]:
            self._expunge(wire, to_set(uids))
            return {}

        return self._carry_out(kept, act)

    def _carry_out(
        self, kept: Sequence[KeptMessage], act: Callable[[Wire, list[int]], dict[int, Names]]
    ) -> list[Removal]:
        """Do something to those messages that prove to be what the ledger has."""
        results: dict[tuple[str, int, int, bytes], Removal] = {}
        for folder, uidvalidity, wanted in _expected(kept):
            for proof in Verifier(self._session, folder, uidvalidity).proofs(wanted):
                new_names = act(proof.wire, sorted(proof.same)) if proof.same else {}
                for uid, digest in proof.same.items():
                    results[folder, uidvalidity, uid, digest] = Removal(new_names.get(uid, {}))
                for uid in proof.unreadable:
                    for digest in wanted[uid]:
                        results[folder, uidvalidity, uid, digest] = Removal(stays=Stays.UNREADABLE)
                for uid, other in proof.other.items():
                    for digest in wanted[uid]:
                        results[folder, uidvalidity, uid, digest] = Removal(
                            stays=Stays.OTHER, other=other)
        return [
            _renamed(one.names, results.get((*_key(one.names), one.digest), Removal()))
            for one in kept
        ]

    def _move_set(self, wire: Wire, uids: str, target: str) -> tuple[Command, str]:
        real = self._real_names.get(target, target)
        command = self._transfer(wire, uids, real)
        if not command.ok:
            # TRYCREATE, or a server that does not say it: either way there may be no such folder.
            refused = message_refused(command.text, "to move messages")
            try:
                real = create_folder(self._session, target)
            except ConfigurationError as error:
                raise refused from error
            command = self._transfer(wire, uids, real)
            if not command.ok:
                raise message_refused(command.text, "to move messages")
        self._real_names[target] = real
        return command, real

    def _transfer(self, wire: Wire, uids: str, folder: str) -> Command:
        """One attempt at moving; the command carries COPYUID where the server gives it."""
        if "MOVE" in self._session.capabilities:
            return wire.ask(f"UID MOVE {uids} {encode_folder(folder)}", "moving")
        command = wire.ask(f"UID COPY {uids} {encode_folder(folder)}", "copying")
        if command.ok:
            self._expunge(wire, uids)
        return command

    def _expunge(self, wire: Wire, uids: str) -> None:
        """Remove these and no others.

        Only UIDPLUS (RFC 4315) can say which. A plain EXPUNGE takes along whatever others have
        marked until it arrives, so without UIDPLUS the messages are marked and no more.
        """
        wire.run(f"UID STORE {uids} +FLAGS.SILENT (\\Deleted)", "deleting")
        if "UIDPLUS" in self._session.capabilities:
            wire.run(f"UID EXPUNGE {uids}", "deleting")


def _copied(command: Command, folder: str) -> dict[int, Names]:
    """Old UID to new names, from COPYUID (RFC 4315)."""
    parts = command.codes.get("COPYUID", "").split()
    if len(parts) != 3:
        return {}
    try:
        validity, old, new = whole_number(parts[0]), from_set(parts[1]), from_set(parts[2])
    except ProtocolError:
        return {}
    return {
        before: {"folder": folder, "uidvalidity": validity, "uid": after}
        for before, after in zip(old, new, strict=False)
    }


def _renamed(before: Names, removal: Removal) -> Removal:
    """EMAILID and THREADID survive a move (RFC 8474)."""
    if not removal.names:
        return removal
    kept = {key: before[key] for key in ("emailid", "threadid") if before.get(key)}
    return Removal({**kept, **removal.names})


def _key(names: Names) -> tuple[str, int, int]:
    return str(names.get("folder")), int(names.get("uidvalidity") or 0), int(names.get("uid") or 0)


def _by_folder(names: Sequence[Names]) -> Iterator[tuple[str, int, list[int]]]:
    groups: dict[tuple[str, int], list[int]] = {}
    for one in names:
        folder, uidvalidity, uid = _key(one)
        if uid and uidvalidity:
            groups.setdefault((folder, uidvalidity), []).append(uid)
    for (folder, uidvalidity), uids in groups.items():
        yield folder, uidvalidity, sorted(set(uids))


def _expected(kept: Sequence[KeptMessage]) -> Iterator[tuple[str, int, dict[int, set[bytes]]]]:
    """By folder and numbering, the digests that are expected under each UID."""
    for folder, uidvalidity, uids in _by_folder([one.names for one in kept]):
        wanted: dict[int, set[bytes]] = {uid: set() for uid in uids}
        for one in kept:
            if _key(one.names)[:2] == (folder, uidvalidity) and _key(one.names)[2] in wanted:
                wanted[_key(one.names)[2]].add(one.digest)
        yield folder, uidvalidity, wanted


def _lower(flags: Sequence[str]) -> set[str]:
    return {flag.lower() for flag in flags}
