from odoo import models


class MailAlias(models.Model):
    _name = "mail.alias"
    _inherit = ["mail.alias", "message.shared.search"]
