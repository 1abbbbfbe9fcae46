from odoo import api, models
from odoo.addons.message_history.tools.words import words


class MessageAlarm(models.AbstractModel):
    """Old mail that is held asks for a person, too; so does a password reset that was not sent in a copied database."""

    _inherit = "message.alarm"

    @api.model
    def _find_problem(self, channel, status):
        problem = super()._find_problem(channel, status)
        if problem or channel.channel_type != "smtp" or channel != self._first_outgoing():
            return problem
        held = self.env["mail.mail"].search_count([("outbox_state", "=", "held"), ("state", "=", "outgoing")])
        _ = words(self.env)
        lost = self.env["message.parked"].search_count([("state", "=", "unknown")])
        if lost and not held:
            return _("%(count)s private mails were not sent, since this database is a copy: have them asked for again.",
                     count=lost)
        return _("%(count)s old mails are held: release them, or say that they are not to be sent.",
                 count=held) if held else None

    def _first_outgoing(self):
        """Return the channel on which is told what concerns all outgoing mail."""
        return self.env["message.channel"].search([("channel_type", "=", "smtp")], limit=1)
