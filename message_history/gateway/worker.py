"""Works off the ledger, woken by PostgreSQL's notifications."""

import logging

import psycopg2

from ..models.message_worker import NOTIFY
from ..tools import locks
from .process import Process

_logger = logging.getLogger(__name__)

#: Seconds without a notification after which the ledger is looked at all the same.
LOOK_AGAIN = 5.0
#: Seconds to wait when all that is there belongs to other workers just now.
YIELD = 0.02


def run(dbname):
    """Process messages until told to stop; returns the exit code."""
    process = Process(dbname, "worker")
    process.stop_on_signals()
    _logger.info("Worker %s begins", process.pid)
    while not process.stopping.is_set():
        try:
            with locks.AdvisoryLocks(dbname) as held:
                held.listen(NOTIFY)
                _work(process, held)
        except psycopg2.OperationalError as error:
            _logger.warning("The database is out of reach, trying again: %s", error)
            process.stopping.wait(LOOK_AGAIN)
    return process.leave()


def _work(process, held):
    while not process.stopping.is_set() and process.check_registry():
        process.pulse()
        with process.environment() as env:
            worker = env["message.worker"]
            count = worker._process_batch(held)
            process.handled += count
            busy = not count and worker._count_claimable(limit=1)
        if not count:
            held.wait(YIELD if busy else LOOK_AGAIN)


def run_once(dbname):
    """Process what is there and end; returns the exit code."""
    process = Process(dbname, "worker")
    with locks.AdvisoryLocks(dbname) as held:
        count = 1
        while count:
            with process.environment() as env:
                count = env["message.worker"]._process_batch(held)
            process.handled += count
    _logger.info("%s messages processed", process.handled)
    return process.leave()
