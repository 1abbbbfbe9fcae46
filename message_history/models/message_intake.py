import hashlib
import json
from dataclasses import dataclass, field

from odoo import api, fields, models
from odoo.tools import SQL
from psycopg2.extras import execute_values

from ..lib.digest import content_digest
from ..lib.headers import read_headers
from ..lib.peek import peek
from ..tools.words import words
from .message_reference import OWN, PARENT

#: PostgreSQL can't index longer keys; what is longer is replaced by its digest.
MAX_EXTERNAL_ID = 500

_COLUMNS = (
    "channel_id", "folder_id", "direction", "state", "priority", "external_id", "names", "size",
    "content_digest", "sender_key", "truncated", "date", "content_type", "settled", "attempts",
    "state_reason", "failure_type", "company_id", "create_uid", "create_date", "write_uid", "write_date",
)

_INSERT = (
    "INSERT INTO message_history (" + ", ".join(_COLUMNS) + ") VALUES %s "  # noqa: S608 - constants
    "ON CONFLICT (channel_id, external_id) DO NOTHING RETURNING id, external_id"
)


@dataclass
class StoredChunk:
    """What storing a chunk did.

    :param new_ids: ledger ids of messages that are new
    :param known: how many were in the ledger already
    """

    new_ids: list[int] = field(default_factory=list)
    known: int = 0


class MessageIntake(models.AbstractModel):
    """The door of the ledger: raw messages become rows, nothing is parsed, nothing is refused.

    The header section is looked at just enough to get three kinds of 64-bit digests (sender, own
    ids, references), which no content can break and which the workers' order is made from.
    """

    _name = "message.intake"
    _description = "Message Intake"

    @api.model
    def _store_chunk(self, channel, messages, folder=None, direction="in"):
        """Record raw messages.

        :param messages: sequence of ``lib.transport.IncomingMessage``
        :return: :class:`StoredChunk`

        The caller commits, and tells the server only afterwards.
        """
        digests = [_signed64(_digest_of(message)) for message in messages]
        moved = self._find_moved(channel, messages, digests)
        now = fields.Datetime.now()
        rows, by_external_id = [], {}
        for index, (message, digest) in enumerate(zip(messages, digests, strict=True)):
            external_id = clean_external_id(message.external_id)
            if index in moved:
                self._note_moved(moved[index], message, external_id, folder)
                continue
            look = peek(message.content if message.content is not None else _head_of(message.path))
            by_external_id[external_id] = (message, look)
            rows.append(self._prepare_row(channel, folder, direction, message, external_id, digest, look, now))
        inserted = self._insert_rows(channel, rows)
        self._insert_parts(inserted, by_external_id)
        self._show_truncated(inserted, by_external_id)
        if inserted:
            self._wake_workers()
        return StoredChunk(new_ids=[row_id for row_id, _x in inserted], known=len(messages) - len(inserted))

    def _prepare_row(self, channel, folder, direction, message, external_id, digest, look, now):
        state, reason, failure = "received", None, None
        if message.truncated:
            _ = words(self.env)
            state, failure = "held", "too_large"
            reason = _("Too large: %(size)s MB, of at most %(limit)s MB. Only the headers were fetched.",
                       size=round(message.size / 1048576, 1), limit=channel.max_message_mb)
        uid = self.env.uid
        return (
            channel.id, folder.id if folder else None, direction, state, 10, external_id,
            json.dumps(dict(message.names)).replace("\\u0000", ""), min(message.size, 2**31 - 1), digest,
            look.sender_key, message.truncated, message.received_at or now, "message/rfc822", True, 0,
            reason, failure, channel.company_id.id or None, uid, now, uid, now,
        )

    def _insert_rows(self, channel, rows):
        """Insert ledger rows whose external id is new to the channel; returns (id, external id)."""
        if not rows:
            return []
        known = self._known_external_ids(channel, [row[5] for row in rows], pruned_only=True)
        rows = [row for row in rows if row[5] not in known]
        if not rows:
            return []
        return execute_values(
            self.env.cr._obj,
            _INSERT, rows, page_size=1000, fetch=True)

    def _insert_parts(self, inserted, by_external_id):
        raws, references = [], []
        for history_id, external_id in inserted:
            message, look = by_external_id[external_id]
            raws.append((history_id, message.content, message.path))
            own = {look.message_digest, *look.alias_digests} - {None}
            references += [(history_id, digest, OWN) for digest in sorted(own)]
            references += [(history_id, digest, PARENT) for digest in look.reference_digests]
        self.env["message.raw"]._insert(raws)
        self.env["message.reference"]._insert(references)

    def _show_truncated(self, inserted, by_external_id):
        """Show sender and subject of messages of which only the headers came; no worker reads those."""
        for history_id, external_id in inserted:
            message, _look = by_external_id[external_id]
            if message.truncated:
                headers = read_headers(message.content or b"")
                self.env["message.history"].browse(history_id).write({
                    "message_uid": headers.message_id, "sender_name": headers.sender_name,
                    "sender_address": headers.sender_address, "subject": headers.subject,
                    "header_date": headers.date,
                    "recipients": ", ".join(address for _name, address in headers.to)[:1000]})

    @api.model
    def _known_external_ids(self, channel, external_ids, pruned_only=False):
        """Return those of some external ids that the channel had before, pruned ones included."""
        if not external_ids:
            return set()
        cleaned = {clean_external_id(external_id): external_id for external_id in external_ids}
        rows = self.env.execute_query(SQL(
            "SELECT e.id FROM unnest(%s::varchar[]) AS e(id) JOIN message_known k "
            "ON k.channel_id = %s AND k.external_digest = hashtextextended(e.id, 0)",
            list(cleaned), channel.id))
        if not pruned_only:
            rows += self.env.execute_query(SQL(
                "SELECT external_id FROM message_history WHERE channel_id = %s AND external_id = ANY(%s)",
                channel.id, list(cleaned)))
        return {cleaned[external_id] for (external_id,) in rows}

    @api.model
    def _find_by_external_ids(self, channel, external_ids):
        """Return {external id: ledger id} of those that have a row."""
        cleaned = {clean_external_id(external_id): external_id for external_id in external_ids}
        rows = self.env.execute_query(SQL(
            "SELECT external_id, id FROM message_history WHERE channel_id = %s AND external_id = ANY(%s)",
            channel.id, list(cleaned)))
        return {cleaned[external_id]: row_id for external_id, row_id in rows}

    @api.model
    def _digest_of(self, message):
        """Return the digest that a message is recognised by."""
        return _signed64(_digest_of(message))

    # The same message under another name -------------------------------------------------------

    def _find_moved(self, channel, messages, digests):
        """Find messages that the channel has under another folder or numbering.

        The content digest tells. Two messages in one folder and numbering stay two, however alike
        (as in a POP3 mailbox); one that we moved there ourselves is known by its new uid.
        """
        rows = self.env.execute_query(SQL(
            "SELECT id, content_digest, size, names FROM message_history "
            "WHERE channel_id = %s AND content_digest = ANY(%s) AND direction IN ('in', 'out') ORDER BY id",
            channel.id, digests))
        candidates = {}
        for history_id, digest, size, names in rows:
            candidates.setdefault((digest, size), []).append((history_id, names or {}))
        moved, taken = {}, set()
        for index, (message, digest) in enumerate(zip(messages, digests, strict=True)):
            uid = message.names.get("uid")
            for history_id, names in candidates.get((digest, message.size), ()):
                known_there = _place(names) == _place(message.names) and not message.relocated
                if history_id not in taken and (not known_there or (uid is not None and names.get("uid") == uid)):
                    moved[index] = history_id
                    taken.add(history_id)
                    break
        return moved

    def _note_moved(self, history_id, message, external_id, folder):
        """Keep the new name of a known message, and remember the old one."""
        self.env.cr.execute(SQL(
            "INSERT INTO message_known (channel_id, external_digest) "
            "SELECT channel_id, hashtextextended(external_id, 0) FROM message_history WHERE id = %s "
            "ON CONFLICT DO NOTHING", history_id))
        self.env.cr.execute(SQL(
            "UPDATE message_history SET external_id = %s, names = %s, folder_id = COALESCE(%s, folder_id) "
            "WHERE id = %s AND NOT EXISTS (SELECT FROM message_history o WHERE o.channel_id = "
            "message_history.channel_id AND o.external_id = %s)",
            external_id, json.dumps(dict(message.names)), folder.id if folder else None, history_id, external_id))
        self.env["message.history"].invalidate_model(["external_id", "names", "folder_id"])

    @api.model
    def _wake_workers(self):
        """Tell waiting workers, when this transaction commits, that there is something to do."""
        self.env["message.worker"]._wake()


def clean_external_id(external_id):
    """Return an external id that PostgreSQL can store and index."""
    cleaned = external_id.replace("\x00", "").encode("utf-8", "replace").decode()
    if len(cleaned) > MAX_EXTERNAL_ID:
        cleaned = "sha256:" + hashlib.sha256(cleaned.encode()).hexdigest()
    return cleaned


def _place(names):
    return names.get("folder"), names.get("uidvalidity")


def _digest_of(message):
    if message.content is not None:
        return content_digest(message.content)
    with open(message.path, "rb") as handle:
        return content_digest(handle)


def _head_of(path):
    with open(path, "rb") as handle:
        return handle.read(262144)


def _signed64(digest):
    return int.from_bytes(digest[:8], "big", signed=True)
