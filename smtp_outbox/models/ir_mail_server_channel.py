from odoo import api, fields, models


class IrMailServer(models.Model):
    """An outgoing mail server owns one channel of the ledger."""

    _inherit = "ir.mail_server"

    channel_id = fields.Many2one("message.channel", readonly=True, copy=False, ondelete="restrict", index=True)
    paused = fields.Boolean(related="channel_id.paused")
    health = fields.Selection(related="channel_id.health")
    health_text = fields.Char(related="channel_id.health_text")
    sent_today = fields.Integer(related="channel_id.sent_today")
    queued_count = fields.Integer(related="channel_id.queued_count")
    problem_count = fields.Integer(related="channel_id.problem_count")
    connection_limit = fields.Integer(related="channel_id.connection_limit", readonly=False)
    recipient_limit = fields.Integer(related="channel_id.recipient_limit", readonly=False)
    share_from = fields.Integer(related="channel_id.share_from", readonly=False)
    rate_minute = fields.Integer(related="channel_id.rate_minute", readonly=False)
    rate_hour = fields.Integer(related="channel_id.rate_hour", readonly=False)
    rate_day = fields.Integer(related="channel_id.rate_day", readonly=False)
    send_hours = fields.Integer(related="channel_id.send_hours", readonly=False)
    take_back_seconds = fields.Integer(related="channel_id.take_back_seconds", readonly=False)
    resend_in_doubt = fields.Boolean(related="channel_id.resend_in_doubt", readonly=False)
    hold_hours = fields.Integer(related="channel_id.hold_hours", readonly=False)
    fallback_ids = fields.Many2many(related="channel_id.fallback_ids", readonly=False)
    verp = fields.Boolean(related="channel_id.verp", readonly=False)

    _channel_uniq = models.Constraint("UNIQUE(channel_id)", "A channel belongs to one mail server.")

    @api.model_create_multi
    def create(self, vals_list):
        settings = [{name: vals.pop(name) for name in list(vals) if name in self._channel_settings()}
                    for vals in vals_list]
        servers = super().create(vals_list)
        servers._make_missing_channels()
        for server, values in zip(servers, settings, strict=True):
            if values:
                server.write(values)
        return servers

    @api.model
    def _channel_settings(self):
        """Return the names of the fields that are kept on the channel."""
        return [name for name, field in self._fields.items()
                if field.related and field.related.startswith("channel_id.") and not field.readonly]

    def write(self, vals):
        result = super().write(vals)
        if "name" in vals or "from_filter" in vals:
            for server in self.filtered("channel_id"):
                server.channel_id.sudo().write({"name": server.name, "address": server._guess_address()})
        return result

    def unlink(self):
        channels_sudo = self.channel_id.sudo()
        result = super().unlink()
        for channel_sudo in channels_sudo:
            # what went out through it is the proof, and stays
            if self.env["message.history"].sudo().search_count([("channel_id", "=", channel_sudo.id)], limit=1):
                channel_sudo.write({"active": False})
                self.env["message.outbox"].sudo()._hand_over(channel_sudo)
            else:
                channel_sudo.unlink()
        return result

    def _make_missing_channels(self):
        for server in self.filtered(lambda server: not server.channel_id):
            server.channel_id = self.env["message.channel"].sudo().create({
                "name": server.name, "channel_type": "smtp", "receives": False, "sends": True,
                "company_id": False, "address": server._guess_address()})

    def _guess_address(self):
        return next((one for one in self._parse_from_filter(self.from_filter) if "@" in one), False)

    def _get_channel_sudo(self):
        """Return the channel of a server, made if need be; that of the configuration file without one."""
        if not self:
            return self.env.ref("smtp_outbox.message_channel_config").sudo()
        self.ensure_one()
        self.sudo()._make_missing_channels()
        return self.sudo().channel_id

    def action_pause(self):
        """Send nothing through these servers until somebody continues."""
        self.check_access("write")
        self.channel_id.sudo().action_pause()

    def action_continue(self):
        """Go on sending."""
        self.check_access("write")
        self.channel_id.sudo().action_continue()

    def action_view_outbox(self):
        """Open what is still to be sent through the server."""
        self.check_access("read")
        return self.channel_id.action_view_outbox()

    def action_view_sent(self):
        """Open what was sent through the server."""
        self.check_access("read")
        return self.channel_id._action_deliveries("filter_sent", self.env._("Sent"))

    def action_view_problems(self):
        """Open what could not be delivered through the server."""
        self.check_access("read")
        return self.channel_id.action_view_problems()
