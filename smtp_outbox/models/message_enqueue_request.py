from odoo import api, models
from odoo.tools import SQL


class MessageEnqueue(models.AbstractModel):
    """Ties what goes into the outbox to the request that it is for; that outlives the ``mail.mail``."""

    _inherit = "message.enqueue"

    @api.model
    def _enqueue(self, messages):
        ids = super()._enqueue(messages)
        if any(message.values.get("mail_mail_id") for message in messages):
            self.env["message.request"].flush_model(["mail_mail_id"])
            rows = self.env.execute_query(SQL(
                "UPDATE message_history h SET request_id = r.id FROM message_request r "
                "WHERE h.id = ANY(%s) AND r.mail_mail_id = h.mail_mail_id RETURNING r.id", list(ids)))
            if rows:
                self.env["message.history"].browse(ids).invalidate_recordset(["request_id"])
                self.env["message.request"].sudo().browse({request_id for (request_id,) in rows})._update_states()
        return ids
