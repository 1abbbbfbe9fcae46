"""Locks between the processes of the tool; the kernel frees them when a process dies."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dev import console


@contextmanager
def file_lock(path: Path, reason: str) -> Iterator[None]:
    """Hold an exclusive lock on a file; ``reason`` is shown while waiting for another process."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            console.step(f"Waiting: {reason}")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


class UserCount:
    """Counts the processes that use something, without a number that a crash could leave wrong."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._handle = path.open("w")
        fcntl.flock(self._handle, fcntl.LOCK_SH)

    def leave(self, when_last: Callable[[], None]) -> None:
        """Stop using it; the last one calls ``when_last``, while newcomers wait."""
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        else:
            when_last()
        finally:
            self._handle.close()
