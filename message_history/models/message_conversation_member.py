from odoo import fields, models


class MessageConversationMember(models.Model):
    """What one user has to do with one conversation: how far it was seen, star, snooze."""

    _name = "message.conversation.member"
    _description = "Conversation Member"
    _log_access = False

    conversation_id = fields.Many2one("message.conversation", required=True, ondelete="cascade")
    user_id = fields.Many2one("res.users", required=True, ondelete="cascade")
    seen_message_id = fields.Integer(help="The id of the last message seen: newer ones are unread.")
    follows = fields.Boolean(help="Sees the conversation without being a member of its channel.")
    starred = fields.Boolean()
    mentioned = fields.Boolean(help="A colleague named the user in a note.")
    snooze_until = fields.Datetime()

    _member_uniq = models.UniqueIndex("(user_id, conversation_id)")
    _mentioned_idx = models.Index("(user_id) WHERE mentioned")
    _conversation_idx = models.Index("(conversation_id)")
