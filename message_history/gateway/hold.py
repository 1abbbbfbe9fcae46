"""One channel, held by one thread of the listener."""

import logging
import random
import threading
import time

from odoo.addons.message_history.lib.errors import ChannelError
from odoo.addons.message_history.lib.transport import Capability

from ..tools.transaction import in_transaction

_logger = logging.getLogger(__name__)

#: Seconds between two fetches of a channel that can't tell us of news.
POLL = 30.0
#: Seconds between two heartbeats of a channel.
HEARTBEAT = 15.0
#: Longest wait after failures, in seconds.
MAX_BACK_OFF = 300.0


class Hold:
    """Listens to one channel and fetches what is new, again and again.

    :param version: what the channel's settings looked like: when they change the hold ends
    """

    def __init__(self, process, channel_id, version):
        self.process, self.channel_id, self.version = process, channel_id, version
        self.future = None
        self.received = 0
        self._stop = threading.Event()
        self._fetching = None
        self._next_heartbeat = 0.0

    def stop(self):
        """End within about a second, or at the end of the chunk that is being stored."""
        self._stop.set()

    def run(self):
        """Hold the channel until :meth:`stop`; broken connections are made again, ever slower."""
        failures = 0
        while not self._stopped():
            try:
                if self._hold_once():
                    failures = 0
            except ChannelError as error:
                failures += 1
                delay = max(error.retry_after or 0, min(MAX_BACK_OFF, 2.0 ** min(failures, 10)))
                delay *= random.uniform(0.8, 1.2)
                _logger.info("Channel %s: %s; again in %.0f s", self.channel_id, error, delay)
                self._wait(delay)
            finally:
                self._close()

    def _stopped(self):
        """Whether to end; looked at often, so the heartbeat is here too."""
        if time.monotonic() >= self._next_heartbeat:
            self._next_heartbeat = time.monotonic() + HEARTBEAT
            self._heartbeat()
        return self._stop.is_set() or self.process.stopping.is_set()

    def _wait(self, seconds):
        limit = time.monotonic() + seconds
        while time.monotonic() < limit and not self._stopped():
            self._stop.wait(0.2)

    def _heartbeat(self):
        with self.process.environment() as env:
            in_transaction(env, _beat, self.channel_id)

    def _hold_once(self):
        """Fetch, then listen until the connection breaks; returns whether that worked."""
        self._fetch()
        with self.process.environment() as env:
            transport = env["message.channel"].browse(self.channel_id)._get_transport()
        if Capability.LISTEN not in transport.capabilities:
            self._close()
            self._wait(POLL)
            return True
        with transport:
            transport.listen(self._on_event, self._stopped)
        return True

    def _on_event(self, _folder):
        if not self._stopped():
            self._fetch()

    def _fetch(self):
        """Fetch over a connection that is kept, so that news cost no login."""
        with self.process.environment() as env:
            channel = env["message.channel"].browse(self.channel_id)
            if self._fetching is None:
                self._fetching = channel._get_transport()
            report = env["message.fetcher"]._fetch_over(self._fetching, channel)
        self.received += report.received
        if report.error:
            raise report.error

    def _close(self):
        if self._fetching is not None:
            self._fetching.close()
            self._fetching = None


def _beat(env, channel_id):
    channel = env["message.channel"].browse(channel_id)
    env["message.channel.status"]._get(channel)._note_heartbeat()
