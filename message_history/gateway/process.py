"""What listener and worker have in common: a database, an environment, a stop signal, a pulse."""

import contextlib
import logging
import os
import signal
import socket
import threading
import time

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry

from ..tools.transaction import in_transaction

_logger = logging.getLogger(__name__)

#: Seconds between two notes of being alive.
PULSE = 15
#: Exit code that asks the supervisor for a fresh process (the registry changed: an upgrade).
EXIT_RENEW = 75


class Process:
    """One process of the gateway."""

    def __init__(self, dbname, role):
        self.dbname, self.role = dbname, role
        self.host, self.pid = socket.gethostname(), os.getpid()
        self.stopping = threading.Event()
        self.renew = False
        self.handled = 0
        self._next_pulse = 0.0
        self.registry = Registry(dbname)

    def stop_on_signals(self):
        """Stop at the end of the present unit of work on SIGTERM and SIGINT."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_args: self.stopping.set())

    @contextlib.contextmanager
    def environment(self):
        """Give a superuser's environment on a cursor of its own."""
        with self.registry.cursor() as cr:
            yield api.Environment(cr, SUPERUSER_ID, {})

    def check_registry(self):
        """Notice upgrades and cleared caches of other processes; says whether to go on."""
        fresh = self.registry.check_signaling()
        if fresh is not self.registry:
            _logger.info("The database was upgraded: %s %s starts anew", self.role, self.pid)
            self.renew = True
            self.stopping.set()
        return not self.renew

    def pulse(self):
        """Note in the database, now and then, that this process is alive."""
        if time.monotonic() >= self._next_pulse:
            self._next_pulse = time.monotonic() + PULSE
            with self.environment() as env:
                in_transaction(env, _beat, self.host, self.pid, self.role, self.handled)

    def leave(self):
        """Note that this process ends; returns its exit code."""
        with self.environment() as env:
            in_transaction(env, _leave, self.host, self.pid)
        return EXIT_RENEW if self.renew else 0


def _beat(env, host, pid, role, handled):
    env["message.gateway"]._beat(host, pid, role, handled)


def _leave(env, host, pid):
    env["message.gateway"]._leave(host, pid)
