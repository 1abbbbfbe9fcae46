from odoo import api, fields, models


class MessageConversationMember(models.Model):
    """What one user has to do with one conversation: how far it was seen, star, snooze."""

    _name = "message.conversation.member"
    _description = "Conversation Member"
    _log_access = False

    conversation_id = fields.Many2one("message.conversation", required=True, ondelete="cascade")
    user_id = fields.Many2one("res.users", required=True, ondelete="cascade")
    seen_message_id = fields.Integer(help="The id of the last message seen: newer ones are unread.")
    follows = fields.Boolean(help="Sees of the conversation what was given to the user (message.conversation.grant).")
    starred = fields.Boolean()
    mentioned = fields.Boolean(help="A colleague named the user in a note.")
    snooze_until = fields.Datetime()

    _member_uniq = models.UniqueIndex("(user_id, conversation_id)")
    _mentioned_idx = models.Index("(user_id) WHERE mentioned")
    _conversation_idx = models.Index("(conversation_id)")

    @api.model_create_multi
    def create(self, vals_list):
        members = super().create(vals_list)
        members.filtered("follows")._note_following(True)
        return members

    def write(self, vals):
        result = super().write(vals)
        if "follows" in vals:
            self._note_following(vals["follows"])
        return result

    def unlink(self):
        self.filtered("follows")._note_following(False)
        return super().unlink()

    def _note_following(self, follows):
        """Give those who follow the channels that the present user sees, or take what they were given."""
        grants = self.env["message.conversation.grant"]
        for member in self:
            if follows:
                grants._give(member.conversation_id, member.user_id, "follows")
            else:
                grants._take(member.conversation_id, "follows", member.user_id)
