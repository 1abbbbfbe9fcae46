from odoo import models


class MailMessage(models.Model):
    """Chatter messages whose mails are in the outbox."""

    _inherit = "mail.message"

    def unlink(self):
        """Take back what nobody has begun to send: the database removes the mails of deleted messages."""
        self.env["message.outbox"].sudo()._cancel_of(self)
        return super().unlink()
