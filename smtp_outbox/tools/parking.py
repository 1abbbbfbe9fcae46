"""Where mails are parked instead of queued: within calls of core that roll back what they send.

A place is opened by an addon that knows such a call. It is kept beside the thread's work, not in
the context, which clients fill, nor in the cursor's cache, which every failed savepoint empties.
"""

import contextlib
from contextvars import ContextVar

_open = ContextVar("smtp_outbox_parking", default=None)


class Place:
    """One such call; ``marks`` are those of the messages that were parked in it."""

    def __init__(self, cr):
        self.cr = cr
        self.marks = []


@contextlib.contextmanager
def parking(env):
    """Have mails that are sent on this cursor parked; see ``message.parked``."""
    mark = _open.set(Place(env.cr))
    try:
        yield _open.get()
    finally:
        _open.reset(mark)


def place_of(env):
    """Return the place that is open on this cursor, None if none is."""
    place = _open.get()
    return place if place is not None and place.cr is env.cr else None
