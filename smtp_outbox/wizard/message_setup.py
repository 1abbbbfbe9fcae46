from odoo import api, fields, models
from odoo.addons.message_history.wizard.message_setup import Part
from odoo.tools import email_normalize

from ..lib.transport import SmtpTransport

_FIELDS = {"server": "out_host", "port": "out_port", "encryption": "out_security", "user": "user_name",
           "password": "secret"}


class MessageSetup(models.TransientModel):
    """The sending half of an e-mail channel."""

    _inherit = "message.setup"

    out_host = fields.Char(string="Outgoing Server")
    out_port = fields.Integer(string="Port for Sending", default=587)
    out_security = fields.Selection(
        [("starttls", "STARTTLS"), ("ssl", "SSL/TLS"), ("none", "None")], default="starttls",
        string="Encryption for Sending")
    out_login = fields.Boolean(string="Log In for Sending", default=True, help="With the same user and password.")

    @api.model
    def _selection_kind(self):
        return [("mail", self.env._("E-mail")), *(one for one in super()._selection_kind() if one[0] not in (
            "none", "mail"))]

    def _guess(self, provider):
        result = super()._guess(provider)
        self.out_host, self.out_port = provider.smtp.host, provider.smtp.port
        self.out_security = provider.smtp.security
        return result

    @api.onchange("out_security")
    def _onchange_out_security(self):
        self.out_port = {"ssl": 465, "starttls": 587}.get(self.out_security, 25)

    def _check_parts(self):
        parts = super()._check_parts()
        if self.kind != "mail" or not self.sends:
            return parts
        report = SmtpTransport(
            connect=self._connect_out__, host=self.out_host or "", port=self.out_port,
            sender=email_normalize(self.address)).check()
        lines = self.env["message.channel"]._lines_for_steps(report)
        if report.ok:
            return [*parts, Part(self.env._("Sending works"), True, lines)]
        lines.insert(0, self.env["message.fetcher"]._words_for(report.error))
        return [*parts, Part(self.env._("Sending does not work"), False, lines, _FIELDS.get(report.error.field))]

    def _connect_out__(self):
        """Return a session with the server, by Odoo's own socket."""
        servers = self.env["ir.mail_server"].with_context(outbox_plain_session=True)
        login = {"user": self.user_name, "password": self._get_password__()} if self.out_login else {}
        return servers._connect__(
            host=self.out_host or "", port=self.out_port, encryption=self.out_security,
            smtp_from=email_normalize(self.address), **login)

    def _apply_parts(self):
        channel = super()._apply_parts()
        if self.kind != "mail" or not self.sends:
            return channel
        login = {"smtp_user": self.user_name, "smtp_pass": self._get_password__()} if self.out_login else {}
        server = self.env["ir.mail_server"].create({
            "name": self.name or self.address, "smtp_host": self.out_host, "smtp_port": self.out_port,
            "smtp_encryption": self.out_security, "from_filter": email_normalize(self.address), **login})
        # no members: what goes out by a server is everybody's mail, invitations too; answers are seen at the desk
        return channel or server.channel_id
