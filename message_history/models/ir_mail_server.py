from odoo import models

from ..lib.delivery_mark import HEADER, make_mark


class IrMailServer(models.Model):
    """What Odoo sends carries a mark by which a notice about it can be told from a made-up one."""

    _inherit = "ir.mail_server"

    def _prepare_email_message__(self, message, smtp_session):
        """Mark the mail of a single recipient; several would know each other's."""
        smtp_from, smtp_to_list, message = super()._prepare_email_message__(message, smtp_session)
        del message[HEADER]
        secret = self.env["message.bounce"]._secret()
        if len(smtp_to_list) == 1 and secret and message["Message-Id"] and not _keeps(smtp_session):
            message[HEADER] = make_mark(secret, str(message["Message-Id"]), smtp_to_list[0])
        return smtp_from, smtp_to_list, message


def _keeps(smtp_session):
    """Whether a session only keeps what is sent later, by an addon that marks each copy itself."""
    return getattr(smtp_session, "keeps", False)
