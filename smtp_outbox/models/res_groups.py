from odoo import fields, models


class ResGroups(models.Model):
    """Groups that can be written to."""

    _inherit = "res.groups"

    message_address = fields.Char("E-mail Address", help="The group's own address, for example of a list.")
