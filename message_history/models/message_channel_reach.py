import logging

from odoo import api, models

from ..lib.reach import ANYWHERE, mail_servers, read_networks

_logger = logging.getLogger(__name__)

#: System parameter with the private networks that everybody who sets channels up may connect to.
PRIVATE_NETWORKS = "message_history.private_networks"


class MessageChannel(models.Model):
    """Where the connections of channels may go: that depends on who set them up (``lib.reach``)."""

    _inherit = "message.channel"

    @api.model
    def _reach_of(self, user):
        """Return where what a user sets up may connect to (``lib.reach.Reach``)."""
        return ANYWHERE if user.has_group("base.group_system") else self._reach_of_others()

    @api.model
    def _reach_of_others(self):
        """Return where may be connected to for those who are no system administrators."""
        text = self.env["ir.config_parameter"].sudo().get_param(PRIVATE_NETWORKS) or ""
        try:
            return mail_servers(read_networks(text))
        except ValueError as error:  # written past the settings' form: nothing is listed then
            _logger.warning("The system parameter %s can't be read: %s", PRIVATE_NETWORKS, error)
            return mail_servers()
