import hashlib
import logging
import time

from odoo import api, fields, models
from odoo.exceptions import AccessError

from ..lib.headers import read_headers
from ..lib.transport import IncomingMessage
from ..tools import locks
from ..tools.transaction import in_transaction

_logger = logging.getLogger(__name__)


class MessageLocal(models.AbstractModel):
    """Mail that is handed to Odoo instead of fetched: the mail gate script, remote calls, code."""

    _name = "message.local"
    _description = "Mail Handed to Odoo"

    @api.model
    def _get_channel(self):
        """Return the channel of mail that is handed to us; made when first needed."""
        channel = self.env.ref("message_history.message_channel_local", raise_if_not_found=False)
        return channel.sudo() if channel else self.env["message.channel"].sudo()

    @api.model
    def _admit(self, model, custom_values, thread_id):
        """Let in who may hand mail over, with no more than the caller's own rights.

        Who makes the mail says whom it is from, so handing mail over is writing in anybody's name: a
        right of its own. What the mail says (alias, thread) then works as for fetched mail.

        :raise AccessError: when the user is no mail gate, or may not have done what the call says
        """
        if self.env.su:
            return
        if not self.env.user.has_group("message_history.group_mailgate"):
            _logger.warning("User %s is no mail gate: a message that was handed over is refused", self.env.uid)
            raise AccessError(self.env._(
                "Only mail gates may hand messages over. An administrator can give you this right."))
        self.env["message.warrant"]._check_given(model, thread_id, custom_values)

    @api.model
    def _process_remote(self, raw, model, custom_values, save_original, strip_attachments, thread_id):
        """Record a message for good, then try to process it; returns the document's id or False.

        Who called is kept with what the call says: it is checked again whenever it is used.
        """
        options = {
            "model": model or None, "custom_values": custom_values or {}, "save_original": bool(save_original),
            "strip_attachments": bool(strip_attachments), "thread_id": thread_id or None, "uid": self.env.uid,
        }
        history_id = in_transaction(self.env, _record, raw, options)
        with locks.AdvisoryLocks(self.env.cr.dbname) as held:
            wanted, taken = in_transaction(self.env, _keys_of, history_id), set()
            for _attempt in range(20):
                taken |= held.try_locks(locks.SENDER, wanted - taken, work=locks.SENDER_WORK)
                if taken == wanted:
                    self.env["message.worker"]._process_ids([history_id])
                    break
                time.sleep(0.05)
        return in_transaction(self.env, _result_of, history_id)

    @api.model
    def _get_options(self, message):
        """Return what the call that handed a message over said; nothing for every other message.

        Only on the channel of its own: names on others are what a server wrote.
        """
        if message.channel_id.channel_type != "local" or not isinstance(message.names, dict):
            return {}
        return message.names.get("options") or {}

    @api.model
    def _note_processed(self, raw, result):
        """Enter a message that code inside Odoo processed itself, in its own transaction."""
        channel = self._get_channel()
        if not channel:
            return
        intake_sudo = self.env["message.intake"].sudo()
        stored = intake_sudo._store_chunk(channel, [_incoming(raw)])
        self._write_headers(stored.new_ids, raw, {
            "state": "processed" if result else "ignored",
            "state_reason": None if result else self.env._("Odoo found nothing to do for it."),
            **self._find_document(raw),
        })

    @api.model
    def _note_failed(self, raw, error):
        """Keep a message whose processing inside Odoo raised; its caller rolls back, we don't."""
        if self._get_channel():
            in_transaction(self.env, _record_failed, raw, str(error), type(error).__name__)

    @api.model
    def _check_result(self, raw, model):
        """Check that the document which a caller's message became is one that the caller may make."""
        if not model or self.env.su:
            return
        found = self._find_document(raw)
        if found and found["model"] == model and found["res_id"]:
            self.env["message.warrant"]._check_made(self.env[model].browse(found["res_id"]))

    def _find_document(self, raw):
        message_id = read_headers(raw).message_id
        messages_sudo = self.env["mail.message"].sudo()
        found = messages_sudo.search([("message_id", "=", message_id)], limit=1) if message_id else None
        if not found:
            return {}
        return {"model": found.model, "res_id": found.res_id, "mail_message_id": found.id}

    def _write_headers(self, ids, raw, values):
        headers = read_headers(raw)
        for history in self.env["message.history"].sudo().browse(ids):
            history.write({
                "message_uid": headers.message_id, "sender_name": headers.sender_name,
                "sender_address": headers.sender_address, "subject": headers.subject,
                "header_date": headers.date, "attempts": 1, **values,
            })


def _incoming(raw):
    digest = hashlib.sha256(raw).hexdigest()
    return IncomingMessage(external_id=f"local/{time.time_ns()}/{digest[:16]}", content=raw, size=len(raw))


def _record(env, raw, options):
    channel = env["message.local"]._get_channel()
    stored = env["message.intake"]._store_chunk(channel, [_incoming(raw)])
    env["message.history"].browse(stored.new_ids).write({"names": {"options": options}})
    return stored.new_ids[0]


def _record_failed(env, raw, reason, name):
    channel = env["message.local"]._get_channel()
    stored = env["message.intake"]._store_chunk(channel, [_incoming(raw)])
    words = env._("The document could not be made or changed: %(words)s", words=f"{name}: {reason}"[:300])
    env["message.local"]._write_headers(stored.new_ids, raw, {
        "state": "given_up", "failure_type": "document", "state_reason": words,
        "last_attempt": fields.Datetime.now()})


def _keys_of(env, history_id):
    return env["message.worker"]._keys_of([history_id])


def _result_of(env, history_id):
    history = env["message.history"].browse(history_id)
    return history.res_id or False
