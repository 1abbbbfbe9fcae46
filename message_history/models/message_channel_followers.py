from odoo import models


class MessageChannel(models.Model):
    """Who follows a channel is told what its servers said: its managers' business."""

    _inherit = "message.channel"

    def message_subscribe(self, partner_ids=None, subtype_ids=None):
        """Subscribe people; core lets everybody subscribe himself to what he sees."""
        self.check_access("write")
        return super().message_subscribe(partner_ids=partner_ids, subtype_ids=subtype_ids)

    def message_notify(self, **kwargs):
        """Write to people about a channel that one sees."""
        self.check_access("read")
        return super().message_notify(**kwargs)

    def message_mail_with_source(self, *args, **kwargs):
        """Send a view or template about a channel that one sees: core does not ask."""
        self.check_access("read")
        return super().message_mail_with_source(*args, **kwargs)

    def write(self, vals):
        """Who is no longer a member is no longer told anything."""
        before = {channel.id: channel.sudo().member_ids for channel in self} if "member_ids" in vals else {}
        result = super().write(vals)
        for channel_sudo in self.sudo() if before else ():
            if gone_sudo := before[channel_sudo.id] - channel_sudo.member_ids:
                channel_sudo.message_unsubscribe(gone_sudo.partner_id.ids)
        return result
