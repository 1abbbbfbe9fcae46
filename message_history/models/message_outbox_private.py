from odoo import models
from odoo.tools import SQL

from ..lib.masking import masked


class MessageOutbox(models.AbstractModel):
    """Private messages: a server that quotes one in its answer shows nobody what it says."""

    _inherit = "message.outbox"

    def _refresh(self, ids):
        self._mask_replies(ids)
        return super()._refresh(ids)

    def _mask_replies(self, ids):
        self.env["message.delivery"].flush_model(["server_reply"])
        rows = self.env.execute_query(SQL(
            "SELECT d.id, d.server_reply FROM message_history h JOIN message_delivery d ON d.history_id = h.id "
            "WHERE h.id = ANY(%s) AND h.private AND d.server_reply IS NOT NULL", list(ids)))
        changed = {delivery_id: masked(reply) for delivery_id, reply in rows if masked(reply) != reply}
        for delivery_id, reply in changed.items():
            self.env["message.delivery"].browse(delivery_id).server_reply = reply
        self.env["message.delivery"].flush_model(["server_reply"])
