from odoo import api, models
from odoo.fields import Domain

from ..tools import fresh
from ..tools.memo import forget, is_active, memo


class MailMessage(models.Model):
    """Answers *who has one of these Message-IDs* for a batch of messages from one query."""

    _inherit = "mail.message"

    @api.model
    def _share_by_message_id(self, message_ids):
        """Look up the chatter messages that a batch may refer to, and their documents.

        Kept up to date by ``create``: a message of the batch may reply to an earlier one.
        """
        found = self.with_context(message_gateway=False).search_fetch(
            [("message_id", "in", list(message_ids))], ["message_id", "model", "res_id"], order="id")
        by_message_id = {message_id: [] for message_id in message_ids}
        documents, places = {}, {}
        for message in found:
            by_message_id[message.message_id].append(message.id)
            if message.model and message.res_id:
                places[message.id] = (message.model, message.res_id)
                documents.setdefault(message.model, set()).add(message.res_id)
        found.mapped("create_date")  # fetches everything that core reads of one
        memo(self.env, self._name).update(by_message_id=by_message_id, places=places)
        self.env["mail.thread"]._share_documents(documents)

    @api.model
    def search_fetch(self, domain, field_names=None, offset=0, limit=None, order=None):
        if limit == 1 and not offset and (order or "id desc").lower() == "id desc" and is_active(self.env):
            known = memo(self.env, self._name).get("by_message_id")
            asked = _ids_asked_for(domain) if known else None
            if asked and known.keys() >= asked:
                return self._found(max((found for message_id in asked for found in known[message_id]), default=()))
        return super().search_fetch(domain, field_names, offset=offset, limit=limit, order=order)

    def _found(self, message_id):
        """Return a message, with its document back in the cache: core empties it at every post."""
        message = self.browse(message_id)
        if place := memo(self.env, self._name)["places"].get(message_id):
            for name, value in zip(("model", "res_id"), place, strict=True):
                self._fields[name]._insert_cache(message, [value])
        return message

    @api.model_create_multi
    def create(self, vals_list):
        messages = super().create(vals_list)
        known = memo(self.env, self._name).get("by_message_id", {})
        places = set()
        for message, vals in zip(messages.sudo(), vals_list, strict=True):
            given = "model" in vals and "res_id" in vals
            places.add((vals["model"], vals["res_id"]) if given else (message.model, message.res_id))
            if known and message.message_id in known:
                known[message.message_id].append(message.id)
        fresh.note_given(self.env, "messages", places)
        return messages

    def write(self, vals):
        if vals.keys() & {"model", "res_id", "message_id"}:
            fresh.forget_all(self.env)
            forget(self.env, self._name)
        return super().write(vals)

    def unlink(self):
        forget(self.env, self._name)
        return super().unlink()


def _ids_asked_for(domain):
    """Return the ids of a search that asks for Message-IDs and nothing else."""
    conditions = list(Domain(domain).iter_conditions())
    if len(conditions) != 1 or conditions[0] != Domain(domain) or conditions[0].field_expr != "message_id":
        return None
    value, operator = conditions[0].value, conditions[0].operator
    if operator == "=" and isinstance(value, str):
        return {value}
    return set(value) if operator == "in" and not isinstance(value, str) else None
