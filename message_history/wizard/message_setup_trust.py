from odoo import models


class MessageSetup(models.TransientModel):
    """A channel that sends and receives finds out by itself whose word about senders counts."""

    _inherit = "message.setup"

    def action_apply(self):
        """Make the channel, and send it a mail from which it learns the name of its own mail server."""
        action = super().action_apply()
        if action.get("res_model") == "message.channel" and self.receives and self.sends:
            channel = self.env["message.channel"].browse(action["res_id"]).exists()
            if channel.address and channel.receives:
                channel.action_learn_authserv()
        return action
