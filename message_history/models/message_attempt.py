from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from .message_history import FAILURES


class MessageAttempt(models.Model):
    """One attempt to deliver that did not succeed: it stays on record, whatever a later one brings."""

    _name = "message.attempt"
    _description = "Attempt to Deliver"
    _inherit = ["message.scoped"]
    _order = "date desc, id desc"
    _log_access = False

    delivery_id = fields.Many2one("message.delivery", required=True, ondelete="cascade", readonly=True)
    history_id = fields.Many2one(related="delivery_id.history_id", string="Message")
    channel_id = fields.Many2one("message.channel", ondelete="cascade", readonly=True, string="Sent By")
    address = fields.Char(readonly=True)
    date = fields.Datetime(required=True, readonly=True)
    state = fields.Char(required=True, readonly=True)
    state_text = fields.Char(compute="_compute_state_text", string="Outcome")
    failure_type = fields.Selection(FAILURES, readonly=True, string="Cause")
    server_reply = fields.Char(readonly=True, string="Server Said")

    _channel_idx = models.Index("(channel_id, date DESC)")
    _delivery_uniq = models.UniqueIndex("(delivery_id, date, state)")

    @api.model
    def _scope_domain(self, scope):
        if scope.everything:
            return Domain.TRUE
        return Domain("delivery_id", "any!", Domain("history_id", "any!", scope.messages()))

    def _compute_state_text(self):
        deliveries = self.env["message.delivery"]
        labels = dict(deliveries._fields["state"]._description_selection(self.env))
        for attempt in self:
            attempt.state_text = labels.get(attempt.state, attempt.state)

    def action_open_message(self):
        """Open the recipient that it was about."""
        self.ensure_one()
        return self.delivery_id.get_formview_action()

    @api.model
    def _note(self, history_ids):
        """Keep what the deliveries of messages tell of failures now; the next attempt overwrites it there."""
        self.env.cr.execute(SQL(
            "INSERT INTO message_attempt (delivery_id, channel_id, address, date, state, failure_type, server_reply) "
            "SELECT id, COALESCE(via_channel_id, channel_id), address, COALESCE(attempt_date, create_date), state, "
            "failure_type, server_reply FROM message_delivery WHERE history_id = ANY(%s) AND "
            "(state IN ('in_doubt', 'bounced', 'refused', 'failed') OR (state = 'deferred' AND attempts > 0)) "
            "ON CONFLICT DO NOTHING", list(history_ids)))
        self.invalidate_model()
