"""When some bodies of a batch did not come: which can't be had? The others must go on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from odoo.addons.message_history.lib.errors import ChannelError, ConnectionFailed, ProtocolError

from .imap_errors import message_refused
from .imap_parse import to_set
from .imap_session import ImapSession
from .imap_wire import Command

if TYPE_CHECKING:
    from .imap_plan import Batch

# After this many breaks in a row with nothing received, it is the server and not a message.
_MOST_BREAKS = 4


class Rescue:
    """Asks for smaller and smaller groups of what is missing.

    After a break, the first missing message is the suspect, since servers answer in order: it is
    asked for alone, then the rest. After a refusal, the group is halved.
    """

    def __init__(
        self,
        session: ImapSession,
        reopen: Callable[[], object],
        put: Callable[[Batch, Sequence[int]], list[Command]],
        batch: Batch,
    ) -> None:
        self._session = session
        self._reopen = reopen
        self._put = put
        self._batch = batch
        self._breaks = 0
        self._got = len(batch.bodies)

    def run(self, lost: ChannelError | None, words: str) -> None:
        """Fill ``batch.bodies`` and ``batch.failed``; raises when the server itself is broken.

        :param lost: the break that ended the first attempt, if one did
        :param words: the server's words if it refused
        """
        missing = self._batch.missing()
        if lost is not None:
            self._note_break(lost)
            self._reopen()
        groups = self._split(self._still_there(missing), lost)
        if len(self._batch.items) == 1 and lost is None:
            # It was asked for alone already: the answer stands.
            self._fail([uid for group in groups for uid in group], words)
            groups = []
        while groups:
            group = groups.pop(0)
            error, words = self._ask(group)
            left = [uid for uid in group if uid not in self._batch.bodies]
            if len(group) == 1:
                self._fail(left, words)
            elif left:
                groups = self._split(self._still_there(left), error) + groups

    def _ask(self, uids: list[int]) -> tuple[ChannelError | None, str]:
        """Ask for a group; returns the break if there was one, and why something is missing."""
        words = "The server did not hand the message over."
        try:
            for command in self._put(self._batch, uids):
                if not self._session.wire.wait(command).ok:
                    words = str(message_refused(command.text, "to hand over a message"))
        except (ConnectionFailed, ProtocolError) as error:
            self._note_break(error)
            self._reopen()
            return error, str(error)
        return None, words

    def _note_break(self, error: ChannelError) -> None:
        got = len(self._batch.bodies)
        self._breaks = 1 if got > self._got else self._breaks + 1
        self._got = got
        if self._breaks > _MOST_BREAKS:
            raise error

    def _fail(self, uids: list[int], words: str) -> None:
        for uid in uids:
            if uid in self._batch.blank:
                words = "The server handed over a message without anything in it."
            self._batch.failed[uid] = words or "The server did not hand the message over."

    def _split(self, uids: list[int], lost: ChannelError | None) -> list[list[int]]:
        if lost is not None:
            return [part for part in (uids[:1], uids[1:]) if part]
        middle = (len(uids) + 1) // 2
        return [part for part in (uids[:middle], uids[middle:]) if part]

    def _still_there(self, uids: list[int]) -> list[int]:
        """Leave out what was expunged meanwhile."""
        if not uids:
            return []
        wire = self._session.wire
        # Without it the session goes on showing expunged messages. It must be answered first:
        # Dovecot would answer the FETCH before it.
        wire.ask("NOOP", "looking again")
        command, items = wire.put_listing(to_set(uids), "UID")
        if not wire.wait(command).ok:
            return uids
        present = {item.uid for item in items}
        return [uid for uid in uids if uid in present]
