from odoo import api, models


class MailThread(models.AbstractModel):
    """Recognises what comes back to a return address that was made for one delivery (VERP)."""

    _inherit = "mail.thread"

    @api.model
    def _detect_is_bounce(self, message, message_dict):
        return super()._detect_is_bounce(message, message_dict) or bool(
            self.env["message.bounce"]._signed_deliveries(message))

    @api.model
    def _verp_secret(self):
        """Return what return addresses are signed with."""
        return self.env["message.bounce"]._secret()
