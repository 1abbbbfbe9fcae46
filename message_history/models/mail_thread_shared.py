from odoo import api, models

from ..tools import fresh
from ..tools.memo import forget, is_active, memo

_NAME = "message_gateway_documents"


class MailThread(models.AbstractModel):
    """Asks about the documents that a batch of messages replies to for all of them at once."""

    _inherit = "mail.thread"

    @api.model
    def _share_documents(self, documents):
        """Read documents into the cache, with their followers, for the replies to come.

        :param documents: {model: ids}
        """
        for model, ids in documents.items():
            if model in self.env and issubclass(self.pool[model], self.pool["mail.thread"]):
                records = self.env[model].sudo().browse(ids)
                existing = records.exists()
                memo(self.env, _NAME)[model] = {record.id: record in existing for record in records}
                existing.mapped("create_date")  # fetches everything that core reads of one
                fresh.note_unfollowed(self.env, [
                    (model, record.id) for record in existing if not record.message_partner_ids])

    def exists(self):
        known = memo(self.env, _NAME).get(self._name) if self._ids and is_active(self.env) else None
        if known and known.keys() >= set(self._ids):
            return self.browse(record_id for record_id in self._ids if known[record_id])
        return super().exists()

    def unlink(self):
        forget(self.env, _NAME)
        return super().unlink()

    def _message_compute_parent_id(self, parent_id):
        """Spare the question where the answer is known: the parent was read for the whole batch.

        Or the document was just made, and nobody wrote on it yet.
        """
        if parent_id and is_active(self.env):
            place = memo(self.env, "mail.message").get("places", {}).get(parent_id)
            if place == (self._name, self.id):
                return parent_id
        if not parent_id and fresh.has_none(self, "messages"):
            return False
        return super()._message_compute_parent_id(parent_id)
