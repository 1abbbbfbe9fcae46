import logging
import threading
import xmlrpc.client
from urllib.parse import urlsplit

from odoo import api, models
from odoo.tools import email_normalize

from ..tools import fresh
from ..tools.memo import forget, is_active, memo
from ..tools.transaction import CONCURRENCY_ERRORS

_logger = logging.getLogger(__name__)

#: Routes by which programs outside call methods (the mail gate script uses the first).
_REMOTE_PATHS = ("/xmlrpc/", "/jsonrpc", "/json/2/")


class MailThread(models.AbstractModel):
    """Where core takes mail in: by the ledger."""

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

        :raise AccessError: when the caller is no mail gate, or may not do what the call says
        """
        self.env["message.local"]._admit(model, custom_values, thread_id)
        raw = self._raw_bytes(message)
        if self._called_from_outside():
            return self.env["message.local"]._process_remote(
                raw, model, custom_values, save_original, strip_attachments, thread_id)
        try:
            result = super().message_process(
                model, message, custom_values=custom_values, save_original=save_original,
                strip_attachments=strip_attachments, thread_id=thread_id)
            self.env["message.local"]._check_result(raw, model)
        except CONCURRENCY_ERRORS:
            raise
        except Exception as error:  # whatever it is, the message must not be lost with it
            self.env["message.local"]._note_failed(raw, error)
            raise
        self.env["message.local"]._note_processed(raw, result)
        return result

    @api.model
    def message_route(self, message, message_dict, model=None, thread_id=None, custom_values=None):
        """Keep the values of a call or folder to the kind of document that they were given for.

        Core would put them on a document of any other kind, in place of one that is gone.
        """
        routes = super().message_route(message, message_dict, model, thread_id, None)
        return [
            (*route[:2], custom_values, *route[3:]) if route[0] == model and not route[1] and not route[4] else route
            for route in routes
        ]

    @api.model
    def _raw_bytes(self, message):
        if isinstance(message, xmlrpc.client.Binary):
            return bytes(message.data)
        return message.encode("utf-8", "surrogateescape") if isinstance(message, str) else bytes(message)

    @api.model
    def _called_from_outside(self):
        # Odoo hides the request from what XML-RPC calls, but the thread still has its address
        path = urlsplit(getattr(threading.current_thread(), "url", None) or "").path
        return path.startswith(_REMOTE_PATHS)

    @api.model
    def _message_parse_extract_bounce(self, email_message, message_dict):
        found = super()._message_parse_extract_bounce(email_message, message_dict)
        if is_active(self.env) and not self.env.context.get("message_gateway_no_report"):
            found = self.env["message.bounce"]._extract(email_message, message_dict, found)
        return found

    # Look-ups shared over a batch; see tools/memo.py ---------------------------------------

    @api.model
    def _routing_reset_bounce(self, email_message, message_dict):
        """Skip senders of whom the batch's one look-up per model says that they did not bounce.

        And, where the channel's servers are known, those whom they do not confirm: anybody else could
        write in the name of an address that bounced.
        """
        if self.env.context.get("message_gateway_not_confirmed"):
            return
        if is_active(self.env):
            bounced = memo(self.env, "mail.bounce").get("addresses")
            if bounced is not None and email_normalize(message_dict["email_from"]) not in bounced:
                return
        super()._routing_reset_bounce(email_message, message_dict)

    @api.model
    def _routing_handle_bounce(self, email_message, message_dict):
        # who bounces now is to be reset by the next message of the same batch
        forget(self.env, "mail.bounce")
        return super()._routing_handle_bounce(email_message, message_dict)

    @api.model
    def _share_bounced(self, emails):
        """Find out which of a batch's senders are counted as bouncing, one query per model."""
        bounced = set()
        if emails:
            for model in self.env["ir.model"].sudo().search(
                    [("is_mail_blacklist", "=", True), ("model", "!=", "mail.thread.blacklist")]):
                if model.model in self.env:
                    records = self.env[model.model].sudo().search_fetch(
                        [("message_bounce", ">", 0), ("email_normalized", "in", list(emails))], ["email_normalized"])
                    bounced.update(records.mapped("email_normalized"))
        memo(self.env, "mail.bounce")["addresses"] = bounced

    @api.model
    def message_new(self, msg_dict, custom_values=None):
        """Spare core the description of every field, of which it only needs the names."""
        if not is_active(self.env):
            return super().message_new(msg_dict, custom_values)
        slim = self.with_context(message_gateway_slim_fields=True)
        document = super(MailThread, slim).message_new(msg_dict, custom_values).with_env(self.env)
        fresh.note_made(document)
        return document

    @api.model
    def fields_get(self, allfields=None, attributes=None):
        slim = self.env.context.get("message_gateway_slim_fields") and is_active(self.env)
        if not slim or allfields or attributes:
            return super().fields_get(allfields, attributes)
        answers = memo(self.env, "fields")
        if self._name not in answers:
            answers[self._name] = super().fields_get(allfields, ["type"])
        return dict(answers[self._name])
