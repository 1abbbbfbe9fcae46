from odoo import models


class IrWebsocket(models.AbstractModel):
    """Tells browsers of the channels whose messages their user sees."""

    _inherit = "ir.websocket"

    def _build_bus_channel_list(self, channels):
        channels = super()._build_bus_channel_list(channels)
        channels.extend(self._message_channels())
        return channels

    def _message_channels(self):
        """Return the names of the channels whose messages the user of the connection sees."""
        channels = self.env["message.channel"]
        if not self.env.user.has_group("message_history.group_user"):
            return []
        return [channel._bus_name() for channel in channels.search([("active", "=", True)])]
