from odoo import api, fields, models
from odoo.tools import SQL


class MessageChannel(models.Model):
    """What the desk knows of a channel: what travels on it, and by which channel answers go out."""

    _name = "message.channel"
    _inherit = ["message.channel", "bus.listener.mixin"]

    bus_key = fields.Char(
        readonly=True, copy=False, groups=fields.NO_ACCESS,
        help="Part of the name by which browsers listen: a new one leaves behind who no longer sees the channel.")
    medium = fields.Selection(
        [("mail", "E-mail"), ("sms", "Text message"), ("chat", "Chat"), ("post", "Post"), ("other", "Message")],
        compute="_compute_medium", string="What Travels on It")
    answer_hours = fields.Float(
        default=24, string="Answer Within (Hours)",
        help="A conversation that has waited longer for an answer is marked in the inbox. 0 means never.")

    def _renew_bus(self):
        """Give news of these channels a new name, and have the browsers of who sees them listen to it.

        A browser that listens goes on doing so; who lost sight of a channel must not hear of it any more.
        """
        for channel in self.filtered(lambda one: one.sudo().bus_key):
            channel._bus_send("message_history/listen_anew", {})
        self.flush_recordset()
        # by SQL: this is no change of settings, for which a listener would begin anew
        self.env.cr.execute(SQL(
            "UPDATE message_channel SET bus_key = substr(md5(gen_random_uuid()::text), 1, 12) WHERE id = ANY(%s)",
            self.ids))
        self.invalidate_recordset(["bus_key"], flush=False)

    def _bus_name(self):
        """Return the name by which browsers listen to the channel (see ``bus.bus``)."""
        self.ensure_one()
        return (self, self.sudo().bus_key or "")

    def _bus_send(self, notification_type, message, /, *, subchannel=None):
        for channel in self[:-1]:
            channel._bus_send(notification_type, message, subchannel=subchannel)
        last = self[-1:]
        name = subchannel or (last and last._bus_name()[1]) or None
        return super(MessageChannel, last)._bus_send(notification_type, message, subchannel=name)

    @api.model
    def action_set_up(self, *_ids):
        """Open the form that connects an account."""
        return self.env["ir.actions.act_window"]._for_xml_id("message_history.message_setup_action")

    @api.model
    def _client_fields(self):
        return super()._client_fields() | {"answer_hours"}

    @api.depends("channel_type")
    def _compute_medium(self):
        for channel in self:
            channel.medium = channel._get_medium()

    def _get_medium(self):
        """Return what travels on the channel; a key of ``medium``. For addons."""
        self.ensure_one()
        return "mail" if self.channel_type == "local" else "other"

    def _get_answer_channel_sudo(self):
        """Return the channel that answers to messages of this one go out by; empty where there is none. For addons."""
        self.ensure_one()
        return self.sudo() if self.sends else self.sudo().browse()

    def _get_alternatives_sudo(self):
        """Return the other channels that could send now what this one did not: of the same kind. For addons."""
        self.ensure_one()
        companies = self.company_id or self.env.companies
        found_sudo = self.sudo().search([
            ("channel_type", "=", self.channel_type), ("sends", "=", True), ("id", "!=", self.id),
            ("company_id", "in", [False, *companies.ids])])
        return found_sudo.filtered(lambda channel: channel._is_usable())

    def _get_sent_as(self):
        """Return the address that recipients of an answer see, where it is another than the channel's. For addons."""
        self.ensure_one()

    def _get_limits(self):
        """Return what a message may be: {"length": characters, "subject", "html", "attachments": bool}. For addons."""
        self.ensure_one()
        mail = self.medium == "mail"
        return {"length": 0, "subject": mail, "html": mail, "attachments": mail}
