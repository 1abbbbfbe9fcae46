import logging
import traceback
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL

from ..tools import fresh
from ..tools.mail import Aside, Mail, Unroutable
from ..tools.transaction import CONCURRENCY_ERRORS
from ..tools.words import plain_words, words

_logger = logging.getLogger(__name__)


class BatchFailed(Exception):
    """Something raised in a batch without savepoints: it is to be started anew with them."""


class MessageDispatcher(models.AbstractModel):
    """Makes documents, replies and notes of what the ledger received.

    It calls core's own steps, one after the other, so that every override stays in the chain. Not
    called are core's test for duplicates (it drops the second mail of an id) and its limit per
    sender (it loses the mails above it): the ledger does both without losing anything.
    """

    _name = "message.dispatcher"
    _description = "Message Dispatcher"

    @api.model
    def _dispatch_batch(self, history_ids, careful=True):
        """Process claimed messages in order; their rows change in the present transaction.

        :param careful: each message in a savepoint of its own, so that one that fails takes
            nothing along. Without, nothing is kept of a batch in which anything fails.
        :raise psycopg2.errors.SerializationFailure: to be started anew by the caller
        :raise BatchFailed: likewise, and then carefully
        """
        messages = self.env["message.history"].browse(history_ids)
        originals = self.env["message.raw"]._read_inline(history_ids)
        busy = self.env["message.reader"]._count_senders(messages)
        headers = self.env["message.reader"]._share_lookups(originals)
        known, referenced = self.env["message.threader"]._find_known_ids(headers)
        mails, blocked = [], set()
        for message in messages:
            if message.id in blocked:
                continue
            mail = Mail(
                message, headers=headers.get(message.id), earlier=mails[:], referenced=message.id in referenced,
                known_id=message.id in known or message.id not in headers)
            dispatch = self._dispatch_safely if careful else self._dispatch_boldly
            dispatch(mail, originals.get(message.id), busy)
            mails.append(mail)
            if mail.values["state"] in ("failed", "given_up"):
                blocked |= self._ids_waiting_for(message.id, messages.ids)
        if not careful:
            self._flush_boldly()
        self._note_documents(mails)
        self._note_companies(mails)
        self.env["message.threader"]._assign([mail for mail in mails if not (mail.is_copy or mail.hidden)])
        self._write_outcomes(mails)
        self._after_batch(mails)

    def _dispatch_safely(self, mail, original, busy):
        """Process one message in a savepoint; whatever is raised becomes the message's state."""
        try:
            with self.env.cr.savepoint():
                self._dispatch_opened(mail, original, busy)
        except CONCURRENCY_ERRORS:
            raise
        except Exception as error:  # noqa: BLE001 - any document's code may raise anything: the message is kept, with the reason
            mail.document = None
            mail.values |= dict.fromkeys(("model", "res_id", "same_as_id", "mail_message_id", "partner_id"))
            mail.values |= self._failed(mail, error)

    def _dispatch_boldly(self, mail, original, busy):
        """Process one message without a savepoint; pending writes of new documents wait for more."""
        try:
            self._dispatch_opened(mail, original, busy)
            # for this document alone: the scoring of CRM gives other results for several at once
            self.env._recompute_all()
        except CONCURRENCY_ERRORS:
            raise
        except Exception as error:  # whatever a document's code raises: nothing of the batch is kept
            raise BatchFailed(str(error)) from error
        if not mail.routes or any(route[1] for route in mail.routes):
            # what was there before may be changed again by the next message: to be tracked apart
            self._flush_boldly()

    def _flush_boldly(self):
        try:
            self.env.cr.flush()
        except CONCURRENCY_ERRORS:
            raise
        except Exception as error:  # as above: a constraint may only be looked at now
            raise BatchFailed(str(error)) from error

    def _dispatch_opened(self, mail, original, busy):
        if original is not None:
            self._dispatch_one(mail, original, busy)
        else:
            with self.env["message.raw"]._opened(mail.message.id) as view:
                self._dispatch_one(mail, view, busy)

    def _dispatch_one(self, mail, original, busy):
        """Read, decide, do. Putting a message aside is no failure: what was done on the way stays."""
        try:
            self._check_original(original)
            self.env["message.reader"]._read(mail, original)
            self._judge_private(mail)
            self._check_copy(mail)
            self._check_sender(mail, busy)
            self.env["message.reader"]._parse(mail)
            self._check_private(mail)
            self._handle(mail)
        except Aside as aside:
            mail.values |= aside.outcome

    def _check_original(self, original):
        if original is None:
            _ = words(self.env)
            raise Aside("given_up", _("The original is no longer kept."), "unreadable")

    def _check_copy(self, mail):
        """Put aside a copy of what went out from here, in whatever folder it was found."""
        if mail.message.priority == 1 or not (sent := self.env["message.threader"]._find_sent(mail)):
            return
        mail.is_copy = True
        _ = words(self.env)
        raise Aside("ignored", _("A copy of what was sent through %(channel)s.", channel=sent.channel_id.name),
                    same_as_id=sent.id)

    def _check_sender(self, mail, busy):
        """Put aside what is not to become anything: by rule, by kind, by number."""
        _ = words(self.env)
        if mail.message.direction == "out":
            self.env["message.reader"]._parse(mail)
            self.env["message.router"]._note_thread_document(mail)
            raise Aside("sent", _("Sent with another program, found in the folder %(folder)s.",
                                  folder=mail.message.folder_id.name))
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
            if kind == "receipt":
                self.env["message.bounce"]._note_receipt(mail)
            raise Aside("ignored", mail.values["state_reason"] or _("An automatic message."))
        limit = channel.loop_limit
        if limit and busy.get(mail.message.sender_key, 0) > limit:
            raise Aside("held", _("More than %(limit)s messages of this sender in two hours: perhaps a loop.",
                                  limit=limit), "loop")

    def _handle(self, mail):
        """Route the message and have the documents made or changed."""
        thread, msg_dict = self.env["message.reader"]._get_thread(mail), mail.msg_dict
        if msg_dict.get("is_bounce"):
            self.env["message.bounce"]._handle(mail, thread)
            return
        if thread._detect_loop_headers(msg_dict):
            _ = words(self.env)
            raise Aside("ignored", _("An answer to a notice of ours that a message was refused."))
        mail.routes = self.env["message.router"]._find_routes(mail, thread)
        self.env["message.router"]._drop_known_routes(mail)
        if any(fresh.was_made(self.env, route[0], route[1]) for route in mail.routes):
            self.env.cr.flush()  # as if it had been committed before
        msg_dict.update(thread._message_parse_post_process(mail.parsed.message, msg_dict, mail.routes))
        self.env["message.router"]._process_routes(mail, thread)
        author_id = msg_dict.get("author_id")
        mail.values |= {"state": "processed", "partner_id": author_id or None}
        if not mail.is_reply:
            self.env["message.answer"]._answer(mail)

    @api.model
    def _dispatch_to(self, message, model, res_id=False, user=None):
        """Process one message onto a document that a person chose (or onto a new one).

        :param message: one record of ``message.history``, as superuser
        :param model: name of a model that takes messages
        :param res_id: the document; False makes a new one
        :raise ValueError: when the original is no longer kept
        """
        mail = Mail(message)
        with self.env["message.raw"]._opened(message.id) as original:
            if original is None:
                raise ValueError(self.env._("The original is no longer kept."))
            self.env["message.reader"]._read(mail, original)
            self.env["message.reader"]._parse(mail)
            thread = self.env["message.reader"]._get_thread(mail)
            mail.routes = [(model, res_id, None, (user or self.env.user).id, None)]
            mail.msg_dict.update(thread._message_parse_post_process(mail.parsed.message, mail.msg_dict, mail.routes))
            self.env["message.router"]._process_routes(mail, thread)
        mail.is_reply = True
        mail.values |= {"state": "processed", "partner_id": mail.msg_dict.get("author_id") or None}
        self._note_documents([mail])
        self._note_companies([mail])
        self.env["message.threader"]._assign([mail])
        self._write_outcomes([mail])
        return mail.document

    def _failed(self, mail, error):
        """Return the state after a failure: another attempt later, or given up visibly."""
        message, now = mail.message, fields.Datetime.now()
        channel = message.channel_id
        attempts = message.attempts + 1
        first = message.create_date if message.last_attempt else now
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
        _ = words(self.env)
        if isinstance(error, Unroutable):
            return _("It answers no message known here, no alias has its address, and its folder makes no documents.")
        said = plain_words(error)
        if isinstance(error, AccessError):
            return _("Not allowed: %(words)s", words=said)
        return _("The document could not be made or changed: %(words)s", words=said)

    def _ids_waiting_for(self, history_id, batch_ids):
        """Return those messages of a batch that refer to one: they wait for its next attempt."""
        rows = self.env.execute_query(SQL(
            "SELECT mine.history_id FROM message_reference theirs JOIN message_reference mine "
            "ON mine.digest = theirs.digest AND mine.kind = 1 WHERE theirs.history_id = %s AND theirs.kind = 0 "
            "AND mine.history_id = ANY(%s)", history_id, batch_ids))
        return {row_id for (row_id,) in rows} - {history_id}

    def _note_documents(self, mails):
        """Find the chatter messages that were made, in one query for the batch."""
        wanted = {(mail.msg_dict["message_id"], mail.document): mail for mail in mails
                  if mail.values["state"] == "processed" and mail.msg_dict.get("message_id")}
        if not wanted:
            return
        found = self.env["mail.message"].sudo().search_fetch(
            [("message_id", "in", [message_id for message_id, _document in wanted]),
             ("res_id", "in", [document[1] for _message_id, document in wanted if document])],
            ["message_id", "model", "res_id"], order="id")
        for record in found:
            if mail := wanted.get((record.message_id, (record.model, record.res_id))):
                mail.values["mail_message_id"] = record.id

    def _write_outcomes(self, mails):
        """Write what came of the messages, in one statement."""
        now = fields.Datetime.now()
        self._strip_hidden(mails)
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

    def _note_companies(self, mails):
        """Note whose mails are by their documents, where their channel is everybody's; once for the batch."""
        wanted = {}
        for mail in mails:
            if mail.document and not mail.message.channel_id.company_id:
                wanted.setdefault(mail.document[0], []).append(mail)
        for model, those in wanted.items():
            field = self.env[model]._fields.get("company_id")
            if field is None or field.type != "many2one" or field.comodel_name != "res.company":
                continue
            records_sudo = self.env[model].sudo().browse({mail.document[1] for mail in those}).exists()
            companies = {record.id: record.company_id.id for record in records_sudo}
            for mail in those:
                mail.values["company_id"] = companies.get(mail.document[1]) or None

    def _after_batch(self, mails):
        """Tell people what was given up."""
        given_up = [mail for mail in mails if mail.values["state"] == "given_up" and mail.message.attempts]
        if given_up:
            self.env["message.alarm"]._note_given_up(given_up)
