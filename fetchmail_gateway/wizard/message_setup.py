from dataclasses import replace

from odoo import api, fields, models

from ..lib.imap import ImapTransport
from ..lib.pop3 import Pop3Transport
from ..lib.settings import ServerSettings

#: Setting that a test points at -> field of the form.
_FIELDS = {"server": "in_host", "port": "in_port", "encryption": "in_security", "user": "user_name",
           "password": "secret", "verify": "verify"}


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

    def _is_incoming(self):
        return self.kind == "mail" and self.receives

    def _get_secret_places(self):
        places = super()._get_secret_places()
        if not self._is_incoming():
            return places
        return [*places, ("in", self.in_type, self.in_host, self.in_port, self.in_security, self.user_name)]

    def _get_places(self):
        places = super()._get_places()
        if self._is_incoming():
            places["in"] = ServerSettings(
                host=self.in_host or "", port=self.in_port, security=self.in_security, verify=self._get_verify(),
                user=self.user_name or "")
        return places

    def _check_parts(self, admitted):
        parts = super()._check_parts(admitted)
        if "in" not in admitted:
            return parts
        titles = self.env._("Receiving works"), self.env._("Receiving does not work")
        return [*parts, self._make_part(titles, admitted["in"].failed or self._check_in(admitted["in"]), _FIELDS)]

    def _check_in(self, admission):
        settings = replace(admission.place, password=self._get_password__())
        transport = Pop3Transport(settings) if self.in_type == "pop" else ImapTransport(settings, folders=("INBOX",))
        with transport:
            return transport.check()

    def _apply_parts(self):
        channel = super()._apply_parts()
        if not self._is_incoming():
            return channel
        # sudo: managers of messages add mailboxes, too; where these connect to is limited by who adds them
        server_sudo = self.env["fetchmail.server"].sudo().create({
            "name": self.name or self.address, "server_type": self.in_type, "server": self.in_host,
            "port": self.in_port, "is_ssl": self.in_security == "ssl", "starttls": self.in_security == "starttls",
            "verify": self._get_verify(), "public_only": not self._is_trusted(),
            "user": self.user_name, "secret": self._get_password__(), "state": "done"})
        made = self.env["message.channel"].browse(server_sudo.channel_id.id)
        if not made._decides_for_all():
            server_sudo.channel_id.company_id = self.env.company
        made.write(self._prepare_channel())
        made.folder_ids.write({"without_document": "inbox"})
        return made
