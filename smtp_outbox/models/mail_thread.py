from odoo import api, models
from odoo.tools import email_split

from ..lib.verp import decode


class MailThread(models.AbstractModel):
    """Recognises what comes back to a return address that was made for one delivery (VERP)."""

    _inherit = "mail.thread"

    @api.model
    def _detect_is_bounce(self, message, message_dict):
        if super()._detect_is_bounce(message, message_dict):
            return True
        secret = self._verp_secret()
        return any(decode(address, secret) for address in self._verp_addresses(message_dict))

    @api.model
    def _verp_secret(self):
        """Return what return addresses are signed with, so that nobody can make bounces up."""
        return (self.env["ir.config_parameter"].sudo().get_param("database.secret") or "").encode()

    @api.model
    def _verp_addresses(self, message_dict):
        """Return the addresses a message went to that may be return addresses of ours."""
        fields = ("recipients", "to")
        return [address for name in fields for address in email_split(message_dict.get(name) or "") if "+" in address]
