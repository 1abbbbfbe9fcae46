from odoo import api, fields, models
from odoo.tools import email_normalize


class MessagePictureSender(models.Model):
    """Senders whose pictures from elsewhere one user wants to see without being asked."""

    _name = "message.picture.sender"
    _description = "Sender Whose Pictures Are Shown"
    _order = "address"
    _rec_name = "address"

    user_id = fields.Many2one("res.users", required=True, ondelete="cascade", default=lambda self: self.env.uid)
    address = fields.Char(required=True)

    _address_uniq = models.UniqueIndex("(user_id, address)")

    @api.model
    def trust(self, address):
        """Show the pictures of a sender from now on."""
        normalized = email_normalize(address)
        if normalized and not self.search_count([("user_id", "=", self.env.uid), ("address", "=", normalized)]):
            self.create({"address": normalized})
        return bool(normalized)

    @api.model
    def _is_trusted(self, message):
        """Whether the user wants the pictures of this message, which really is of that sender.

        Where nobody says which servers are ours, nobody confirms anybody: then all but *fail* will do.
        """
        address = email_normalize(message.sender_address or "")
        sure = ("pass",) if message.sudo().channel_id.authserv_ids else ("pass", "unknown", False)
        return bool(address) and message.authenticated in sure and bool(self.sudo().search_count(
            [("user_id", "=", self.env.uid), ("address", "=", address)], limit=1))
