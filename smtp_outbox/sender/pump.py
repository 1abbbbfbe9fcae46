"""The outbox of one process: enters mails, has as many senders as there is work, settles."""

import logging
import queue
import time
from pathlib import Path

from odoo.addons.message_history.lib.errors import ChannelError
from odoo.addons.message_history.tools.transaction import in_transaction
from odoo.tools import SQL, config

from ..models.mail_expander import BATCH
from .sender import Sender, Way, stop_all

_logger = logging.getLogger(__name__)

#: Seconds between two looks at what dead senders left, and at what has waited to the end of its time.
LOOK_AFTER = 5.0
#: Seconds that the settings of the channels are believed.
BELIEVE = 2.0
#: Seconds between two looks at which queues have something to send.
LOOK = 0.1
#: Seconds between two settlings while mails are being sent.
SETTLE_EVERY = 1.0
#: The same when so many results wait for it.
SETTLE_SOON, MANY = 0.25, 50
#: Mails entered at first.
FIRST_BATCH = 16
#: Deliveries for each connection before another one is opened.
EACH = 5
#: Seconds to wait after all connections to a server were found taken.
DENIED = 1.0
#: Seconds that senders have for a clean end.
GRACE = 25.0


class Pump:
    """See ``message.worker._helpers``: ``work`` is called again and again by the process's main thread.

    :param process: has ``dbname`` and ``environment()``, which is safe to call from any thread
    """

    def __init__(self, process):
        self._process = process
        self._senders = []
        self._events = queue.SimpleQueue()
        self._ways, self._ways_until = {}, 0.0
        self._next = {"look_after": 0.0, "look": 0.0}
        self._denied = {}
        self._gone = self._settled = 0
        self._settled_at = 0.0
        self._size = FIRST_BATCH
        self._healthy = {}

    @property
    def busy(self):
        """Whether mails are on their way, or results to be settled."""
        return self._noted() != self._settled or any(
            sender.alive and not sender.waiting for sender in self._senders)

    def work(self, held):
        """Do what there is to do now; returns how many mails were entered or settled."""
        if self._is_time("look_after", LOOK_AFTER):
            with self._process.environment() as env:
                env["message.outbox"]._take_back(held)
                in_transaction(env, _expire)
                in_transaction(env, _sweep)
        entered = self._enter()
        self._note_events()
        if entered or self._is_time("look", LOOK):
            self._man(held)
        return entered + self._settle()

    def _enter(self):
        """Enter the next mails into the outbox: few at first, so that the senders begin at once."""
        with self._process.environment() as env:
            entered = env["mail.expander"]._expand_batch(self._size)
        self._size = min(BATCH, self._size * 2) if entered else FIRST_BATCH
        return entered

    def close(self):
        """Stop sending; what is claimed goes back to the queue."""
        stop_all(self._senders, GRACE)
        self._note_events()
        self._settle(at_once=True)

    def _is_time(self, name, every):
        if time.monotonic() < self._next[name]:
            return False
        self._next[name] = time.monotonic() + every
        return True

    def _settle(self, at_once=False):
        noted = self._noted()
        idle = not any(sender.alive and not sender.waiting for sender in self._senders)
        soon = idle and noted != self._settled
        every = SETTLE_SOON if noted - self._settled >= MANY else SETTLE_EVERY
        if not at_once and not soon and time.monotonic() < self._settled_at + every:
            return 0
        self._settled_at = time.monotonic()
        self._settled = noted
        with self._process.environment() as env:
            return env["message.outbox"]._settle_all()

    def _noted(self):
        """Return how many results the senders noted so far."""
        return self._gone + sum(sender.noted for sender in self._senders)

    # Senders ----------------------------------------------------------------------------------

    def _man(self, held):
        """Have as many senders as the queues ask for."""
        gone = [sender for sender in self._senders if not sender.alive]
        for sender in gone:
            self._senders.remove(sender)
            self._gone += sender.noted
            if sender.denied:
                self._denied[sender.way.queue] = time.monotonic() + DENIED
        with self._process.environment() as env:
            waiting = _waiting(env)
            if waiting and time.monotonic() > self._ways_until:
                self._ways, self._ways_until = self._find_ways(env), time.monotonic() + BELIEVE
        for queue_id, count in waiting.items():
            self._man_queue(queue_id, count)
        for sender in self._senders:
            way = self._ways.get(sender.way.queue)
            if way is None or way.via != sender.way.via:
                sender.stop()  # paused, archived, or down: see _find_ways

    def _man_queue(self, queue_id, count):
        way = self._ways.get(queue_id)
        own = [sender for sender in self._senders if sender.way.queue == queue_id]
        for sender in own:
            if sender.waiting:
                sender.poke()
        if way is None or self._denied.get(queue_id, 0) > time.monotonic():
            return
        wanted = min(way.connections, 1 + count // EACH)
        if len(own) < wanted:  # one at a time, so that other processes get their share of the connections
            sender = Sender(self._process.dbname, way, self._tell)
            self._senders.append(sender)
            sender.start()

    def _find_ways(self, env):
        """Return {channel id: Way} of the channels that can send now, by themselves or by another one."""
        channels = env["message.channel"].search([("channel_type", "=", "smtp"), ("sends", "=", True)])
        ways = {}
        for channel in channels.filtered(lambda one: one._is_usable()):
            via = next((one for one in (channel, *_fallbacks(channel)) if _can_send(one)), None)
            if via:
                ways[channel.id] = self._make_way(channel, via)
        return ways

    def _make_way(self, channel, via):
        env = channel.env
        secret = env["message.bounce"]._secret()
        store = Path(config["data_dir"]) / "message_history" / env.cr.dbname
        return Way(
            queue=channel.id, via=via.id, connect=self._connector(via.id, channel.address), rates=via._get_rates(),
            connections=via.connection_limit, recipients=via.recipient_limit, resend=channel.resend_in_doubt,
            store=store, verp=secret if channel.verp else b"", secret=secret,
            command_seconds=float(via.command_seconds or 60), content_seconds=float(via.content_seconds or 600),
            from_filter=via._get_mail_server_sudo().from_filter or "")

    def _connector(self, channel_id, address):
        def connect():
            with self._process.environment() as env:
                return env["message.channel"].browse(channel_id)._connect_smtp__(address or None)
        return connect

    # Health -----------------------------------------------------------------------------------

    def _tell(self, channel_id, error):
        """Take note, from a sender's thread, that a server can be used, or why not."""
        self._events.put((channel_id, error))

    def _note_events(self):
        """Write down how the servers are doing: a failure opens the circuit, a success closes it."""
        latest = {}
        while not self._events.empty():
            channel_id, error = self._events.get()
            latest[channel_id] = error
        for channel_id, error in latest.items():
            if error is None and self._healthy.get(channel_id, 0) > time.monotonic():
                continue  # known: writing it down for every connection helps nobody
            self._healthy[channel_id] = 0 if error else time.monotonic() + 30
            with self._process.environment() as env:
                in_transaction(env, _note_health, channel_id, error)
            self._ways_until = 0.0


def _fallbacks(channel):
    """Return the channels that take over; nobody's own account, in which he would read what others send."""
    return channel.fallback_ids.filtered(lambda one: not one._is_personal())


def _can_send(channel):
    """Whether a channel may be used now: usable, and its circuit closed."""
    status = channel.sudo().status_ids.filtered(lambda one: not one.folder_id)[:1]
    now = channel.env.cr.now()
    return channel._is_usable() and not (status.next_attempt and status.next_attempt > now)


def _waiting(env, limit=50):
    """Return {channel id: deliveries that can be claimed, counted up to a limit}.

    In the order of the indexes: else PostgreSQL reads the whole table for a channel that has nothing.
    """
    rows = env.execute_query(SQL(
        "SELECT c.id, (SELECT COUNT(*) FROM (SELECT 1 FROM message_delivery d WHERE d.channel_id = c.id "
        "AND d.state = 'queued' ORDER BY d.priority, d.id LIMIT %(limit)s) q) "
        "+ (SELECT COUNT(*) FROM (SELECT 1 FROM message_delivery d WHERE d.channel_id = c.id "
        "AND d.state = 'deferred' AND d.next_attempt <= now() at time zone 'UTC' "
        "ORDER BY d.next_attempt LIMIT %(limit)s) w) FROM message_channel c WHERE c.channel_type = 'smtp'",
        limit=limit))
    return {channel_id: count for channel_id, count in rows if count}


def _sweep(env):
    return env["message.parked"]._sweep()


def _expire(env):
    return env["message.outbox"]._expire()


def _note_health(env, channel_id, error):
    status = env["message.channel.status"]._get(env["message.channel"].browse(channel_id))
    if error is None:
        status._note_success()
    elif isinstance(error, ChannelError):
        status._note_error(error, env["message.fetcher"]._words_for(error))
