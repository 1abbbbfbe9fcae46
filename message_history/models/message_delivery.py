from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools.fields import BigInteger
from .message_history import FAILURES

#: What a delivery may still become by itself.
OPEN = ("queued", "deferred", "claimed", "sending")
#: What waits for its turn, or for its moment.
WAITING = ("queued", "deferred")
#: What is over, and the message arrived at least at the next server.
ARRIVED = ("accepted", "delivered", "read")
#: What is over, and needs a person.
PROBLEMS = ("in_doubt", "bounced", "refused", "failed")
#: States from which a person may have a delivery sent again: it is still owed.
OWED = ("in_doubt", "bounced", "refused", "failed", "cancelled")


class MessageDelivery(models.Model):
    """One recipient of one outgoing message: one body, many deliveries. The outbox.

    ::

        queued ──▶ claimed ──▶ sending ──▶ accepted ──▶ delivered │ read │ bounced
          ▲ ▲         │           ├──▶ deferred (next_attempt)
          │ └─────────┘ died      ├──▶ refused │ failed
          └─ deferred, when due   └──▶ in_doubt (died, or the answer was lost)

    A sender claims rows and writes their results on a connection of its own, see
    ``tools/journal.py``; everything that is written about the message is written later, by
    ``message.outbox``. ``settled`` says whether that has happened.
    """

    _name = "message.delivery"
    _description = "Delivery"
    _inherit = ["message.scoped"]
    _order = "id"
    _rec_name = "address"

    history_id = fields.Many2one("message.history", required=True, ondelete="cascade", index=True)
    channel_id = fields.Many2one("message.channel", required=True, ondelete="restrict",
                                 help="The channel whose queue it is in.")
    via_channel_id = fields.Many2one("message.channel", ondelete="set null", string="Sent By",
                                     help="The channel that tried it last: another one while its own is down.")
    variant_id = fields.Many2one("message.variant", ondelete="set null", index="btree_not_null",
                                 help="The text for this recipient alone; empty: the message's own.")
    address = fields.Char(required=True, index=True)
    partner_id = fields.Many2one("res.partner", ondelete="set null", index="btree_not_null")
    state = fields.Selection([
        ("queued", "Queued"), ("deferred", "Will be tried again"), ("claimed", "Claimed"), ("sending", "Sending"),
        ("in_doubt", "In doubt"), ("accepted", "Sent"), ("delivered", "Delivered"), ("read", "Read"),
        ("bounced", "Bounced"), ("refused", "Refused"), ("failed", "Failed"), ("cancelled", "Cancelled"),
    ], required=True, default="queued", index=False)
    priority = fields.Integer(default=10, help="Lower goes first.")
    attempts = fields.Integer()
    attempt_date = fields.Datetime(string="Last Attempt")
    next_attempt = fields.Datetime()
    expires = fields.Datetime(string="Tried Until", help="After that nothing is tried any more.")
    claimer = BigInteger(help="Who works on it; alive as long as its advisory lock is held.")
    settled = fields.Boolean(default=True)
    failure_type = fields.Selection(FAILURES, string="Cause")
    server_reply = fields.Char(string="Server Said")
    provider_id = fields.Char(string="Id at the Provider")
    sent_date = fields.Datetime()
    delivered_date = fields.Datetime()
    subject = fields.Char(related="history_id.subject")
    attempt_ids = fields.One2many("message.attempt", "delivery_id", string="Attempts So Far")

    _claim_idx = models.Index("(channel_id, priority, id) WHERE state = 'queued'")
    _due_idx = models.Index("(channel_id, next_attempt) WHERE state = 'deferred'")
    _claimer_idx = models.Index("(claimer) WHERE state IN ('claimed', 'sending')")
    _unsettled_idx = models.Index("(history_id) WHERE NOT settled")
    _rate_idx = models.Index("(via_channel_id, attempt_date) WHERE attempt_date IS NOT NULL")
    _provider_idx = models.Index("(channel_id, provider_id) WHERE provider_id IS NOT NULL")
    _problem_idx = models.Index(
        "(channel_id, id) WHERE state IN ('in_doubt', 'bounced', 'refused', 'failed')")

    def init(self):
        """Have PostgreSQL clean up behind a queue that changes all the time, before its front is all dead rows."""
        self.env.cr.execute(
            "ALTER TABLE message_delivery SET (autovacuum_vacuum_scale_factor = 0.02, fillfactor = 80)")

    @api.model
    def _scope_domain(self, scope):
        return Domain.TRUE if scope.everything else Domain("history_id", "any!", scope.messages())

    @api.depends("address")
    @api.depends_context("uid")
    def _compute_display_name(self):
        seen = self._seen_by_user()
        for delivery in seen:
            delivery.display_name = delivery.address
        for delivery in self - seen:
            delivery.display_name = self.env._("Recipient of a message on another channel")

    @api.model
    def _count_queued(self, channels, limit=1000):
        """Return {channel id: deliveries not finished}, each counted up to a limit.

        An exact count of a long queue costs what the queue is long, and tells nobody more.
        """
        rows = self.env.execute_query(SQL(
            "SELECT c.id, (SELECT COUNT(*) FROM (SELECT 1 FROM message_delivery d WHERE d.channel_id = c.id "
            "AND d.state = 'queued' ORDER BY d.priority, d.id LIMIT %(limit)s) q) "
            "+ (SELECT COUNT(*) FROM (SELECT 1 FROM message_delivery d WHERE d.channel_id = c.id "
            "AND d.state = 'deferred' ORDER BY d.next_attempt LIMIT %(limit)s) w) "
            "FROM unnest(%(ids)s::int[]) AS c(id)", ids=list(channels.ids), limit=limit))
        return {channel_id: min(count, limit) for channel_id, count in rows}

    # Actions --------------------------------------------------------------------------------

    def action_correct(self):
        """Ask for the address as it should be, and send again to this recipient alone."""
        return self._open_correction(self.env._("Correct and Send Again"))

    def _open_correction(self, title):
        self.history_id._check_handle()
        owed = self.filtered(lambda delivery: delivery.state in (*OWED, *WAITING))
        if len(owed.history_id) != 1:
            raise UserError(self.env._("Choose recipients of one message that it did not reach."))
        return self.env["message.correct"]._open_for(owed.history_id, owed, title)

    def action_send_again(self):
        """Have those of these deliveries sent again that are still owed, and nobody else's."""
        return self.env["message.outbox"]._act(self, "again")

    def action_send_now(self):
        """Have those of these deliveries sent at once that wait for their moment."""
        return self.env["message.outbox"]._act(self, "now")

    def action_mark_arrived(self):
        """Note that a delivery in doubt did arrive."""
        return self.env["message.outbox"]._act(self, "arrived")

    def action_cancel(self):
        """Take back what nobody has begun to send."""
        return self.env["message.outbox"]._act(self, "cancel")
