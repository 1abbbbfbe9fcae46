from odoo import fields, models

#: What decides which channels a user sees.
_DECIDES = {"group_ids", "company_ids", "active", "message_channel_ids"}


class ResUsers(models.Model):
    """The channels whose messages a user sees."""

    _name = "res.users"
    _inherit = ["res.users", "message.shared.existence"]

    message_channel_ids = fields.Many2many(
        "message.channel", "message_channel_member_rel", "user_id", "channel_id",
        string="Message Channels", groups="message_history.group_manager", copy=False)

    def write(self, vals):
        """Whoever loses sight of a channel must not go on hearing of it."""
        if not _DECIDES & vals.keys():
            return super().write(vals)
        before = {user.id: user._channels_in_sight() for user in self}
        result = super().write(vals)
        self.env.registry.clear_cache()
        touched_sudo = self.env["message.channel"].sudo()
        for user in self:
            left_sudo = (before[user.id] - user._channels_in_sight()).exists()
            left_sudo.message_unsubscribe(user.partner_id.ids)
            touched_sudo |= left_sudo | user._channels_in_sight()
        touched_sudo._renew_bus()
        return result

    def _channels_in_sight(self):
        channel_ids = {channel_id for user in self for channel_id in user._message_channel_ids()}
        return self.env["message.channel"].sudo().browse(sorted(channel_ids))
