from odoo import models


class MailMessageSubtype(models.Model):
    """Subtypes, looked up once per batch of messages."""

    _name = "mail.message.subtype"
    _inherit = ["mail.message.subtype", "message.shared.existence"]
