"""One channel, held by one thread of the listener."""

import logging
import random
import threading
import time

from ..lib.errors import ChannelError
from ..lib.transport import Capability
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
        self._stop, self._poked = threading.Event(), threading.Event()
        self._transport = None
        self._failures = 0
        self._noted = None  # the error that fetching wrote down itself
        self._next_heartbeat = 0.0

    def stop(self):
        """End within about a second, or at the end of the chunk that is being stored."""
        self._stop.set()

    def run(self):
        """Hold the channel until :meth:`stop`; broken connections are made again, ever slower."""
        while not self._stopped():
            try:
                self._hold_once()
            except ChannelError as error:
                self._failures += 1
                self._note(error)
                delay = max(error.retry_after or 0, min(MAX_BACK_OFF, 2.0 ** min(self._failures, 10)))
                delay *= random.uniform(0.8, 1.2)  # noqa: S311 - spreads the load, guards no secret
                _logger.info("Channel %s: %s; again in %.0f s", self.channel_id, error, delay)
                self._wait(delay)
            finally:
                self._close()

    def _note(self, error):
        """Write down why the channel does not work: listening fails before anything is fetched."""
        if error is self._noted:
            return
        with self.process.environment() as env:
            in_transaction(env, _note_error, self.channel_id, error)

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

    def poke(self):
        """Have the thread look at the channel again: processing left something to do on the server."""
        self._poked.set()

    def _hold_once(self):
        """Fetch and listen over one connection until it breaks or the hold ends."""
        with self.process.environment() as env:
            self._transport = env["message.channel"].browse(self.channel_id)._get_transport()
        while not self._stopped():
            self._poked.clear()
            if Capability.LISTEN in self._transport.capabilities:
                # tells of every folder at its beginning, so that nothing is missed before it
                self._transport.listen(self._fetch, self._interrupted)
            else:
                self._fetch()
                self._close()
                self._wait(POLL)

    def _interrupted(self):
        return self._stopped() or self._poked.is_set()

    def _fetch(self, folder=None):
        """Fetch what is new in a folder, over the connection that listens."""
        if self._stopped():
            return
        with self.process.environment() as env:
            channel = env["message.channel"].browse(self.channel_id)
            report = env["message.fetcher"]._fetch_over(self._transport, channel, only=folder)
        self.received += report.received
        if report.error and report.error.field != "folder":
            self._noted = report.error
            raise report.error  # one broken folder is noted on the channel and never stops the others
        self._failures = 0

    def _close(self):
        if self._transport is not None:
            self._transport.close()


def _beat(env, channel_id):
    channel = env["message.channel"].browse(channel_id)
    env["message.channel.status"]._get(channel)._note_heartbeat()


def _note_error(env, channel_id, error):
    channel = env["message.channel"].browse(channel_id)
    env["message.channel.status"]._get(channel)._note_error(error, env["message.fetcher"]._words_for(error))
