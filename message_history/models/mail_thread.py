import logging
import xmlrpc.client

from odoo import api, models
from odoo.http import request

from ..lib.transport import IncomingMessage
from ..tools.transaction import CONCURRENCY_ERRORS, in_transaction

_logger = logging.getLogger(__name__)

#: Routes by which programs outside call methods (the mail gate script uses the first).
_REMOTE_PATHS = ("/xmlrpc/", "/jsonrpc", "/json/2/")


class MailThread(models.AbstractModel):
    _inherit = "mail.thread"

    @api.model
    def message_process(self, model, message, custom_values=None, save_original=False,
                        strip_attachments=False, thread_id=None):
        """Enter the ledger, then do as ever.

        From outside (the mail gate script, a remote call) the raw message is committed first, and
        processed as every message of the ledger is: what fails is kept and tried again, so the
        caller may forget the message once this returns. From inside Odoo it is processed at once,
        in the caller's transaction, which also decides whether the entry is kept; if it raises,
        the entry stays as failed.
        """
        raw = self._raw_bytes(message)
        if self._called_from_outside():
            return self.env["message.local"]._process_remote(
                raw, model, custom_values, save_original, strip_attachments, thread_id)
        try:
            result = super().message_process(
                model, message, custom_values=custom_values, save_original=save_original,
                strip_attachments=strip_attachments, thread_id=thread_id)
        except CONCURRENCY_ERRORS:
            raise
        except Exception as error:  # whatever it is, the message must not be lost with it
            self.env["message.local"]._note_failed(raw, error)
            raise
        self.env["message.local"]._note_processed(raw, result)
        return result

    @api.model
    def _raw_bytes(self, message):
        if isinstance(message, xmlrpc.client.Binary):
            return bytes(message.data)
        return message.encode("utf-8", "surrogateescape") if isinstance(message, str) else bytes(message)

    @api.model
    def _called_from_outside(self):
        return bool(request) and request.httprequest.path.startswith(_REMOTE_PATHS)

    @api.model
    def _message_parse_extract_bounce(self, email_message, message_dict):
        found = super()._message_parse_extract_bounce(email_message, message_dict)
        if self.env.context.get("message_gateway"):
            found = self.env["message.bounce"]._extract(email_message, message_dict, found)
        return found
