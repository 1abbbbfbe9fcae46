from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

#: How long somebody counts as being there after the last sign of life; the browser gives one every 30 seconds.
SECONDS = 60


class MessagePresence(models.Model):
    """Who looks at a conversation now, and who is writing an answer."""

    _name = "message.presence"
    _description = "Presence at a Conversation"
    _log_access = False

    conversation_id = fields.Many2one("message.conversation", required=True, ondelete="cascade", index=True)
    user_id = fields.Many2one("res.users", required=True, ondelete="cascade")
    answering = fields.Boolean()
    date = fields.Datetime(required=True)

    _user_uniq = models.UniqueIndex("(user_id)")

    @api.model
    def note(self, conversation_id, answering=False):
        """Note what the user is at, and tell the others at the old and the new conversation.

        :param conversation_id: False when the user has left
        :return: who else is at it: [{"id", "name", "answering"}]
        """
        conversation = self.env["message.conversation"].browse(conversation_id or []).exists()
        if conversation:
            conversation.check_access("read")
        own_sudo = self.sudo().search([("user_id", "=", self.env.uid)])
        before = own_sudo.conversation_id
        changed = before != conversation or bool(own_sudo.answering) != bool(answering and conversation)
        if not conversation:
            own_sudo.unlink()
        else:
            self.env.cr.execute(SQL(
                "INSERT INTO message_presence (conversation_id, user_id, answering, date) VALUES (%s, %s, %s, %s) "
                "ON CONFLICT (user_id) DO UPDATE SET conversation_id = excluded.conversation_id, "
                "answering = excluded.answering, date = excluded.date",
                conversation.id, self.env.uid, bool(answering), fields.Datetime.now()))
            self.invalidate_model()
        if changed:
            for one in (before | conversation):
                self._tell(one)
        return self._others(conversation) if conversation else []

    @api.model
    def _others(self, conversation):
        """Return who else is at a conversation now."""
        since = fields.Datetime.now() - timedelta(seconds=SECONDS)
        found_sudo = self.sudo().search(
            [("conversation_id", "=", conversation.id), ("user_id", "!=", self.env.uid), ("date", ">=", since)])
        return [{"id": one.user_id.id, "name": one.user_id.name, "answering": one.answering} for one in found_sudo]

    def _tell(self, conversation):
        conversation.sudo().channel_ids._bus_send(
            "message_history/presence", {"conversation_id": conversation.id})

    @api.autovacuum
    def _gc_gone(self):
        self.sudo().search([("date", "<", fields.Datetime.now() - timedelta(hours=1))]).unlink()
