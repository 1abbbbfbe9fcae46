from datetime import datetime, timedelta

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import email_normalize, html2plaintext, is_html_empty

from .message_conversation_desk import STATE_NAMES


class MessageDraft(models.Model):
    """Sends what was written: an answer on the channel that the message came by, a note to colleagues."""

    _inherit = "message.draft"

    def send(self, options=None):
        """Send a draft, or have it wait so long as it can be taken back.

        :param options: ``last_message_id``: the last message that the user saw; ``force``: although somebody
            else was quicker; ``done``: close the conversation; ``at``: not before (naive UTC)
        :return: {"sent": True, "draft_id", "history_id", "seconds": how long it can be taken back, "text"} or
            {"collision": {"name", "seconds", "history_id", "incoming"}}: nothing was sent
        :raise UserError: when something is missing, or can't be sent this way
        """
        self.ensure_one().check_access("write")
        options = options or {}
        if self.state != "draft":
            raise UserError(self.env._("This has been sent already."))
        if self.conversation_id:
            self.conversation_id.check_access("read")
        self.attachment_ids.check_access("read")
        if self.mode == "note":
            return self._send_note()
        self._check_complete()
        if not options.get("force") and (collision := self._collision(options.get("last_message_id"))):
            return {"collision": collision}
        conversation = self.conversation_id
        before = {"undo": [{"id": conversation.id, "before": conversation._desk_values(STATE_NAMES)}]} if (
            conversation) else {}
        not_before, seconds = self._not_before(options.get("at"))
        history_sudo = self._deliver(not_before)
        history_sudo.flush_recordset()
        if conversation and not conversation.exists():
            # the answer refers to what two conversations have: they are one now (an id that a sender gave twice)
            conversation, before = history_sudo.conversation_id, {}
        self.sudo().write({"state": "sent", "sent_id": history_sudo.id, "before": before,
                    "conversation_id": conversation.id or history_sudo.conversation_id.id})
        self._after_sent(history_sudo, options)
        return {"sent": True, "draft_id": self.id, "history_id": history_sudo.id, "seconds": seconds,
                "conversation_id": self.conversation_id.id, "text": self._words_for_sent(seconds, options)}

    def _deliver(self, not_before):
        """Put the message into the outbox of its channel; returns its ledger row, as superuser. For addons.

        :param not_before: it must not leave before that moment (naive UTC)
        """
        raise UserError(self.env._("Nothing can be sent on %(channel)s.", channel=self.sender_id.name or "?"))

    def _send_note(self):
        """Note something for colleagues; it has no recipients, whatever the draft says. Whom it names is told."""
        if is_html_empty(self.body) and not self.attachment_ids:
            raise UserError(self.env._("Write something first."))
        conversation = self.conversation_id
        named = conversation._mentioned_users(self.body)
        # else they would go with the draft; the note takes them (see message_post of conversations)
        self.attachment_ids.filtered(lambda one: one.res_model == self._name).sudo().write(
            {"res_model": conversation._name, "res_id": conversation.id})
        named = conversation._tell_mentioned(named)
        conversation.with_context(mail_post_autofollow=False).message_post(
            body=self.body or "", message_type="comment", subtype_xmlid="mail.mt_note",
            attachment_ids=self.attachment_ids.ids, partner_ids=named.partner_id.ids)
        self.unlink()
        conversation._notify_changed(conversation.ids)
        return {"sent": True, "draft_id": None, "history_id": None, "seconds": 0, "conversation_id": conversation.id,
                "text": self.env._("Noted")}

    def _check_complete(self):
        """Raise in words what is missing."""
        _ = self.env._
        people = [*(self.recipients or []), *(self.copies or [])]
        if not people:
            raise UserError(_("Choose at least one recipient."))
        channel_sudo = self.sender_id.sudo()
        if not channel_sudo or not channel_sudo._get_answer_channel_sudo():
            raise UserError(_("Choose the address to send from. No channel of yours can send."))
        if self.sender_id.id not in [one["id"] for one in self._senders(self.conversation_id)]:
            raise UserError(_("You can't send from %(channel)s.", channel=channel_sudo.name))
        is_mail = channel_sudo.medium == "mail"
        # what is only half typed may look like an address already
        wrong = [one["address"] for one in people if one.get("pending") or (
            is_mail and not email_normalize(one["address"]))]
        if wrong:
            raise UserError(_("No e-mail address: %(addresses)s", addresses=", ".join(wrong)))
        if not html2plaintext(self.body or "").strip() and not self.attachment_ids and not self._quoted():
            raise UserError(_("Write something first."))
        limits = channel_sudo._get_limits()
        if self.attachment_ids and not limits["attachments"]:
            raise UserError(_("%(channel)s can't carry files.", channel=channel_sudo.name))

    def _collision(self, last_seen_id):
        """Return who was quicker since the user looked last; None if nobody was."""
        if last_seen_id is None or not self.conversation_id:
            return None
        newer_sudo = self.env["message.history"].search(
            [("conversation_id", "=", self.conversation_id.id), ("id", ">", last_seen_id),
             ("state", "!=", "cancelled"), "|", ("direction", "=", "in"), ("create_uid", "!=", self.env.uid)],
            order="id DESC", limit=1).sudo()
        if not newer_sudo or (newer_sudo.direction == "in" and newer_sudo.state != "processed"):
            return None
        passed = (fields.Datetime.now() - newer_sudo.create_date).total_seconds()
        author_sudo = newer_sudo.mail_message_id.author_id
        return {"name": author_sudo.name or newer_sudo.sender or "", "seconds": max(int(passed), 0),
                "history_id": newer_sudo.id, "incoming": newer_sudo.direction == "in"}

    def _not_before(self, at):
        """Return (moment, seconds that it can be taken back)."""
        now = fields.Datetime.now()
        if at:
            moment = datetime.fromisoformat(at) if isinstance(at, str) else at
            if moment <= now:
                raise UserError(self.env._("That moment is over. Choose a later one."))
            return moment, 0
        channel_sudo = self.sender_id.sudo()._get_answer_channel_sudo()
        seconds = channel_sudo.take_back_seconds or self.env["res.users.settings"]._message_undo_seconds()
        return now + timedelta(seconds=seconds), seconds

    def _after_sent(self, history_sudo, options):
        """Bring the conversation up to date at once; whoever looks at it must not answer again."""
        conversation = self.conversation_id
        if not conversation:
            return
        conversation.sudo()._settle_conversations(conversation.ids)
        if options.get("done"):
            conversation._apply_change({"state": "done", "snooze_until": False, "snooze_reply": False})
        for entry in (self.before or {}).get("undo", ()):
            self.sudo().before = {"undo": [{**entry, "after": conversation._desk_values(STATE_NAMES)}]}
        conversation._notify_changed(conversation.ids)

    def _words_for_sent(self, seconds, options):
        if options.get("at"):
            return self.env._("Will be sent later")
        return self.env._("Sending in %(seconds)s s", seconds=seconds) if seconds else self.env._("Sending")

    # Taking back --------------------------------------------------------------------------------

    def take_back(self):
        """Take a message back that nobody has begun to send; it is a draft again.

        :raise UserError: when it is too late
        """
        self.ensure_one().check_access("write")
        if self.state != "sent" or not self.sent_id:
            raise UserError(self.env._("It is too late: the sending has begun."))
        history_sudo = self.sent_id.sudo()
        self.env["message.outbox"].sudo()._cancel(history_sudo.delivery_ids)
        if any(state != "cancelled" for state in history_sudo.delivery_ids.mapped("state")):
            raise UserError(self.env._("It is too late: the sending has begun."))
        conversation = self.conversation_id
        alone = conversation.sudo().history_ids == history_sudo
        self._forget_sent(history_sudo)
        if other := self._find(conversation, self.mode):
            other.unlink()  # begun since, from nothing
        self.sudo().write({"state": "draft", "sent_id": False, **({"conversation_id": False} if alone else {})})
        if alone:
            conversation.sudo().unlink()
        elif conversation:
            conversation.sudo()._settle_conversations(conversation.ids, moved=True)
            conversation._undo_entries((self.before or {}).get("undo") or [])
        return self._describe()

    def _forget_sent(self, history_sudo):
        """Remove every trace of a message that was taken back before it was sent."""
        message_sudo = history_sudo.mail_message_id
        self.env["message.raw"].sudo()._drop(history_sudo.ids)
        history_sudo.unlink()
        message_sudo.unlink()

    def send_now(self):
        """Don't wait for the end of the time in which it can be taken back."""
        self.ensure_one().check_access("write")
        if self.state != "sent" or not self.sent_id:
            raise UserError(self.env._("This has not been sent."))
        deliveries_sudo = self.sent_id.sudo().delivery_ids
        self.env["message.outbox"].sudo()._change(deliveries_sudo, ("deferred",), {
            "state": "queued", "next_attempt": None})
        self.env["message.worker"].sudo()._wake()
        return True
