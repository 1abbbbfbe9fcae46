import json

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..tools.secrets import seal_secret, unseal_secret


class MessageSetup(models.TransientModel):
    """The password: kept for the places that it was typed for, said nowhere else, read by nobody.

    It is stored with the list of these places. Whoever comes to ask for it with other ones (another
    host, port, encryption, user or protocol, a half that was switched on) gets none, whatever way the
    fields were changed; writing such a change forgets it.
    """

    _inherit = "message.setup"

    password = fields.Char("Stored Password", copy=False, groups=fields.NO_ACCESS)
    password_places = fields.Char(copy=False, groups=fields.NO_ACCESS)
    secret = fields.Char(
        "Password", compute="_compute_secret", inverse="_inverse_secret", groups="message_history.group_manager",
        help="It is never shown again. Leave it empty to keep the one that was typed; when a server, port, "
             "encryption or the user changes it is forgotten.")
    verify = fields.Selection(
        [("system", "Verify"), ("none", "Do not verify")], string="Certificates", required=True, default="system",
        groups="base.group_system",
        help="A server with a certificate of its own can be used without verification. Anybody between here and "
             "the server can read the password then.")

    def _compute_secret(self):
        self.secret = False

    def _inverse_secret(self):
        for setup in self:
            if setup.secret:
                setup.sudo().write({"password": seal_secret(setup.secret), "password_places": setup._places_text()})

    @api.model_create_multi
    def create(self, vals_list):
        setups = super().create(vals_list)
        setups.invalidate_recordset(["secret"])  # what was written would be read back from the cache
        return setups

    def write(self, vals):
        result = super().write(vals)
        self.invalidate_recordset(["secret"])
        for setup in self:
            if setup.sudo().password and not setup._is_password_for_here():
                setup._forget_password()
        return result

    def _get_secret_places(self):
        """Return where the password would be said, a tuple of texts and numbers for each. For addons."""
        self.ensure_one()
        return []

    def _places_text(self):
        return json.dumps(sorted(list(place) for place in self._get_secret_places()))

    def _is_password_for_here(self):
        """Whether the password was typed for all the places where it would be said now."""
        meant = json.loads(self.sudo().password_places or "[]")
        return all(place in meant for place in json.loads(self._places_text()))

    def _forget_password(self):
        self.sudo().write({"password": False, "password_places": False})

    def _get_password__(self):
        """Return the password that was typed, if it was typed for the places where it would be said."""
        self.ensure_one()
        return unseal_secret(self.sudo().password or "") if self._is_password_for_here() else ""

    def _check_password_known(self):
        if self.user_name and self._get_secret_places() and not self._get_password__():
            raise UserError(self.env._(
                "Enter the password. It is forgotten when a server, a port, the encryption or the user changes."))

    def _get_verify(self):
        """Return how certificates are verified; only system administrators may do without."""
        self.ensure_one()
        return self.verify if self.env.user.has_group("base.group_system") else "system"
