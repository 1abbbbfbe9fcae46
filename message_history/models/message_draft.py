from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools.misc import clean_context

from ..tools.client_fields import without_users_defaults

MODES = [("reply", "Reply"), ("reply_all", "Reply All"), ("forward", "Forward"), ("note", "Note"), ("new", "New")]
#: What the browser may write.
_WRITABLE = ("sender_id", "recipients", "copies", "subject", "body", "quote")
#: What it may say when a draft is begun; all else is ours: with it somebody could take back what others sent.
_BEGUN_WITH = (*_WRITABLE, "conversation_id", "mode", "history_id")


class MessageDraft(models.Model):
    """What somebody is writing: one for each conversation, mode and user, kept here and not in the browser.

    So a draft survives a reload, is there on another computer, and never turns up in another
    conversation. A note and an answer are two drafts: what was meant for colleagues can't become
    an answer by a click.
    """

    _name = "message.draft"
    _description = "Draft"
    _order = "write_date desc, id desc"
    _rec_name = "subject"

    user_id = fields.Many2one("res.users", required=True, ondelete="cascade", default=lambda self: self.env.uid)
    conversation_id = fields.Many2one("message.conversation", ondelete="cascade", index="btree_not_null")
    mode = fields.Selection(MODES, required=True, default="new")
    history_id = fields.Many2one("message.history", ondelete="set null", string="Answers")
    sender_id = fields.Many2one("message.channel", ondelete="set null", string="From",
                                help="The channel whose address it is sent from.")
    recipients = fields.Json(help="A list of {name, address, partner_id}.")
    copies = fields.Json(help="Likewise, for those who get a copy.")
    subject = fields.Char()
    body = fields.Html(sanitize_attributes=False, sanitize_style=True)
    quote = fields.Boolean(default=True, help="The message that is answered goes below the text.")
    attachment_ids = fields.Many2many("ir.attachment", string="Attachments")
    state = fields.Selection([("draft", "Draft"), ("sent", "Sent")], required=True, default="draft")
    sent_id = fields.Many2one("message.history", ondelete="set null", index="btree_not_null")
    before = fields.Json(help="The conversation as it was, in case the message is taken back.")

    _place_uniq = models.UniqueIndex(
        "(user_id, conversation_id, mode) WHERE state = 'draft' AND conversation_id IS NOT NULL")

    @api.model
    def _add_missing_default_values(self, values):
        filled = super()._add_missing_default_values(values)
        return without_users_defaults(self, values, filled, _BEGUN_WITH)

    @api.model_create_multi
    def create(self, vals_list):
        if self.env.su:
            return super().create(vals_list)
        for vals in vals_list:
            self._check_allowed(vals, _BEGUN_WITH)
        # default_* in a context is what a client says as well
        clean = self.with_env(self.env(context=clean_context(self.env.context)))
        drafts = super(MessageDraft, clean).create([{**vals, "user_id": self.env.uid} for vals in vals_list])
        drafts._check_links()
        return drafts.with_env(self.env)

    def write(self, vals):
        if self.env.su:
            return super().write(vals)
        self._check_allowed(vals, (*_WRITABLE, "history_id", "attachment_ids"))
        result = super().write(vals)
        if vals.keys() & {"sender_id", "history_id", "attachment_ids"}:
            self._check_links()
        return result

    def _check_allowed(self, vals, allowed):
        """Raise unless a client may write all of some values."""
        if vals.keys() - set(allowed):
            raise AccessError(self.env._("Only sending changes this."))

    def _check_links(self):
        """Raise unless the user sees everything that his drafts point at: by its name it would come back."""
        for draft in self:
            draft.conversation_id.check_access("read")
            draft.history_id.check_access("read")
            draft.attachment_ids.check_access("read")
            if draft.sender_id.id not in [False, *(one["id"] for one in draft._senders(draft.conversation_id))]:
                draft.sender_id.check_access("read")

    # For the browser --------------------------------------------------------------------------

    @api.model
    def open(self, conversation_id, mode, history_id=None):
        """Return the draft of the user, or what to begin one with.

        :param history_id: the message to answer or forward; None: the last one
        :return: the fields as JSON carries them, ``id`` None if nothing is kept yet
        """
        conversation = self.env["message.conversation"].browse(conversation_id or []).exists()
        if conversation:
            conversation.check_access("read")
        draft = self._find(conversation, mode)
        self.env["message.history"].browse(history_id or []).exists().check_access("read")
        if draft and history_id and draft.history_id.id != history_id and mode != "note":
            draft.write(self._suggest_people(conversation, mode, history_id))
        return draft._describe() if draft else self._suggest(conversation, mode, history_id)

    @api.model
    def store(self, values):
        """Keep a draft; makes it where there is none. Returns its fields; ``sent`` if it is none any more.

        :param values: ``id`` or ``conversation_id`` and ``mode``, and what changed
        """
        draft = self.browse(values.get("id") or []).exists()
        if not draft:
            conversation = self.env["message.conversation"].browse(values.get("conversation_id") or []).exists()
            if conversation:
                conversation.check_access("read")
            draft = self._find(conversation, values.get("mode")) or self.create({
                "conversation_id": conversation.id, "mode": values.get("mode") or "new",
                "history_id": values.get("history_id")})
        if draft.state != "draft":
            return {"id": draft.id, "sent": True}
        draft.write({name: values[name] for name in _WRITABLE if name in values})
        return draft._describe()

    def discard(self):
        """Throw drafts away."""
        self.filtered(lambda draft: draft.state == "draft").unlink()
        return True

    def remove_attachment(self, attachment_id):
        """Take a file out of the draft."""
        self.ensure_one()
        attachment = self.attachment_ids.filtered(lambda one: one.id == attachment_id)
        self.check_access("write")
        self.sudo().attachment_ids = [(3, attachment.id)]
        if (attachment.res_model, attachment.res_id) == (self._name, self.id):
            attachment.sudo().unlink()
        return self._describe()["attachments"]

    def add_original_files(self):
        """Add the files of the message that is forwarded; returns the files of the draft."""
        self.ensure_one().check_access("write")
        message_sudo = self._own_message_sudo()
        if message_sudo:
            for name, content in self.env["message.content"].sudo()._files(message_sudo):
                self._attach(name, content)
        return self._describe()["attachments"]

    def _own_message_sudo(self):
        """Return the message that is answered, if it is of the draft's conversation, which the user may read."""
        message_sudo, conversation = self.history_id.sudo(), self.conversation_id
        fits = conversation and message_sudo.conversation_id.id == conversation.id and not message_sudo.private
        return message_sudo if fits and self.history_id.has_access("read") else message_sudo.browse()

    def _attach(self, name, content):
        """Add a file; returns what the browser shows of it."""
        self.ensure_one().check_access("write")
        attachment = self.env["ir.attachment"].create(
            {"name": name, "raw": content, "res_model": self._name, "res_id": self.id})
        self.sudo().attachment_ids = [(4, attachment.id)]
        return _describe_file(attachment)

    # The server's side ------------------------------------------------------------------------

    def _find(self, conversation, mode):
        if not conversation:
            return self.browse()
        return self.search([("user_id", "=", self.env.uid), ("conversation_id", "=", conversation.id),
                            ("mode", "=", mode), ("state", "=", "draft")], limit=1)

    def _describe(self):
        self.ensure_one()
        senders = self._senders(self.conversation_id)
        chosen = self.sender_id.id if self.sender_id.id in [one["id"] for one in senders] else None
        return {
            "id": self.id, "stamp": str(self.write_date), "conversation_id": self.conversation_id.id, "mode": self.mode,
            "history_id": self.history_id.id or None, "sender_id": chosen or (senders[0]["id"] if senders else None),
            "senders": senders, "recipients": self.recipients or [], "copies": self.copies or [],
            "subject": self.subject or "", "body": str(self.body or ""), "quote": self.quote,
            "attachments": [_describe_file(one) for one in self.attachment_ids],
            "limits": self._limits(self.sender_id or self.conversation_id._shown_channel()),
        }

    @api.model
    def _of_conversation(self, conversation):
        """Return the user's drafts of a conversation: [{"id", "mode"}], newest first."""
        found = self.search([("user_id", "=", self.env.uid), ("conversation_id", "=", conversation.id),
                             ("state", "=", "draft")])
        return [{"id": draft.id, "mode": draft.mode} for draft in found]

    @api.model
    def _move(self, others, target):
        """Take drafts along when conversations are merged; where both have one it becomes a new message."""
        for draft in self.search([("conversation_id", "in", others.ids)]):
            taken = draft.state == "draft" and self.search_count([
                ("user_id", "=", draft.user_id.id), ("conversation_id", "=", target.id),
                ("mode", "=", draft.mode), ("state", "=", "draft")])
            draft.write({"conversation_id": False, "mode": "new"} if taken else {"conversation_id": target.id})
            draft.flush_recordset()

    @api.autovacuum
    def _gc_sent(self):
        """Remove what was sent; it is in the ledger."""
        self.sudo().search([("state", "=", "sent"), ("write_date", "<", fields.Datetime.subtract(
            fields.Datetime.now(), days=1))]).unlink()


def _describe_file(attachment):
    return {"id": attachment.id, "name": attachment.name, "size": attachment.file_size,
            "mimetype": attachment.mimetype or ""}
