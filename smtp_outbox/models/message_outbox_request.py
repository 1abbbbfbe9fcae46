from odoo import api, models
from odoo.tools import SQL


class MessageOutbox(models.AbstractModel):
    """Keeps requests in step with their deliveries, in the transaction that settles these."""

    _inherit = "message.outbox"

    @api.model
    def _refresh(self, ids):
        result = super()._refresh(ids)
        rows = self.env.execute_query(SQL(
            "SELECT DISTINCT request_id FROM message_history WHERE id = ANY(%s) AND request_id IS NOT NULL", list(ids)))
        if rows:
            self.env["message.request"].sudo().browse(request_id for (request_id,) in rows)._update_states()
        return result

    @api.model
    def _cancel_of(self, records):
        """Called when mails are cancelled, and before they are deleted, alone or with their messages."""
        result = super()._cancel_of(records)
        self.env["message.request"].sudo()._follow(records, gone=True)
        return result
