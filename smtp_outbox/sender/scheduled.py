"""Sending without the gateway: within Odoo's scheduled actions."""

import contextlib
import time

from odoo import SUPERUSER_ID, api
from odoo.addons.message_history.tools import locks

from .pump import Pump

#: Seconds between two looks while mails are on their way.
PAUSE = 0.05


class _Host:
    """What the pump asks of its process."""

    def __init__(self, registry):
        self._registry = registry
        self.dbname = registry.db_name

    @contextlib.contextmanager
    def environment(self):
        """Give a superuser's environment on a cursor of its own."""
        with self._registry.cursor() as cr:
            yield api.Environment(cr, SUPERUSER_ID, {})


def run_scheduled(env):
    """Send until nothing can be sent now or the scheduled action's time is up."""
    progress = env["ir.cron"]._commit_progress
    pump = Pump(_Host(env.registry))
    try:
        with locks.AdvisoryLocks(env.cr.dbname) as held:
            quiet = 0
            while quiet < 4:
                count = pump.work(held)
                quiet = 0 if count or pump.busy else quiet + 1
                if count and not progress(count, remaining=1):
                    break
                time.sleep(PAUSE)
    finally:
        pump.close()
    env["message.worker"]._settle_conversations()
    progress(remaining=0)
