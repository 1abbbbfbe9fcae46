from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError


class MessageConversation(models.Model):
    """One thread of messages, across channels.

    What it has for everybody who sees it is stored here: state, responsible, tags, document. What it shows of its
    messages is kept for each channel (``message.conversation.channel``) and differs between readers, see
    ``message_conversation_shown.py``. Unread is what is newer than the user's watermark, so that no row per message
    and user is needed.
    """

    _name = "message.conversation"
    _description = "Conversation"
    _inherit = ["message.scoped", "mail.thread", "mail.activity.mixin"]
    _order = "last_date desc, id desc"
    _rec_name = "subject"
    _mail_post_access = "read"

    channel_id = fields.Many2one("message.channel", readonly=True, ondelete="set null", index=True,
                                 help="The channel that the last incoming message came by.")
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
    medium = fields.Selection(related="channel_id.medium", string="Kind of Channel")
    has_draft = fields.Boolean(compute="_compute_has_draft", search="_search_has_draft", string="Draft")
    overdue = fields.Boolean(compute="_compute_overdue", help="It has waited longer than its channel allows.")
    split_from_id = fields.Many2one("message.conversation", readonly=True, ondelete="set null",
                                    index="btree_not_null", help="Never merged with it again by itself.")
    beside_id = fields.Many2one("message.conversation", readonly=True, ondelete="set null", index="btree_not_null",
                                help="The same thread on a channel that has other readers.")
    beside_ids = fields.One2many("message.conversation", "beside_id", string="Also Beside")
    model = fields.Char(readonly=True, string="Document Model")
    res_id = fields.Many2oneReference("Document Id", model_field="model", readonly=True)
    document_name = fields.Char(compute="_compute_document_name", string="Document")
    conversation_key = fields.Char(readonly=True, index="btree_not_null",
                                   help="What the mail programs themselves call the thread (Thread-Index).")
    last_date = fields.Datetime(readonly=True, default=fields.Datetime.now,
                                help="When anything last happened in it: the order of every list.")
    history_ids = fields.One2many("message.history", "conversation_id")
    member_ids = fields.One2many("message.conversation.member", "conversation_id", string="Seen by")
    grant_ids = fields.One2many("message.conversation.grant", "conversation_id", groups="base.group_system")

    _document_idx = models.Index("(model, res_id) WHERE res_id IS NOT NULL")
    _list_idx = models.Index("(last_date DESC, id DESC)")
    _open_idx = models.Index("(last_date DESC, id DESC) WHERE state = 'open'")
    _waiting_idx = models.Index("(waiting_since, id) WHERE state = 'open'")
    _snooze_idx = models.Index("(snooze_until) WHERE snooze_until IS NOT NULL")

    @api.depends_context("uid")
    def _compute_document_name(self):
        for conversation in self:
            record = conversation.sudo(False)._get_document()  # of its reader, whoever asks on his behalf
            conversation.document_name = record.display_name if record else False

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
    def _scope_domain(self, scope):
        return scope.conversations()

    @api.model
    def _sees_all(self):
        return self._scope().everything

    def _check_handle(self):
        """Raise unless the user may act on these conversations: whoever sees them, in the group of those who may."""
        self.check_access("read")
        if not self.env.su and not self.env.user.has_group("message_history.group_user"):
            raise AccessError(self.env._("Only users of the messages may do this."))

    def _can_handle(self):
        """Return those of these conversations that the user may act on."""
        if not self.env.su and not self.env.user.has_group("message_history.group_user"):
            return self.browse()
        return self._filtered_access("read")
