from odoo import fields, models

from ..tools.fields import BigInteger


class MessageKnown(models.Model):
    """The id on its server of a message whose ledger row was pruned: it never comes in again."""

    _name = "message.known"
    _description = "Known Message"
    _log_access = False

    channel_id = fields.Many2one("message.channel", required=True, ondelete="cascade")
    external_digest = BigInteger(required=True)

    _external_uniq = models.UniqueIndex("(channel_id, external_digest)")
