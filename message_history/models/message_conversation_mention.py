from lxml import html as lxml_html
from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL


class MessageConversation(models.Model):
    """Colleagues who are named in a note: told inside Odoo, and they see the conversation from then on."""

    _inherit = "message.conversation"

    mentioned = fields.Boolean(
        compute="_compute_mentioned", search="_search_mentioned", string="Mentions Me",
        help="A colleague named you in a note.")

    @api.depends_context("uid")
    def _compute_mentioned(self):
        rows = self.env["message.conversation.member"].search(
            [("conversation_id", "in", self.ids), ("user_id", "=", self.env.uid), ("mentioned", "=", True)])
        for conversation in self:
            conversation.mentioned = conversation in rows.conversation_id

    @api.model
    def _search_mentioned(self, operator, value):
        if operator != "in":
            return NotImplemented
        rows = Domain("id", "in", SQL(
            "(SELECT conversation_id FROM message_conversation_member WHERE user_id = %s AND mentioned)", self.env.uid))
        return rows if True in value else ~rows

    def _mentioned_users(self, body):
        """Return the users that a note names, as Odoo's composer does: only those who may see messages at all."""
        if not body or "data-oe-id" not in body:
            return self.env["res.users"]
        ids = {link.get("data-oe-id", "") for link in lxml_html.fromstring(f"<div>{body}</div>").iter("a")
               if link.get("data-oe-model") == "res.partner"}
        return self.env["res.users"].sudo().search([
            ("partner_id", "in", [int(one) for one in ids if one.isdigit()]), ("share", "=", False),
            ("all_group_ids", "in", self.env.ref("message_history.group_user").ids), ("id", "!=", self.env.uid)])

    def _tell_mentioned(self, users):
        """Put the conversation before those who are named; they follow it, so that they may see it.

        :return: those of them who do: nobody does who works in none of its companies
        """
        self.ensure_one()
        users = users.filtered(lambda user: self._is_of_companies(user.company_ids))
        if not users:
            return users
        self.env.flush_all()
        self.env.cr.execute(SQL(
            "INSERT INTO message_conversation_member (conversation_id, user_id, seen_message_id, follows, mentioned) "
            "SELECT %s, unnest(%s::int[]), 0, true, true ON CONFLICT (user_id, conversation_id) DO UPDATE SET "
            "follows = true, mentioned = true, seen_message_id = 0", self.id, users.ids))
        self.env.invalidate_all()
        self.env["message.conversation.grant"]._give(self, users, "follows")
        for user in users:
            _ = self.with_context(lang=user.lang).env._
            user._bus_send("simple_notification", {
                "type": "info", "message": self.subject or _("No subject"),
                "title": _("%(name)s names you in a note", name=self.env.user.name)})
            user._bus_send("message_history/changed", {"conversation_ids": self.ids})
        return users

    def _notify_get_recipients(self, message, msg_vals=False, **kwargs):
        """What is noted on a conversation stays inside Odoo, whoever follows it: nothing of it becomes an e-mail.

        And it is for those who see the conversation, whoever else is named.
        """
        found = super()._notify_get_recipients(message, msg_vals=msg_vals, **kwargs)
        users = self.env["res.users"]
        return [{**one, "notif": "inbox"} for one in found if one.get("uid") and not one.get("share")
                and self.with_user(users.browse(one["uid"])).has_access("read")]
