from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

#: What depends on who looks.
_SHOWN = ("subject", "preview", "sender", "partner_id", "last_message_id", "last_direction", "channel_ids",
          "history_count", "failed_count", "has_attachment", "hidden_count", "unread", "text", "display_name")
#: What each of some conversations shows of those of its pairs that its reader sees.
_PAIRS_SHOWN = """
    SELECT p.conversation_id, (array_agg(p.subject ORDER BY COALESCE(p.first_date, p.last_date), p.id))[1],
           (array_agg(p.preview ORDER BY p.last_date DESC, p.id DESC))[1],
           (array_agg(p.last_direction ORDER BY p.last_date DESC, p.id DESC))[1],
           (array_agg(p.sender ORDER BY p.last_in DESC NULLS LAST, p.last_date DESC, p.id DESC))[1],
           (array_agg(p.partner_id ORDER BY COALESCE(p.last_in, p.last_date) DESC, p.id DESC)
               FILTER (WHERE p.partner_id IS NOT NULL))[1],
           MAX(p.last_message_id), array_agg(p.channel_id ORDER BY p.last_date DESC, p.id DESC)
      FROM message_conversation_channel p WHERE p.conversation_id = ANY(%s) AND %s GROUP BY 1
"""
_NOTHING_SHOWN = (False, False, False, False, None, False, ())


class MessageConversation(models.Model):
    """What a conversation shows of its messages: to each reader what is on the channels that he sees.

    Nothing of this is stored on the conversation, so nothing of it can be read past the reader's sight: neither as a
    value nor by searching for it, by sorting or by its name.
    """

    _inherit = "message.conversation"

    pair_ids = fields.One2many("message.conversation.channel", "conversation_id", string="On Channels")
    subject = fields.Char(compute="_compute_shown", search="_search_subject")
    preview = fields.Char(compute="_compute_shown", search="_search_preview")
    sender = fields.Char(compute="_compute_shown", search="_search_shown_sender", string="From",
                         help="Who wrote the last incoming message.")
    partner_id = fields.Many2one("res.partner", compute="_compute_shown", search="_search_partner_id",
                                 string="Contact")
    last_message_id = fields.Many2one("message.history", compute="_compute_shown", search="_search_last_message_id")
    last_direction = fields.Selection([("in", "Incoming"), ("out", "Outgoing")], compute="_compute_shown",
                                      search="_search_last_direction")
    channel_ids = fields.Many2many(
        "message.channel", string="Channels", compute="_compute_shown", search="_search_channel_ids")
    history_count = fields.Integer(compute="_compute_counts", string="Message Count")
    failed_count = fields.Integer(compute="_compute_counts", search="_search_failed_count", string="Failed")
    has_attachment = fields.Boolean(compute="_compute_counts", search="_search_has_attachment", string="Attachments")
    hidden_count = fields.Integer(compute="_compute_counts", string="On Other Channels",
                                  help="Messages of it that are on channels which the user does not see.")
    unread = fields.Boolean(compute="_compute_unread", search="_search_unread")
    text = fields.Char(compute="_compute_text", search="_search_text",
                       help="Who wrote, to whom, subject or text of any of its messages.")

    def _pairs(self):
        """Return {conversation: its pairs that the user sees, the one that moved last first}."""
        found = self.env["message.conversation.channel"].search([("conversation_id", "in", self.ids)])
        return found.sudo().grouped("conversation_id")

    @api.depends("pair_ids.last_date", "pair_ids.subject", "pair_ids.preview", "pair_ids.sender")
    @api.depends_context("uid")
    def _compute_shown(self):
        """In one statement for a whole list; what may be named is asked once, too."""
        pairs = self.env["message.conversation.channel"]
        pairs.flush_model()
        rows = {row[0]: row[1:] for row in self.env.execute_query(SQL(
            _PAIRS_SHOWN, self._origin.ids, pairs._seen_sql("p", [("conversation_id", "in", self._origin.ids)])))}
        known = self.env["res.partner"].browse({row[4] for row in rows.values()} - {None})
        partners = set(known._filtered_access("read")._ids)
        every = self.env["message.channel"].browse({one for row in rows.values() for one in row[6]})
        # who was given a pair sees its messages, and not the channel as such
        channels, on = set(every._filtered_access("read")._ids), {}
        for conversation in self:
            row = rows.get(conversation._origin.id, _NOTHING_SHOWN)
            conversation.subject, conversation.preview, conversation.last_direction, conversation.sender = row[:4]
            conversation.partner_id = row[4] if row[4] in partners else False
            conversation.last_message_id = row[5]
            own = tuple(one for one in row[6] if one in channels)
            on[own] = on.get(own, self.browse()) | conversation
        for own, conversations in on.items():
            conversations.channel_ids = own and self.env["message.channel"].browse(own)

    @api.depends("history_ids")
    @api.depends_context("uid")
    def _compute_counts(self):
        history = self.env["message.history"]
        history.flush_model(["conversation_id", "state", "attachment_count"])
        seen = history._seen_sql("m", [("conversation_id", "in", self.ids)])
        rows = self.env.execute_query(SQL(
            "SELECT conversation_id, COUNT(*) FILTER (WHERE seen), COUNT(*) FILTER (WHERE seen AND state = ANY(%s)), "
            "COALESCE(SUM(attachment_count) FILTER (WHERE seen), 0), COUNT(*) FILTER (WHERE NOT seen) "
            "FROM (SELECT m.conversation_id, m.state, m.attachment_count, COALESCE(%s, FALSE) AS seen "
            "FROM message_history m WHERE m.conversation_id = ANY(%s)) counted GROUP BY 1",
            history._failed_states(), seen, self.ids))
        counts = {row[0]: row[1:] for row in rows}
        for conversation in self:
            total, failed, files, hidden = counts.get(conversation._origin.id, (0, 0, 0, 0))
            conversation.history_count, conversation.failed_count = total, failed
            conversation.has_attachment, conversation.hidden_count = bool(files), hidden

    @api.depends("last_message_id")
    @api.depends_context("uid")
    def _compute_unread(self):
        members = self.env["message.conversation.member"].sudo().search_fetch(
            [("conversation_id", "in", self.ids), ("user_id", "=", self.env.uid)],
            ["conversation_id", "seen_message_id"])
        seen = {member.conversation_id.id: member.seen_message_id for member in members}
        for conversation in self:
            conversation.unread = conversation.last_message_id.id > seen.get(conversation.id, 0)

    def _compute_text(self):
        for conversation in self:
            conversation.text = conversation.preview

    def _shown_channel(self):
        """Return the channel that the reader is at, by which his answers go out; empty without a conversation."""
        return (self._shown_channel_sudo() if self else self.env["message.channel"]).with_env(self.env)

    def _shown_channel_sudo(self):
        """Return the channel that the reader is at: of those he sees, the one that the last message came by."""
        self.ensure_one()
        own_sudo = self._pairs().get(self.sudo(), self.env["message.conversation.channel"].sudo())
        came_sudo = own_sudo.filtered("last_in").sorted("last_in", reverse=True)
        return (came_sudo or own_sudo)[:1].channel_id

    @api.model
    def _forget_sight(self):
        """Drop from memory what readers see of conversations, after something decided anew who does."""
        self.env["res.users"].invalidate_model(["message_granted"], flush=False)
        self.invalidate_model(_SHOWN, flush=False)

    # Searching ------------------------------------------------------------------------------------

    @api.model
    def _search_pairs(self, domain):
        """Return the domain of the conversations with a pair, seen by the user, that fits a domain."""
        found = self.env["message.conversation.channel"]._search(domain)
        return [("id", "in", found.subselect("conversation_id"))]

    @api.model
    def _search_pair_field(self, name, operator, value):
        if operator in Domain.NEGATIVE_OPERATORS:
            return NotImplemented
        return self._search_pairs([(name, operator, value)])

    @api.model
    def _search_subject(self, operator, value):
        return self._search_pair_field("subject", operator, value)

    @api.model
    def _search_preview(self, operator, value):
        return self._search_pair_field("preview", operator, value)

    @api.model
    def _search_shown_sender(self, operator, value):
        return self._search_pair_field("sender", operator, value)

    @api.model
    def _search_partner_id(self, operator, value):
        return self._search_pair_field("partner_id", operator, value)

    @api.model
    def _search_last_message_id(self, operator, value):
        return self._search_pair_field("last_message_id", operator, value)

    @api.model
    def _search_last_direction(self, operator, value):
        return self._search_pair_field("last_direction", operator, value)

    @api.model
    def _search_channel_ids(self, operator, value):
        """Find by channel; what a client asks about a channel is asked as that client."""
        return self._search_pair_field("channel_id", operator, value)

    @api.model
    def _search_failed_count(self, operator, value):
        if (operator, value) not in ((">", 0), (">=", 1), ("!=", 0)):
            return NotImplemented
        history = self.env["message.history"]
        found = history._search([("state", "in", history._failed_states()), ("conversation_id", "!=", False)])
        return [("id", "in", found.subselect("conversation_id"))]

    @api.model
    def _search_has_attachment(self, operator, value):
        if operator != "in":
            return NotImplemented
        found = self.env["message.history"]._search(
            [("attachment_count", ">", 0), ("conversation_id", "!=", False)])
        return [("id", "in" if True in value else "not in", found.subselect("conversation_id"))]

    @api.model
    def _search_unread(self, operator, value):
        if operator != "in":
            return NotImplemented
        fresh = SQL(
            "(SELECT p.conversation_id FROM message_conversation_channel p LEFT JOIN message_conversation_member m "
            "ON m.conversation_id = p.conversation_id AND m.user_id = %s "
            "WHERE p.last_message_id > COALESCE(m.seen_message_id, 0) AND %s)",
            self.env.uid, self._scope().pair_sql("p"))
        return [("id", "in" if True in value else "not in", fresh)]

    @api.model
    def _search_text(self, operator, value):
        if operator not in ("ilike", "like", "="):
            return NotImplemented
        found = self.env["message.history"]._search(
            [("text", "ilike", value), ("conversation_id", "!=", False)])
        return [("id", "in", found.subselect("conversation_id"))]

    # Names ----------------------------------------------------------------------------------------

    @api.depends("subject")
    @api.depends_context("uid")
    def _compute_display_name(self):
        """Return names also to who reads them as superuser on somebody's behalf, as the ORM does for links."""
        seen = self._seen_by_user()
        for conversation in seen:
            conversation.display_name = conversation.sudo(False).subject or self.env._("No subject")
        for conversation in self - seen:
            conversation.display_name = self.env._("Conversation on another channel")
