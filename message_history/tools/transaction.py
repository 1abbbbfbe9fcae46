"""The one place that commits.

Whatever the ledger must have on disk before it goes on (raw messages before the server is told,
a claim, the outcome of a batch) runs as a unit of work here: a cursor of its own, one function,
one commit. A unit that another transaction got in the way of is started anew, from its first
statement, since a savepoint would keep the stale snapshot (PostgreSQL, *Repeatable Read*).
"""

import logging
import random
import time
from collections.abc import Callable, Mapping
from typing import Any

import psycopg2
from odoo import SUPERUSER_ID, api, modules, sql_db
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

_logger = logging.getLogger(__name__)

#: What PostgreSQL raises when the whole transaction has to be started anew.
CONCURRENCY_ERRORS = tuple(PG_CONCURRENCY_EXCEPTIONS_TO_RETRY)


def in_transaction(
    env: api.Environment,
    function: Callable[..., Any],
    *args: Any,
    attempts: int = 5,
    context: Mapping[str, Any] | None = None,
) -> Any:
    """Run ``function(env, *args)`` as superuser in a transaction of its own and commit it.

    :param attempts: how often a unit that met a serialization failure or deadlock is started
    :return: what the function returned
    :raise psycopg2.Error: the last concurrency error, when every attempt met one

    In a test case that has not entered the registry's test mode a second cursor would not see the
    test's records: there, the function runs in a savepoint of the test's own transaction.
    """
    if _inside_plain_test():
        with env.cr.savepoint():
            return function(_superuser(env, env.cr, context), *args)
    for attempt in range(1, attempts + 1):
        with env.registry.cursor() as cr:
            try:
                result = function(_superuser(env, cr, context), *args)
                # a cursor of its own, and one unit of work: to commit it is what this is for
                cr.commit()  # pylint: disable=invalid-commit
            except CONCURRENCY_ERRORS as error:
                cr.rollback()
                env.registry.reset_changes()
                if attempt == attempts:
                    raise
                _logger.info("%s met a concurrent transaction, attempt %s: %s",
                             getattr(function, "__name__", function), attempt, error)
            else:
                env.registry.signal_changes()
                return result
        time.sleep(random.uniform(0.0, 0.02 * 2**attempt))  # noqa: S311 - spreads the load
    raise psycopg2.OperationalError("no attempt allowed")


def apart(env: api.Environment, function: Callable[..., Any], *args: Any) -> Any:
    """Run ``function(env, *args)`` as superuser on a connection that is no part of the present transaction; commit.

    For what must outlive whatever becomes of the present transaction and of its savepoints. It may
    neither read nor refer to rows of that transaction, nor wait for them: they would wait for each
    other for ever. In a test, too, it is another connection, since the test's own has the savepoints.
    """
    with sql_db.db_connect(env.cr.dbname).cursor() as cr:
        result = function(_superuser(env, cr, None), *args)
        # a cursor of its own, and one unit of work: to commit it is what this is for
        cr.commit()  # pylint: disable=invalid-commit
    return result


def _superuser(env: api.Environment, cr: Any, context: Mapping[str, Any] | None) -> api.Environment:
    """Return the superuser's environment on a cursor, with only the context that was asked for."""
    return api.Environment(cr, SUPERUSER_ID, dict(context or {}))


def _inside_plain_test() -> bool:
    test = modules.module.current_test
    return bool(test) and not getattr(test, "_registry_patched", False)
