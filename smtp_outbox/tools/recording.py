"""What is sent past the outbox, at once: recorded before, while and after it is sent.

Somebody waits for the outcome: a sign-in code, an invitation, code that calls core's ``send_email``
itself. The rows are written in transactions of their own, so that the ledger knows of the attempt
even when the caller's transaction is rolled back afterwards.
"""

import smtplib
from email.utils import parseaddr

from odoo.addons.message_history.lib.errors import ChannelError, MessageRefused, RecipientRefused
from odoo.addons.message_history.lib.preview import preview
from odoo.addons.message_history.tools.journal import Journal, Outcome
from odoo.addons.message_history.tools.outgoing import Outgoing, Recipient
from odoo.addons.message_history.tools.transaction import in_transaction
from odoo.tools import SQL

from ..lib.render import needs_utf8, render
from ..lib.wire import AnswerLost, Envelope, SmtpConnection
from .private import is_private


class Notes:
    """Which mails are sent at once just now, and what became of them.

    :param mails: ``mail.mail`` records
    """

    def __init__(self, mails, close):
        self.env, self._close = mails.env, close
        self.mails = {mail.message_id: mail for mail in mails}
        self._refused, self._ids = {}, {}

    def values_of(self, message_id):
        """Return what the ledger's row is to know of the mail that a message belongs to."""
        mail = self.mails.get(message_id)
        if not mail:  # unknown: rather hidden than shown
            return {}, any(map(is_private, self.mails.values()))
        return {"model": mail.model or None, "res_id": mail.res_id or None}, is_private(mail)

    def note(self, message_id, history_id, refused):
        """Remember a message that was sent, and whom it did not reach."""
        self._refused.setdefault(message_id, {}).update(refused)
        if message_id in self.mails:
            self._ids[history_id] = self.mails[message_id].id

    def refused_of(self, message_id):
        """Return {address: words} of those whom a mail did not reach."""
        return self._refused.get(message_id, {})

    def close(self):
        """Tie the ledger's rows to the mails when these are committed, and not before: nobody sees them yet."""
        self._close()
        if ids := dict(self._ids):
            env = self.env
            env.cr.postcommit.add(lambda: in_transaction(env, _link, ids))


class RecordingSession:
    """An SMTP session of core's that enters what goes over it into the ledger.

    :param session: ``smtplib.SMTP``, or what an addon puts in its place
    """

    def __init__(self, env, session, channel, notes):
        self._env, self._session, self._channel, self._notes = env, session, channel, notes
        self._connection = None

    def __getattr__(self, name):
        return getattr(self._session, name)

    def send_message(self, message, from_addr=None, to_addrs=None, *_args, **_kwargs):
        """Send a message and record what became of it for each recipient.

        :return: {address: (code, words)} of refused recipients, as smtplib does
        :raise smtplib.SMTPException: when nobody got it
        """
        addresses = list(dict.fromkeys([to_addrs] if isinstance(to_addrs, str) else to_addrs or ()))
        message_id = str(message["Message-Id"] or "")
        utf8 = needs_utf8(message, [from_addr or "", *addresses])
        content = render(message, utf8=utf8, token=f"{abs(hash(message_id)):016x}")
        with Journal(self._env.cr.dbname) as journal:
            entry = self._prepare(message, message_id, content, from_addr, addresses)
            history_id, ids = in_transaction(self._env, _record, entry, journal.claimer)
            envelope = Envelope(from_addr or "", tuple(addresses), len(content), utf8)
            if hasattr(self._session, "sock"):
                outcomes, refused = self._transmit(content, envelope)
            else:
                outcomes, refused = self._hand_over(message, envelope)
            journal.note([outcomes[address](delivery_id) for address, delivery_id in ids.items()])
        in_transaction(self._env, _settle)
        if self._notes:
            self._notes.note(message_id, history_id, {address: str(error) for address, error in refused.items()})
        if refused and len(refused) == len(addresses):
            raise _as_smtplib(refused)
        return {address: _code_and_words(error) for address, error in refused.items()}

    def _prepare(self, message, message_id, content, sender, addresses):
        values, private = self._notes.values_of(message_id) if self._notes else ({}, False)
        name, address = parseaddr(str(message["From"] or ""))
        body = message.get_body(("plain",)) if hasattr(message, "get_body") else None
        text = body.get_content() if body else ""
        return Outgoing(
            channel_id=self._channel.id, content=content, recipients=[Recipient(one) for one in addresses],
            message_uid=message_id, references=tuple(reversed(str(message["References"] or "").split())),
            private=private, priority=0,
            values={"subject": str(message["Subject"] or ""), "sender_name": name, "sender_address": address,
                    "envelope_sender": sender, "body_text": text, "preview": preview(text), **values})

    def _hand_over(self, message, envelope):
        """Have what an addon put in place of a connection send in its own way; returns as :meth:`_transmit` does."""
        try:
            answer = self._session.send_message(message, envelope.sender, list(envelope.recipients))
            codes = answer if isinstance(answer, dict) else {}
            refused = {}
        except smtplib.SMTPRecipientsRefused as error:
            codes, refused = error.recipients, {}
        except Exception as error:  # noqa: BLE001 - whatever it raises: it is on record, and raised again as SMTP's
            codes, refused = {}, dict.fromkeys(envelope.recipients, MessageRefused(str(error)))
        for address, (code, said) in codes.items():
            text = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
            refused[address] = RecipientRefused(text, server_reply=f"{code} {text}")
        outcomes = {address: _outcome(refused.get(address), "") for address in envelope.recipients}
        return outcomes, refused

    def _transmit(self, content, envelope):
        """Hand the message over; returns {address: function of a delivery id -> Outcome}, {address: error}."""
        connection = self._connection = self._connection or SmtpConnection(self._session)
        refused, reply, error = {}, "", None
        try:
            error = connection.check(envelope)
            if error is None:
                connection.write_envelope(envelope)
                answer = connection.read_envelope()
                refused, error = dict(answer.refused), answer.error
                if answer.go:
                    connection.write_content(content)
                    final = connection.read_final()
                    reply, error = final.reply, final.error
        except ChannelError as failure:
            error = failure
        if error:
            refused |= {address: error for address in envelope.recipients if address not in refused}
        outcomes = {address: _outcome(refused.get(address), reply) for address in envelope.recipients}
        return outcomes, refused


def _outcome(error, reply):
    if error is None:
        return lambda delivery_id: Outcome(delivery_id, "accepted", server_reply=reply)
    state = "refused" if error.failure_type == "recipient" else "failed"
    if isinstance(error, AnswerLost):
        state = "in_doubt"
    failure_type = "in_doubt" if state == "in_doubt" else error.failure_type
    said = (error.server_reply or error.reason)[:500]
    return lambda delivery_id: Outcome(delivery_id, state, failure_type=failure_type, server_reply=said)


def _code_and_words(error):
    reply = error.server_reply or ""
    code = int(reply[:3]) if reply[:3].isdigit() else 550
    return code, (reply[4:] if reply[:3].isdigit() else str(error)).encode()


def _as_smtplib(refused):
    """Return the exception that smtplib would have raised: its callers know no other."""
    error = next(iter(refused.values()))
    if all(one.failure_type == "recipient" for one in refused.values()):
        return smtplib.SMTPRecipientsRefused({address: _code_and_words(one) for address, one in refused.items()})
    if error.failure_type == "connection":
        return smtplib.SMTPServerDisconnected(str(error))
    return smtplib.SMTPDataError(*_code_and_words(error))


def _record(env, entry, claimer):
    (history_id,) = env["message.enqueue"]._enqueue([entry])
    env.cr.execute(SQL(
        "UPDATE message_delivery SET state = 'sending', claimer = %s, via_channel_id = channel_id, "
        "attempt_date = now() at time zone 'UTC' WHERE history_id = %s RETURNING address, id", claimer, history_id))
    return history_id, dict(env.cr.fetchall())


def _settle(env):
    env["message.outbox"]._settle()


def _link(env, ids):
    """Tie ledger rows to the mails that were sent at once, as far as both are there."""
    mails = env["mail.mail"].browse(ids.values()).exists()
    for history in env["message.history"].browse(ids).exists():
        mail = mails.filtered(lambda one, mail_id=ids[history.id]: one.id == mail_id)
        if mail:
            history.write({"mail_mail_id": mail.id, "mail_message_id": mail.mail_message_id.id,
                           "partner_id": mail.author_id.id})
