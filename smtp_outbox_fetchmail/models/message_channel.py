from odoo import api, fields, models
from odoo.exceptions import ValidationError


class MessageChannel(models.Model):
    """Where copies of what a channel sends are put."""

    _inherit = "message.channel"

    sent_server_id = fields.Many2one(
        "fetchmail.server", string="Copy to the Account", ondelete="set null", index="btree_not_null",
        domain="[('server_type', 'not in', ('pop', 'local'))]",
        help="The IMAP account into whose Sent folder a copy of each mail is put, when it was sent. Leave it empty "
             "where the provider does so by itself, as Gmail and Office 365 do.")
    sent_folder = fields.Char(
        help="Empty: the folder that the server itself names for sent mail.")

    @api.constrains("sent_server_id")
    def _check_sent_server(self):
        for channel_sudo in self.sudo():
            server_sudo = channel_sudo.sent_server_id
            if server_sudo and server_sudo._get_connection_type() != "imap":
                raise ValidationError(self.env._(
                    "%(server)s has no folders: copies need an IMAP account.", server=server_sudo.name))
