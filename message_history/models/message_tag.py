from odoo import fields, models


class MessageTag(models.Model):
    """A word that people sort conversations by."""

    _name = "message.tag"
    _description = "Conversation Tag"
    _order = "name"

    name = fields.Char(required=True, translate=True)
    color = fields.Integer(default=lambda self: self.env["message.tag"].search_count([]) % 11 + 1)
    active = fields.Boolean(default=True)

    _name_uniq = models.Constraint("UNIQUE(name)", "There is a tag of this name already.")
