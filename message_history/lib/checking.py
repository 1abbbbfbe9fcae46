"""The list of ticks and crosses that a connection test shows."""

from __future__ import annotations

import time
from types import TracebackType

from .errors import AuthenticationError, ChannelError, ConnectionFailed, OutOfReach
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


#: Fields that say by themselves what kind of trouble it was.
_KIND_OF_FIELD = {"user": "login", "password": "login", "verify": "certificate", "encryption": "encryption"}


def kind_of(error: BaseException | None) -> str:
    """Return the kind of a failure, for words that repeat nothing of what the other side said.

    One of ``reach``, ``port``, ``login``, ``certificate``, ``encryption``, ``timeout``, ``connection``,
    or the error's failure type.
    """
    if not isinstance(error, ChannelError):
        return "unknown"
    if isinstance(error, OutOfReach):
        return "port" if error.field == "port" else "reach"
    if isinstance(error, AuthenticationError):
        return "login"
    if error.field in _KIND_OF_FIELD:
        return _KIND_OF_FIELD[error.field]
    if isinstance(error, ConnectionFailed):
        return "timeout" if _timed_out(error) else "connection"
    return error.failure_type


def _timed_out(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, TimeoutError):
            return True
        error = error.__cause__ or error.__context__
    return False
