from odoo import fields, models


class MessageConversationChannel(models.Model):
    """When a conversation last moved on one channel; the inbox of a channel is read from here."""

    _name = "message.conversation.channel"
    _description = "Conversation on a Channel"
    _log_access = False

    conversation_id = fields.Many2one("message.conversation", required=True, ondelete="cascade")
    channel_id = fields.Many2one("message.channel", required=True, ondelete="cascade")
    last_date = fields.Datetime(required=True)

    _place_uniq = models.UniqueIndex("(conversation_id, channel_id)")
    _list_idx = models.Index("(channel_id, last_date DESC, conversation_id)")
