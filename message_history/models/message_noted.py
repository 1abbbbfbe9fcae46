import functools

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import SQL

CONVERSATION = "message.conversation"


class MessageNoted(models.AbstractModel):
    """What people write about a conversation: each carries the channel under which it was written.

    It is for who sees that pair, however it is looked for: core lets whoever reads a conversation read all of it, and
    finds conversations by it without asking who may (``bypass_search_access``).
    """

    _name = "message.noted"
    _description = "Written About a Conversation"
    #: The field with the name of the model that a record is about.
    _ABOUT = "model"

    note_channel_id = fields.Many2one(
        "message.channel", ondelete="set null", index="btree_not_null", groups=fields.NO_ACCESS, copy=False,
        help="Written about a conversation: the channel on which its author was there.")

    @api.model
    def _hidden_notes(self, alias):
        """Return the condition that a row was written about a pair that the present user does not see.

        In SQL alone: this is asked with every search for chatter messages, which must not cost a query more. So it
        says once more what ``tools.scope.Scope.pair_sql`` says; a pair that is no more is judged by its channel.
        """
        channel, about, user = SQL.identifier(alias, "note_channel_id"), SQL.identifier(alias, "res_id"), self.env.user
        self.env["message.channel"].flush_model(["company_id"])
        companies = SQL("(SELECT r.cid FROM res_company_users_rel r WHERE r.user_id = %s)", user.id)
        given = SQL(
            "EXISTS (SELECT FROM message_conversation_grant g WHERE g.user_id = %s AND g.channel_id = c.id "
            "AND g.conversation_id = %s)", user.id, about)
        seen = SQL("TRUE") if user.has_group("message_history.group_manager") else SQL(
            "(EXISTS (SELECT FROM message_channel_member_rel m WHERE m.channel_id = c.id AND m.user_id = %s) OR %s)",
            user.id, given)
        return SQL(
            "(%s IS NOT NULL AND NOT EXISTS (SELECT FROM message_channel c WHERE c.id = %s AND %s "
            "AND (c.company_id IS NULL OR c.company_id IN %s) AND NOT EXISTS ("
            "SELECT FROM message_conversation_channel p WHERE p.conversation_id = %s AND p.channel_id = c.id "
            "AND p.company_id IS NOT NULL AND p.company_id NOT IN %s)))",
            channel, channel, seen, companies, about, companies)

    @api.model
    def _search(self, domain, offset=0, limit=None, order=None, *, bypass_access=False, **kwargs):
        if not self.env.su:  # also where core bypasses rights: it means the rules, not what somebody may see
            domain = Domain(domain) & Domain.custom(
                to_sql=lambda model, alias, _query: SQL("NOT %s", model._hidden_notes(alias)))
        return super()._search(domain, offset, limit, order, bypass_access=bypass_access, **kwargs)

    def _check_access(self, operation):
        refused = super()._check_access(operation)
        if refused or self.env.su or not any(self._ids):
            return refused
        hidden = self._hidden()
        return (hidden, functools.partial(self._refuse_note)) if hidden else None

    def _hidden(self):
        """Return those of these records that were written about a pair which the present user does not see."""
        about = [one.id for one in self.sudo() if one.id and one[self._ABOUT] == CONVERSATION]
        if not about:
            return self.browse()
        self.flush_recordset(["note_channel_id", "res_id"])
        rows = self.env.execute_query(SQL(
            "SELECT m.id FROM %s m WHERE m.id = ANY(%s) AND %s", SQL.identifier(self._table),
            about, self._hidden_notes("m")))
        return self.browse(row[0] for row in rows)

    def _refuse_note(self):
        return AccessError(self.env._("This note was written on a channel that you do not see."))

    def _note_channel(self):
        """Note on which channel the present user wrote these about conversations."""
        for one_sudo in self.sudo():
            about = one_sudo[self._ABOUT] == CONVERSATION and one_sudo.res_id
            conversation = self.env[CONVERSATION].browse(about or []).exists()
            # core posts some as superuser on the author's behalf; it is what he sees that matters
            one_sudo.note_channel_id = conversation and (
                conversation.sudo(False)._shown_channel_sudo() or conversation._shown_channel_sudo())


class MailMessage(models.Model):
    """Notes on conversations, and what was done about them, by whatever door they come; files on them go with them."""

    _name = "mail.message"
    _inherit = ["message.noted", "mail.message"]

    @api.model_create_multi
    def create(self, vals_list):
        messages = super().create(vals_list)
        default = self.env.context.get("default_model")
        about = [message.id for message, vals in zip(messages, vals_list, strict=True)
                 if vals.get("model", default) == CONVERSATION]
        if about:
            notes = self.browse(about)
            notes._note_channel()
            notes._take_files()
        return messages

    def write(self, vals):
        result = super().write(vals)
        if vals.get("model") == CONVERSATION:  # what goes from one conversation to another keeps its channel
            self.sudo().filtered(lambda one: not one.note_channel_id).sudo(self.env.su)._note_channel()
        if vals.keys() & {"attachment_ids", "model"}:
            self._take_files()
        return result

    def _take_files(self):
        """Let the files on notes about conversations be for who reads the note."""
        for note_sudo in self.sudo().filtered(lambda one: one.model == CONVERSATION):
            note_sudo.attachment_ids.filtered(lambda file: file.res_model == CONVERSATION).write(
                {"res_model": self._name, "res_id": note_sudo.id})

    @api.model
    def _get_with_access(self, message_id, mode="read", **kwargs):
        """Return a message for the chatter's routes, which take it from whoever reads its document."""
        message = super()._get_with_access(message_id, mode=mode, **kwargs)
        return message if self.env.su or not message else message - message._hidden()


class MailScheduledMessage(models.Model):
    """Notes that are to be written later."""

    _name = "mail.scheduled.message"
    _inherit = ["message.noted", "mail.scheduled.message"]

    @api.model_create_multi
    def create(self, vals_list):
        scheduled = super().create(vals_list)
        scheduled._note_channel()
        return scheduled


class MailActivity(models.Model):
    """What is to be done about a conversation: by who sees the pair under which it was planned."""

    _name = "mail.activity"
    _inherit = ["message.noted", "mail.activity"]
    _ABOUT = "res_model"

    @api.model_create_multi
    def create(self, vals_list):
        activities = super().create(vals_list)
        activities._about_conversations()
        return activities

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() & {"res_id", "res_model_id", "res_model"}:
            self._about_conversations()
        elif "user_id" in vals:
            self._check_assigned()
        return result

    def _action_done(self, feedback=False, attachment_ids=None):
        """Let what is said of its end, and what comes next, be for who saw the activity."""
        messages, following = self.env["mail.message"], self.browse()
        for activity in self:
            channel_sudo = activity.sudo().note_channel_id
            said, more = super(MailActivity, activity)._action_done(feedback=feedback, attachment_ids=attachment_ids)
            if channel_sudo:
                (said.sudo().note_channel_id, more.sudo().note_channel_id) = (channel_sudo, channel_sudo)
            messages, following = messages | said, following | more
        return messages, following

    def _about_conversations(self):
        about = self.filtered(lambda one: one.sudo().res_model == CONVERSATION or one.sudo().note_channel_id)
        about._note_channel()
        about._check_assigned()

    def _check_assigned(self):
        """Raise where somebody is to do what he may not read."""
        for activity_sudo in self.sudo().filtered(lambda one: one.note_channel_id and one.user_id):
            if not self.env.su and self.with_user(activity_sudo.user_id).browse(activity_sudo.id)._hidden():
                raise UserError(self.env._(
                    "%(user)s does not see this: name colleagues in a note first, or make them responsible.",
                    user=activity_sudo.user_id.name))


class MessageConversation(models.Model):
    """What is shown of the next activity is read by the reader, not by the server on his behalf."""

    _inherit = CONVERSATION

    activity_summary = fields.Char(related_sudo=False)
    activity_type_id = fields.Many2one(related_sudo=False)
    activity_type_icon = fields.Char(related_sudo=False)
