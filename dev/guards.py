"""``dev guards``: takes each guard out in a copy of the checkout, and expects that its test goes red.

A test of a class of attacks proves something only if it fails without the mend. Each file of
``tests/guards`` names a point, its test, and the text without which the guard is gone. The copy is made
of what is committed; there all tests have to pass with the guards (together: one run for each ring), and
each has to fail without its own. Results are kept for each state of a guard: stopped or interrupted, the command
goes on where it was.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import time
import tomllib
from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path

from dev import console, paths
from dev.console import DevError

FOLDER = paths.REPO / "tests" / "guards"
RINGS = ("unit", "addons", "integration")
#: A single test that takes longer than this hangs.
SECONDS = 1200


@dataclass(frozen=True)
class Removal:
    """A text of a file, and what stands there without the guard."""

    file: str
    old: str
    new: str


@dataclass(frozen=True)
class Guard:
    """One guard: the point of the list it belongs to, its test, and how to take it out."""

    name: str
    point: str
    says: str
    ring: str
    pattern: str
    removed: tuple[Removal, ...]

    def fits(self, repo: Path) -> None:
        """Raise DevError unless every text stands exactly once where it is to be removed."""
        for one in self.removed:
            path = repo / one.file
            count = path.read_text().count(one.old) if path.exists() else 0
            if count != 1:
                raise DevError(f"{self.name}: the text to remove stands {count} times in {one.file}.")

    def take_out(self, repo: Path) -> None:
        """Remove the guard in a copy of the checkout."""
        for one in self.removed:
            path = repo / one.file
            path.write_text(path.read_text().replace(one.old, one.new))


def read(folder: Path = FOLDER) -> list[Guard]:
    """Return all guards, by name; raises DevError for a file that says too little."""
    found = []
    for file in sorted(folder.glob("*.toml")):
        try:
            said = tomllib.loads(file.read_text())
            removed = tuple(Removal(one["file"], one["old"], one["new"]) for one in said["removed"])
            guard = Guard(file.stem, said["point"], said["says"], said["ring"], said["pattern"], removed)
        except (KeyError, tomllib.TOMLDecodeError) as error:
            raise DevError(f"{file.name}: {error}") from error
        if guard.ring not in RINGS or not removed or any(one.old == one.new for one in removed):
            raise DevError(f"{file.name}: names no ring, or removes nothing.")
        found.append(guard)
    return found


def main(options: Namespace) -> int:
    """Take the guards out, one after the other; 1 when a test stayed green without its guard, or is red with it."""
    guards = [one for one in read() if not options.only or one.name.startswith(tuple(options.only.split(",")))]
    for guard in guards:
        guard.fits(paths.REPO)
    if options.check:
        console.say(f"{len(guards)} guards fit the files.")
        return 0
    kept = paths.state_dir() / "guards.json"
    done = json.loads(kept.read_text()) if kept.exists() and not options.fresh else {}
    done = {key: was for key, was in done.items() if was == "red"}  # a test may have been mended since
    end = time.monotonic() + 60 * options.minutes if options.minutes else None
    copy = _copy()
    green = _green([one for one in guards if _state(one) not in done], copy)
    bad = left = 0
    for guard in guards:
        key = _state(guard)
        if key not in done:
            if end and time.monotonic() > end:
                left += 1
                continue
            done[key] = _try(guard, copy, passed=guard.ring in green)
            kept.write_text(json.dumps(done, indent=1))
        bad += done[key] != "red"
        console.say(f"{guard.point:<4} {done[key]:<22} {guard.name}: {guard.says}  [{guard.pattern}]")
    console.say(f"{len(guards) - bad - left} of {len(guards)} tests went red without their guard"
                + (f", {bad} did not" if bad else "") + (f", {left} are still to be tried" if left else "") + ".")
    return 1 if bad else 0


def _state(guard: Guard) -> str:
    """Return what changes when the guard, its test or the code around it does."""
    digest = hashlib.sha256(repr(guard).encode())
    for one in guard.removed:
        digest.update((paths.REPO / one.file).read_bytes())
    return f"{guard.name}-{digest.hexdigest()[:12]}"


def _copy() -> Path:
    """Return a clean copy of what is committed."""
    copy = paths.state_dir() / "guards"
    if copy.exists():
        shutil.rmtree(copy / ".git", ignore_errors=True)
        _git(paths.REPO, "worktree", "prune")
    if not (copy / ".git").exists():
        shutil.rmtree(copy, ignore_errors=True)
        _git(paths.REPO, "worktree", "add", "--quiet", "--detach", "--force", str(copy), "HEAD")
    for name in ("shared", ".library"):
        link = copy.parent / name
        if (paths.REPO.parent / name).exists() and not link.exists():
            link.symlink_to(paths.REPO.parent / name)
    return copy


def _git(repo: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(repo), *arguments], check=True, capture_output=True)


def _green(guards: list[Guard], copy: Path) -> set[str]:
    """Return the rings whose tests of guards all pass as things are; where one fails, each is looked at alone."""
    _git(copy, "checkout", "--quiet", "--force", "--detach", _head())
    found = set()
    for ring in {one.ring for one in guards}:
        patterns = {one.pattern for one in guards if one.ring == ring}
        joined = ",".join(patterns) if ring == "addons" else " or ".join(f"({one})" for one in patterns)
        console.step(f"{len(patterns)} tests of ring {ring}, with every guard")
        if _passes(f"ring-{ring}", copy, ring, "-k", joined):
            found.add(ring)
    return found


def _try(guard: Guard, copy: Path, *, passed: bool) -> str:
    """Return ``red``, or what else came of the test without its guard.

    :param passed: it is known to pass with the guard
    """
    how = [guard.ring, "-k", guard.pattern]
    if guard.ring == "addons" and all(one.file.endswith(".py") for one in guard.removed):
        how.append("--installed")
    if not passed and not _passes(guard.name, copy, *how):
        return "red with the guard"
    guard.take_out(copy)
    try:
        return "STAYED GREEN" if _passes(guard.name, copy, *how) else "red"
    finally:
        _git(copy, "checkout", "--quiet", "--force", "--", ".")


def _head() -> str:
    return subprocess.run(["git", "-C", str(paths.REPO), "rev-parse", "HEAD"], check=True, capture_output=True,
                          text=True).stdout.strip()


def _passes(name: str, copy: Path, *how: str) -> bool:
    """Whether tests pass in the copy as it is.

    :param how: arguments of ``dev test``
    """
    log = paths.log_dir() / f"guard-{name}.log"
    with log.open("a") as output:
        try:
            code = subprocess.run(
                [sys.executable, "dev", "test", *how], cwd=copy, stdout=output,
                stderr=subprocess.STDOUT, timeout=SECONDS, check=False).returncode
        except subprocess.TimeoutExpired:
            return False
    text = log.read_text(errors="replace")
    if " passed, " not in text.rpartition("Ring ")[2]:
        raise DevError(f"The test of {name} could not be run, see {log}.")
    return code == 0
