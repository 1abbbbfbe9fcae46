from odoo import fields, models


class FaultCounter(models.Model):
    """A row that two transactions write, so that one of them can't."""

    _name = "fault.counter"
    _description = "Counter"

    name = fields.Char(required=True)
    value = fields.Integer()
