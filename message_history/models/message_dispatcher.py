import logging
import traceback
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL

from ..lib.automatic import classify
from ..lib.authentication import read_authentication, read_spam
from ..lib.classic import classic_keys
from ..lib.headers import read_headers
from ..lib.html_text import html_to_text
from ..lib.message_dict import MessageDict
from ..lib.preview import preview
from ..lib.repair import parse_mail, restore_cut_parts
from ..lib.threading_ids import thread_ids
from ..tools.transaction import CONCURRENCY_ERRORS

_logger = logging.getLogger(__name__)

#: Characters of the text kept for search and for the list.
MAX_TEXT = 20000


class Unroutable(ValueError):
    """No reply, no alias and no document type: nothing says what the message is about."""


class Aside(Exception):
    """A message is put aside, with nothing done about it; carries the state and the reason."""

    def __init__(self, state, reason, failure_type=None, **values):
        super().__init__(reason)
        self.outcome = {"state": state, "state_reason": reason, "failure_type": failure_type, **values}


@dataclass
class Mail:
    """One message while it is being dispatched."""

    message: Any
    headers: Any = None
    parsed: Any = None
    msg_dict: dict = field(default_factory=dict)
    values: dict = field(default_factory=dict)
    routes: list = field(default_factory=list)
    document: Any = None
    is_reply: bool = False
    conversation_key: str = ""


class MessageDispatcher(models.AbstractModel):
    """Makes documents, replies and notes of what the ledger received.

    It calls core's own steps, one after the other, so that every override stays in the chain. Not
    called are core's test for duplicates (it drops the second mail of an id) and its limit per
    sender (it loses the mails above it): the ledger does both without losing anything.
    """

    _name = "message.dispatcher"
    _description = "Message Dispatcher"

    @api.model
    def _dispatch_batch(self, history_ids):
        """Process claimed messages in order; their rows change in the present transaction.

        :raise psycopg2.errors.SerializationFailure: to be started anew by the caller
        """
        messages = self.env["message.history"].browse(history_ids)
        originals = self.env["message.raw"]._read_inline(history_ids)
        busy = self._count_senders(messages)
        mails, blocked = [], set()
        for message in messages:
            if message.id in blocked:
                continue
            mail = self._dispatch_safely(message, originals.get(message.id), busy)
            mails.append(mail)
            if mail.values["state"] in ("failed", "given_up"):
                blocked |= self._ids_waiting_for(message.id)
        self._note_documents(mails)
        self.env["message.threader"]._assign(mails)
        self._write_outcomes(mails)
        self._after_batch(mails)

    def _dispatch_safely(self, message, original, busy):
        """Process one message in a savepoint; whatever is raised becomes the message's state."""
        mail = Mail(message)
        try:
            with self.env.cr.savepoint():
                if original is not None:
                    self._dispatch_one(mail, original, busy)
                else:
                    with self.env["message.raw"]._opened(message.id) as view:
                        self._dispatch_one(mail, view, busy)
        except CONCURRENCY_ERRORS:
            raise
        except Exception as error:  # any document's code may raise anything: the message is kept, with the reason
            mail.document = None
            mail.values |= self._failed(mail, error)
        return mail

    def _dispatch_one(self, mail, original, busy):
        """Read, decide, do. Putting a message aside is no failure: what was done on the way stays."""
        try:
            if original is None:
                raise Aside("given_up", self.env._("The original is no longer kept."), "unreadable")
            self._read(mail, original)
            self._check_sender(mail, busy)
            self._parse(mail)
            self._handle(mail)
        except Aside as aside:
            mail.values |= aside.outcome

    # Reading ------------------------------------------------------------------------------

    def _read(self, mail, original):
        """Read headers and structure; nothing in here may fail on any content."""
        headers = mail.headers = read_headers(original)
        mail.parsed = parse_mail(original)
        email_message = mail.parsed.message
        automatic = classify(email_message)
        authentication = read_authentication(email_message)
        spam = read_spam(email_message)
        ids = thread_ids(email_message)
        mail.conversation_key = ids.conversation_key
        recipients = ", ".join(address for _name, address in (*headers.to, *headers.cc))
        mail.values |= {
            "message_uid": headers.message_id or None,
            "sender_name": headers.sender_name or None,
            "sender_address": headers.sender_address or None,
            "recipients": recipients[:1000] or None,
            "subject": headers.subject or None,
            "header_date": headers.date,
            "kind": automatic.kind.value,
            "state_reason": None,
            "authentication": authentication.summary() or None,
            "authenticated": {True: "pass", False: "fail"}.get(authentication.passed, "unknown"),
            "spam": bool(spam.is_spam),
        }
        if mail.message.direction == "out":
            raise Aside("sent", self.env._("Sent with another program, found in the folder %(folder)s.",
                                           folder=mail.message.folder_id.name))

    def _check_sender(self, mail, busy):
        """Put aside what is not to become anything: by rule, by kind, by number."""
        _ = self.env._
        channel, kind = mail.message.channel_id, mail.values["kind"]
        rule = self.env["message.sender.rule"]._get_action(channel, mail.values["sender_address"])
        if rule == "ignore":
            raise Aside("ignored", _("Messages of this sender are ignored."))
        if mail.message.priority == 1 or rule == "process":
            return  # somebody asked for this very message, or wants everything of this sender
        if mail.values["spam"] and channel.spam_policy != "process":
            state = "held" if channel.spam_policy == "hold" else "ignored"
            raise Aside(state, _("The mail server marked it as spam."), "spam")
        if kind in ("auto_reply", "receipt") and channel.automatic_mail == "ignore":
            raise Aside("ignored", _("An automatic message."))
        limit = channel.loop_limit
        if limit and busy.get(mail.message.sender_key, 0) > limit:
            raise Aside("held", _("More than %(limit)s messages of this sender in two hours: perhaps a loop.",
                                  limit=limit), "loop")

    def _count_senders(self, messages):
        """Return {sender key: messages received in the last two hours}."""
        keys = [key for key in set(messages.mapped("sender_key")) if key]
        rows = self.env.execute_query(SQL(
            "SELECT sender_key, COUNT(*) FROM message_history WHERE sender_key = ANY(%s) "
            "AND date > %s AND direction = 'in' GROUP BY sender_key",
            keys, fields.Datetime.now() - timedelta(hours=2)))
        return dict(rows)

    def _parse(self, mail):
        """Have core parse the mail, and add what it leaves out."""
        thread = self._get_thread(mail)
        email_message = mail.parsed.message
        msg_dict = thread.message_parse(email_message)
        context = thread.env.context
        if context.get("gateway_strip_attachments"):
            msg_dict.pop("attachments", None)
        else:
            msg_dict["attachments"] = restore_cut_parts(msg_dict.get("attachments") or [], mail.parsed.cut_parts)
        if context.get("gateway_save_original"):
            with self.env["message.raw"]._opened(mail.message.id) as original:
                msg_dict["attachments"].insert(
                    0, thread._Attachment("original_email.eml", bytes(original), {}))
        text = html_to_text(msg_dict.get("body") or "")[:MAX_TEXT]
        mail.msg_dict = msg_dict
        mail.values |= {
            "body_text": text or None,
            "preview": preview(text) or None,
            "attachment_count": len(msg_dict.get("attachments") or ()),
            "repairs": ", ".join(mail.parsed.repairs) or None,
        }

    def _get_thread(self, mail):
        context = mail.message.channel_id._get_dispatch_context()
        options = (mail.message.names or {}).get("options") or {}
        for name in ("save_original", "strip_attachments"):
            if options.get(name):
                context = {**context, f"gateway_{name}": True}
        return self.env["mail.thread"].with_context(
            message_gateway=True, mail_notify_force_send=False, **context)

    # Deciding and doing ---------------------------------------------------------------------

    def _handle(self, mail):
        """Route the message and have the documents made or changed."""
        thread, msg_dict = self._get_thread(mail), mail.msg_dict
        if msg_dict.get("is_bounce"):
            self.env["message.bounce"]._handle(mail, thread)
            return
        if thread._detect_loop_headers(msg_dict):
            raise Aside("ignored", self.env._("An answer to a notice of ours that a message was refused."))
        mail.routes = self._find_routes(mail, thread)
        self._drop_known_routes(mail)
        msg_dict.update(thread._message_parse_post_process(mail.parsed.message, msg_dict, mail.routes))
        self._process_routes(mail, thread)
        author_id = msg_dict.get("author_id")
        mail.values |= {"state": "processed", "partner_id": author_id or None}
        if not mail.is_reply:
            self.env["message.answer"]._answer(mail)

    def _find_routes(self, mail, thread):
        """Return core's routes, or the one to a document that core doesn't know of."""
        message, folder = mail.message, mail.message.folder_id
        if document := self._find_plain_document(mail):
            user = thread._mail_find_user_for_gateway(mail.msg_dict["email_from"])
            return [(document._name, document.id, None, user.id or self.env.uid, None)]
        options = (message.names or {}).get("options")
        if options:  # handed to Odoo by a program, which says where it belongs
            target = options["model"] or None, options["thread_id"] or None, options["custom_values"]
        else:
            target = folder.model_id.model or None, None, folder._get_default_values() if folder.model_id else None
        model, thread_id, custom_values = target
        try:
            routes = thread.message_route(
                mail.parsed.message, mail.msg_dict, model, thread_id, custom_values)
        except ValueError as error:
            raise Unroutable(str(error)) from error
        if not routes:
            reason = self.env._("Refused: the address does not take messages from this sender, who was told.")
            raise Aside("ignored", reason)
        _logger.debug("Message %s goes to %s", message.id, routes)
        return routes

    def _find_plain_document(self, mail):
        """Find the document without chatter that the message replies to, by the ledger alone."""
        rows = self.env.execute_query(SQL(
            "SELECT h.model, h.res_id FROM message_reference mine "
            "JOIN message_reference theirs ON theirs.digest = mine.digest AND theirs.kind = 0 "
            "JOIN message_history h ON h.id = theirs.history_id "
            "WHERE mine.history_id = %s AND mine.kind = 1 AND h.res_id IS NOT NULL AND h.model = ANY(%s) "
            "ORDER BY h.id DESC LIMIT 1", mail.message.id, self._plain_models()))
        for model, res_id in rows:
            record = self.env[model].browse(res_id).exists()
            if record and hasattr(record, "message_update"):
                return record
        return None

    def _plain_models(self):
        """Return the models with message_new or message_update, but without mail.thread."""
        cache = self.env.cr.cache
        if "message_plain_models" not in cache:
            thread = self.pool["mail.thread"]
            cache["message_plain_models"] = [
                name for name, model in self.pool.items()
                if hasattr(model, "message_update") and not issubclass(model, thread) and not model._abstract
            ]
        return cache["message_plain_models"]

    def _drop_known_routes(self, mail):
        """Drop routes that the same message took before, through another mailbox or out of Odoo."""
        if same := self.env["message.threader"]._find_same(mail):
            mail.routes = [route for route in mail.routes if not _leads_to(route, same.model, same.res_id)]
            mail.values["same_as_id"] = same.id
            if not mail.routes:
                self._set_document(mail, same.model, same.res_id)
                raise Aside("ignored", self.env._("The same message came in through %(channel)s before.",
                                                  channel=same.channel_id.name), same_as_id=same.id)
        if own := self._find_own(mail):
            mail.routes = [route for route in mail.routes if self._is_new_for(mail, route, own)]
            if not mail.routes:
                self._set_document(mail, own.model, own.res_id)
                raise Aside("ignored", self.env._("Odoo sent this message itself."), mail_message_id=own.id)

    def _find_own(self, mail):
        """Return the message that Odoo itself sent under this id, if there is one."""
        message_id = mail.msg_dict.get("message_id")
        found = self.env["mail.message"].sudo().search([("message_id", "=", message_id)], limit=1)
        ledger = self.env["message.history"].sudo()
        if not found or ledger.search_count([("mail_message_id", "=", found.id)], limit=1):
            return None
        return found

    def _is_new_for(self, mail, route, own):
        """Whether a message that Odoo sent opens something new where it came back to."""
        if _leads_to(route, own.model, own.res_id, new=False):
            return False
        if route[4] or route[1]:
            return True
        addresses = {address for _name, address in mail.headers.to}
        return (mail.message.channel_id.address or "").lower() in addresses

    def _process_routes(self, mail, thread):
        """Process each route by itself: core's own loop takes Cc and To from the second record."""
        extra = classic_keys(mail.parsed.message, mail.msg_dict)
        for route in mail.routes:
            model, thread_id, custom_values, user_id, alias = route
            message_dict = MessageDict(mail.msg_dict, extra)
            if issubclass(self.pool[model], self.pool["mail.thread"]):
                # without the alias core neither bounces at every attempt nor commits on its own
                res_id = thread._message_route_process(
                    mail.parsed.message, message_dict, [(model, thread_id, custom_values, user_id, None)])
                if alias and not thread_id and alias.alias_status != "valid":
                    alias.sudo().alias_status = "valid"
            else:
                res_id = self._process_plain(model, thread_id, custom_values, user_id, message_dict)
            if not mail.document:
                mail.is_reply = bool(thread_id)
                self._set_document(mail, model, res_id)

    def _process_plain(self, model, thread_id, custom_values, user_id, message_dict):
        """Process a route to a model without mail.thread; ``message_new`` gives an id or a record."""
        Model = self.env[model].with_user(user_id).sudo()
        if thread_id:
            Model.browse(thread_id).message_update(message_dict, {})
            return thread_id
        created = Model.message_new(message_dict, custom_values)
        return created if isinstance(created, int) else created.id

    def _set_document(self, mail, model, res_id):
        if model and res_id:
            mail.document = (model, res_id)
            mail.values |= {"model": model, "res_id": res_id}

    # Failing ------------------------------------------------------------------------------

    def _failed(self, mail, error):
        """Return the state after a failure: another attempt later, or given up visibly."""
        message, now = mail.message, fields.Datetime.now()
        channel = message.channel_id
        attempts = message.attempts + 1
        first = message.last_attempt and message.create_date or now
        delay = channel.grace_minutes if attempts == 1 else channel.retry_minutes
        next_attempt = now + timedelta(minutes=max(delay, 0))
        gives_up = next_attempt > first + timedelta(hours=channel.retry_hours) and attempts > 1
        _logger.warning("Message %s on %s failed (attempt %s): %s", message.id, channel.name, attempts, error)
        return {
            "state": "given_up" if gives_up else "failed",
            "state_reason": self._words_for(error),
            "failure_type": self._failure_type_of(error),
            "failure_traceback": traceback.format_exc()[-20000:].replace("\x00", ""),
            "next_attempt": None if gives_up else next_attempt,
        }

    @api.model
    def _failure_type_of(self, error):
        if isinstance(error, Unroutable):
            return "unroutable"
        if isinstance(error, AccessError):
            return "access"
        return "document"

    @api.model
    def _words_for(self, error):
        """Return the reason of a failure in plain words, the program's own behind it."""
        _ = self.env._
        if isinstance(error, Unroutable):
            return _("It answers no message known here, no alias has its address, and its folder makes no documents.")
        words = " ".join(str(error).replace("\x00", "").split())[:300] or type(error).__name__
        if isinstance(error, AccessError):
            return _("Not allowed: %(words)s", words=words)
        return _("The document could not be made or changed: %(words)s", words=words)

    def _ids_waiting_for(self, history_id):
        """Return the ids of messages that refer to one: they wait for its next attempt."""
        rows = self.env.execute_query(SQL(
            "SELECT mine.history_id FROM message_reference theirs JOIN message_reference mine "
            "ON mine.digest = theirs.digest AND mine.kind = 1 WHERE theirs.history_id = %s AND theirs.kind = 0",
            history_id))
        return {row_id for (row_id,) in rows} - {history_id}

    # Afterwards ---------------------------------------------------------------------------

    def _note_documents(self, mails):
        """Find the chatter messages that were made, in one query for the batch."""
        wanted = {mail.msg_dict["message_id"]: mail for mail in mails
                  if mail.values["state"] == "processed" and mail.msg_dict.get("message_id")}
        if not wanted:
            return
        found = self.env["mail.message"].sudo().search_fetch(
            [("message_id", "in", list(wanted))], ["message_id", "model", "res_id"], order="id")
        for record in found:
            mail = wanted.get(record.message_id)
            if mail and mail.document == (record.model, record.res_id):
                mail.values["mail_message_id"] = record.id

    def _write_outcomes(self, mails):
        """Write what came of the messages, in one statement."""
        now = fields.Datetime.now()
        for mail in mails:
            mail.values |= {
                "attempts": mail.message.attempts + 1,
                "last_attempt": now,
                "settled": False,
                "remote_action": mail.message._get_next_remote_action(mail.values["state"]),
            }
            for name in ("next_attempt", "failure_type", "failure_traceback", "state_reason"):
                mail.values.setdefault(name, None)
        self.env["message.history"]._write_rows({mail.message.id: mail.values for mail in mails})

    def _after_batch(self, mails):
        """Tell people what was given up."""
        given_up = [mail for mail in mails if mail.values["state"] == "given_up" and mail.message.attempts]
        if given_up:
            self.env["message.alarm"]._note_given_up(given_up)


def _leads_to(route, model, res_id, new=True):
    """Whether a route leads to a document, or (``new``) makes another one of the same kind."""
    if route[0] != model:
        return False
    return route[1] == res_id if route[1] else new
