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
    def _scope_domain(self, scope):
        return scope.messages()

    @api.model
    def _scope_sql(self, scope, alias):
        return scope.message_sql(alias)

    @api.model
    def _for_document(self, record, limit=80):
        """Return the messages about a document, for who may read it and handles messages: one check for one record.

        What somebody wrote confidentially about it (blind copies, forwards) is for who sees the pair.

        :raise AccessError: when the user may not read the document, or is nobody who handles messages
        """
        self.browse().check_access("read")
        record.ensure_one().check_access("read")
        about = Domain("model", "=", record._name) & Domain("res_id", "=", record.id) & Domain("private", "=", False)
        open_to_readers = Domain("direction", "=", "in") | Domain("mail_message_id", "!=", False)
        seen = self.search(about).ids
        return self.sudo().search(about & (Domain("id", "in", seen) | open_to_readers), limit=limit)

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
