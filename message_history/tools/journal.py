"""What a sender does with the outbox: claim deliveries, and note what became of them.

A sender is a thread with one connection to a server. It has a connection to PostgreSQL of its own,
in autocommit mode, on which it also holds the advisory lock that proves that it is alive. So when
the lock is free, PostgreSQL has carried out, or will never carry out, everything that the sender
asked for: whoever takes its rows back races with nobody.

    queued ──claim──▶ claimed ──begin──▶ sending ──▶ result

``note`` is called once for each transaction with the server: it makes the results of the last one
durable and marks the next one as ``sending``, before the byte goes out that lets the server take it.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg2
from odoo import sql_db
from psycopg2.extras import execute_values

from . import locks

#: First key of the advisory locks of senders; the second is the sender's own number.
CLAIMER = 0x6D680011
#: Claims are made one after the other where a channel has rates, or two would exceed them together.
RATE = 0x6D680012

_CLAIM = """
WITH due AS MATERIALIZED (
    SELECT id, priority FROM message_delivery
     WHERE channel_id = %(queue)s AND state = 'deferred' AND next_attempt <= %(now)s AND id <> ALL(%(without)s)
     ORDER BY next_attempt LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED
), fresh AS MATERIALIZED (
    SELECT id, priority FROM message_delivery
     WHERE channel_id = %(queue)s AND state = 'queued' AND id <> ALL(%(without)s)
     ORDER BY priority, id LIMIT %(limit)s FOR NO KEY UPDATE SKIP LOCKED
), picked AS (
    SELECT id FROM (SELECT * FROM fresh UNION ALL SELECT * FROM due) p ORDER BY priority, id LIMIT %(limit)s
)
UPDATE message_delivery d
   SET state = 'claimed', claimer = %(claimer)s, via_channel_id = %(via)s, attempt_date = %(now)s
  FROM picked WHERE d.id = picked.id
RETURNING d.id, d.history_id, d.variant_id, d.address, d.attempts, d.expires, d.priority, d.create_date
"""
_NOTE = """
UPDATE message_delivery d
   SET state = v.state, attempts = d.attempts + v.tried, next_attempt = v.next_attempt::timestamp,
       failure_type = v.failure_type, server_reply = v.server_reply, provider_id = v.provider_id,
       sent_date = CASE WHEN v.state = 'accepted' THEN v.at::timestamp END,
       settled = v.state IN ('sending', 'queued'),
       claimer = CASE WHEN v.state = 'sending' THEN d.claimer END, write_date = v.at::timestamp
  FROM (VALUES %s) AS v(id, state, tried, next_attempt, failure_type, server_reply, provider_id, at)
 WHERE d.id = v.id AND d.claimer = {claimer} AND d.state IN ('claimed', 'sending')
RETURNING d.id
"""


class ClaimLost(Exception):
    """Rows that were ours were taken back meanwhile: nothing may be sent for them."""


@dataclass(frozen=True)
class Claimed:
    """One delivery that is ours to send."""

    id: int
    history_id: int
    variant_id: int | None
    address: str
    attempts: int
    expires: datetime | None
    priority: int
    queued: datetime


@dataclass(frozen=True)
class Outcome:
    """What is to be noted about one delivery.

    :param state: ``sending``, or a result; ``queued`` gives the claim back, untried
    :param tried: whether it counts as an attempt
    """

    id: int
    state: str
    tried: bool = True
    next_attempt: datetime | None = None
    failure_type: str | None = None
    server_reply: str | None = None
    provider_id: str | None = None


@dataclass(frozen=True)
class Rates:
    """How many recipients a channel may serve within a minute, an hour, a day; 0 is no limit."""

    minute: int = 0
    hour: int = 0
    day: int = 0

    def windows(self) -> list[tuple[int, int]]:
        """Pairs (seconds, limit) of the limits that there are."""
        return [(seconds, limit) for seconds, limit in ((60, self.minute), (3600, self.hour), (86400, self.day))
                if limit > 0]


class Journal:
    """A sender's side of the outbox. For one thread; a context manager, which ends the connection."""

    def __init__(self, dbname: str) -> None:
        self._connection = locks.connect(dbname, "odoo-outbox")
        self._cursor = self._connection.cursor()
        self.claimer = 0
        while not self.claimer:
            number = random.getrandbits(31) or 1
            if self._lock(CLAIMER, number):
                self.claimer = number

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connection, and with it the claim on whatever is not finished."""
        self._connection.close()

    def try_slot(self, space: int, keys: Iterable[int]) -> int | None:
        """Take the first free of several advisory locks, for as long as the journal lives."""
        return next((key for key in keys if self._lock(space, key)), None)

    def _lock(self, space: int, key: int) -> bool:
        ((taken,),) = self._rows("SELECT pg_try_advisory_lock(%s, %s)", (locks.signed(space), key))
        return bool(taken)

    def _rows(self, query: str, values: Any = None) -> list[tuple[Any, ...]]:
        self._cursor.execute(query, values)
        sql_db.sql_counter += 1  # so that Odoo's own count of statements stays true
        return self._cursor.fetchall() if self._cursor.description else []

    # Claiming ---------------------------------------------------------------------------------

    def claim(self, queue: int, via: int, limit: int, rates: Rates = Rates(),
              without: Sequence[int] = ()) -> list[Claimed]:
        """Take up to ``limit`` deliveries of a channel's queue, those that are due included.

        :param queue: the channel whose queue it is; ``via``: the channel that is going to send
        :param rates: limits of ``via``; what was tried lately is counted, exactly and sliding
        :param without: delivery ids to leave where they are
        """
        values = {"queue": queue, "via": via, "limit": limit, "now": now(), "claimer": self.claimer,
                  "without": list(without)}
        if not rates.windows():
            return [Claimed(*row) for row in sorted(self._rows(_CLAIM, values), key=_order)]
        self._rows("SELECT pg_advisory_lock(%s, %s)", (locks.signed(RATE), via))
        try:
            values["limit"] = min(limit, self.allowance(via, rates))
            return [Claimed(*row) for row in sorted(self._rows(_CLAIM, values), key=_order)] if values["limit"] else []
        finally:
            self._rows("SELECT pg_advisory_unlock(%s, %s)", (locks.signed(RATE), via))

    def allowance(self, via: int, rates: Rates) -> int:
        """Return how many recipients a channel may serve now."""
        left = []
        for seconds, limit in rates.windows():
            ((used,),) = self._rows(
                "SELECT COUNT(*) FROM (SELECT 1 FROM message_delivery WHERE via_channel_id = %s AND attempt_date > %s "
                "LIMIT %s) used", (via, now() - timedelta(seconds=seconds), limit))
            left.append(limit - used)
        return max(0, min(left)) if left else 2**31

    def contents(self, history_ids: Iterable[int]) -> dict[int, tuple[Any, ...]]:
        """Return {history id: (content or None, file name or None, its size, envelope sender, most attempts,
        Message-ID)}."""
        rows = self._rows(
            "SELECT h.id, r.content, r.store_name, r.size, h.envelope_sender, h.max_attempts, h.message_uid "
            "FROM message_history h "
            "LEFT JOIN message_raw r ON r.history_id = h.id WHERE h.id = ANY(%s)", (sorted(set(history_ids)),))
        return {row[0]: row[1:] for row in rows}

    def senders(self, history_ids: Iterable[int]) -> dict[int, str]:
        """Return {history id: the address in its From}, for those who may not send for everybody."""
        return dict(self._rows("SELECT id, names->>'from' FROM message_history WHERE id = ANY(%s)",
                               (sorted(set(history_ids)),)))  # type: ignore[arg-type]

    def variants(self, variant_ids: Iterable[int]) -> dict[int, tuple[bytes, int]]:
        """Return {variant id: (head, bytes shared with the original's end)}."""
        wanted = sorted(set(variant_ids))
        if not wanted:
            return {}
        rows = self._rows("SELECT id, head, shared FROM message_variant WHERE id = ANY(%s)", (wanted,))
        return {variant_id: (bytes(head), shared) for variant_id, head, shared in rows}

    # Noting -----------------------------------------------------------------------------------

    def note(self, outcomes: Sequence[Outcome]) -> None:
        """Make outcomes durable, in one statement.

        :raise ClaimLost: when a delivery that is to be sent is not ours any more
        :raise psycopg2.Error: when PostgreSQL is gone: then nothing may be sent either
        """
        if not outcomes:
            return
        moment = now()
        rows = [(one.id, one.state, int(one.tried and one.state not in ("sending", "queued")), one.next_attempt,
                 one.failure_type, one.server_reply, one.provider_id, moment) for one in outcomes]
        template = "(%s::int, %s, %s::int, %s, %s, %s, %s, %s)"
        found = execute_values(self._cursor, _NOTE.format(claimer=int(self.claimer)), rows, template=template,
                               page_size=len(rows), fetch=True)
        sql_db.sql_counter += 1
        noted = {delivery_id for (delivery_id,) in found}
        if lost := [one.id for one in outcomes if one.state == "sending" and one.id not in noted]:
            raise ClaimLost(f"no longer ours: {lost}")


def now() -> datetime:
    """Return the present moment as Odoo keeps it: naive, in UTC, whole seconds."""
    return datetime.utcnow().replace(microsecond=0)  # noqa: DTZ003


def _order(row: Sequence[Any]) -> tuple[int, int]:
    return row[6], row[0]


def take_back(connection: "locks.AdvisoryLocks", claimers: Iterable[int]) -> list[int]:
    """Return those of some senders that are dead; their locks are ours until :func:`let_go`."""
    return sorted(connection.try_locks(CLAIMER, claimers))


def let_go(connection: "locks.AdvisoryLocks", claimers: Iterable[int]) -> None:
    """Release the locks of dead senders."""
    connection.unlock(CLAIMER, claimers)


DatabaseError = psycopg2.Error
