"""``dev bench --beside COMMIT NAME``: a benchmark of an older commit and of this checkout, in turns.

Each side runs its own benchmark with its own code, one after the other on the same machine, so that
what the machine does meanwhile meets both. What counts is the median of the turns.
"""

from __future__ import annotations

import json
import subprocess
import sys
from argparse import Namespace
from pathlib import Path
from statistics import median

from dev import console, paths, upgrade
from dev.console import DevError

SIDES = ("before", "after")
Figures = dict[str, float]


def main(options: Namespace) -> int:
    """Run both sides so many turns; the last line is one JSON object, {figure: before, after, ratio}."""
    folders = dict(zip(SIDES, (upgrade.worktree(options.beside), paths.REPO), strict=True))
    runs: dict[str, list[Figures]] = {side: [] for side in SIDES}
    for turn in range(options.turns):
        for side in SIDES if turn % 2 == 0 else SIDES[::-1]:
            console.step(f"Turn {turn + 1} of {options.turns}, {side}")
            runs[side].append(run(folders[side], options.name, options.arguments))
    figures = compare(runs)
    for line in table(figures):
        console.say(line)
    console.say(json.dumps(figures, sort_keys=True))
    return 0


def run(folder: Path, name: str, arguments: list[str]) -> Figures:
    """Return the figures of a checkout's benchmark, which are its last line.

    :raise DevError: when it fails, or prints none
    """
    command = [sys.executable, "dev", "bench", name, *arguments]
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True, check=False)
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        raise DevError(f"The benchmark {name} ended with {done.returncode} in {folder}.", "\n".join(lines[-5:]))
    return {key: value for key, value in json.loads(lines[-1]).items() if isinstance(value, int | float)}


def compare(runs: dict[str, list[Figures]]) -> dict[str, Figures]:
    """Return the medians of every figure that both sides have, and after over before."""
    before, after = (runs[side] for side in SIDES)
    result = {}
    for name in sorted(before[0].keys() & after[0].keys()):
        sides = [median(one[name] for one in side) for side in (before, after)]
        result[name] = {"before": sides[0], "after": sides[1]}
        if sides[0]:
            result[name]["ratio"] = round(sides[1] / sides[0], 3)
    return result


def table(figures: dict[str, Figures]) -> list[str]:
    """Return the lines that are shown, one for each figure."""
    width = max((len(name) for name in figures), default=0)
    lines = [f"{'':{width}} {'before':>12} {'after':>12} {'ratio':>8}"]
    for name, one in figures.items():
        ratio = f"{one['ratio']:8.2f}" if "ratio" in one else f"{'–':>8}"
        lines.append(f"{name:{width}} {one['before']:12.2f} {one['after']:12.2f} {ratio}")
    return lines
