import functools
import logging
import uuid

from odoo import api, fields, models
from odoo.tools import SQL
from psycopg2.extras import execute_values

from ..tools.parcel import pack, unpack
from ..tools.transaction import apart, in_transaction

_logger = logging.getLogger(__name__)

#: Parked messages judged at a time.
BATCH = 100
#: Days that an administrator has to see what nobody knows anything about.
KEEP_DAYS = 30

#: Which database this is. In another cluster transactions have other numbers; a copy of the database within the same
#: cluster has another ``oid``, one that Odoo made another ``database.uuid``.
_PLACE = """
SELECT concat_ws('/', (SELECT system_identifier FROM pg_control_system()),
                 (SELECT oid FROM pg_database WHERE datname = current_database()),
                 (SELECT value FROM ir_config_parameter WHERE key = 'database.uuid'))
"""
#: What became of the transactions, as this transaction sees it: ``pg_xact_status`` alone may be ahead of what we see.
_JUDGE = f"""
SELECT p.id, p.mark, CASE
         WHEN p.place <> ({_PLACE}) THEN 'unknown'
         WHEN NOT pg_visible_in_snapshot(p.xid::xid8, pg_current_snapshot()) THEN 'in progress'
         WHEN EXISTS (SELECT FROM message_parked_ticket t WHERE t.mark = p.mark) THEN 'committed'
         WHEN pg_xact_status(p.xid::xid8) IS NULL THEN 'unknown'
         ELSE 'aborted' END
  FROM message_parked p WHERE p.state = 'waiting' ORDER BY p.id LIMIT %s FOR UPDATE OF p SKIP LOCKED
"""  # noqa: S608 - both parts stand here


class MessageParked(models.Model):
    """Outgoing messages of transactions that are not over: their bytes, committed apart.

    Core sends some mail within a savepoint that it always rolls back (password reset): a queue that
    is part of the transaction forgets it, and sending at once sends what is rolled back for another
    reason, too. So the message is parked in a transaction of its own, without a reference to any row
    of the one that sends; that one only leaves a *ticket*, which commits or vanishes with it::

        parked ──▶ ticket there, transaction over ──▶ outbox (one transaction: exactly once)
           │──▶ transaction over, no ticket ──▶ dropped
           └──▶ nobody can know (other cluster, copied database) ──▶ bytes dropped, shown to administrators

    Nobody can read the bytes, and there is no way to send or redirect what is parked.
    """

    _name = "message.parked"
    _description = "Message of an Open Transaction"
    _order = "id desc"
    _rec_name = "recipients"
    _log_access = False

    date = fields.Datetime(required=True, readonly=True)
    state = fields.Selection(
        [("waiting", "Its transaction is not over"), ("unknown", "Nobody knows: not sent")],
        required=True, readonly=True)
    recipients = fields.Char(readonly=True, string="To")
    xid = fields.Char(readonly=True, required=True, groups=fields.NO_ACCESS)
    place = fields.Char(readonly=True, required=True, groups=fields.NO_ACCESS)
    mark = fields.Char(readonly=True, required=True, groups=fields.NO_ACCESS)
    entry = fields.Json(readonly=True, groups=fields.NO_ACCESS)
    content = fields.Binary(attachment=False, readonly=True, groups=fields.NO_ACCESS)

    _mark_uniq = models.UniqueIndex("(mark)")
    _waiting_idx = models.Index("(id) WHERE state = 'waiting'")

    # In the transaction that sends ------------------------------------------------------------

    @api.model
    def _park(self, messages):
        """Park messages of the present transaction.

        :param messages: list of ``tools.outgoing.Outgoing``; private from now on, whatever they were
        :return: their marks, for :meth:`_grant`
        """
        rows = []
        for message in messages:
            message.private = True
            recipients = ", ".join(one.address for one in message.recipients[:6])[:500]
            rows.append((uuid.uuid4().hex, recipients, pack(message), message.content))
        ((xid,),) = self.env.execute_query(SQL("SELECT pg_current_xact_id()::text"))
        apart(self.env, _insert, xid, rows)
        self.env.cr.postrollback.add(functools.partial(_sweep_soon, self.env))
        return [row[0] for row in rows]

    @api.model
    def _grant(self, marks):
        """Have parked messages sent if the present transaction, and the present savepoint, are committed."""
        if not marks:
            return
        execute_values(self.env.cr._obj, "INSERT INTO message_parked_ticket (mark) VALUES %s",
                       [(mark,) for mark in marks])
        self.env.cr.postcommit.add(functools.partial(_sweep_soon, self.env))

    # Afterwards -------------------------------------------------------------------------------

    @api.model
    def _sweep(self, limit=BATCH):
        """Judge what is parked, in the present transaction; returns how many messages went into the outbox."""
        rows = self.env.execute_query(SQL(_JUDGE, limit))
        judged = {"committed": [], "aborted": [], "unknown": [], "in progress": []}
        for parked_id, mark, status in rows:
            judged[status].append((parked_id, mark))
        self._release([parked_id for parked_id, _mark in judged["committed"]])
        self._give_up([parked_id for parked_id, _mark in judged["unknown"]])
        self._remove(judged["committed"] + judged["aborted"])
        self._remove_tickets(judged["unknown"])
        return len(judged["committed"])

    def _release(self, ids):
        """Enter parked messages into the outbox."""
        if not ids:
            return
        rows = self.env.execute_query(SQL(
            "SELECT entry, content FROM message_parked WHERE id = ANY(%s) ORDER BY id", ids))
        messages = [self._mend(unpack(entry, bytes(content))) for entry, content in rows]
        self.env["message.enqueue"]._enqueue(messages)

    def _mend(self, message):
        """Leave out whom and what a message names that is not there any more, or never came to be."""
        channels, partners = self.env["message.channel"], self.env["res.partner"]
        if not channels.browse(message.channel_id).exists():
            message.channel_id = self._default_channel().id
        given = [one.partner_id for one in message.recipients] + [message.values.get("partner_id")]
        there = set(partners.browse({one for one in given if one}).exists().ids)
        for recipient in message.recipients:
            recipient.partner_id = recipient.partner_id if recipient.partner_id in there else None
        if message.values.get("partner_id") not in there:
            message.values["partner_id"] = None
        return message

    def _default_channel(self):
        """Return the channel that sends what was meant for one that is gone. For addons."""
        return self.env["message.channel"].search([("sends", "=", True)], limit=1)

    def _give_up(self, ids):
        """Forget the bytes of what nobody knows anything about; that it was there stays, for administrators."""
        if ids:
            self.env.cr.execute(SQL(
                "UPDATE message_parked SET state = 'unknown', content = NULL, entry = NULL WHERE id = ANY(%s)", ids))
            self.invalidate_model()
            _logger.warning("%s parked messages are of another database, or too old to judge: not sent", len(ids))

    def _remove(self, pairs):
        self.env.cr.execute(SQL("DELETE FROM message_parked WHERE id = ANY(%s)", [one for one, _mark in pairs]))
        self._remove_tickets(pairs)
        self.invalidate_model()

    def _remove_tickets(self, pairs):
        self.env.cr.execute(SQL(
            "DELETE FROM message_parked_ticket WHERE mark = ANY(%s)", [mark for _id, mark in pairs]))

    @api.autovacuum
    def _gc_parked(self):
        """Forget what administrators had time to see, and tickets that nothing waits for."""
        self.env.cr.execute(SQL(
            "DELETE FROM message_parked WHERE state = 'unknown' AND date < now() at time zone 'UTC' - interval %s",
            f"{KEEP_DAYS} days"))
        self.env.cr.execute(
            "DELETE FROM message_parked_ticket t WHERE NOT EXISTS "
            "(SELECT FROM message_parked p WHERE p.mark = t.mark)")


class MessageParkedTicket(models.Model):
    """Says, by being there, that the transaction which parked a message was committed with its sending."""

    _name = "message.parked.ticket"
    _description = "Ticket of a Parked Message"
    _log_access = False

    mark = fields.Char(required=True, readonly=True)

    _mark_uniq = models.UniqueIndex("(mark)")


def _insert(env, xid, rows):
    env.cr.execute(_PLACE)
    (place,) = env.cr.fetchone()
    execute_values(
        env.cr._obj, "INSERT INTO message_parked (date, state, xid, place, mark, recipients, entry, content) VALUES %s",
        [(fields.Datetime.now(), "waiting", xid, place, *row) for row in rows])


def _sweep_soon(env):
    """Judge what is parked, when its transaction is over; whatever fails here is done by the next sender's look."""
    try:
        in_transaction(env, _sweep)
    except Exception:  # the caller's transaction is over: nothing may be raised into it
        _logger.exception("Parked messages wait for the next look")


def _sweep(env):
    return env["message.parked"]._sweep()
