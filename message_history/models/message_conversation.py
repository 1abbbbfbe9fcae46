from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL


class MessageConversation(models.Model):
    """One thread of messages, across channels.

    Unread is what is newer than the user's watermark; the last message is stored here, so that no
    row per message and user is needed.
    """

    _name = "message.conversation"
    _description = "Conversation"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "last_date desc, id desc"
    _rec_name = "subject"
    _mail_post_access = "read"

    subject = fields.Char(readonly=True)
    preview = fields.Char(readonly=True)
    sender = fields.Char(readonly=True, string="From", help="Who wrote the last incoming message.")
    partner_id = fields.Many2one("res.partner", string="Contact", ondelete="set null", index="btree_not_null")
    channel_id = fields.Many2one("message.channel", readonly=True, ondelete="set null", index=True,
                                 help="The channel that the last incoming message came by.")
    channel_ids = fields.Many2many(
        "message.channel", "message_conversation_channel", "conversation_id", "channel_id", string="Channels",
        compute="_compute_channel_ids", search="_search_channel_ids")
    assignee_id = fields.Many2one("res.users", string="Responsible", tracking=True, index="btree_not_null",
                                  domain=[("share", "=", False)])
    state = fields.Selection(
        [("open", "Open"), ("waiting", "Waiting"), ("done", "Done")], required=True, default="open", tracking=True,
        group_expand=True,
        help="Open: somebody is to answer. Waiting: answered, or put off. Done: for the whole team.")
    snooze_until = fields.Datetime(readonly=True, string="Snoozed Until", help="Open again at that moment.")
    snooze_reply = fields.Boolean(readonly=True, string="Snoozed Until a Reply")
    spam = fields.Boolean(readonly=True)
    tag_ids = fields.Many2many("message.tag", string="Tags")
    tag_marks = fields.Json(compute="_compute_tag_marks", string="Tags in the List")
    waiting_since = fields.Datetime(readonly=True, help="The oldest message that nobody answered came in then.")
    answered_date = fields.Datetime(readonly=True, string="Last Answer")
    last_direction = fields.Selection([("in", "Incoming"), ("out", "Outgoing")], readonly=True)
    has_attachment = fields.Boolean(readonly=True, string="Attachments")
    medium = fields.Selection(related="channel_id.medium", string="Kind of Channel")
    has_draft = fields.Boolean(compute="_compute_has_draft", search="_search_has_draft", string="Draft")
    overdue = fields.Boolean(compute="_compute_overdue", help="It has waited longer than its channel allows.")
    split_from_id = fields.Many2one("message.conversation", readonly=True, ondelete="set null",
                                    index="btree_not_null", help="Never merged with it again by itself.")
    model = fields.Char(readonly=True, string="Document Model")
    res_id = fields.Many2oneReference("Document Id", model_field="model", readonly=True)
    document_name = fields.Char(compute="_compute_document_name", string="Document")
    conversation_key = fields.Char(readonly=True, index="btree_not_null",
                                   help="What the mail programs themselves call the thread (Thread-Index).")
    last_date = fields.Datetime(readonly=True, default=fields.Datetime.now)
    last_message_id = fields.Many2one("message.history", readonly=True, ondelete="set null",
                                      index="btree_not_null")
    history_count = fields.Integer(readonly=True, string="Message Count")
    failed_count = fields.Integer(readonly=True, string="Failed")
    history_ids = fields.One2many("message.history", "conversation_id")
    member_ids = fields.One2many("message.conversation.member", "conversation_id", string="Seen by")
    unread = fields.Boolean(compute="_compute_unread", search="_search_unread")
    text = fields.Char(compute="_compute_text", search="_search_text",
                       help="Who wrote, to whom, subject or text of any of its messages.")

    _document_idx = models.Index("(model, res_id) WHERE res_id IS NOT NULL")
    _list_idx = models.Index("(last_date DESC, id DESC)")
    _open_idx = models.Index("(last_date DESC, id DESC) WHERE state = 'open'")
    _waiting_idx = models.Index("(waiting_since, id) WHERE state = 'open'")
    _snooze_idx = models.Index("(snooze_until) WHERE snooze_until IS NOT NULL")

    def _compute_channel_ids(self):
        rows = self.env["message.conversation.channel"].sudo().search([("conversation_id", "in", self.ids)])
        grouped = rows.grouped("conversation_id")
        for conversation in self:
            conversation.channel_ids = grouped.get(conversation, rows.browse()).channel_id

    @api.model
    def _search_channel_ids(self, operator, value):
        if operator not in ("in", "ilike", "any"):
            return NotImplemented
        rows = self.env["message.conversation.channel"].sudo()._search([("channel_id", operator, value)])
        return [("id", "in", rows.subselect("conversation_id"))]

    def _compute_document_name(self):
        for conversation in self:
            record = conversation._get_document()
            conversation.document_name = record.display_name if record else False

    @api.depends_context("uid")
    @api.depends("last_message_id")
    def _compute_unread(self):
        members = self.env["message.conversation.member"].sudo().search(
            [("conversation_id", "in", self.ids), ("user_id", "=", self.env.uid)])
        seen = {member.conversation_id.id: member.seen_message_id for member in members}
        for conversation in self:
            conversation.unread = conversation.last_message_id.id > seen.get(conversation.id, 0)

    @api.model
    def _search_unread(self, operator, value):
        if operator != "in":
            return NotImplemented
        seen = SQL(
            "(SELECT c.id FROM message_conversation c JOIN message_conversation_member m "
            "ON m.conversation_id = c.id AND m.user_id = %s WHERE m.seen_message_id >= c.last_message_id)",
            self.env.uid)
        if True in value:
            return [("last_message_id", "!=", False), ("id", "not in", seen)]
        return ["|", ("last_message_id", "=", False), ("id", "in", seen)]

    @api.depends("tag_ids")
    def _compute_tag_marks(self):
        for conversation in self:
            conversation.tag_marks = [
                {"id": tag.id, "name": tag.name, "color": tag.color} for tag in conversation.tag_ids]

    @api.depends("waiting_since", "state", "channel_id.answer_hours")
    def _compute_overdue(self):
        now = fields.Datetime.now()
        for conversation in self:
            hours = conversation.sudo().channel_id.answer_hours
            conversation.overdue = bool(
                hours and conversation.state == "open" and conversation.waiting_since
                and conversation.waiting_since < now - timedelta(hours=hours))

    @api.depends_context("uid")
    def _compute_has_draft(self):
        drafts = self.env["message.draft"].sudo().search(
            [("conversation_id", "in", self.ids), ("user_id", "=", self.env.uid), ("state", "=", "draft")])
        written = drafts.conversation_id
        for conversation in self:
            conversation.has_draft = conversation in written

    def _compute_text(self):
        for conversation in self:
            conversation.text = conversation.preview

    @api.model
    def _search_text(self, operator, value):
        if operator not in ("ilike", "like", "="):
            return NotImplemented
        # whose messages may be seen is decided for the conversation
        return [("id", "in", SQL("(SELECT conversation_id FROM message_history WHERE %s)",
                                 self.env["message.history"]._text_condition(value)))]

    @api.model
    def _search_has_draft(self, operator, value):
        if operator != "in":
            return NotImplemented
        drafts = self.env["message.draft"].sudo()._search(
            [("user_id", "=", self.env.uid), ("state", "=", "draft"), ("conversation_id", "!=", False)])
        return [("id", "in" if True in value else "not in", drafts.subselect("conversation_id"))]

    def _get_document(self):
        """Return the document of the conversation that the user may read, or None."""
        self.ensure_one()
        if not self.res_id or self.model not in self.env:
            return None
        record = self.env[self.model].browse(self.res_id)
        return record if record.exists() and record.has_access("read") else None

    # Access -------------------------------------------------------------------------------

    @api.model
    def _followed_ids(self):
        """Return the ids of conversations that the user follows or is responsible for."""
        rows = self.env.execute_query(SQL(
            "SELECT conversation_id FROM message_conversation_member WHERE user_id = %(uid)s AND follows "
            "UNION SELECT id FROM message_conversation WHERE assignee_id = %(uid)s", uid=self.env.uid))
        return [conversation_id for (conversation_id,) in rows]

    @api.model
    def _sees_all(self):
        return self.env.su or self.env.user.has_group("message_history.group_manager")

    @api.model
    def _visible_domain(self):
        """Return the domain of what the present user may see, as one subquery without an OR.

        An OR over two tables would make PostgreSQL walk everybody's conversations by date.
        """
        if self._sees_all():
            return Domain.TRUE
        return Domain("id", "in", SQL(
            "(SELECT conversation_id FROM message_conversation_channel WHERE channel_id = ANY(%s) "
            "UNION ALL SELECT unnest(%s::int[]))",
            list(self.env.user._message_channel_ids()), self._followed_ids()))

    @api.model
    def _search(self, domain, offset=0, limit=None, order=None, *, active_test=True, bypass_access=False):
        if not bypass_access and not self.env.su:
            self.browse().check_access("read")
            domain = Domain(domain) & self._visible_domain()
            bypass_access = True
        return super()._search(domain, offset, limit, order, active_test=active_test, bypass_access=bypass_access)
