from odoo import api, fields, models
from odoo.addons.message_history.lib.connect import Endpoint
from odoo.addons.message_history.tools.journal import Rates
from odoo.tools import config, email_normalize

from ..lib.transport import SmtpTransport


class MessageChannel(models.Model):
    """The kind of channel that an outgoing mail server owns; so has the one of the configuration file."""

    _inherit = "message.channel"

    channel_type = fields.Selection(
        selection_add=[("smtp", "E-mail out (SMTP)")], ondelete={"smtp": "set default"})
    mail_server_ids = fields.One2many("ir.mail_server", "channel_id", string="Outgoing Mail Server")
    verp = fields.Boolean(
        "Own Return Address for Each Recipient",
        help="Undeliverable notices then say for certain which recipient they are about, however they are "
             "written. Each recipient gets a mail of its own. It needs a bounce address that accepts extensions "
             "(bounce+something@).")
    command_seconds = fields.Integer(
        default=60, string="Wait for an Answer (Seconds)")
    content_seconds = fields.Integer(
        default=600, string="Wait for the Confirmation (Seconds)",
        help="How long a server may take to confirm a mail. RFC 5321 asks for ten minutes: who gives up sooner "
             "may send twice.")

    @api.model
    def _client_fields(self):
        return super()._client_fields() | {"verp", "command_seconds", "content_seconds"}

    def _get_mail_server_sudo(self):
        """Return the outgoing mail server of the channel, also an archived one; empty for that of the
        configuration file."""
        self.ensure_one()
        return self.sudo().with_context(active_test=False).mail_server_ids[:1]

    def _is_config_channel(self):
        self.ensure_one()
        return self == self.env.ref("smtp_outbox.message_channel_config", raise_if_not_found=False)

    def _get_transport(self):
        if self.channel_type != "smtp":
            return super()._get_transport()
        server_sudo = self._get_mail_server_sudo()
        return SmtpTransport(
            connect=self._connect_smtp__,
            place=Endpoint(
                server_sudo.smtp_host or config.get("smtp_server") or "",
                server_sudo.smtp_port or int(config.get("smtp_port") or 25), connect_timeout=10.0),
            sender=self._guess_sender())

    def _get_medium(self):
        return "mail" if self.channel_type == "smtp" else super()._get_medium()

    def _get_answer_channel_sudo(self):
        """Return the outgoing server that mail from this address goes out by."""
        if self.medium != "mail" or self.channel_type == "smtp":
            return super()._get_answer_channel_sudo()
        return self._find_answer_server()[0]._get_channel_sudo()

    def _get_alternatives_sudo(self):
        """Return the other servers; neither anybody's own account nor a configuration file that names none."""
        found_sudo = super()._get_alternatives_sudo()
        if self.channel_type != "smtp":
            return found_sudo
        if config.get("smtp_server") in (None, False, "", "localhost"):
            found_sudo = found_sudo.filtered(lambda channel: not channel._is_config_channel())
        return found_sudo.filtered(lambda channel: not channel._is_personal())

    def _is_personal(self):
        return super()._is_personal() or bool(
            self.channel_type == "smtp" and self._get_mail_server_sudo().owner_user_id)

    def _get_sent_as(self):
        """Return the address that Odoo puts into From because no server may send with the channel's own."""
        if self.medium != "mail" or self.channel_type == "smtp":
            return super()._get_sent_as()
        smtp_from = self._find_answer_server()[1]
        return smtp_from if email_normalize(smtp_from) != email_normalize(self.address or "") else None

    def _find_answer_server(self):
        """Return (server, From) for an answer; the server is empty for that of the configuration file."""
        alias_domain = self.company_id.alias_domain_id or self.env.company.alias_domain_id
        servers_sudo = self.env["ir.mail_server"].sudo().with_context(
            domain_notifications_email=alias_domain.default_from_email)
        server_sudo, smtp_from = servers_sudo._find_mail_server(self.address or self.env.user.email or "")
        return server_sudo or servers_sudo.browse(), smtp_from

    def _guess_sender(self):
        """Return an address that the server should accept as sender, for a test."""
        server_sudo = self._get_mail_server_sudo()
        filters = server_sudo._parse_from_filter(server_sudo.from_filter)
        own = self.env.company.sudo().default_from_email or self.env.user.email or "odoo@localhost"
        found = next((one for one in filters if "@" in one), None)
        return found or (f"odoo@{filters[0]}" if filters else own)

    def _connect_smtp__(self, smtp_from=None):
        """Return an SMTP session, logged in by Odoo's own socket, that records nothing by itself."""
        self.ensure_one()
        servers_sudo = self.env["ir.mail_server"].sudo().with_context(outbox_plain_session=True)
        if server_sudo := self._get_mail_server_sudo():
            if server_sudo.owner_user_id:
                smtp_from = server_sudo.from_filter
            return servers_sudo._connect__(
                mail_server_id=server_sudo.id, allow_archived=not server_sudo.owner_user_id, smtp_from=smtp_from)
        # naming the host keeps core from choosing another server
        return servers_sudo._connect__(host=config.get("smtp_server") or "localhost", smtp_from=smtp_from)

    def _get_rates(self):
        rates = super()._get_rates()
        server_sudo = self._get_mail_server_sudo() if self.channel_type == "smtp" else None
        if server_sudo and server_sudo.owner_user_id and not rates.minute:
            # people's own accounts are closed as spam when they send much: core's limit
            return Rates(server_sudo._get_personal_mail_servers_limit(), rates.hour, rates.day)
        return rates

    def _is_usable(self):
        usable = super()._is_usable()
        if self.channel_type != "smtp":
            return usable
        server_sudo = self._get_mail_server_sudo()
        return usable and (server_sudo.active or (not server_sudo and self._is_config_channel()))

    def _get_settings_sudo(self):
        if self.channel_type != "smtp":
            return super()._get_settings_sudo()
        return self._get_mail_server_sudo() or None

    def action_send_test(self):
        """Send a mail to the user through this server, at once."""
        self.check_access("write")
        server_sudo = self._get_mail_server_sudo() if self.channel_type == "smtp" else None
        if not server_sudo:
            return super().action_send_test()
        return server_sudo.action_send_test_mail()
