import re

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools import SQL

#: What one box finds: who wrote, to whom, subject and text. The index is of exactly this.
_WORDS = (
    "to_tsvector('simple'::regconfig, COALESCE(subject, '') || ' ' || COALESCE(sender_name, '') || ' ' || "
    "COALESCE(sender_address, '') || ' ' || COALESCE(recipients, '') || ' ' || COALESCE(body_text, ''))")


class MessageHistory(models.Model):
    """How messages are found, and who may see them."""

    _inherit = "message.history"

    text = fields.Char(compute="_compute_text", search="_search_text")
    desk_channel_id = fields.Many2one(
        "message.channel", readonly=True, ondelete="set null", string="Inbox",
        help="The channel whose people see it at their desk, where that is another one than its own: an answer goes "
             "out by a mail server, and belongs to those who read the mailbox.")

    _text_idx = models.Index(f"USING gin ({_WORDS})")
    _desk_idx = models.Index("(desk_channel_id, date DESC, id DESC) WHERE desk_channel_id IS NOT NULL")

    def _compute_text(self):
        for message in self:
            message.text = message.preview

    @api.model
    def _search_text(self, operator, value):
        if operator not in ("ilike", "like", "=", "in"):
            return NotImplemented
        words = value if isinstance(value, str) else " ".join(str(word) for word in value)
        return [("id", "in", SQL("(SELECT id FROM message_history WHERE %s)", self._text_condition(words)))]

    @api.model
    def _text_condition(self, words):
        """Return the condition for messages with some words: beginnings of words, or a query in quotes or with ``-``.

        The latter as search engines have it (``websearch_to_tsquery``).
        """
        if re.search(r'"|(?:^|\s)-\w', words):
            return SQL("%s @@ websearch_to_tsquery('simple', %s)", SQL(_WORDS), words)
        found = re.findall(r"[^\s'\\\x00]+", words)
        return SQL("%s @@ to_tsquery('simple', %s)", SQL(_WORDS), " & ".join(f"'{word}':*" for word in found))

    @api.model
    def _visible_domain(self):
        """Return the domain of what the present user may see, with every id resolved first.

        Resolved, PostgreSQL knows how few rows a quiet channel has and does not walk everybody's.
        """
        if self.env.su or self.env.user.has_group("message_history.group_manager"):
            return Domain.TRUE
        own = self.env.user._message_channel_ids()
        visible = Domain("channel_id", "in", own) | Domain("desk_channel_id", "in", own)
        if followed := self.env["message.conversation"]._followed_ids():
            visible |= Domain("conversation_id", "in", followed)
        return visible

    @api.model
    def _search(self, domain, offset=0, limit=None, order=None, *, active_test=True, bypass_access=False):
        if not bypass_access and not self.env.su:
            self.browse().check_access("read")
            domain = Domain(domain) & self._visible_domain()
            bypass_access = True
        return super()._search(domain, offset, limit, order, active_test=active_test, bypass_access=bypass_access)

    @api.model
    def _for_document(self, record, limit=80):
        """Return the messages of a document that the user may read: one check for one record."""
        record.ensure_one().check_access("read")
        return self.sudo().search(
            [("model", "=", record._name), ("res_id", "=", record.id), ("private", "=", False)], limit=limit)

    def _check_handle(self, private=False):
        """Raise unless the user may act on these messages (members of the channel, managers).

        :param private: whether this act may be done with private messages: passwords, codes, invitations
        :raise AccessError: when one is private and the act is another than taking it back, whoever asks
        """
        self.check_access("read")
        if not self.env.su and not self.env.user.has_group("message_history.group_user"):
            raise AccessError(self.env._("Only users of the messages may do this."))
        if not private and any(self.sudo().mapped("private")):
            raise AccessError(self.env._(
                "This message is private (a password, a code, an invitation): it can only be taken back."))
