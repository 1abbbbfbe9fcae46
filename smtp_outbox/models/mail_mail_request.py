from html import escape, unescape

from odoo import api, fields, models

#: A plain text as HTML that looks like one.
_OPEN = '<pre style="white-space: pre-wrap; font-family: inherit; margin: 0">'
_CLOSE = "</pre>"


class MailMail(models.Model):
    """Mails that were asked for by ``message.request``: their attempts are counted, their text stays as it is."""

    _inherit = "mail.mail"

    outbox_max_attempts = fields.Integer(readonly=True, help="Most attempts for each recipient; 0: no such limit.")

    def write(self, vals):
        result = super().write(vals)
        if "state" in vals and not self._sends_inline():
            self.env["message.request"].sudo()._follow(self)
        return result

    def _prepare_outgoing_list(self, mail_server=False, doc_to_followers=None):
        """Let a plain text arrive as it was written: core's way back from HTML takes out blanks and empty lines."""
        emails = super()._prepare_outgoing_list(mail_server=mail_server, doc_to_followers=doc_to_followers)
        for email in emails:
            if (text := self._plain_text(email["body"])) is not None:
                email["body_alternative"] = text
        return emails

    @api.model
    def _plain_body(self, text):
        """Return a plain text as the HTML body of a mail; :meth:`_plain_text` is the way back."""
        return f"{_OPEN}{escape(text, quote=False)}{_CLOSE}"

    @api.model
    def _plain_text(self, body):
        """Return the text of a body that is a plain text and nothing else, None for any other."""
        body = str(body or "")
        if body.startswith(_OPEN) and body.endswith(_CLOSE) and body.count("<") == 2:
            return unescape(body[len(_OPEN):-len(_CLOSE)])
        return None
