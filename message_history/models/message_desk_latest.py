from odoo import api, fields, models

#: Rows of the menu bar's list.
ROWS = 8


class MessageDesk(models.AbstractModel):
    """What the menu bar tells of the desk."""

    _inherit = "message.desk"

    @api.model
    def get_latest(self, tab):
        """Return the newest of what is to be done: [{"model", "id", "title", "text", "date", "medium", "unread"}].

        :param tab: ``mine``, ``unassigned`` or ``problems`` (channels first, for who manages them)
        """
        if tab == "problems":
            return self._channel_troubles() + self._latest_failures()
        domain = [("state", "=", "open"), ("assignee_id", "=", self.env.uid if tab == "mine" else False)]
        found = self.env["message.conversation"].search(domain, limit=ROWS)
        return [{"model": one._name, "id": one.id, "title": one.sender or "?",
                 "text": one.subject or one.preview or "", "date": _moment(one.last_date), "medium": one.medium,
                 "unread": one.unread} for one in found]

    def _channel_troubles(self):
        if not self.env.user.has_group("message_history.group_manager"):
            return []
        channels = self.env["message.channel"].search([("paused", "=", False)]).filtered(
            lambda one: one.health == "attention")
        return [{"model": one._name, "id": one.id, "title": one.name, "text": one.health_text or "",
                 "date": _moment(one.status_ids[:1].last_error_date), "medium": one.medium, "unread": True}
                for one in channels[:ROWS]]

    def _latest_failures(self):
        messages = self.env["message.history"]
        found = messages.search([("state", "in", messages._failed_states())], limit=ROWS)
        return [{"model": one._name, "id": one.id, "title": one.recipients if one.direction == "out" else one.sender,
                 "text": one.state_reason or one.subject or "", "date": _moment(one.date),
                 "medium": one.sudo().channel_id.medium, "unread": False} for one in found]

    @api.model
    def get_ticker(self, conversation_ids):
        """Return the newest of some conversations that a message came into and the user has not seen."""
        found = self.env["message.conversation"].search(
            [("id", "in", conversation_ids), ("state", "=", "open"), ("unread", "=", True),
             ("last_direction", "=", "in")], limit=1)
        return [{"id": one.id, "sender": one.sender or "?", "subject": one.subject or ""} for one in found]


def _moment(value):
    return fields.Datetime.to_string(value) if value else None
