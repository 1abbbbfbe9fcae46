from odoo import fields, models

from .message_history import FAILURES


class MessageDelivery(models.Model):
    """One recipient of one outgoing message: one body, many deliveries."""

    _name = "message.delivery"
    _description = "Delivery"
    _order = "id"
    _rec_name = "address"

    history_id = fields.Many2one("message.history", required=True, ondelete="cascade", index=True)
    channel_id = fields.Many2one("message.channel", required=True, ondelete="restrict")
    address = fields.Char(required=True, index=True)
    partner_id = fields.Many2one("res.partner", ondelete="set null", index="btree_not_null")
    state = fields.Selection([
        ("queued", "Queued"), ("claimed", "Claimed"), ("sending", "Sending"), ("in_doubt", "In doubt"),
        ("accepted", "Sent"), ("delivered", "Delivered"), ("read", "Read"), ("bounced", "Bounced"),
        ("refused", "Refused"), ("failed", "Failed"), ("cancelled", "Cancelled"),
    ], required=True, default="queued")
    attempts = fields.Integer()
    next_attempt = fields.Datetime()
    failure_type = fields.Selection(FAILURES, string="Cause")
    server_reply = fields.Char(string="Server Said")
    provider_id = fields.Char(string="Id at the Provider")
    sent_date = fields.Datetime()
    delivered_date = fields.Datetime()

    _claim_idx = models.Index("(channel_id, next_attempt, id) WHERE state = 'queued'")
    _provider_idx = models.Index("(channel_id, provider_id) WHERE provider_id IS NOT NULL")
