"""``dev test desk --times N``: the browser tests again and again, every second time on a busy machine.

A test that waits for the state it begins from is green however fast or slow the machine is. What
was run is kept in a file of JSON lines, with the commit: stopped or interrupted, the command goes on
where it was; ``--fresh`` begins anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from argparse import Namespace
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from dev import console, foreground, paths, results, system_packages, venv

FOLDER = paths.REPO / "tests" / "integration" / "inbox"
#: What a process does that only keeps a core busy; it ends by itself if nobody ends it.
_BUSY = "import time\nend = time.monotonic() + 3600\nwhile time.monotonic() < end: pass"


@dataclass(frozen=True)
class Run:
    """One run: of which state of the checkout, on a busy machine or not, and what came of it."""

    state: str
    busy: bool
    seconds: int
    passed: int
    failed: tuple[str, ...]
    load: float

    @property
    def line(self) -> str:
        """The run in one line."""
        how = "busy " if self.busy else "quiet"
        return f"{how} {self.seconds:5d} s  load {self.load:4.1f}  {self.passed} passed, {len(self.failed)} failed"


def main(options: Namespace) -> int:
    """Run the ring ``options.times`` times, or until ``options.minutes`` are over; 1 when a test failed once."""
    venv.ensure()
    system_packages.ensure()
    log = paths.log_dir() / "desk-runs.jsonl"
    if options.fresh:
        log.unlink(missing_ok=True)
    state = checkout_state()
    done = read(log, state)
    end = time.monotonic() + 60 * options.minutes if options.minutes else None
    while len(done) < options.times:
        typical = sum(one.seconds for one in done) / len(done) if done else 0
        if end and time.monotonic() + typical > end:
            console.say(f"The time is over after {len(done)} of {options.times}; the same command goes on.")
            break
        run = _once(state, busy=len(done) % 2 == 1, pattern=options.pattern)
        with log.open("a") as file:
            file.write(json.dumps(asdict(run)) + "\n")
        done.append(run)
        console.say(f"{len(done):2d}/{options.times}  {run.line}")
        for name in run.failed:
            console.say(f"       FAILED: {name}")
        if run.failed and options.stop:
            break
    return report(done)


def checkout_state() -> str:
    """The commit, and a digest of what was changed since: runs of another state don't count."""
    commit = _git("rev-parse", "--short=12", "HEAD").decode().strip()
    changed = _git("diff", "HEAD") + _git("ls-files", "--others", "--exclude-standard")
    return f"{commit}-{hashlib.sha256(changed).hexdigest()[:8]}" if changed else commit


def _git(*arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=paths.REPO, capture_output=True, check=True).stdout


def read(log: Path, state: str) -> list[Run]:
    """The runs of one state of the checkout."""
    if not log.exists():
        return []
    rows = (json.loads(line) for line in log.read_text().splitlines())
    return [Run(**{**row, "failed": tuple(row["failed"])}) for row in rows if row["state"] == state]


def _once(state: str, *, busy: bool, pattern: str | None) -> Run:
    outcome = paths.log_dir() / "pytest-desk.xml"
    outcome.unlink(missing_ok=True)
    command: list[str | Path] = [venv.python(), "-m", "pytest", FOLDER, f"--junitxml={outcome}", "-q"]
    command += ["-k", pattern] if pattern else []
    started = time.monotonic()
    with busy_cores(os.cpu_count() or 1 if busy else 0):
        code = foreground.run(command, os.environ, cwd=paths.REPO)
        load = os.getloadavg()[0]
    found = results.from_junit(outcome, "desk")
    if code and not found.failed:
        found.failed.add(f"desk/pytest ended with code {code}")
    seconds = round(time.monotonic() - started)
    return Run(state, busy, seconds, len(found.passed), tuple(sorted(found.failed)), round(load, 1))


@contextmanager
def busy_cores(count: int) -> Iterator[None]:
    """Keep so many cores busy with nothing."""
    burning = [subprocess.Popen([sys.executable, "-c", _BUSY]) for _core in range(count)]
    try:
        yield
    finally:
        for process in burning:
            process.kill()
            process.wait()


def report(done: list[Run]) -> int:
    """Print what the runs amount to; the exit code."""
    failed = Counter(name for run in done for name in run.failed)
    green = sum(not run.failed for run in done)
    for busy in (False, True):
        runs = [run for run in done if run.busy is busy]
        if runs:
            seconds = sorted(run.seconds for run in runs)
            console.say(f"{'busy' if busy else 'quiet'}: {sum(not run.failed for run in runs)} of {len(runs)} green, "
                        f"{seconds[0]} to {seconds[-1]} s")  # fmt: skip
    for name, times in failed.most_common():
        console.say(f"FAILED {times} of {len(done)}: {name}")
    console.say(f"{green} of {len(done)} runs green")
    return 1 if failed or not done else 0
