"""Works off the ledger, woken by PostgreSQL's notifications."""

import logging
import time

import psycopg2

from ..models.message_worker import NOTIFY
from ..tools import locks
from .process import Process

_logger = logging.getLogger(__name__)

#: Seconds without a notification after which the ledger is looked at all the same.
LOOK_AGAIN = 5.0
#: Seconds to wait when all that is there belongs to other workers just now.
YIELD = 0.02
#: Seconds to wait while helpers have something under way, unless a notification comes.
ATTEND = 0.1
#: Seconds after which conversations show what became of their messages, at the latest.
SETTLE = 2.0


def run(dbname):
    """Process messages until told to stop; returns the exit code."""
    process = Process(dbname, "worker")
    process.stop_on_signals()
    _logger.info("Worker %s begins", process.pid)
    while not process.stopping.is_set():
        try:
            with locks.AdvisoryLocks(dbname) as held, _Helpers(process) as helpers:
                held.listen(NOTIFY)
                _work(process, held, helpers)
        except psycopg2.OperationalError as error:
            _logger.warning("The database is out of reach, trying again: %s", error)
            process.stopping.wait(LOOK_AGAIN)
    return process.leave()


class _Helpers:
    """What addons do in a worker's process beside processing what came in."""

    def __init__(self, process):
        with process.environment() as env:
            self._helpers = env["message.worker"]._helpers(process)

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        for helper in self._helpers:
            helper.close()

    @property
    def busy(self):
        """Whether one of them wants to go on soon."""
        return any(helper.busy for helper in self._helpers)

    def work(self, held):
        """Let each do what there is; returns how much it was."""
        return sum(helper.work(held) for helper in self._helpers)


def _work(process, held, helpers):
    settled = 0.0
    while not process.stopping.is_set() and process.check_registry():
        process.pulse()
        with process.environment() as env:
            worker = env["message.worker"]
            count = worker._process_batch(held)
            busy = not count and worker._count_claimable(limit=1)
        count += helpers.work(held)
        process.handled += count
        if time.monotonic() > settled + SETTLE or not (count or busy or helpers.busy):
            with process.environment() as env:
                env["message.worker"]._settle_conversations()
            settled = time.monotonic()
        if not count:
            held.wait(YIELD if busy else ATTEND if helpers.busy else LOOK_AGAIN)


def run_once(dbname):
    """Process what is there and end; returns the exit code."""
    process = Process(dbname, "worker")
    with locks.AdvisoryLocks(dbname) as held, _Helpers(process) as helpers:
        count = 1
        while count or helpers.busy:
            with process.environment() as env:
                count = env["message.worker"]._process_batch(held)
            count += helpers.work(held)
            process.handled += count
            if not count:
                held.wait(YIELD)
    with process.environment() as env:
        env["message.worker"]._settle_conversations()
    _logger.info("%s messages processed", process.handled)
    return process.leave()
