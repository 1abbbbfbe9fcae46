from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..tools.journal import Rates
from .message_delivery import WAITING


class MessageChannel(models.Model):
    """How a channel sends."""

    _inherit = "message.channel"

    connection_limit = fields.Integer(default=2, string="Connections at a Time",
                                      help="On all machines together.")
    recipient_limit = fields.Integer(
        default=100, string="Recipients per Mail",
        help="Identical mails are handed over together, to at most so many recipients at a time.")
    share_from = fields.Integer(
        default=10, string="Hand Over Together From",
        help="A mail that is the same for at least so many recipients is handed over together, addressed to "
             "undisclosed recipients. For fewer, each gets a mail with the own name on it. 0 means never.")
    rate_minute = fields.Integer(string="Recipients per Minute", help="0 means no limit.")
    rate_hour = fields.Integer(string="Recipients per Hour", help="0 means no limit.")
    rate_day = fields.Integer(string="Recipients per Day", help="0 means no limit.")
    send_hours = fields.Integer(
        default=48, string="Try to Send for (Hours)",
        help="What the server does not take for the time being is tried again, ever later, until then.")
    take_back_seconds = fields.Integer(
        string="Can Be Taken Back for (Seconds)",
        help="What a person writes waits so long before it is sent, and can be taken back until then.")
    resend_in_doubt = fields.Boolean(
        string="Send Again When in Doubt",
        help="When the connection breaks after a mail was handed over and before the server confirmed it, nobody "
             "knows whether it arrived. Send it again, although somebody may get it twice. Otherwise it waits for "
             "a person who decides.")
    hold_hours = fields.Integer(
        default=24, string="Ask Before Sending When Older Than (Hours)",
        help="Mail that has waited longer than this before anybody tried to send it, since Odoo was switched off "
             "or restored from a backup, is held until somebody releases it. 0 means never.")
    fallback_ids = fields.Many2many(
        "message.channel", "message_channel_fallback_rel", "channel_id", "fallback_id", string="While It Is Down",
        domain="[('channel_type', '=', channel_type), ('id', '!=', id)]",
        help="Other channels of the same kind that take over, in their order, while this one can't be reached.")
    sent_today = fields.Integer(compute="_compute_outgoing_counts", string="Sent in 24 Hours")
    queued_count = fields.Integer(compute="_compute_outgoing_counts", string="Still to Send")
    problem_count = fields.Integer(compute="_compute_outgoing_counts", string="Not Delivered")

    @api.constrains("connection_limit", "recipient_limit", "rate_minute", "rate_hour", "rate_day", "send_hours",
                    "take_back_seconds", "hold_hours", "share_from")
    def _check_sending_limits(self):
        for channel in self:
            if channel.connection_limit < 1 or channel.recipient_limit < 1 or channel.send_hours < 1:
                raise ValidationError(self.env._("Sending needs at least one connection, recipient and hour."))
            if min(channel.rate_minute, channel.rate_hour, channel.rate_day, channel.take_back_seconds,
                   channel.hold_hours, channel.share_from) < 0:
                raise ValidationError(self.env._("Times, sizes and limits can't be negative."))

    @api.model
    def _client_fields(self):
        return super()._client_fields() | {
            "connection_limit", "recipient_limit", "share_from", "rate_minute", "rate_hour", "rate_day", "send_hours",
            "take_back_seconds", "resend_in_doubt", "hold_hours", "fallback_ids",
        }

    def _check_links(self, names):
        """Refuse to send by a channel of another kind; Odoo refuses those that the user does not see."""
        super()._check_links(names)
        if "fallback_ids" not in names:
            return
        for channel_sudo in self.sudo():
            if set(channel_sudo.fallback_ids.mapped("channel_type")) - {channel_sudo.channel_type}:
                raise ValidationError(self.env._("Only channels of the same kind can take over."))
            if channel_sudo.fallback_ids.filtered(lambda one: one._is_personal()):
                raise ValidationError(self.env._("What somebody has as his own account can't take over for others."))

    def _compute_outgoing_counts(self):
        deliveries = self.env["message.delivery"]
        queued = self._count_queued()
        since = fields.Datetime.now() - timedelta(hours=24)
        for channel in self:
            channel.queued_count = queued.get(channel.id, 0)
            channel.sent_today = deliveries.search_count(
                [("via_channel_id", "=", channel.id), ("attempt_date", ">", since),
                 ("state", "in", ("accepted", "delivered", "read", "bounced"))], limit=100000)
            channel.problem_count = deliveries.search_count(
                [("channel_id", "=", channel.id), ("state", "in", ("in_doubt", "bounced", "refused", "failed"))],
                limit=1000)

    def _is_personal(self):
        """Whether the channel sends by the own account of one person. For addons."""
        self.ensure_one()
        return False

    def _count_queued(self):
        """Return {channel id: what is still to be sent, as far as the user sees it}."""
        scope, deliveries = self._scope(), self.env["message.delivery"]
        shared = self.filtered(lambda channel: not scope.everything and channel.id not in scope.channel_ids)
        queued = deliveries.sudo()._count_queued(self - shared)
        for channel in shared:  # state by state, as the indexes are
            queued[channel.id] = min(1000, sum(deliveries.search_count(
                [("channel_id", "=", channel.id), ("state", "=", state)], limit=1000) for state in WAITING))
        return queued

    def _get_expiry(self):
        """Return the moment until which what is queued now is tried."""
        self.ensure_one()
        return fields.Datetime.now() + timedelta(hours=self.send_hours)

    def _get_rates(self):
        """Return the limits that hold for the channel."""
        self.ensure_one()
        return Rates(self.rate_minute, self.rate_hour, self.rate_day)

    def action_view_outbox(self):
        """Open what is still to be sent over the channel."""
        return self._action_deliveries("filter_open", self.env._("Outbox"))

    def action_view_problems(self):
        """Open what could not be delivered over the channel."""
        return self._action_deliveries("filter_problem", self.env._("Not Delivered"))

    def _action_deliveries(self, search, name):
        action = self.env["ir.actions.act_window"]._for_xml_id("message_history.message_delivery_action")
        return {**action, "name": name, "domain": [("channel_id", "in", self.ids)],
                "context": {f"search_default_{search}": 1}}
