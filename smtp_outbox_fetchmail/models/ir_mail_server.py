from odoo import fields, models


class IrMailServer(models.Model):
    """Where copies go is a setting of the channel, shown on the server's form."""

    _inherit = "ir.mail_server"

    sent_server_id = fields.Many2one(related="channel_id.sent_server_id", readonly=False)
    sent_folder = fields.Char(related="channel_id.sent_folder", readonly=False)
