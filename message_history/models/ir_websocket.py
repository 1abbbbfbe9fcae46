from odoo import models


class IrWebsocket(models.AbstractModel):
    """Tells browsers of the channels whose messages their user sees."""

    _inherit = "ir.websocket"

    def _build_bus_channel_list(self, channels):
        channels = super()._build_bus_channel_list(channels)
        channels.extend(self._message_channels())
        return channels

    def _message_channels(self):
        """Return the channels whose messages the user of the connection sees."""
        channels = self.env["message.channel"]
        return channels.search([("active", "=", True)]) if self.env.user.has_group(
            "message_history.group_user") else channels
