"""Copies within a worker of the gateway: a thread for each account, so that none waits for another."""

import logging
import threading
import time
from typing import Any

from .copier import Copier

_logger = logging.getLogger(__name__)

#: Seconds between two looks at what is due.
LOOK = 0.2
#: Accounts served at a time.
MOST_ACCOUNTS = 4
#: Seconds that an account is left alone after a failure, and after another process was found at it.
AFTER_FAILURE, AFTER_BUSY = 60.0, 5.0
#: Seconds that threads have for a clean end.
GRACE = 10.0


class CopyHelper:
    """See ``message.worker._helpers``: nothing in here waits for a server.

    :param process: has ``dbname`` and ``environment()``, which is safe to call from any thread
    """

    def __init__(self, process: Any) -> None:
        self._process = process
        self._stopping = threading.Event()
        self._threads: dict[int, threading.Thread] = {}
        self._not_before: dict[int, float] = {}
        self._next_look = 0.0
        self._owes_look = False

    @property
    def busy(self) -> bool:
        """Whether copies are on their way, or may have become due since the last look."""
        return self._owes_look or any(thread.is_alive() for thread in self._threads.values())

    def work(self, _held: Any) -> int:
        """Serve the accounts that have copies to get; returns 0, since threads do the work."""
        self._owes_look = time.monotonic() < self._next_look
        if not self._owes_look:
            self._next_look = time.monotonic() + LOOK
            self._threads = {key: thread for key, thread in self._threads.items() if thread.is_alive()}
            with self._process.environment() as env:
                due = env["message.sent.copy"]._due_servers()
            for server_id in due:
                if self._may_start(server_id):
                    self._start(server_id)
        return 0

    def close(self) -> None:
        """End after the copies that are on their way."""
        self._stopping.set()
        until = time.monotonic() + GRACE
        for thread in self._threads.values():
            thread.join(max(0.0, until - time.monotonic()))

    def _may_start(self, server_id: int) -> bool:
        return (server_id not in self._threads and len(self._threads) < MOST_ACCOUNTS
                and time.monotonic() >= self._not_before.get(server_id, 0.0))

    def _start(self, server_id: int) -> None:
        thread = threading.Thread(target=self._run, args=(server_id,), name=f"sent-copies-{server_id}", daemon=True)
        self._threads[server_id] = thread
        thread.start()

    def _run(self, server_id: int) -> None:
        pause = AFTER_FAILURE
        try:
            with self._process.environment() as env:
                report = Copier(env, server_id, self._stopping.is_set).run()
            pause = AFTER_FAILURE if report.error else AFTER_BUSY if report.busy else 0.0
        except Exception:  # whatever it is: what is wanted stays wanted, and the worker goes on
            _logger.exception("Copies to account %s stopped", server_id)
        self._not_before[server_id] = time.monotonic() + pause
