import ast

from odoo import api, models

from ..tools.answering import current_answer
from ..tools.memo import is_active


class MailMail(models.Model):
    """Outgoing mail that arises while messages are processed."""

    _inherit = "mail.mail"

    @api.model_create_multi
    def create(self, vals_list):
        """Send an automatic answer to the sender alone, marked as automatic (RFC 3834)."""
        if answer := current_answer(self.env):
            vals_list = [self._prepare_answer(vals, answer) if self._is_answer(vals) else vals for vals in vals_list]
        return super().create(vals_list)

    @api.model
    def _is_answer(self, vals):
        """Whether a mail is the answer itself, not a notice to colleagues that its action set off."""
        if not vals.get("mail_message_id"):
            return True
        message_sudo = self.env["mail.message"].sudo().browse(vals["mail_message_id"])
        return message_sudo.message_type == "auto_comment"

    @api.model
    def _prepare_answer(self, vals, answer):
        return {
            **vals,
            "email_to": answer.email_to, "email_cc": False, "recipient_ids": [],
            "headers": repr({**self._headers_of(vals), **answer.headers}),
            "references": answer.headers.get("References", vals.get("references")),
        }

    @api.model
    def _headers_of(self, vals):
        headers = vals.get("headers") or {}
        if isinstance(headers, str):
            headers = self._parse_headers(headers)
        return headers

    @api.model
    def _parse_headers(self, text):
        """Return the dictionary that core keeps as text; nothing if it can't be read."""
        try:
            headers = ast.literal_eval(text)
        except (ValueError, SyntaxError):
            return {}
        return headers if isinstance(headers, dict) else {}

    def send(self, *args, **kwargs):
        """Leave mails that arise while messages are processed to the queue.

        Fifty notifications sent from within a batch would hold its locks for as long.

        :raise AccessError: unless the caller may write mails
        """
        self.check_access("write")
        if is_active(self.env) and not kwargs.get("raise_exception"):
            cron = self.env.ref("mail.ir_cron_mail_scheduler_action", raise_if_not_found=False)
            if cron and not self.env.cr.cache.get("message_gateway_mail_cron"):
                self.env.cr.cache["message_gateway_mail_cron"] = True
                cron.sudo()._trigger()
            return None
        return super().send(*args, **kwargs)
