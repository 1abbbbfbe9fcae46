"""When it is tried again."""

from __future__ import annotations

import random

_DELAYS = (60, 120, 300, 600, 1200, 2400, 3600, 7200, 14400)


def next_delay(attempts: int, retry_after: float | None, rng: random.Random) -> float:
    """Return seconds until the next attempt."""
    delay = _DELAYS[min(max(attempts, 1), len(_DELAYS)) - 1] * rng.uniform(0.8, 1.2)
    return max(delay, retry_after or 0.0)
