from odoo import models


class FetchmailServer(models.Model):
    """An IMAP account into whose Sent folder copies can be put."""

    _inherit = "fetchmail.server"

    def _takes_copies(self):
        """Whether copies can be put there now: confirmed, not paused, not in a copied database."""
        self.ensure_one()
        return self._get_connection_type() == "imap" and bool(self.channel_id) and self.channel_id._is_usable()
