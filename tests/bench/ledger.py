"""The ledger at a million rows over ten thousand: opening the inbox, finding threads, claiming.

As an ordinary member of a quiet channel, record rules on, with 5 % of the rows claimable, after a
tenth of the rows changed (100,000 at a million) without a vacuum. The two databases take turns.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

from . import ledger_fill, rig
from .rig import Driver, Rig, median

SMALL, LARGE = 10_000, 1_000_000
CHANNELS = 20
TIMES = 5
CEILINGS = {"inbox_growth": 1.5, "thread_growth": 1.5, "claim_growth": 1.5}


def main(arguments: list[str]) -> dict[str, float]:
    """Run; the figures by name."""
    parser = argparse.ArgumentParser(prog="dev bench ledger")
    parser.add_argument("--json", action="store_true", help="figures as the last line (always)")
    parser.add_argument("--quick", action="store_true", help="200,000 rows, checked roughly")
    options = parser.parse_args(arguments)
    with rig.ready() as bench:
        sides = [Side(bench, SMALL), Side(bench, LARGE // 5 if options.quick else LARGE)]
        figures = compare(*sides, turns=3 if options.quick else 10)
    if options.quick:
        rig.check(figures, {}, {name: 2 * limit for name, limit in CEILINGS.items()})
    return figures


class Side:
    """One ledger of some size."""

    def __init__(self, bench: Rig, rows: int) -> None:
        self.rows = rows
        name = bench.database(f"ledger_{rows}", ours=True)
        self.driver: Driver = bench.driver(name)
        people = self.driver("add_ledger_people", channels=CHANNELS)
        self.member = people["member"]
        sql = bench.sql(name)
        started = time.monotonic()
        ledger_fill.fill(sql, rows, people["channels"], self.member)
        self.filled = time.monotonic() - started
        waiting = int(sql.value(
            "SELECT COUNT(*) FROM message_history WHERE state IN ('received', 'failed')"))  # fmt: skip
        assert abs(waiting / rows - 0.05) < 0.002, waiting
        rig.say(f"{rows} rows in {self.filled:.0f} s, {waiting} of them waiting")

    def orders(self) -> dict[str, dict[str, Any]]:
        """What is measured: name of the figure -> order and arguments."""
        return {
            "inbox": {"name": "open_inbox", "member": self.member},
            "search": {"name": "search_inbox", "member": self.member},
            "thread": {"name": "find_threads", "rows": self.rows},
            "claim": {"name": "claim"},
        }


def compare(small: Side, large: Side, turns: int) -> dict[str, float]:
    """Milliseconds on both sides and what they grow by."""
    figures: dict[str, float] = {"fill_s": round(large.filled, 1)}
    for what in small.orders():
        seconds: dict[int, list[float]] = {small.rows: [], large.rows: []}
        for turn in range(turns + 1):
            for side in (small, large):
                answer = side.driver(times=TIMES, **side.orders()[what])
                assert answer["found"] == 100 if what == "claim" else answer["found"], (what, side.rows)
                seconds[side.rows] += answer["seconds"] if turn else []  # the first warms up
        before, after = (1000 * median(one) for one in seconds.values())
        figures[f"{what}_ms_small"] = round(before, 2)
        figures[f"{what}_ms_large"] = round(after, 2)
        figures[f"{what}_growth"] = round(after / before, 3)
        rig.say(f"{what}: {before:.2f} ms, {after:.2f} ms, {after / before:.2f}")
    return figures
