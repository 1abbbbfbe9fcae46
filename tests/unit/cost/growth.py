"""How the time of something grows when its input doubles.

Processor time, the best of three, of the last two doublings: what takes linear time grows by 2,
what takes quadratic time by 4. What is over in milliseconds at the largest size is passed, since
a clock can't tell more about it.
"""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

#: Inputs up to 1 MiB instead of 128 KiB, and every shape at every size: ``python3 dev bench cost``.
LONG = bool(os.environ.get("COST_LONG"))
LARGEST = 1024 * 1024
MOST = 2.5
#: Seconds; what takes no longer at the largest size says nothing about growth.
TINY = 0.02
#: Seconds for one mebibyte, whatever its growth: a large factor holds a worker up as well.
ENOUGH = 2.0
#: Characters, and seconds, of the first look: quadratic time shows up here already.
FIRST_LOOK = 4 * 1024
SUSPICIOUS = 0.0012

Work = Callable[[str], object]
Make = Callable[[int], str]


@dataclass(frozen=True)
class Row:
    """The seconds that inputs of some sizes took."""

    shape: str
    seconds: tuple[tuple[int, float], ...]

    @property
    def ratios(self) -> list[float]:
        """How often longer each doubling took."""
        taken = [one for _size, one in self.seconds]
        return [after / max(before, 1e-6) for before, after in itertools.pairwise(taken)]

    def is_linear(self, largest: int) -> bool:
        """Whether the last two doublings are, and an input of the largest size is over in time."""
        size, last = self.seconds[-1]
        if last < TINY:
            return True
        if last * max(1.0, largest / size) > ENOUGH:
            return False
        return len(self.ratios) < 2 or min(self.ratios[-2:]) <= MOST

    def __str__(self) -> str:
        row = " ".join(f"{size // 1024}k {taken:.3f}s" for size, taken in self.seconds)
        return f"{self.shape}: {row} (ratios {[round(one, 1) for one in self.ratios]})"


def took(work: Work, text: str, times: int = 1) -> float:
    """Return the best processor time of a few runs."""
    best = float("inf")
    for _run in range(times):
        begin = time.process_time()
        work(text)
        best = min(best, time.process_time() - begin)
        if best > ENOUGH:
            break
    return best


def look(work: Work, shape: str, make: Make, largest: int = LARGEST) -> Row | None:
    """Return what was measured where a first look at a small input gives reason to; else None."""
    small = min(FIRST_LOOK, largest)
    text = make(small)
    if not LONG and took(work, text) < SUSPICIOUS and took(work, make(small)) < SUSPICIOUS:
        return None
    row = measure(work, shape, make, _sizes(largest), largest)
    # what else the machine does falls on one of the sizes; what grows does so again
    return row if row.is_linear(largest) else measure(work, shape, make, _sizes(largest), largest)


def _sizes(largest: int) -> Sequence[int]:
    top = largest if LONG else min(largest, 128 * 1024)
    return [max(1, top >> halvings) for halvings in (4, 3, 2, 1, 0)]


def measure(work: Work, shape: str, make: Make, sizes: Sequence[int], largest: int) -> Row:
    """Measure an input at growing sizes, until it is clear that the largest would take seconds."""
    found: list[tuple[int, float]] = []
    for size in sizes:
        text = make(size)
        # what is near the limit is looked at again: other programs run too
        taken = took(work, text)
        if taken > TINY / 2:
            taken = min(taken, took(work, text, 2))
        found.append((size, taken))
        if taken * max(1.0, largest / size) > 1.5 * ENOUGH:
            break
    return Row(shape, tuple(found))
