import dataclasses

from odoo import fields, models

from .fetchmail_server import OURS


class MessageChannel(models.Model):
    """The kind of channel that a mail server owns."""

    _inherit = "message.channel"

    channel_type = fields.Selection(
        selection_add=[("fetchmail", "E-mail in (IMAP, POP3)")], ondelete={"fetchmail": "set default"})
    fetchmail_server_ids = fields.One2many("fetchmail.server", "channel_id", string="Mail Server")

    def _get_transport(self):
        if self.channel_type != "fetchmail":
            return super()._get_transport()
        return self._get_fetchmail_server_sudo()._get_transport__()

    def _get_medium(self):
        return "mail" if self.channel_type == "fetchmail" else super()._get_medium()

    def _get_fetchmail_server_sudo(self):
        """Return the mail server that the channel belongs to, also an archived one."""
        self.ensure_one()
        return self.sudo().with_context(active_test=False).fetchmail_server_ids[:1]

    def _get_settings_sudo(self):
        return self._get_fetchmail_server_sudo() if self.channel_type == "fetchmail" else super()._get_settings_sudo()

    def _settings_version(self):
        if self.channel_type != "fetchmail":
            return super()._settings_version()
        # without the login, which is a method of this very record object and never equal to another's
        settings = dataclasses.replace(self._get_fetchmail_server_sudo()._get_settings__(), login=None)
        return super()._settings_version(), settings

    def _get_dispatch_context(self):
        context = super()._get_dispatch_context()
        if self.channel_type == "fetchmail" and (server_sudo := self._get_fetchmail_server_sudo()):
            context |= {
                "default_fetchmail_server_id": server_sudo.id,
                "gateway_save_original": server_sudo.original,
                "gateway_strip_attachments": not server_sudo.attach,
            }
        return context

    def _is_usable(self):
        if self.channel_type == "fetchmail":
            server_sudo = self._get_fetchmail_server_sudo()
            return (super()._is_usable() and server_sudo.active and server_sudo.state == "done"
                    and server_sudo._get_connection_type() in OURS)
        return super()._is_usable()
