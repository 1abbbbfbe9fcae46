from odoo import fields, models


class MessageHistory(models.Model):
    """What the desk and its figures need of a message."""

    _inherit = "message.history"

    is_answer = fields.Boolean(readonly=True, string="Answer", help="A person wrote it, here or in another program.")
    answer_minutes = fields.Float(
        readonly=True, string="Answered After (Minutes)", aggregator="avg",
        help="How long the oldest message that it answers had waited.")
