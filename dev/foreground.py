"""Programs on the developer's terminal."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path


def run(command: Sequence[str | Path], env: Mapping[str, str], cwd: Path | None = None) -> int:
    """Run a program with the terminal; Ctrl-C reaches it directly, SIGTERM is passed on."""
    process = subprocess.Popen([str(part) for part in command], env=dict(env), cwd=cwd)
    handlers = {
        signal.SIGINT: signal.SIG_IGN,
        signal.SIGTERM: lambda number, _frame: process.send_signal(number),
        signal.SIGHUP: lambda number, _frame: process.send_signal(number),
    }
    previous = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        return process.wait()
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
