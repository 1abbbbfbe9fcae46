from odoo import api, fields, models


class MessageConversationUndo(models.TransientModel):
    """How a change at the desk is taken back; kept here, so that nothing of it comes from the browser."""

    _name = "message.conversation.undo"
    _description = "Way Back at the Desk"

    conversation_ids = fields.Json(required=True)
    entry = fields.Json(required=True)

    @api.model
    def _keep(self, entries):
        """Keep ways back of the present user; returns what the browser gets to ask for them.

        :param entries: a list of dictionaries with ``id``, the conversation, and what its kind of change needs
        :return: [{"id": conversation, "undo": the way back}]
        """
        kept_sudo = self.sudo().create([
            {"conversation_ids": [entry["id"]], "entry": entry} for entry in entries])
        return [{"id": entry["id"], "undo": one.id} for entry, one in zip(entries, kept_sudo, strict=True)]

    @api.model
    def _take(self, asked):
        """Return the ways back that a browser asks for, each only once and only to whom it was given.

        :param asked: what :meth:`_keep` returned
        """
        wanted = [one.get("undo") for one in asked if isinstance(one, dict)]
        found_sudo = self.sudo().search(
            [("id", "in", [one for one in wanted if isinstance(one, int)]), ("create_uid", "=", self.env.uid)])
        entries = [one.entry for one in found_sudo.sorted("id")]
        found_sudo.unlink()
        return entries
