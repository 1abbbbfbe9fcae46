"""Changing messages on an IMAP server: marking as seen, moving, deleting."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from odoo.addons.message_history.lib.errors import ConfigurationError, ConnectionFailed, ProtocolError
from odoo.addons.message_history.lib.transport import Chunk

from .imap_errors import message_refused
from .imap_folders import create_folder
from .imap_parse import encode_folder, from_set, to_set
from .imap_search import search
from .imap_session import ImapSession
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
    """Moves and deletes by the names that messages were recorded with."""

    def __init__(self, session: ImapSession) -> None:
        self._session = session
        self._real_names: dict[str, str] = {}

    def move(self, names: Sequence[Names], target: str) -> list[Names]:
        """See :meth:`Transport.move`.

        Without UIDPLUS the server doesn't tell the new UIDs: then only ``folder`` is known.
        """
        moved: dict[tuple[str, int, int], Names] = {}
        for folder, uidvalidity, uids in _by_folder(names):
            present = self._present(folder, uidvalidity, uids)
            if not present:
                continue
            command, real = self._move_set(to_set(present), target)
            found = _copied(command, real)
            for uid in present:
                known = {} if found else {"folder": real}
                moved[folder, uidvalidity, uid] = found.get(uid, known)
        return [_renamed(one, moved.get(_key(one), {})) for one in names]

    def delete(self, names: Sequence[Names]) -> None:
        """See :meth:`Transport.delete`."""
        for folder, uidvalidity, uids in _by_folder(names):
            present = self._present(folder, uidvalidity, uids)
            if present:
                self._expunge(present)

    def _present(self, folder: str, uidvalidity: int, uids: list[int]) -> list[int]:
        """Which of these are still there; opens the folder for writing."""
        if self._session.select_for_writing(folder).uidvalidity != uidvalidity:
            return []
        command, items = self._session.wire.put_listing(to_set(uids), "UID")
        wire = self._session.wire
        if not wire.wait(command).ok:
            raise message_refused(command.text, "to show messages")
        present = {item.uid for item in items}
        return [uid for uid in uids if uid in present]

    def _move_set(self, uids: str, target: str) -> tuple[Command, str]:
        real = self._real_names.get(target, target)
        command = self._transfer(uids, real)
        if not command.ok:
            # TRYCREATE, or a server that does not say it: either way there may be no such folder.
            refused = message_refused(command.text, "to move messages")
            try:
                real = create_folder(self._session, target)
            except ConfigurationError as error:
                raise refused from error
            command = self._transfer(uids, real)
            if not command.ok:
                raise message_refused(command.text, "to move messages")
        self._real_names[target] = real
        return command, real

    def _transfer(self, uids: str, folder: str) -> Command:
        """One attempt at moving; the command carries COPYUID where the server gives it."""
        wire = self._session.wire
        if self._session.offers("MOVE"):
            return wire.ask(f"UID MOVE {uids} {encode_folder(folder)}", "moving")
        command = wire.ask(f"UID COPY {uids} {encode_folder(folder)}", "copying")
        if command.ok:
            self._expunge(from_set(uids))
        return command

    def _expunge(self, uids: list[int]) -> None:
        """Remove these and no others, even if other messages are marked as deleted."""
        wire = self._session.wire
        numbers = to_set(uids)
        others: set[int] = set()
        if not self._session.offers("UIDPLUS"):
            others = set(search(self._session, "DELETED")) - set(uids)
        wire.run(f"UID STORE {numbers} +FLAGS.SILENT (\\Deleted)", "deleting")
        if self._session.offers("UIDPLUS"):
            wire.run(f"UID EXPUNGE {numbers}", "deleting")
        elif not others:
            wire.run("EXPUNGE", "deleting")


def _copied(command: Command, folder: str) -> dict[int, Names]:
    """Old UID to new names, from COPYUID (RFC 4315)."""
    parts = command.codes.get("COPYUID", "").split()
    if len(parts) != 3:
        return {}
    try:
        validity, old, new = int(parts[0]), from_set(parts[1]), from_set(parts[2])
    except (ValueError, ProtocolError):
        return {}
    return {
        before: {"folder": folder, "uidvalidity": validity, "uid": after}
        for before, after in zip(old, new, strict=False)
    }


def _renamed(before: Names, after: Names) -> Names:
    """EMAILID and THREADID survive a move (RFC 8474)."""
    if not after:
        return {}
    kept = {key: before[key] for key in ("emailid", "threadid") if before.get(key)}
    return {**kept, **after}


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


def _lower(flags: Sequence[str]) -> set[str]:
    return {flag.lower() for flag in flags}
