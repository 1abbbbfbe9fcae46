"""Waiting for news: IDLE (RFC 2177) on one folder, a look at the others now and then.

``on_event`` may use the same session to fetch: any command ends the IDLE, and listening opens the
folder again afterwards. Nothing is missed in between: growth that the server tells of during other
commands counts, and after opening again UIDNEXT is compared with what was seen last.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from odoo.addons.message_history.lib.errors import ChannelError

from .imap_session import ImapSession

_TICK = 0.5  # seconds between two looks at stop()


class Listener:
    """One call of ``listen``."""

    def __init__(
        self,
        session: ImapSession,
        folders: Sequence[str],
        on_event: Callable[[str], None],
        stop: Callable[[], bool],
    ) -> None:
        self._session = session
        self._main, self._others = folders[0], list(folders[1:])
        self._on_event = on_event
        self._stop = stop
        self._facts: dict[str, tuple[int, int, int]] = {}

    def run(self) -> None:
        """Block until ``stop()``; raises ConnectionFailed on a break."""
        can_idle = self._session.offers("IDLE")
        for folder in self._others:
            self._changed(folder)
        # Whatever came before the listening began.
        self._ready(first=True)
        if can_idle:
            self._session.wire.begin_idle()
        for folder in [self._main, *self._others]:
            self._tell(folder)
        while not self._stop():
            self._ready()
            if can_idle:
                self._idle()
            else:
                self._poll()
            self._look_at_others()
        if self._session.connected and self._session.wire.idling:
            self._session.wire.end_idle()

    def _ready(self, *, first: bool = False) -> None:
        """Have the main folder open; tell of what came while it was not."""
        mailbox = self._session.mailbox
        if self._session.connected and mailbox and mailbox.name == self._main:
            return
        before = self._session.seen_next.get(self._main, 0)
        after = self._session.select(self._main).uidnext
        if not first and after > before:
            self._tell(self._main)

    def _tell(self, folder: str) -> None:
        if not self._stop():
            self._on_event(folder)

    def _idle(self) -> None:
        """IDLE until something happens or it is time for something else."""
        wire = self._session.wire
        if wire.grown:
            wire.grown = False
            self._tell(self._main)
            return
        if not wire.idling:
            wire.begin_idle()
        if self._wait(self._session.settings.idle_renew, wire.listen):
            return
        if not self._stop():
            wire.end_idle()  # renewed by the next turn; a dead server is noticed here

    def _wait(self, longest: float, nap: Callable[[float], None]) -> bool:
        """Nap until there is news of the main folder (returns True) or a reason to leave."""
        end = time.monotonic() + longest
        if self._others:
            end = min(end, time.monotonic() + self._session.settings.poll_interval)
        while not self._stop() and (left := end - time.monotonic()) > 0:
            nap(min(_TICK, left))
            if self._session.wire.grown:
                return True
            if not self._session.wire.idling and self._session.offers("IDLE"):
                return True
        return False

    def _poll(self) -> None:
        """The way without IDLE: ask now and then."""
        self._wait(self._session.settings.poll_interval, time.sleep)
        if self._stop():
            return
        wire = self._session.wire
        wire.run("NOOP", "asking for news")
        if wire.grown:
            wire.grown = False
            self._tell(self._main)

    def _look_at_others(self) -> None:
        for folder in self._others:
            if self._stop():
                return
            if self._changed(folder):
                self._tell(folder)

    def _changed(self, folder: str) -> bool:
        """Whether a folder that is not open got mail; one that can't be seen is passed over."""
        if self._session.mailbox and self._session.mailbox.name == folder:
            return False
        try:
            facts = self._session.status(folder)
        except ChannelError:
            if not self._session.connected:
                raise
            return False
        before = self._facts.get(folder)
        self._facts[folder] = facts
        return before is not None and facts[:2] != before[:2]
