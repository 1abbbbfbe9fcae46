from odoo import api, fields, models
from odoo.addons.message_history.wizard.message_setup import Part

from ..lib.imap import ImapTransport
from ..lib.pop3 import Pop3Transport
from ..lib.settings import ServerSettings

#: Setting that a test points at -> field of the form.
_FIELDS = {"server": "in_host", "port": "in_port", "encryption": "in_security", "user": "user_name",
           "password": "secret"}


class MessageSetup(models.TransientModel):
    """The receiving half of an e-mail channel."""

    _inherit = "message.setup"

    in_type = fields.Selection([("imap", "IMAP"), ("pop", "POP3")], default="imap", string="Fetch By")
    in_host = fields.Char(string="Incoming Server")
    in_port = fields.Integer(string="Port", default=993)
    in_security = fields.Selection(
        [("ssl", "SSL/TLS"), ("starttls", "STARTTLS"), ("none", "None")], default="ssl", string="Encryption")

    @api.model
    def _selection_kind(self):
        return [("mail", self.env._("E-mail")), *(one for one in super()._selection_kind() if one[0] not in (
            "none", "mail"))]

    def _guess(self, provider):
        result = super()._guess(provider)
        self.in_type = "imap"
        self.in_host, self.in_port = provider.imap.host, provider.imap.port
        self.in_security = provider.imap.security
        return result

    @api.onchange("in_type", "in_security")
    def _onchange_in_type(self):
        ports = {("imap", "ssl"): 993, ("pop", "ssl"): 995, ("pop", "starttls"): 110, ("pop", "none"): 110}
        self.in_port = ports.get((self.in_type, self.in_security), 143)

    def _check_parts(self):
        parts = super()._check_parts()
        if self.kind != "mail" or not self.receives:
            return parts
        settings = ServerSettings(
            host=self.in_host or "", port=self.in_port, security=self.in_security, user=self.user_name or "",
            password=self._get_password__(), timeout=20.0)
        transport = Pop3Transport(settings) if self.in_type == "pop" else ImapTransport(settings, folders=("INBOX",))
        with transport:
            report = transport.check()
        words = self.env["fetchmail.server"]._words_for_check
        if report.ok:
            lines = self.env["message.channel"]._lines_for_steps(report)
            return [*parts, Part(self.env._("Receiving works"), True, lines)]
        return [*parts, Part(self.env._("Receiving does not work"), False, words(report).splitlines(),
                             _FIELDS.get(report.error.field))]

    def _apply_parts(self):
        channel = super()._apply_parts()
        if self.kind != "mail" or not self.receives:
            return channel
        server = self.env["fetchmail.server"].create({
            "name": self.name or self.address, "server_type": self.in_type, "server": self.in_host,
            "port": self.in_port, "is_ssl": self.in_security == "ssl", "starttls": self.in_security == "starttls",
            "user": self.user_name, "password": self._get_password__(), "state": "done"})
        server.channel_id.write(self._prepare_channel())
        server.channel_id.folder_ids.write({"without_document": "inbox"})
        return server.channel_id
