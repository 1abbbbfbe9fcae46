from odoo import models
from odoo.tools import email_normalize, formataddr, is_html_empty


class MessageDraft(models.Model):
    """Answers by e-mail: one mail with everybody on it, as from a mail program, through the outbox."""

    _inherit = "message.draft"

    def _deliver(self, not_before):
        if self.sender_id.sudo().medium != "mail":
            return super()._deliver(not_before)
        mail_sudo = self.env["mail.mail"].sudo().create(self._prepare_mail(not_before))
        mail_sudo.attachment_ids.filtered(lambda one: one.res_model == self._name).write(
            {"res_model": "mail.message", "res_id": mail_sudo.mail_message_id.id})
        self._note_recipients(mail_sudo)
        # at once, and without the network: whoever opens the conversation now is to see the answer
        self.env["mail.expander"].sudo()._expand(mail_sudo, True)
        history_sudo = mail_sudo.history_ids[-1:]
        if history_sudo.channel_id != self.sender_id.sudo():
            history_sudo.desk_channel_id = self.sender_id.id
        conversation_sudo = self.conversation_id.sudo()
        if conversation_sudo and history_sudo.conversation_id != conversation_sudo:
            strays = history_sudo.conversation_id
            history_sudo.conversation_id = conversation_sudo
            strays._gc_empty()
        return history_sudo

    def _prepare_mail(self, not_before):
        """Return the values of the ``mail.mail``."""
        channel_sudo = self.sender_id.sudo()
        address = email_normalize(channel_sudo.address or "") or self.env.user.email_normalized or ""
        sender = formataddr((self.env.user.name, address)) if address else self.env.user.email_formatted
        answered_sudo = self._own_message_sudo() if self.mode != "new" else self.history_id.browse()
        document = self.conversation_id._get_document() if self.conversation_id else None
        body = self.body if not is_html_empty(self.body) else ""
        return {
            "email_from": sender, "reply_to": sender, "author_id": self.env.user.partner_id.id,
            "email_to": self._line(self.recipients), "email_cc": self._line(self.copies),
            "subject": " ".join((self.subject or "").split()) or False,
            "body": body, "body_html": f"{body}{self._quoted()}", "message_type": "comment",
            "subtype_id": self.env["ir.model.data"]._xmlid_to_res_id("mail.mt_comment"),
            "model": document._name if document is not None and hasattr(document, "message_post") else False,
            "res_id": document.id if document is not None and hasattr(document, "message_post") else False,
            "attachment_ids": [(6, 0, self.attachment_ids.ids)], "auto_delete": False, "is_notification": True,
            "partner_ids": [(6, 0, self._partner_ids())], "outbox_not_before": not_before, **self._references(
                answered_sudo)}

    def _references(self, answered_sudo):
        """Return the values that tie the mail to the one it answers (RFC 5322, 3.6.4)."""
        if not answered_sudo.message_uid:
            return {}
        headers = self._headers(answered_sudo)
        chain = [*(headers.references if headers else ()), answered_sudo.message_uid]
        return {"references": " ".join(dict.fromkeys(chain)),
                "headers": repr({"In-Reply-To": answered_sudo.message_uid})}

    def _line(self, people):
        return ", ".join(formataddr((one.get("name") or "", one["address"])) for one in people or []) or False

    def _partner_ids(self):
        ids = [one.get("partner_id") for one in [*(self.recipients or []), *(self.copies or [])]]
        wanted = self.env["res.partner"].browse([one for one in ids if isinstance(one, int)]).exists()
        return wanted._filtered_access("read").ids

    def _note_recipients(self, mail_sudo):
        """Have the chatter of a document show who got the message and what became of it, as core's own does."""
        if not mail_sudo.res_id:
            return
        rows = []
        for one in [*(self.recipients or []), *(self.copies or [])]:
            known = one.get("partner_id") in mail_sudo.partner_ids.ids
            rows.append({
                "author_id": mail_sudo.author_id.id, "mail_message_id": mail_sudo.mail_message_id.id,
                "notification_type": "email", "mail_mail_id": mail_sudo.id, "is_read": True,
                "notification_status": "ready", "res_partner_id": one["partner_id"] if known else False,
                "mail_email_address": False if known else one["address"]})
        self.env["mail.notification"].sudo().create(rows)

    def _forget_sent(self, history_sudo):
        mails_sudo = history_sudo.mail_mail_id
        # only what went with the message: a file that stands elsewhere was no more than named here
        sent_sudo = history_sudo.mail_message_id
        self.attachment_ids.sudo().filtered(
            lambda one: sent_sudo and (one.res_model, one.res_id) == (sent_sudo._name, sent_sudo.id)).write(
                {"res_model": self._name, "res_id": self.id})
        result = super()._forget_sent(history_sudo)
        mails_sudo.exists().unlink()
        return result
