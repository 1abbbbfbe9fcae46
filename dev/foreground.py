"""Programs on the developer's terminal."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType

PASSED_ON = (signal.SIGTERM, signal.SIGHUP)


def run(command: Sequence[str | Path], env: Mapping[str, str], cwd: Path | None = None) -> int:
    """Run a program with the terminal; Ctrl-C reaches it directly, SIGTERM is passed on."""
    process = subprocess.Popen([str(part) for part in command], env=dict(env), cwd=cwd)

    def pass_on(number: int, _frame: FrameType | None) -> None:
        process.send_signal(number)

    previous = {number: signal.signal(number, pass_on) for number in PASSED_ON}
    previous[signal.SIGINT] = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return process.wait()
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
