from odoo import fields, models


class ResUsers(models.Model):
    """The channels whose messages a user sees."""

    _name = "res.users"
    _inherit = ["res.users", "message.shared.existence"]

    message_channel_ids = fields.Many2many(
        "message.channel", "message_channel_member_rel", "user_id", "channel_id",
        string="Message Channels", groups="message_history.group_manager", copy=False)

    def _message_channel_ids(self):
        """Return the ids of the channels whose messages the user sees as a member."""
        self.ensure_one()
        return self.env["message.channel"].sudo().with_context(active_test=False)._search(
            [("member_ids", "in", self.ids)]).get_result_ids()
