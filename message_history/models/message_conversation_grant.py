from odoo import api, fields, models
from odoo.tools import SQL


class MessageConversationGrant(models.Model):
    """A pair of a conversation and a channel that somebody sees without being a member of the channel.

    Made by whoever follows a colleague into a conversation, or makes him responsible: for the channels which that
    person sees of it then, and for no others. What comes in later on such a channel is seen, too.
    """

    _name = "message.conversation.grant"
    _description = "Conversation Given to Somebody"
    _log_access = False

    user_id = fields.Many2one("res.users", required=True, ondelete="cascade", index=True)
    conversation_id = fields.Many2one("message.conversation", required=True, ondelete="cascade")
    channel_id = fields.Many2one("message.channel", required=True, ondelete="cascade")
    reason = fields.Selection([("follows", "Follows"), ("responsible", "Responsible")], required=True)

    _grant_uniq = models.UniqueIndex("(conversation_id, user_id, channel_id, reason)")

    @api.model
    def _give(self, conversations, users, reason, scope=None):
        """Give users those channels of conversations that the present user sees.

        Nobody gives himself what he sees as a member: he would go on seeing it when he is none any more.

        :param scope: what the giver sees, where that may have become less by now
        """
        if not conversations or not users:
            return
        scope = scope or self.env["message.scoped"]._scope()
        conversations.flush_recordset()
        self.env.cr.execute(SQL(
            "INSERT INTO message_conversation_grant (user_id, conversation_id, channel_id, reason) "
            "SELECT u.id, p.conversation_id, p.channel_id, %s FROM message_conversation_channel p "
            "CROSS JOIN unnest(%s::int[]) AS u(id) WHERE p.conversation_id = ANY(%s) AND %s "
            "AND NOT (u.id = %s AND p.channel_id = ANY(%s)) ON CONFLICT DO NOTHING",
            reason, users.ids, conversations.ids, scope.pair_sql("p"), scope.user_id, list(scope.all_channel_ids)))
        self.env["message.conversation"]._forget_sight()

    @api.model
    def _take(self, conversations, reason, users=None):
        """Take back what was given for a reason; from some users, or from all."""
        if not conversations:
            return
        self.flush_model()
        self.env.cr.execute(SQL(
            "DELETE FROM message_conversation_grant WHERE conversation_id = ANY(%s) AND reason = %s "
            "AND (%s::int[] IS NULL OR user_id = ANY(%s::int[]))",
            conversations.ids, reason, users.ids if users is not None else None,
            users.ids if users is not None else None))
        self.env["message.conversation"]._forget_sight()

    @api.model
    def _copy(self, others, target):
        """Let who was given some conversations see the same channels of another that takes messages of theirs.

        Who is responsible for the other one only goes on seeing what he saw of it.
        """
        self.flush_model()
        target.flush_recordset()
        self.env.cr.execute(SQL(
            "INSERT INTO message_conversation_grant (user_id, conversation_id, channel_id, reason) "
            "SELECT g.user_id, c.id, g.channel_id, "
            "CASE WHEN g.user_id = c.assignee_id THEN 'responsible' ELSE 'follows' END "
            "FROM message_conversation_grant g JOIN message_conversation c ON c.id = %s "
            "WHERE g.conversation_id = ANY(%s) AND (g.reason = 'follows' OR g.user_id = c.assignee_id) "
            "ON CONFLICT DO NOTHING", target.id, others.ids))
        self.env["message.conversation"]._forget_sight()

    @api.model
    def _given(self, conversation_ids):
        """Return {(user id, conversation id, channel id)} that was given of conversations."""
        self.flush_model()
        return set(self.env.execute_query(SQL(
            "SELECT user_id, conversation_id, channel_id FROM message_conversation_grant "
            "WHERE conversation_id = ANY(%s)", list(conversation_ids))))

    @api.model
    def _would_show(self, places):
        """Return what people who were given some conversations would see beside, were these joined.

        What is given is a conversation on a channel: another one that joins it there would be seen as well.

        :param places: {conversation id: places (``tools/readers.py``) where its messages are}
        :return: {(user id, conversation id, channel id)}
        """
        given = self._given(places) if len(places) > 1 else set()
        on = {one: {channel_id for channel_id, _company in there} for one, there in places.items()}
        more = {(user_id, other, channel_id) for user_id, _one, channel_id in given
                for other, channel_ids in on.items() if channel_id in channel_ids} - given
        users = self.env["res.users"]
        return {one for one in more if one[2] not in users.browse(one[0])._message_channel_ids()}

    @api.model
    def _give_back(self, conversation, rows):
        """Set what was given of a conversation to what it was before.

        :param rows: [(user id, channel id, reason)]
        """
        here_sudo = self.sudo().search([("conversation_id", "=", conversation.id)])
        wanted = {tuple(row) for row in rows}
        here_sudo.filtered(lambda row: (row.user_id.id, row.channel_id.id, row.reason) not in wanted).unlink()
        users = set(self.env["res.users"].browse({row[0] for row in wanted}).exists().ids)
        channels = set(self.env["message.channel"].browse({row[1] for row in wanted}).exists().ids)
        self.flush_model()
        for user_id, channel_id, reason in sorted(wanted):
            if user_id in users and channel_id in channels:
                self.env.cr.execute(SQL(
                    "INSERT INTO message_conversation_grant (user_id, conversation_id, channel_id, reason) "
                    "VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING", user_id, conversation.id, channel_id, reason))
        self.invalidate_model()
        self.env["message.conversation"]._forget_sight()
