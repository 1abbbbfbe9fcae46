"""Holds channels and turns their events into ledger rows at once.

One asyncio process supervises; each channel it holds has a thread, which waits in the transport's
``listen`` and fetches when something is new. A channel is held by taking its advisory lock on the
process's lock connection: when that connection breaks every hold ends, since another listener may
have taken over by then.
"""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor

import psycopg2

from ..tools import locks
from .hold import Hold
from .process import Process

_logger = logging.getLogger(__name__)

#: Seconds between two looks at which channels there are and which are free.
LOOK_AGAIN = 5.0
MAX_CHANNELS = 1000


def run(dbname, only=None):
    """Hold every channel that nobody else holds, until told to stop; returns the exit code."""
    process = Process(dbname, "listener")
    process.stop_on_signals()
    _logger.info("Listener %s begins", process.pid)
    with ThreadPoolExecutor(max_workers=MAX_CHANNELS, thread_name_prefix="channel") as pool:
        while not process.stopping.is_set():
            try:
                with locks.AdvisoryLocks(dbname) as held:
                    asyncio.run(_Listener(process, held, pool, only).run())
            except psycopg2.OperationalError as error:
                _logger.warning("The database is out of reach, trying again: %s", error)
                process.stopping.wait(LOOK_AGAIN)
    return process.leave()


class _Listener:
    """The holds of one lock connection."""

    def __init__(self, process, held, pool, only):
        self.process, self.held, self.pool, self.only = process, held, pool, only
        self.holds = {}

    async def run(self):
        """Take and give up channels until the process stops or the locks are gone."""
        try:
            while not self.process.stopping.is_set():
                await asyncio.to_thread(self._look)
                await self._sleep(LOOK_AGAIN)
                if not await asyncio.to_thread(self.held.alive):
                    raise psycopg2.OperationalError("the lock connection is gone")
        finally:
            for hold in self.holds.values():
                hold.stop()
            await asyncio.gather(*(asyncio.wrap_future(hold.future) for hold in self.holds.values()),
                                 return_exceptions=True)

    async def _sleep(self, seconds):
        step = 0.2
        while seconds > 0 and not self.process.stopping.is_set():
            await asyncio.sleep(step)
            seconds -= step

    def _look(self):
        """Compare the channels there are with those that are held."""
        if not self.process.check_registry():
            return
        self.process.pulse()
        self.process.handled = sum(hold.received for hold in self.holds.values())
        wanted, owing = self._wanted()
        for channel_id, hold in list(self.holds.items()):
            if hold.future.done() or wanted.get(channel_id) != hold.version:
                hold.stop()
                if hold.future.done():
                    self._release(channel_id)
        for channel_id in owing & self.holds.keys():
            self.holds[channel_id].poke()
        for channel_id, version in wanted.items():
            if channel_id not in self.holds and self.held.try_lock(locks.CHANNEL, channel_id):
                _logger.info("Channel %s is ours", channel_id)
                hold = self.holds[channel_id] = Hold(self.process, channel_id, version)
                hold.future = self.pool.submit(hold.run)

    def _release(self, channel_id):
        hold = self.holds.pop(channel_id)
        if error := hold.future.exception():
            _logger.error("The thread of channel %s broke", channel_id, exc_info=error)
        self.held.unlock(locks.CHANNEL, [channel_id])

    def _wanted(self):
        """Return {channel id: what its settings looked like}, and the ids that owe their server something."""
        with self.process.environment() as env:
            channels = env["message.channel"].search(env["message.channel"]._receiving_domain())
            wanted = {
                channel.id: channel._settings_version() for channel in channels
                if channel._is_usable() and (not self.only or channel.id in self.only)
            }
            return wanted, env["message.fetcher"]._channels_with_remote_actions()


def run_once(dbname, only=None):
    """Fetch every channel once; returns the exit code, 1 when one of them failed."""
    process = Process(dbname, "listener")
    failed = 0
    with process.environment() as env:
        channels = env["message.channel"].search(env["message.channel"]._receiving_domain())
        for channel in channels:
            if not only or channel.id in only:
                report = env["message.fetcher"]._fetch_channel(channel)
                failed += bool(report.error)
                _logger.info("%s: %s", channel.name, report.words(env))
    process.leave()
    return 1 if failed else 0
