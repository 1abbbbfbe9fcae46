from odoo import api, fields, models
from odoo.addons.message_history.tools.secrets import seal_secret, unseal_secret


class FetchmailServer(models.Model):
    """The password: written by administrators, read by nobody, sealed when a key is configured."""

    _inherit = "fetchmail.server"

    password = fields.Char("Stored Password", copy=False, groups=fields.NO_ACCESS)
    secret = fields.Char(
        "Password", compute="_compute_secret", inverse="_inverse_secret", groups="base.group_system",
        help="It is never shown again. Leave it empty to keep the one that is set.")
    has_password = fields.Boolean(compute="_compute_has_password")

    def _compute_secret(self):
        self.secret = False

    def _inverse_secret(self):
        for server in self:
            if server.secret:
                server.sudo().password = seal_secret(server.secret)

    def _compute_has_password(self):
        for server, server_sudo in zip(self, self.sudo(), strict=True):
            server.has_password = bool(server_sudo.password)

    @api.model_create_multi
    def create(self, vals_list):
        servers = super().create([self._with_secret(vals) for vals in vals_list])
        servers.invalidate_recordset(["secret"])  # what was written would be read back from the cache
        return servers

    def write(self, vals):
        result = super().write(self._with_secret(vals))
        self.invalidate_recordset(["secret"])
        return result

    @api.model
    def _with_secret(self, vals):
        """Take a password that is given by core's name for the one that is to be set."""
        if "password" not in vals or self.env.su:
            return vals
        vals = dict(vals)
        vals["secret"] = vals.pop("password")
        return vals

    def _get_password__(self):
        """Return the password for a login.

        :raise ConfigurationError: when it is sealed with a key that isn't configured
        """
        self.ensure_one()
        return unseal_secret(self.sudo().password or "")

    def _imap_login__(self, connection):
        if self.server_type != "imap":
            return super()._imap_login__(connection)
        return connection.login(self.user or "", self._get_password__())
