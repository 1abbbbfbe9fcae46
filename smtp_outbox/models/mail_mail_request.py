from odoo import fields, models


class MailMail(models.Model):
    """A mail whose attempts are counted."""

    _inherit = "mail.mail"

    outbox_max_attempts = fields.Integer(readonly=True, help="Most attempts for each recipient; 0: no such limit.")
