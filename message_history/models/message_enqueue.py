import json
import uuid

from odoo import api, fields, models
from odoo.tools import SQL
from psycopg2.extras import execute_values

from ..lib.digest import content_digest, id_digest
from ..lib.masking import masked
from ..lib.threading_ids import ThreadIds
from ..lib.variants import shared_tail
from ..tools.mail import Mail
from .message_reference import OWN, PARENT

_HISTORY = (
    "channel_id", "direction", "state", "priority", "external_id", "names", "size", "content_digest", "date",
    "content_type", "settled", "finished", "private", "message_uid", "sender_name", "sender_address", "partner_id",
    "recipients", "subject", "preview", "body_text", "attachment_count", "kind", "model", "res_id",
    "mail_message_id", "mail_mail_id", "company_id", "desk_channel_id",
    "envelope_sender", "max_attempts", "recipient_count", "waiting_count",
    "attempts", "create_uid", "create_date", "write_uid", "write_date",
)
_DELIVERY = (
    "history_id", "channel_id", "variant_id", "address", "partner_id", "state", "priority", "attempts",
    "next_attempt", "expires", "settled", "failure_type", "server_reply", "create_uid", "create_date",
)
_INSERT_HISTORY = f"INSERT INTO message_history ({', '.join(_HISTORY)}) VALUES %s RETURNING external_id, id"  # noqa: S608
_INSERT_DELIVERY = f"INSERT INTO message_delivery ({', '.join(_DELIVERY)}) VALUES %s"  # noqa: S608
#: Columns that hold people's texts, and how much of them.
_CLIPPED = {"message_uid": 998, "sender_name": 500, "sender_address": 500, "recipients": 1000, "subject": 1000,
            "preview": 500, "body_text": 100_000, "envelope_sender": 320}


class MessageEnqueue(models.AbstractModel):
    """The door of the outbox: messages that are to go out become rows, a delivery for each recipient."""

    _name = "message.enqueue"
    _description = "Message Enqueueing"

    @api.model
    def _enqueue(self, messages):
        """Enter outgoing messages into the ledger and the outbox, in the present transaction.

        :param messages: sequence of ``tools.outgoing.Outgoing``
        :return: their ledger ids, in order; senders are woken at the commit
        """
        if not messages:
            return []
        now = fields.Datetime.now()
        ids = self._insert_messages(messages, now)
        self.env["message.raw"]._insert(
            [(history_id, message.content, None) for history_id, message in zip(ids, messages, strict=True)])
        variants = self._insert_variants(ids, messages)
        self._insert_deliveries(ids, messages, variants, now)
        self._insert_references(ids, messages)
        self._thread(ids, messages)
        self.env["message.worker"]._wake()
        return ids

    def _insert_messages(self, messages, now):
        rows, names = [], []
        self._note_companies(messages)
        for message in messages:
            names.append(f"out/{uuid.uuid4().hex}")
            rows.append(self._prepare_row(message, names[-1], now))
        found = dict(execute_values(
            self.env.cr._obj, _INSERT_HISTORY, rows, page_size=len(rows), fetch=True))
        return [found[name] for name in names]

    def _note_companies(self, messages):
        """Note whose each message is: the company of its channel or, where that is of none, what its maker said."""
        channels = self.env["message.channel"].sudo().browse({message.channel_id for message in messages})
        companies = {channel.id: channel.company_id.id for channel in channels}
        for message in messages:
            message.values["company_id"] = companies[message.channel_id] or message.values.get("company_id") or None

    def _prepare_row(self, message, name, now):
        waiting = sum(recipient.state == "queued" for recipient in message.recipients)
        values = {
            "channel_id": message.channel_id, "direction": "out", "state": "queued", "priority": message.priority,
            "external_id": name, "names": json.dumps(message.names).replace("\\u0000", ""),
            "size": min(len(message.content), 2**31 - 1),
            "content_digest": int.from_bytes(content_digest(message.content)[:8], "big", signed=True),
            "date": now, "content_type": "message/rfc822", "settled": False, "finished": False,
            "private": message.private, "message_uid": message.message_uid or None, "kind": "person",
            "recipients": _names(message.recipients),
            "recipient_count": len(message.recipients), "waiting_count": waiting, "max_attempts": 0, "attempts": 0,
            "attachment_count": 0, "create_uid": self.env.uid, "write_uid": self.env.uid, "create_date": now,
            "write_date": now, **message.values,
        }
        if message.private:
            subject = masked(values.get("subject") or "")  # some put a code there
            values |= {"preview": None, "body_text": None, "subject": subject or None}
        return tuple(_clip(column, values.get(column)) for column in _HISTORY)

    def _insert_variants(self, ids, messages):
        """Store the copies that differ; returns {(index of message, index of recipient): variant id}."""
        rows, places = [], []
        for index, (history_id, message) in enumerate(zip(ids, messages, strict=True)):
            for number, recipient in enumerate(message.recipients):
                if recipient.content is None or recipient.content == message.content:
                    continue
                shared = shared_tail(message.content, recipient.content)
                rows.append((history_id, recipient.content[:len(recipient.content) - shared], shared))
                places.append((index, number))
        return dict(zip(places, self.env["message.variant"]._insert(rows), strict=True))

    def _insert_deliveries(self, ids, messages, variants, now):
        rows = []
        for index, (history_id, message) in enumerate(zip(ids, messages, strict=True)):
            waits = message.not_before and message.not_before > now
            for number, recipient in enumerate(message.recipients):
                state = "deferred" if waits and recipient.state == "queued" else recipient.state
                rows.append((
                    history_id, message.channel_id, variants.get((index, number)), _clip_address(recipient.address),
                    recipient.partner_id, state, message.priority, 0, message.not_before if waits else None,
                    message.expires, state in ("queued", "deferred"), recipient.failure_type, recipient.server_reply,
                    self.env.uid, now))
        execute_values(self.env.cr._obj, _INSERT_DELIVERY, rows, page_size=1000)

    def _insert_references(self, ids, messages):
        rows = set()
        for history_id, message in zip(ids, messages, strict=True):
            rows.add((history_id, id_digest(message.message_uid), OWN))
            rows.update((history_id, id_digest(reference), PARENT) for reference in message.references)
        self.env["message.reference"]._insert(sorted(row for row in rows if row[1]))

    def _thread(self, ids, messages):
        """Put the messages into conversations; those that nobody may see stay outside."""
        mails = []
        for history, message in zip(self.env["message.history"].browse(ids), messages, strict=True):
            if message.private:
                continue
            values = message.values
            mail = Mail(history, thread_ids=ThreadIds(), is_reply=True, values={
                "state": "queued", "subject": values.get("subject"), "preview": values.get("preview"),
                "sender_name": values.get("sender_name"), "sender_address": values.get("sender_address"),
                "partner_id": next((one.partner_id for one in message.recipients if one.partner_id), None)})
            if values.get("model") and values.get("res_id"):
                mail.document = (values["model"], values["res_id"])
            mails.append(mail)
        if not mails:
            return
        self.env["message.threader"]._assign(mails)
        self.env.cr.execute(SQL(
            "UPDATE message_history h SET conversation_id = v.conversation FROM (VALUES %s) AS v(id, conversation) "
            "WHERE h.id = v.id",
            SQL(", ").join(SQL("(%s, %s)", mail.message.id, mail.values["conversation_id"]) for mail in mails)))
        self.env["message.history"].browse(ids).invalidate_recordset(flush=False)


def _names(recipients, most=6):
    """Return the first recipients in words, and that there are more."""
    return ", ".join(one.address for one in recipients[:most]) + (", …" if len(recipients) > most else "")


def _clip(column, value):
    if column in _CLIPPED and isinstance(value, str):
        return value.replace("\x00", "").encode("utf-8", "replace").decode()[:_CLIPPED[column]] or None
    return value or None if isinstance(value, str) else value


def _clip_address(address):
    return address.replace("\x00", "").encode("utf-8", "replace").decode()[:500] or "?"
