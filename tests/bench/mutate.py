"""Thousands of damaged mails through the whole pipeline: none lost, none failed, none slow.

Each is made of a real one (``mutations``) by its seed, goes by itself through ledger, worker and core's
steps into a lead. ``--mails 10000 --seed 1``; ``--state FILE`` keeps what was found, so that a run that
was ended goes on where it was.
"""

from __future__ import annotations

import argparse
import base64
import json
from pathlib import Path
from typing import Any

from dev import odoo as odoo_module

from . import mutations
from .rig import Rig

_CHUNK = 25
_BAD = ("failed", "given_up", "lost")


def run(driver: Any, seeds: list[int], note: Any = None) -> list[dict[str, Any]]:
    """Have the mails of some seeds processed; a row for each."""
    mails = mutations.corpus()
    channel_id = driver("prepare_channel")
    found: list[dict[str, Any]] = []
    for start in range(0, len(seeds), _CHUNK):
        chunk = [(str(seed), base64.b64encode(mutations.mutate(mails, seed)).decode())
                 for seed in seeds[start : start + _CHUNK]]  # fmt: skip
        rows = driver("process_mails", channel_id=channel_id, mails=chunk)
        found += rows
        for row in rows:
            if row["state"] in _BAD:
                print(f"seed {row['name']}: {row['state']} {row['reason']}\n{row['trace']}", flush=True)
        if note is not None:
            note(rows)
    return found


def main(arguments: list[str]) -> dict[str, float]:
    """Run it; how many were lost, failed, and the slowest."""
    parser = argparse.ArgumentParser(prog="dev bench mutate")
    parser.add_argument("--mails", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1, help="of the first mail; each further one has the next")
    parser.add_argument("--state", type=Path, help="file in which what was found is kept")
    options = parser.parse_args(arguments)
    known = {}
    if options.state and options.state.exists():
        rows = [json.loads(line) for line in options.state.read_text().splitlines()]
        known = {int(row["name"]): row for row in rows}
    seeds = [seed for seed in range(options.seed, options.seed + options.mails) if seed not in known]
    print(f"seeds {options.seed} to {options.seed + options.mails - 1}, {len(known)} of them known", flush=True)

    def note(rows: list[dict[str, Any]]) -> None:
        if options.state:
            with options.state.open("a") as file:
                file.writelines(json.dumps(row) + "\n" for row in rows)

    with odoo_module.ready(None) as odoo, Rig(odoo) as rig:
        found = run(rig.driver(rig.database("bench_mutate", ours=True)), seeds, note)
    return figures([*known.values(), *found])


def figures(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Return the sums, and print the ten slowest with their seeds."""
    for row in sorted(rows, key=lambda row: -row["cpu"])[:10]:
        print(f"seed {row['name']}: {row['cpu']:.2f} s, {row['bytes']} bytes, {row['state']} {row['repairs']}")
    return {
        "mails": len(rows),
        "lost": sum(row["state"] == "lost" for row in rows),
        "failed": sum(row["state"] in ("failed", "given_up") for row in rows),
        "slowest_cpu_seconds": max(row["cpu"] for row in rows),
        "mean_cpu_seconds": sum(row["cpu"] for row in rows) / len(rows),
    }
