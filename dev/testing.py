"""``dev test``: the rings of tests, and what they amount to."""

from __future__ import annotations

import os
import sys
import time
from argparse import Namespace
from pathlib import Path

from dev import (
    addon_tests,
    console,
    foreground,
    odoo_source,
    paths,
    peers,
    repeated,
    results,
    system_packages,
    venv,
)
from dev.results import Results

# The corpus lies beside the repository and is no part of it.
MAY_BE_ABSENT = ("corpus",)
NOTHING_COLLECTED = 5


def main(options: Namespace) -> int:
    """Run one ring or all; the last line printed is ``N passed, N failed, N skipped``."""
    if options.ring == "peers":
        return peers.main(options)
    if options.ring == "desk":
        return repeated.main(options)
    venv.ensure()
    rings = [options.ring] if options.ring else ["unit", "addons", "integration"]
    total = Results()
    times = {}
    for ring in rings:
        console.step(f"Ring {ring}")
        started = time.monotonic()
        total.add(_run(ring, options))
        times[ring] = time.monotonic() - started
        if total.failed and options.stop:
            break
    return _report(total, times)


def _run(ring: str, options: Namespace) -> Results:
    if ring == "addons":
        return addon_tests.run(options)
    if ring == "integration":
        system_packages.ensure()
        _export_source(options.odoo)
    return _pytest(ring, options)


def _export_source(chosen: str | None) -> None:
    """The fixtures ask the environment for the Odoo that the developer named."""
    if chosen:
        os.environ["ODOO_SOURCE"] = str(odoo_source.find(chosen).folder)


def _pytest(ring: str, options: Namespace) -> Results:
    folder = paths.REPO / "tests" / ring
    if not any(folder.rglob("test_*.py")):
        return Results()
    report = paths.log_dir() / f"pytest-{ring}.xml"
    report.unlink(missing_ok=True)
    command: list[str | Path] = [venv.python(), "-m", "pytest", folder, f"--junitxml={report}"]
    command += ["-k", options.pattern] if options.pattern else []
    command += ["-x"] if options.stop else []
    code = foreground.run(command, os.environ, cwd=paths.REPO)
    found = results.from_junit(report, ring)
    nothing_wanted = code == NOTHING_COLLECTED and options.pattern
    if code and not found.failed and not nothing_wanted:
        found.failed.add(f"{ring}/pytest ended with code {code}")
    return found


def _report(total: Results, times: dict[str, float]) -> int:
    """Print what was found; the exit code."""
    if os.environ.get("CI") == "true":
        total.forbid_skips(MAY_BE_ABSENT)
    console.say()
    for group in total.groups():
        console.say(f"{group:<40} {total.of_group(group)}")
    for key, why in sorted(total.skipped.items()):
        console.say(f"left out: {key}: {why}")
    for key in sorted(total.failed):
        console.say(f"FAILED: {key}")
    console.say(", ".join(f"{ring} {seconds:.0f} s" for ring, seconds in times.items()))
    sys.stderr.flush()
    console.say(str(total))
    return 1 if total.failed else 0
