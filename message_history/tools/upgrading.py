"""For migration scripts: keeps everybody else out of tables while they are changed.

A gateway that goes on working during an upgrade changes rows that the upgrade has seen otherwise, and
PostgreSQL then refuses the upgrade's own changes (*Repeatable Read*).
"""

import logging
import time
from collections.abc import Sequence
from typing import Any

import psycopg2
from odoo.sql_db import connection_info_for
from odoo.tools import SQL, config

_logger = logging.getLogger(__name__)

#: Shorter than PostgreSQL's own search for deadlocks (1 s): we give way, the others lose nothing.
_LOCK_MILLISECONDS = 700
#: Seconds after which an upgrade gives up.
_SECONDS = 120
_guards: list[Any] = []


def hold(cr: Any, tables: Sequence[str]) -> None:
    """Begin a transaction in which nobody else writes into some tables; others wait until it is committed.

    What was done before in the present transaction is committed: only a transaction whose first
    statement is the lock sees everything that was written before it was granted.

    :raise psycopg2.errors.LockNotAvailable: when somebody else holds one of them all the time
    """
    cr.execute("SELECT relname FROM pg_class WHERE relname = ANY(%s) AND relkind = 'r'", [list(tables)])
    there = {name for (name,) in cr.fetchall()}
    names = SQL(", ").join(SQL.identifier(name) for name in tables if name in there)
    end = time.monotonic() + _SECONDS
    while names:
        # the lock must be the first thing that a transaction does, or rows that were written before it are not seen
        cr.commit()  # pylint: disable=invalid-commit
        try:
            cr.execute(SQL("SET LOCAL lock_timeout = %s", _LOCK_MILLISECONDS))
            cr.execute(SQL("LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE", names), log_exceptions=False)
            cr.execute("SET LOCAL lock_timeout = 0")
        except psycopg2.errors.LockNotAvailable:
            cr.rollback()
            if time.monotonic() > end:
                raise
            _logger.info("Somebody works with the messages just now; the upgrade tries again")
            time.sleep(0.1)
        else:
            return


def stop_others(dbname: str) -> None:
    """Have every other process of this database wait at its next look for upgrades, until :func:`let_others_go`.

    They look before each unit of work. Only where the process ends with the upgrade: a server that went
    on after a failed one would have itself waiting.
    """
    if not config["stop_after_init"] or _guards:
        return
    _dbname, info = connection_info_for(dbname)
    guard = psycopg2.connect(**{**info, "application_name": "odoo-upgrade"})
    try:
        with guard.cursor() as cursor:
            cursor.execute("SET lock_timeout = '10s'")
            cursor.execute("LOCK TABLE orm_signaling_registry IN ACCESS EXCLUSIVE MODE")
        _guards.append(guard)
    except psycopg2.Error as error:
        guard.close()
        _logger.info("Other processes go on during the upgrade: %s", error)


def let_others_go() -> None:
    """Let the others go on."""
    while _guards:
        _guards.pop().close()
