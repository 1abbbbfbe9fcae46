"""Postfix's ``smtp-sink`` as the server of the benchmarks: it takes thousands of mails a second."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from dev.servers.ports import LOOPBACK, accepts, free_ports, wait_until


class Sink:
    """The server, in a process of its own; what it took is counted by the senders' databases."""

    def __init__(self) -> None:
        self.port = free_ports(1)[0]
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Sink:
        program = shutil.which("smtp-sink", path="/usr/sbin:/usr/bin:/usr/local/sbin")
        if program is None:
            raise SystemExit("smtp-sink is missing: install Debian's package postfix")
        command = [program, *_user(), f"{LOOPBACK}:{self.port}", "1000"]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if not wait_until(lambda: accepts(self.port), 10):
            self.__exit__()
            raise SystemExit("smtp-sink did not start")
        return self

    def __exit__(self, *_exc_info: object) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)


def _user() -> list[str]:
    """Options for a start as root, which smtp-sink asks for."""
    return ["-u", "nobody"] if Path("/proc/self").stat().st_uid == 0 else []
