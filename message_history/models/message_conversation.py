from odoo import api, fields, models
from odoo.exceptions import UserError
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
                                 help="The channel of the last message.")
    channel_ids = fields.Many2many(
        "message.channel", "message_conversation_channel", "conversation_id", "channel_id", string="Channels",
        compute="_compute_channel_ids", search="_search_channel_ids")
    assignee_id = fields.Many2one("res.users", string="Responsible", tracking=True, index="btree_not_null",
                                  domain=[("share", "=", False)])
    state = fields.Selection([("open", "Open"), ("waiting", "Waiting"), ("done", "Done")],
                             required=True, default="open", tracking=True)
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

    _document_idx = models.Index("(model, res_id) WHERE res_id IS NOT NULL")
    _list_idx = models.Index("(last_date DESC, id DESC)")
    _open_idx = models.Index("(last_date DESC, id DESC) WHERE state = 'open'")

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
    def _visible_domain(self):
        """Return the domain of what the present user may see, as one subquery without an OR.

        An OR over two tables would make PostgreSQL walk everybody's conversations by date.
        """
        if self.env.su or self.env.user.has_group("message_history.group_manager"):
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

    # Actions ------------------------------------------------------------------------------

    def action_mark_seen(self):
        """Move the user's watermark to the last message."""
        self.check_access("read")
        for conversation in self.filtered("last_message_id"):
            self.env.cr.execute(SQL(
                "INSERT INTO message_conversation_member (conversation_id, user_id, seen_message_id) "
                "VALUES (%s, %s, %s) ON CONFLICT (user_id, conversation_id) "
                "DO UPDATE SET seen_message_id = excluded.seen_message_id",
                conversation.id, self.env.uid, conversation.last_message_id.id))
        self.env["message.conversation.member"].invalidate_model()
        self.invalidate_recordset(["unread"])

    def action_mark_unread(self):
        """Put the user's watermark before the last message."""
        self.check_access("read")
        members_sudo = self.env["message.conversation.member"].sudo().search(
            [("conversation_id", "in", self.ids), ("user_id", "=", self.env.uid)])
        members_sudo.seen_message_id = 0
        self.invalidate_recordset(["unread"])

    def action_assign_to_me(self):
        """Make the user responsible."""
        self.write({"assignee_id": self.env.uid})

    def action_done(self):
        """Close the conversation for the whole team; the next message opens it again."""
        self.write({"state": "done"})

    def action_reopen(self):
        """Open a closed conversation again."""
        self.write({"state": "open"})

    def action_open_document(self):
        """Open the document of the conversation."""
        self.ensure_one()
        record = self._get_document()
        if not record:
            raise UserError(self.env._("There is no document, or you may not see it."))
        return record.get_formview_action()

    def action_view_messages(self):
        """Open the messages of the conversation, which are read by that."""
        self.ensure_one()
        self.action_mark_seen()
        action = self.env["ir.actions.act_window"]._for_xml_id("message_history.message_history_action")
        return {**action, "name": self.subject or self.env._("Messages"), "context": {},
                "domain": [("conversation_id", "=", self.id)]}

    # Threads ------------------------------------------------------------------------------

    def _merge_into(self, target):
        """Make these conversations part of another one, when a message turns out to join them."""
        others = self - target
        if not others:
            return target
        ids = tuple(others.ids)
        self.env.cr.execute(SQL(
            "UPDATE message_history SET conversation_id = %s, settled = false WHERE conversation_id IN %s",
            target.id, ids))
        self.env.cr.execute(SQL(
            "INSERT INTO message_conversation_member (conversation_id, user_id, seen_message_id, follows, "
            "starred, snooze_until) SELECT %s, user_id, MIN(seen_message_id), bool_or(follows), "
            "bool_or(starred), MAX(snooze_until) FROM message_conversation_member WHERE conversation_id IN %s "
            "GROUP BY user_id ON CONFLICT DO NOTHING", target.id, ids))
        if not target.res_id and (with_document := others.filtered("res_id")[:1]):
            target.write({"model": with_document.model, "res_id": with_document.res_id})
        if not target.assignee_id:
            target.assignee_id = others.assignee_id[:1]
        others.unlink()
        return target

    @api.model
    def _settle(self, limit=1000):
        """Bring conversations up to date with messages processed since; returns how many messages.

        Kept out of the transactions that process messages: two of them that wrote one conversation
        would fail each other.
        """
        rows = self.env.execute_query(SQL(
            "SELECT id, conversation_id FROM message_history WHERE NOT settled ORDER BY id LIMIT %s "
            "FOR UPDATE SKIP LOCKED", limit))
        if not rows:
            return 0
        conversation_ids = sorted({conversation_id for _id, conversation_id in rows if conversation_id})
        if conversation_ids:
            self._settle_conversations(conversation_ids)
        self.env.cr.execute(SQL(
            "UPDATE message_history SET settled = true WHERE id IN %s", tuple(row[0] for row in rows)))
        self.env["message.history"].invalidate_model(["settled"])
        self._notify_changed(conversation_ids)
        return len(rows)

    def _settle_conversations(self, conversation_ids):
        ids = tuple(conversation_ids)
        self.env.cr.execute(SQL(
            "INSERT INTO message_conversation_channel (conversation_id, channel_id, last_date) "
            "SELECT conversation_id, channel_id, MAX(date) FROM message_history "
            "WHERE conversation_id IN %s AND NOT settled GROUP BY 1, 2 ORDER BY 1, 2 "
            "ON CONFLICT (conversation_id, channel_id) DO UPDATE SET last_date = "
            "GREATEST(message_conversation_channel.last_date, excluded.last_date)", ids))
        self.env.cr.execute(SQL("""
            UPDATE message_conversation c
               SET last_message_id = GREATEST(c.last_message_id, last_in.id), last_date = last.date,
                   preview = last.preview, channel_id = last.channel_id,
                   sender = COALESCE(last_in.sender, c.sender),
                   partner_id = COALESCE(c.partner_id, last_in.partner_id),
                   state = CASE WHEN fresh.incoming THEN 'open' ELSE c.state END,
                   history_count = counts.total, failed_count = counts.failed
              FROM (SELECT DISTINCT ON (conversation_id) conversation_id, id, date, preview, channel_id
                      FROM message_history WHERE conversation_id IN %(ids)s
                     ORDER BY conversation_id, date DESC, id DESC) last
              JOIN (SELECT conversation_id, COUNT(*) AS total,
                           COUNT(*) FILTER (WHERE state IN ('failed', 'given_up', 'held', 'bounced', 'partly_sent',
                                                             'in_doubt')) AS failed
                      FROM message_history WHERE conversation_id IN %(ids)s GROUP BY 1) counts
                USING (conversation_id)
              JOIN (SELECT conversation_id, bool_or(direction = 'in' AND state = 'processed') AS incoming
                      FROM message_history WHERE conversation_id IN %(ids)s AND NOT settled GROUP BY 1) fresh
                USING (conversation_id)
              LEFT JOIN (SELECT DISTINCT ON (conversation_id) conversation_id, id, partner_id,
                                COALESCE(sender_name, sender_address) AS sender
                           FROM message_history WHERE conversation_id IN %(ids)s AND direction = 'in'
                          ORDER BY conversation_id, date DESC, id DESC) last_in USING (conversation_id)
             WHERE c.id = last.conversation_id""", ids=ids))
        self.invalidate_model()

    @api.model
    def _notify_changed(self, conversation_ids):
        """Tell the members' browsers that conversations changed: ids only, never text."""
        if not conversation_ids:
            return
        rows = self.env.execute_query(SQL(
            "SELECT DISTINCT m.user_id FROM message_conversation_channel c "
            "JOIN message_channel_member_rel m ON m.channel_id = c.channel_id WHERE c.conversation_id IN %s",
            tuple(conversation_ids)))
        users = self.env["res.users"].browse(user_id for (user_id,) in rows)
        for user in users:
            user._bus_send("message_history/changed", {"conversation_ids": conversation_ids})

    def _gc_empty(self):
        """Delete conversations without a message left."""
        empty = self.filtered(lambda conversation: not conversation.history_ids)
        empty.unlink()
