"""Copies of one message that differ in a little: kept as what differs.

Copies for different people mostly differ at their beginning (the To header, a line of the text) and
share their attachments, which come last. So a copy is its own ``head``, and then so many bytes of
the end of the original.
"""

from __future__ import annotations

_BLOCK = 1 << 16
#: Sharing less than this is not worth a look.
MINIMUM = 512


def shared_tail(original: bytes, copy: bytes, minimum: int = MINIMUM) -> int:
    """Return how many bytes two messages share at their ends; 0 if fewer than ``minimum``."""
    most = min(len(original), len(copy))
    shared = 0
    while shared < most:
        size = min(_BLOCK, most - shared)
        if _piece(original, shared, size) != _piece(copy, shared, size):
            shared += _within(_piece(original, shared, size), _piece(copy, shared, size))
            break
        shared += size
    return shared if shared >= minimum else 0


def _piece(content: bytes, behind: int, size: int) -> bytes:
    """Return ``size`` bytes that have ``behind`` bytes behind them."""
    end = len(content) - behind
    return content[end - size : end]


def _within(left: bytes, right: bytes) -> int:
    """Return how many bytes two different pieces of one length share at their ends, by halving."""
    low, high = 0, len(left)
    while low < high:
        middle = (low + high + 1) // 2
        if left[len(left) - middle :] == right[len(right) - middle :]:
            low = middle
        else:
            high = middle - 1
    return low


def join(head: bytes, original: bytes, shared: int) -> bytes:
    """Return the copy that :func:`shared_tail` was taken of."""
    return head + original[len(original) - shared :] if shared else head
