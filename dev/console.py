"""What the developer sees: steps, progress, and errors that say what to do."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path


class DevError(Exception):
    """Something that the developer has to know; ``hint`` says what can be done about it."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def say(text: str = "") -> None:
    """Print one line at once, also into a pipe."""
    print(text, flush=True)


def step(text: str) -> None:
    """Announce the next step on the error channel, which keeps standard output for results."""
    print(f"── {text}", file=sys.stderr, flush=True)


def warn(text: str) -> None:
    """Tell about something that doesn't stop the work."""
    print(f"!! {text}", file=sys.stderr, flush=True)


def folder_size(folder: Path) -> int:
    """Bytes of all files below a folder; files that vanish meanwhile count as nothing."""
    total = 0
    for root, _dirs, files in os.walk(folder):
        for name in files:
            try:
                total += os.lstat(os.path.join(root, name)).st_size
            except FileNotFoundError:
                continue
    return total


@contextmanager
def progress(text: str, watch: Path | None = None) -> Iterator[None]:
    """Show that something long is going on: seconds, and the growth of the folder ``watch``."""
    done = threading.Event()
    on_terminal = sys.stderr.isatty()
    step(f"{text} …")
    started, before = time.monotonic(), folder_size(watch) if watch else 0

    def line() -> str:
        grown = f", {max(folder_size(watch) - before, 0) / 1e6:.0f} MB" if watch else ""
        return f"   {time.monotonic() - started:.0f} s{grown}"

    def show() -> None:
        while not done.wait(2 if on_terminal else 30):
            sys.stderr.write(f"\r{line()} " if on_terminal else f"{line()}\n")
            sys.stderr.flush()

    thread = threading.Thread(target=show, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        sys.stderr.write(f"\r{line()}\n" if on_terminal else f"{line()}\n")


def run(
    command: Sequence[str | Path],
    *,
    failure: str,
    hint: str = "",
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> str:
    """Run a command silently and return what it printed.

    Raises DevError with ``failure``, the last lines of the output and ``hint`` when it fails.
    """
    try:
        done = subprocess.run(
            [str(part) for part in command],
            cwd=cwd,
            env=dict(env) if env is not None else None,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
    except FileNotFoundError as error:
        raise DevError(f"{failure}: the program {command[0]} is missing.", hint) from error
    if done.returncode:
        tail = "\n".join("   " + line for line in done.stdout.strip().splitlines()[-15:])
        raise DevError(f"{failure}:\n{tail}", hint)
    return done.stdout
