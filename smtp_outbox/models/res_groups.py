from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import email_normalize


class ResGroups(models.Model):
    """Groups that can be written to."""

    _inherit = "res.groups"

    message_address = fields.Char("E-mail Address", help="The group's own address, for example of a list.")

    @api.constrains("message_address")
    def _check_message_address(self):
        for group in self:
            if group.message_address and not email_normalize(group.message_address):
                raise ValidationError(self.env._(
                    "“%(address)s” is no e-mail address.", address=group.message_address))
