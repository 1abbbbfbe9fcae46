from odoo import api, models

from .message_channel import BLOCKED
from .message_delivery import WAITING

#: Of a channel's queue, so many are counted.
MANY = 1000


class MessageDesk(models.AbstractModel):
    """Which channels keep messages waiting until a person acts."""

    _inherit = "message.desk"

    @api.model
    def get_held_up(self):
        """Return what waits for a person, by channel, the longest queue first.

        :return: [{"id": channel, None where the user may not open it; "text": one sentence; "count": of deliveries
            that the user may see; "paused": somebody paused it}]
        """
        channels_sudo = self.env["message.channel"].sudo().search([("sends", "=", True)]).filtered(
            lambda channel: channel.health in BLOCKED)
        queued = self.env["message.delivery"].sudo()._count_queued(channels_sudo)
        held = []
        for channel_sudo in channels_sudo.filtered(lambda channel: queued.get(channel.id)):
            # as the user: what waits for others is not the user's business. State by state, as the indexes are
            count = min(MANY, sum(self.env["message.delivery"].search_count(
                [("channel_id", "=", channel_sudo.id), ("state", "=", state)], limit=MANY) for state in WAITING))
            if count:
                channel = channel_sudo.with_env(self.env)
                held.append({"id": channel.id if channel.has_access("read") else None, "count": count,
                             "paused": channel_sudo.paused, "text": self._words_for_held(channel_sudo, count)})
        return sorted(held, key=lambda one: -one["count"])

    def _words_for_held(self, channel_sudo, count):
        """Return in one sentence how much waits, and for what."""
        _, why = self.env._, channel_sudo._words_for_trouble()
        if count == 1:
            return _("1 message waits: %(why)s", why=why)
        return _("%(count)s messages wait: %(why)s", count=f"{count}+" if count >= MANY else count, why=why)
