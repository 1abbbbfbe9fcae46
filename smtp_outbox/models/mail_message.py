from odoo import models
from odoo.tools import SQL


class MailMessage(models.Model):
    """Chatter messages whose mails are in the outbox."""

    _inherit = "mail.message"

    def unlink(self):
        """Take back what nobody has begun to send: the database removes the mails of deleted messages."""
        if not self.env["mail.mail"]._sends_inline():
            self.check_access("unlink")
        self.env["message.outbox"].sudo()._cancel_of(self)
        if self.ids and not self.env["mail.mail"]._sends_inline():  # inline, no ledger row is of this transaction
            self._part_mails_from_ledger()
        return super().unlink()

    def _part_mails_from_ledger(self):
        """Undo the ledger's links to the mails of these messages before the database does it.

        With those to the messages it would be two updates, in the order of the constraints' numbers read as text;
        the first finds the other link broken if the ledger's row is of this transaction.
        """
        rows = self.env.execute_query(SQL("SELECT id FROM mail_mail WHERE mail_message_id = ANY(%s)", self.ids))
        if rows:
            self.env.cr.execute(SQL("UPDATE message_history SET mail_mail_id = NULL WHERE mail_mail_id = ANY(%s)",
                                    [mail_id for (mail_id,) in rows]))
            self.env["message.history"].invalidate_model(["mail_mail_id"], flush=False)
