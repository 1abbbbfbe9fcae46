from odoo import models


class MessageChannelFolder(models.Model):
    """A folder may be the one of a POP3 mailbox."""

    _inherit = "message.channel.folder"

    def _is_pop3(self):
        """Whether the folder is a POP3 mailbox, which has neither folders nor flags."""
        self.ensure_one()
        if self.channel_id.channel_type != "fetchmail":
            return False
        return self.channel_id._get_fetchmail_server_sudo()._get_connection_type() == "pop"
