"""One connection to a server, and the thread that sends over it."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from odoo.addons.message_history.lib.errors import (
    AuthenticationError,
    ChannelError,
    ConfigurationError,
    ConnectionFailed,
    MessageRefused,
    ProtocolError,
)
from odoo.addons.message_history.tools.journal import Claimed, ClaimLost, DatabaseError, Journal, Outcome, Rates

from ..lib.from_filter import allows
from ..lib.transport import translate_connect
from ..lib.wire import AnswerLost, SmtpConnection
from . import verdict
from .shipment import Packer, Shipment

_logger = logging.getLogger(__name__)

#: First key of the advisory locks of connections; the second is made of channel and number.
SLOT = 0x6D680021
MOST_SLOTS = 64
#: Seconds that a connection is kept open for the next mail.
IDLE = 10.0
#: Deliveries claimed at a time; few, so that other connections get their share.
CHUNK = 20
#: A connection is made anew after so many mails, as servers like it.
MOST_PER_CONNECTION = 500
#: Connections that break so often in a row, without a mail going through, mean that the server is down.
MOST_BREAKS = 3


@dataclass(frozen=True)
class Way:
    """Whose queue is sent through which channel, and how.

    :param queue: channel id of the queue; ``via``: of the server, another one while the own is down
    :param connect: returns an ``smtplib`` session, logged in
    :param rates: limits of ``via``; ``connections``: to it, on all machines; ``recipients``: of one mail
    :param resend: what is in doubt is sent again
    :param secret: what the copies' marks are made with
    :param verp: the secret that own return addresses are signed with
    :param from_filter: senders that ``via`` may send for, asked where it takes over for another
    """

    queue: int
    via: int
    connect: Callable[[], Any]
    rates: Rates
    connections: int
    recipients: int
    resend: bool
    store: Path
    verp: bytes = b""
    command_seconds: float = 60.0
    content_seconds: float = 600.0
    from_filter: str = ""
    secret: bytes = b""


class Sender:
    """Claims deliveries of one queue and sends them over one connection, in a thread.

    :param tell: called with (channel id, error or None): the server can't be used, or it can
    """

    def __init__(self, dbname: str, way: Way, tell: Callable[[int, ChannelError | None], None]) -> None:
        self.way, self._dbname, self._tell = way, dbname, tell
        self.noted = 0
        self.waiting = False
        self.denied = False
        self._stop, self._poked = threading.Event(), threading.Event()
        self._connection: SmtpConnection | None = None
        self._carried = 0
        self._breaks = 0
        self._without: list[int] = []
        self._packer = Packer(way.store, way.recipients, way.verp, way.secret)
        self._thread = threading.Thread(target=self._run, name=f"sender-{way.queue}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def poke(self) -> None:
        """Have it look at the queue at once."""
        self._poked.set()

    def stop(self) -> None:
        """End after the mail that is on its way; what is claimed goes back to the queue."""
        self._stop.set()
        self._poked.set()

    def join(self, timeout: float) -> None:
        """Wait for its end."""
        self._thread.join(timeout)

    @property
    def alive(self) -> bool:
        """Whether the thread still runs."""
        return self._thread.is_alive()

    # The thread -----------------------------------------------------------------------------

    def _run(self) -> None:
        threading.current_thread().dbname = self._dbname  # type: ignore[attr-defined] - for Odoo's log
        try:
            with Journal(self._dbname) as journal:
                self.denied = journal.try_slot(SLOT, self._slots()) is None
                if not self.denied:
                    self._serve(journal)
        except ClaimLost as error:
            _logger.warning("Another process took deliveries back from %s: %s", self._thread.name, error)
        except DatabaseError as error:
            _logger.warning("The database is out of reach for %s: %s", self._thread.name, error)
        finally:
            self._close()

    def _slots(self) -> list[int]:
        base = (self.way.via * MOST_SLOTS) & 0x7FFFFFFF
        return [base + number for number in range(min(self.way.connections, MOST_SLOTS))]

    def _serve(self, journal: Journal) -> None:
        idle_since = time.monotonic()
        while not self._stop.is_set() and self._breaks < MOST_BREAKS:
            self._poked.clear()
            shipments = self._take(journal)
            if shipments:
                if not self._send_shipments(journal, shipments):
                    return
                idle_since = time.monotonic()
            elif time.monotonic() - idle_since > IDLE:
                return
            else:
                self._rest()

    def _claim(self, journal: Journal) -> list[Claimed]:
        """Claim deliveries; where another server takes over, only those that it may send."""
        way = self.way
        rows = journal.claim(way.queue, way.via, CHUNK, way.rates, self._without)
        if len(rows) == CHUNK < way.recipients and len({row.history_id for row in rows}) == 1:
            # many recipients of one mail, which are handed over together
            rows += journal.claim(way.queue, way.via, way.recipients - CHUNK, way.rates, self._without)
        if way.via == way.queue or not way.from_filter:
            return rows
        senders = journal.senders(row.history_id for row in rows)
        barred = [row for row in rows if not allows(way.from_filter, senders.get(row.history_id, ""))]
        journal.note([verdict.untried(row) for row in barred])
        self._without += [row.id for row in barred]
        return [row for row in rows if row not in barred] or (self._claim(journal) if barred else [])

    def _rest(self) -> None:
        self.waiting = True
        self._poked.wait(0.5)
        self.waiting = False

    def _take(self, journal: Journal) -> deque[Shipment]:
        """Claim deliveries and make shipments of them; what has no content any more is noted as failed."""
        rows = self._claim(journal)
        if not rows:
            return deque()
        shipments = deque(self._packer.pack(journal, rows))
        packed = {row.id for shipment in shipments for row in shipment.rows}
        gone = MessageRefused("The text of this message is no longer kept.")
        self._note(journal, [verdict.failed(row, gone) for row in rows if row.id not in packed])
        return shipments or self._take(journal)

    def _send_shipments(self, journal: Journal, shipments: deque[Shipment]) -> bool:
        """Send shipments, and what is claimed meanwhile; says whether the server can be used further."""
        while shipments:
            error = self._connect()
            if error is None:
                error = self._stream(journal, shipments)
            if error is not None or self._stop.is_set():
                journal.note([verdict.untried(row) for shipment in shipments for row in shipment.rows])
                if error is not None:
                    self._tell(self.way.via, error)
                return error is None and not self._stop.is_set()
        return True

    def _connect(self) -> ChannelError | None:
        """Have a connection; returns why there is none."""
        if self._connection and (self._connection.broken or self._carried >= MOST_PER_CONNECTION):
            self._close()
        if self._connection is None:
            try:
                session = self.way.connect()
            except Exception as error:  # noqa: BLE001 - core's socket and addons' overrides raise anything: the boundary
                return translate_connect(error)
            self._carried = 0
            self._connection = SmtpConnection(
                session, timeout=self.way.command_seconds, data_timeout=self.way.content_seconds)
        return None

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    # One connection ---------------------------------------------------------------------------

    def _stream(self, journal: Journal, shipments: deque[Shipment]) -> ChannelError | None:
        """Send shipments until all are gone or the connection is; returns why the server is of no use.

        What is taken off ``shipments`` is noted, or will be by the end of this method. The results
        of a shipment are noted in the same statement that says that the next one is being sent.
        """
        connection = self._connection
        results: list[Outcome] = []
        exchange = _Exchange(connection, self.way, results)
        trouble = None
        try:
            current, trouble = self._open(exchange, connection, shipments, results)
            while current:
                following = self._following(journal, connection, shipments, results)
                trouble = self._exchange_one(journal, exchange, current, following)
                if trouble or connection.broken or self._stop.is_set():
                    shipments.extendleft(left for left in (following, exchange.left) if left)
                    break
                current = following
        finally:
            self._note(journal, results)
        return self._judge(trouble)

    def _open(self, exchange, connection, shipments, results):
        """Send the first envelope ahead; returns its shipment, or None and why it could not be sent."""
        first = self._ready(connection, shipments, results)
        try:
            return exchange.open(first), None
        except ChannelError as error:
            shipments.appendleft(first)
            return None, error

    def _note(self, journal: Journal, outcomes: list[Outcome]) -> None:
        journal.note(outcomes)
        self.noted += len(outcomes)

    def _exchange_one(self, journal, exchange, current, following):
        """Send one shipment whose envelope is on its way; returns an error that concerns the server."""
        carried = self._carried
        try:
            error = exchange.ship(journal, current, following, fresh=carried == 0)
        except (ClaimLost, DatabaseError):
            raise
        except Exception as failure:  # a fault of ours must not meet the same mail again and again
            _logger.exception("A mail could not be sent")
            error = exchange.give_up(current, failure)
        if error is None:
            self._carried += 1
            self._breaks = 0
            self.noted += len(current.rows)
            if carried == 0:
                self._tell(self.way.via, None)
        return error

    def _judge(self, error: ChannelError | None) -> ChannelError | None:
        """Return the error if it says that the server is of no use now, not just this connection."""
        if error is None:
            return None
        if isinstance(error, AuthenticationError | ConfigurationError):
            return error
        self._breaks += 1
        return error if self._breaks >= MOST_BREAKS else None

    def _following(self, journal, connection, shipments, results) -> Shipment | None:
        """Return what goes over the connection next; more is claimed in time, so that it never waits."""
        if self._stop.is_set() or self._carried + 1 >= MOST_PER_CONNECTION:
            return None
        if not shipments:
            shipments += self._take(journal)
        return self._ready(connection, shipments, results)

    def _ready(self, connection: SmtpConnection, shipments: deque[Shipment], results: list[Outcome]) -> Shipment | None:
        """Return the next shipment that may go over the connection; what may not is refused in words."""
        while shipments:
            shipment = shipments.popleft()
            error = connection.check(shipment.envelope)
            if error is None:
                return shipment
            results += [verdict.failed(row, error, most=shipment.most) for row in shipment.rows]
        return None


class _Exchange:
    """The dialogue about one shipment after the other, with the next envelope sent ahead."""

    def __init__(self, connection: SmtpConnection, way: Way, results: list[Outcome]) -> None:
        self._connection, self._way, self._results = connection, way, results
        self.left: Shipment | None = None
        self._rows: dict[str, Claimed] = {}
        self._handed = False

    def open(self, shipment: Shipment | None) -> Shipment | None:
        """Send the first envelope ahead."""
        if shipment:
            self._connection.write_envelope(shipment.envelope)
        return shipment

    def ship(
        self, journal: Journal, current: Shipment, following: Shipment | None, *, fresh: bool
    ) -> ChannelError | None:
        """Do what is left of one shipment; returns the error that broke the connection or bars the server.

        :param fresh: nothing has gone over the connection yet
        """
        rows = self._rows = dict(current.by_address)
        self._handed = False
        try:
            reply = self._connection.read_envelope()
        except ChannelError as error:
            # nothing of it was handed over yet: where the connection was merely old, this says nothing
            return self._barred(current, rows, error, fresh) or error
        try:
            for address, error in reply.refused.items():
                self._fail(current, rows.pop(address), error)
            if reply.go:
                self._send(journal, current, rows, following)
                return None
            if reply.error and (barred := self._barred(current, rows, reply.error, fresh)):
                return barred
            if not self._connection.broken:
                self._connection.reset()  # the server may still wait for more of this transaction
                self.open(following)
        except ChannelError as error:
            for row in rows.values():
                self._fail(current, row, error)
            return error
        return None

    def _send(self, journal: Journal, current: Shipment, rows: dict[str, Claimed], following: Shipment | None) -> None:
        try:
            content = current.load()
        except OSError as error:
            self._connection.close()  # the server waits for a content that there is not
            raise MessageRefused(f"The text of this message can't be read: {error}") from error
        # the one durable statement: from here on these may have arrived, and none of the others
        noted = [*self._results, *(verdict.sending(row) for row in rows.values())]
        journal.note(noted)
        self._results.clear()
        self._handed = True
        self._connection.write_content(content, following.envelope if following else None)
        final = self._connection.read_final()
        for address in list(rows):
            row = rows.pop(address)
            if final.error:
                self._fail(current, row, final.error)
            else:
                self._results.append(verdict.accepted(row, final.reply))
        if following and not self._connection.pipelining:
            self._connection.write_envelope(following.envelope)

    def _barred(
        self, current: Shipment, rows: dict[str, Claimed], error: ChannelError, fresh: bool
    ) -> ChannelError | None:
        """The transaction was refused as a whole, because of this mail or because of us; returns the latter.

        A server that wants a new connection after some mails says nothing about the next one, which
        is left for it. One that hangs up on a new connection may mean the mail: that is an attempt.
        """
        about_us = isinstance(error, AuthenticationError | ConnectionFailed)
        if about_us and rows and (isinstance(error, AuthenticationError) or not fresh):
            self.left = replace(current, rows=list(rows.values()))
        else:
            for row in rows.values():
                self._fail(current, row, error)
        rows.clear()
        return error if about_us else None

    def give_up(self, current: Shipment, failure: Exception) -> ChannelError:
        """End a shipment that met a fault of ours: another attempt, or in doubt if it was handed over."""
        self._connection.close()
        kind = AnswerLost if self._handed else ProtocolError
        error = kind(f"{type(failure).__name__}: {failure}"[:300])
        for row in self._rows.values():
            self._fail(current, row, error)
        return error

    def _fail(self, shipment: Shipment, row: Claimed, error: ChannelError) -> None:
        self._results.append(verdict.failed(row, error, resend=self._way.resend, most=shipment.most))


def stop_all(senders: Iterator[Sender], seconds: float) -> None:
    """Stop senders and wait for their ends, all together at most so long."""
    waited = list(senders)
    for sender in waited:
        sender.stop()
    limit = time.monotonic() + seconds
    for sender in waited:
        sender.join(max(0.0, limit - time.monotonic()))
