from odoo import models

from ..tools.answering import current_answer


class MailThread(models.AbstractModel):
    """An automatic answer that is posted on the document goes to the sender, past the followers."""

    _inherit = "mail.thread"

    def _notify_get_recipients(self, message, msg_vals=False, **kwargs):
        answer = current_answer(self.env)
        message_type = (msg_vals or {}).get("message_type") or message.message_type
        if answer and message_type == "auto_comment":
            msg_vals = {**(msg_vals or {}), "partner_ids": [], "outgoing_email_to": answer.email_to}
            kwargs["notify_skip_followers"] = True
        return super()._notify_get_recipients(message, msg_vals, **kwargs)
