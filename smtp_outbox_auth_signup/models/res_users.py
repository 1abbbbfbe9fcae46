from odoo import models
from odoo.addons.smtp_outbox.tools.parking import parking


class ResUsers(models.Model):
    """Password resets: core sends each in a savepoint that it always rolls back, and the outbox would forget it."""

    _inherit = "res.users"

    def _action_reset_password(self, signup_type="reset"):
        """Park what core sends; it goes out if this transaction, and the present savepoint, are committed."""
        with parking(self.env) as place:
            result = super()._action_reset_password(signup_type=signup_type)
        self.env["message.parked"].sudo()._grant(place.marks)
        return result
