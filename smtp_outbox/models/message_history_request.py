from odoo import fields, models


class MessageHistory(models.Model):
    """Outgoing messages that a program asked for."""

    _inherit = "message.history"

    request_id = fields.Many2one("message.request", readonly=True, ondelete="set null", index="btree_not_null")

    def _forget(self, ids):
        """A request names people, too: it goes with the last of its ledger rows."""
        requests_sudo = self.browse(ids).request_id.sudo()
        result = super()._forget(ids)
        requests_sudo.filtered(lambda request: not request.history_ids).unlink()
        return result
