from odoo import api, fields, models
from odoo.addons.message_history.lib.connect import Endpoint
from odoo.exceptions import UserError
from odoo.tools import email_normalize

from ..lib.session import open_session
from ..lib.transport import SmtpTransport

#: Setting that a test points at -> field of the form.
_FIELDS = {"server": "out_host", "port": "out_port", "encryption": "out_security", "user": "user_name",
           "password": "secret", "verify": "verify", "login": "out_login"}


class MessageSetup(models.TransientModel):
    """The sending half of an e-mail channel."""

    _inherit = "message.setup"

    sends = fields.Boolean(default=lambda self: self._is_trusted())
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

    def _is_outgoing(self):
        return self.kind == "mail" and self.sends

    def _get_secret_places(self):
        places = super()._get_secret_places()
        if not self._is_outgoing() or not self.out_login:
            return places
        return [*places, ("out", "smtp", self.out_host, self.out_port, self.out_security, self.user_name)]

    def _get_places(self):
        places = super()._get_places()
        if self._is_outgoing():
            places["out"] = Endpoint(
                host=self.out_host or "", port=self.out_port, security=self.out_security, verify=self._get_verify())
        return places

    def _check_may_apply(self):
        result = super()._check_may_apply()
        if self._is_outgoing() and not self._is_trusted():
            raise UserError(self.env._(
                "A server for sending would carry Odoo's own mail as well, so a system administrator adds it. Switch "
                "“Sends” off to set up receiving only; answers go out by the servers that are there."))
        return result

    def _check_parts(self, admitted):
        parts = super()._check_parts(admitted)
        if "out" not in admitted:
            return parts
        titles = self.env._("Sending works"), self.env._("Sending does not work")
        return [*parts, self._make_part(titles, admitted["out"].failed or self._check_out(admitted["out"]), _FIELDS)]

    def _check_out(self, admission):
        return SmtpTransport(
            connect=lambda: self._connect_out__(admission.place), place=admission.place,
            sender=email_normalize(self.address)).check()

    def _connect_out__(self, place):
        """Return a session with the server, logged in by Odoo's own socket."""
        if not self.out_login or not self.user_name:
            return open_session(place)
        login = self.env["ir.mail_server"]._smtp_login__
        return open_session(place, lambda session, user: login(session, user, self._get_password__()), self.user_name)

    def _apply_parts(self):
        channel = super()._apply_parts()
        if not self._is_outgoing():
            return channel
        login = {"smtp_user": self.user_name, "smtp_pass": self._get_password__()} if self.out_login else {}
        strict = "_strict" if self.out_security != "none" and self._get_verify() == "system" else ""
        server = self.env["ir.mail_server"].create({
            "name": self.name or self.address, "smtp_host": self.out_host, "smtp_port": self.out_port,
            "smtp_encryption": self.out_security + strict, "from_filter": email_normalize(self.address), **login})
        # no members: what goes out by a server is everybody's mail, invitations too; answers are seen at the desk
        return channel or server.channel_id
