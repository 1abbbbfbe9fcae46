import functools

from odoo import fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools import SQL


class MailMessage(models.Model):
    """Notes on conversations: each carries the channel under which it was written, and is for who sees that pair."""

    _inherit = "mail.message"

    note_channel_id = fields.Many2one(
        "message.channel", ondelete="set null", index="btree_not_null", groups=fields.NO_ACCESS, copy=False,
        help="A note on a conversation: the channel on which its author was there.")

    def _hidden_notes(self, alias):
        """Return the condition that a row is a note of a pair that the present user does not see.

        In SQL alone: this is asked with every search for chatter messages, which must not cost a query more.
        """
        channel, user = SQL.identifier(alias, "note_channel_id"), self.env.user
        self.env["message.channel"].flush_model(["company_id"])
        given = SQL(
            "EXISTS (SELECT FROM message_conversation_grant g WHERE g.user_id = %s AND g.channel_id = c.id "
            "AND g.conversation_id = %s)", user.id, SQL.identifier(alias, "res_id"))
        seen = SQL("TRUE") if user.has_group("message_history.group_manager") else SQL(
            "(EXISTS (SELECT FROM message_channel_member_rel m WHERE m.channel_id = c.id AND m.user_id = %s) OR %s)",
            user.id, given)
        return SQL(
            "(%s IS NOT NULL AND NOT EXISTS (SELECT FROM message_channel c WHERE c.id = %s AND %s AND "
            "(c.company_id IS NULL OR EXISTS (SELECT FROM res_company_users_rel r WHERE r.cid = c.company_id "
            "AND r.user_id = %s))))", channel, channel, seen, user.id)

    def _search(self, domain, offset=0, limit=None, order=None, *, bypass_access=False, **kwargs):
        if not bypass_access and not self.env.su:
            domain = Domain(domain) & Domain.custom(
                to_sql=lambda model, alias, _query: SQL("NOT %s", model._hidden_notes(alias)))
        return super()._search(domain, offset, limit, order, bypass_access=bypass_access, **kwargs)

    def _check_access(self, operation):
        refused = super()._check_access(operation)
        if refused or self.env.su or not any(self._ids):
            return refused
        notes = [one.id for one in self.sudo() if one.id and one.model == "message.conversation"]
        if not notes:
            return None
        self.flush_recordset(["note_channel_id", "res_id"])
        rows = self.env.execute_query(SQL(
            "SELECT m.id FROM mail_message m WHERE m.id = ANY(%s) AND %s", notes, self._hidden_notes("m")))
        if not rows:
            return None
        return self.browse(row[0] for row in rows), functools.partial(self._refuse_note)

    def _refuse_note(self):
        return AccessError(self.env._("This note was written on a channel that you do not see."))
