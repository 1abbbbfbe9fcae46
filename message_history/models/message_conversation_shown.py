from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

#: What depends on who looks.
_SHOWN = ("subject", "preview", "sender", "partner_id", "last_message_id", "last_direction", "channel_ids",
          "history_count", "failed_count", "has_attachment", "hidden_count", "unread", "text", "display_name")


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
        pairs = self._pairs()
        nothing_sudo = self.env["message.conversation.channel"].sudo()
        for conversation in self:
            own_sudo = pairs.get(conversation.sudo()._origin, nothing_sudo)
            last_sudo = own_sudo[:1]
            first_sudo = own_sudo.sorted(lambda pair: (pair.first_date or pair.last_date, pair.id))[:1]
            came_sudo = own_sudo.filtered("last_in").sorted("last_in", reverse=True)[:1]
            known_sudo = own_sudo.filtered("partner_id").sorted(
                lambda pair: pair.last_in or pair.last_date, reverse=True)[:1].partner_id
            conversation.subject = first_sudo.subject
            conversation.preview = last_sudo.preview
            conversation.last_direction = last_sudo.last_direction
            conversation.sender = (came_sudo or last_sudo).sender
            conversation.partner_id = known_sudo if self.env.su else known_sudo.sudo(False)._filtered_access("read")
            conversation.last_message_id = max(own_sudo.last_message_id, key=lambda one: one.id, default=False)
            # who was given a pair sees its messages, and not the channel as such
            conversation.channel_ids = own_sudo.channel_id.with_env(self.env)._filtered_access("read")

    @api.depends("history_ids")
    @api.depends_context("uid")
    def _compute_counts(self):
        history = self.env["message.history"]
        history.flush_model(["conversation_id", "state", "attachment_count"])
        found = history._search([("conversation_id", "in", self.ids)])
        rows = self.env.execute_query(SQL(
            "SELECT conversation_id, COUNT(*) FILTER (WHERE seen), COUNT(*) FILTER (WHERE seen AND state = ANY(%s)), "
            "COALESCE(SUM(attachment_count) FILTER (WHERE seen), 0), COUNT(*) FILTER (WHERE NOT seen) "
            "FROM (SELECT m.conversation_id, m.state, m.attachment_count, m.id IN %s AS seen FROM message_history m "
            "WHERE m.conversation_id = ANY(%s)) counted GROUP BY 1",
            history._failed_states(), found.subselect(), self.ids))
        counts = {row[0]: row[1:] for row in rows}
        for conversation in self:
            total, failed, files, hidden = counts.get(conversation._origin.id, (0, 0, 0, 0))
            conversation.history_count, conversation.failed_count = total, failed
            conversation.has_attachment, conversation.hidden_count = bool(files), hidden

    @api.depends("last_message_id")
    @api.depends_context("uid")
    def _compute_unread(self):
        members = self.env["message.conversation.member"].sudo().search(
            [("conversation_id", "in", self.ids), ("user_id", "=", self.env.uid)])
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
