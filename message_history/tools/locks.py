"""Advisory locks on a connection of their own.

Whether the holder of a channel, or of a sender, is alive is proven by PostgreSQL: its lock ends
with its connection, and short TCP keepalives end the connection of a machine that vanished. The
connection is in autocommit mode and must not pass through a transaction pooler, which would hand
it to somebody else between two statements.
"""

import logging
import select
import threading
import zlib
from collections.abc import Iterable
from typing import Any

import psycopg2
from odoo.sql_db import connection_info_for

_logger = logging.getLogger(__name__)

#: First keys of the two-key advisory locks that we take (``pg_try_advisory_lock(int, int)``).
CHANNEL, SENDER, SETTLE, ALARM = 0x6D680001, 0x6D680002, 0x6D680003, 0x6D680004
#: Held by the transaction that works under a lock of :data:`SENDER`; see :meth:`AdvisoryLocks.try_locks`.
SENDER_WORK = 0x6D680005

_KEEPALIVE = {
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30000,
}


def int32(value: int | str) -> int:
    """Fold any key into PostgreSQL's ``int4``; two keys that meet merely wait for each other."""
    if isinstance(value, str):
        value = zlib.crc32(value.encode())
    folded = (value ^ (value >> 32)) & 0xFFFFFFFF
    return folded - 0x100000000 if folded >= 0x80000000 else folded


def connect(dbname: str, name: str) -> Any:
    """Return a connection in autocommit mode that nobody else uses and whose loss is noticed soon."""
    _dbname, info = connection_info_for(dbname)
    connection = psycopg2.connect(**{**info, **_KEEPALIVE, "application_name": name})
    connection.autocommit = True
    return connection


class AdvisoryLocks:
    """Session-level advisory locks, and notifications, on one dedicated connection.

    Not for several threads at once. Use it as a context manager: leaving it ends the connection
    and with it every lock.
    """

    def __init__(self, dbname: str) -> None:
        self._connection = connect(dbname, "odoo-gateway-locks")
        self._cursor = self._connection.cursor()
        self._mutex = threading.Lock()

    def __enter__(self) -> "AdvisoryLocks":
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connection, which releases every lock."""
        self._connection.close()

    def try_lock(self, space: int, key: int) -> bool:
        """Take one lock if it is free; says whether it is ours now."""
        return bool(self.try_locks(space, [key]))

    def try_locks(self, space: int, keys: Iterable[int], work: int = 0) -> set[int]:
        """Take those of several locks that are free, in one round trip; returns their keys.

        :param work: the space of the locks that transactions take for the time of their work under
            ``space`` (:func:`hold_work`). PostgreSQL carries a commit through although the client
            that asked for it was killed, and with it the lock in ``space``: a lock whose last
            holder's transaction is still at it is not free.
        """
        wanted = sorted(set(keys))
        if not wanted:
            return set()
        query, values = "SELECT key FROM unnest(%s::int[]) AS key WHERE pg_try_advisory_lock(%s, key)", [signed(space)]
        if work:
            # whoever has the lock in ``space`` is alone with that in ``work``: looking is enough
            query = (
                "SELECT key FROM unnest(%s::int[]) AS key WHERE CASE WHEN NOT pg_try_advisory_lock(%s, key) THEN false "
                "WHEN pg_try_advisory_lock(%s, key) THEN pg_advisory_unlock(%s, key) "
                "ELSE NOT pg_advisory_unlock(%s, key) END"
            )
            values = [signed(space), signed(work), signed(work), signed(space)]
        with self._mutex:
            self._cursor.execute(query, (wanted, *values))
            return {row[0] for row in self._cursor.fetchall()}

    def unlock(self, space: int, keys: Iterable[int]) -> None:
        """Release locks that :meth:`try_locks` returned."""
        with self._mutex:
            self._cursor.execute(
                "SELECT pg_advisory_unlock(%s, key) FROM unnest(%s::int[]) AS key",
                (signed(space), list(keys)),
            )

    def alive(self) -> bool:
        """Whether the connection, and so every lock taken on it, still stands."""
        try:
            with self._mutex:
                self._cursor.execute("SELECT 1")
        except psycopg2.Error:
            _logger.warning("The connection that holds the locks is gone")
            return False
        return True

    def listen(self, name: str) -> None:
        """Subscribe to a PostgreSQL notification channel; see :meth:`wait`."""
        with self._mutex:
            self._cursor.execute(psycopg2.extensions.quote_ident(name, self._cursor).join(("LISTEN ", "")))

    def wait(self, timeout: float) -> list[Any]:
        """Wait up to ``timeout`` seconds for a notification; returns the payloads that came."""
        ready, _w, _x = select.select([self._connection], [], [], timeout)
        if not ready:
            return []
        with self._mutex:
            self._connection.poll()
        payloads = [notice.payload for notice in self._connection.notifies]
        self._connection.notifies.clear()
        return payloads


def hold_work(cr: Any, space: int, keys: Iterable[int]) -> None:
    """Have a transaction hold locks until it really ends, whatever becomes of its client."""
    if wanted := sorted(set(keys)):
        cr.execute("SELECT pg_advisory_xact_lock(%s, key) FROM unnest(%s::int[]) AS key", [signed(space), wanted])


def signed(space: int) -> int:
    """Return the key of a space of locks as PostgreSQL's signed ``int4``."""
    return space - 0x100000000 if space >= 0x80000000 else space
