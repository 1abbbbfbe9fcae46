"""The list of ticks and crosses that a connection test shows."""

from __future__ import annotations

import time
from types import TracebackType

from .errors import ChannelError
from .transport import CheckReport, CheckStep

# Which step failed when an error points at this field.
_STEP_OF_FIELD = {
    "server": "resolve",
    "port": "connect",
    "encryption": "tls",
    "verify": "tls",
    "user": "login",
    "password": "login",
    "folder": "folder",
}
_RECEIVING = ("resolve", "connect", "tls", "login", "folder", "read")
SENDING = ("resolve", "connect", "tls", "login", "sender")


class Checker:
    """Collects steps; as a context manager it keeps a ChannelError instead of raising it.

    :param order: of the steps
    """

    def __init__(self, order: tuple[str, ...] = _RECEIVING) -> None:
        self._order = order
        self._steps: list[CheckStep] = []
        self._began = time.monotonic()
        self._error: ChannelError | None = None

    def add(self, step: CheckStep) -> None:
        """Add a step that succeeded."""
        self._steps.append(step)
        self._began = time.monotonic()

    def done(self, name: str, detail: str) -> None:
        """Add a step that succeeded, begun when the last one ended."""
        self.add(CheckStep(name, True, time.monotonic() - self._began, detail))

    def report(self) -> CheckReport:
        """What was found."""
        return CheckReport(tuple(self._steps), self._error)

    def __enter__(self) -> Checker:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if not isinstance(error, ChannelError):
            return False
        self._error = error
        seconds = time.monotonic() - self._began
        self._steps.append(CheckStep(self._failed_step(error), False, seconds, error.reason))
        return True

    def _failed_step(self, error: ChannelError) -> str:
        """The step that the error points at, unless that was passed: then the next in order."""
        order = self._order
        last = max((order.index(step.name) for step in self._steps), default=-1)
        pointed = order.index(_STEP_OF_FIELD.get(error.field or "", order[0]))
        # There may be several folders, so the step "folder" can fail after it succeeded.
        is_open = pointed > last or order[pointed] == "folder"
        return order[pointed if is_open else min(last + 1, len(order) - 1)]
