from odoo import api, models
from odoo.tools import SQL

from ..lib.digest import id_digest
from .message_reference import OWN, PARENT


class MessageThreader(models.AbstractModel):
    """Puts messages into conversations, across channels and mailboxes.

    Two messages are in one conversation when one refers to the other or both to a third (the rule
    of ``UID THREAD REFS``, RFC 5256, without its subject step); when their mail
    programs say so (Thread-Index); or when one was routed as a reply to the other's document.
    """

    _name = "message.threader"
    _description = "Message Threader"

    @api.model
    def _assign(self, mails):
        """Set ``conversation_id`` of every mail of a batch, made and merged as need be."""
        self._complete_references(mails)
        groups = _Groups(mail.message.id for mail in mails)
        existing = self._find_by_digest(groups, mails)
        by_id = {mail.message.id: mail for mail in mails}
        self._join_by_key(groups, existing, mails)
        self._join_by_document(groups, existing, mails)
        fresh = []
        for members in groups.members():
            group = [by_id[member] for member in members]
            conversation_ids = set().union(*(existing.get(history_id, ()) for history_id in members))
            target = self._merge(conversation_ids)
            if target is None:
                fresh.append(group)
            for mail in group:
                mail.values["conversation_id"] = target
        for group, conversation_id in zip(fresh, self._create(fresh), strict=True):
            for mail in group:
                mail.values["conversation_id"] = conversation_id

    def _complete_references(self, mails):
        """Add the ids that only a full look at the headers finds (rewritten, damaged, in other fields)."""
        found = set()
        for mail in mails:
            if mail.thread_ids:
                found |= {(mail.message.id, id_digest(own), OWN) for own in mail.thread_ids.own if own}
                found |= {(mail.message.id, id_digest(parent), PARENT) for parent in mail.thread_ids.parents if parent}
        rows = self.env.execute_query(SQL(
            "SELECT history_id, digest, kind FROM message_reference WHERE history_id = ANY(%s)",
            [mail.message.id for mail in mails]))
        self.env["message.reference"]._insert(sorted(found - set(rows)))

    def _find_by_digest(self, groups, mails):
        """Join mails of the batch that refer to each other; returns {ledger id: conversation ids} of others.

        Two mails that have the same id are no reason: programs do reuse ids. The same mail on two
        ways is joined by its document.
        """
        ids = list(groups)
        rows = self.env.execute_query(SQL(
            "SELECT DISTINCT mine.digest, mine.history_id, mine.kind, theirs.history_id, theirs.kind, "
            "h.conversation_id, h.model, h.res_id "
            "FROM message_reference mine JOIN message_reference theirs ON theirs.digest = mine.digest "
            "JOIN message_history h ON h.id = theirs.history_id "
            "WHERE mine.history_id = ANY(%s) AND theirs.history_id <> mine.history_id "
            "AND (h.conversation_id IS NOT NULL OR h.id = ANY(%s))", ids, ids))
        documents = {other_id: (model, res_id) for _digest, _id, _kind, other_id, _k, _c, model, res_id in rows}
        documents |= {mail.message.id: mail.document for mail in mails}
        holders = _Holders(rows, documents)
        existing = {}
        for digest, history_id, kind, other_id, other_kind, conversation_id, *_document in rows:
            if not holders.relate(digest, (history_id, kind), (other_id, other_kind)):
                continue
            if other_id in groups:
                groups.join(history_id, other_id)
            if conversation_id:
                existing.setdefault(history_id, set()).add(conversation_id)
        return existing

    def _join_by_key(self, groups, existing, mails):
        """Join by what the mail program calls the thread, where it dropped the references."""
        keys = {}
        for mail in mails:
            if mail.thread_ids and mail.thread_ids.conversation_key:
                keys.setdefault(mail.thread_ids.conversation_key, []).append(mail.message.id)
        if not keys:
            return
        found = self.env["message.conversation"].sudo().search_fetch(
            [("conversation_key", "in", list(keys))], ["conversation_key"])
        for conversation in found:
            for history_id in keys[conversation.conversation_key]:
                existing.setdefault(history_id, set()).add(conversation.id)
        for ids in keys.values():
            for other in ids[1:]:
                groups.join(ids[0], other)

    def _join_by_document(self, groups, existing, mails):
        """Join replies to the conversation of the document they went to."""
        replies = [mail for mail in mails if mail.document and (mail.is_reply or mail.values.get("same_as_id"))]
        wanted = {mail.document for mail in replies}
        if not wanted:
            return
        rows = self.env.execute_query(SQL(
            "SELECT DISTINCT ON (model, res_id) model, res_id, id FROM message_conversation "
            "WHERE (model, res_id) IN %s ORDER BY model, res_id, id", tuple(wanted)))
        known = {(model, res_id): conversation_id for model, res_id, conversation_id in rows}
        made = {}
        for mail in mails:
            if mail.document in wanted:
                groups.join(made.setdefault(mail.document, mail.message.id), mail.message.id)
                if mail.document in known:
                    existing.setdefault(mail.message.id, set()).add(known[mail.document])

    def _merge(self, conversation_ids):
        """Return the one conversation of several, the oldest; None if there are none."""
        if len(conversation_ids) <= 1:
            return next(iter(conversation_ids), None)
        conversations = self.env["message.conversation"].browse(sorted(conversation_ids))
        if apart := conversations.filtered(lambda one: one.split_from_id in conversations):
            return apart[-1].id  # somebody split them: a message to both goes with the newer
        return conversations._merge_into(conversations[0]).id

    def _create(self, groups):
        """Make conversations; by SQL, since nobody follows them and nothing is tracked yet.

        :param groups: a list of mails for each
        :return: their ids, in order
        """
        if not groups:
            return []
        rows = [self._prepare_values(mails) for mails in groups]
        columns = SQL(", ").join(SQL.identifier(name) for name in rows[0])
        values = SQL(", ").join(SQL("%s", tuple(row.values())) for row in rows)
        return [conversation_id for (conversation_id,) in self.env.execute_query(SQL(
            "INSERT INTO message_conversation (%s) VALUES %s RETURNING id", columns, values))]

    def _prepare_values(self, mails):
        first, last = mails[0], mails[-1]
        model, res_id = next((mail.document for mail in mails if mail.document), None) or (None, None)
        keys = (mail.thread_ids.conversation_key for mail in mails if mail.thread_ids)
        needs_people = any(mail.values["state"] not in ("ignored", "sent", "queued") for mail in mails)
        uid, now = self.env.uid, self.env.cr.now()
        return {
            "subject": first.values.get("subject"), "preview": last.values.get("preview"),
            "sender": first.values.get("sender_name") or first.values.get("sender_address"),
            "partner_id": first.values.get("partner_id"), "channel_id": last.message.channel_id.id,
            "state": "open" if needs_people else "done", "model": model, "res_id": res_id,
            "conversation_key": next(filter(None, keys), None),
            "last_date": last.message.date, "history_count": len(mails), "failed_count": 0,
            "create_uid": uid, "create_date": now, "write_uid": uid, "write_date": now,
        }

    @api.model
    def _find_known_ids(self, headers):
        """Find out which messages of a batch have an id that is known already, or referred to.

        Looked up for the whole batch; messages of the batch count as known too, since an earlier
        one may have made a chatter message by the time a later one is processed.

        :param headers: {ledger id: headers}
        :return: ledger ids whose Message-ID another message has; ledger ids that a processed
            message, which overtook them, refers to
        """
        rows = self.env.execute_query(SQL(
            "SELECT DISTINCT mine.history_id, theirs.kind FROM message_reference mine "
            "JOIN message_reference theirs ON theirs.digest = mine.digest AND theirs.history_id <> mine.history_id "
            "LEFT JOIN message_history h ON h.id = theirs.history_id AND theirs.kind = %(parent)s "
            "WHERE mine.history_id = ANY(%(ids)s) AND mine.kind = %(own)s "
            "AND (theirs.kind = %(own)s OR (h.state = 'processed' AND h.res_id IS NOT NULL))",
            ids=list(headers), own=OWN, parent=PARENT))
        by_message_id = {read.message_id: history_id for history_id, read in headers.items() if read.message_id}
        chatter = self.env.execute_query(SQL(
            "SELECT message_id FROM mail_message WHERE message_id = ANY(%s)", list(by_message_id)))
        known = {history_id for history_id, kind in rows if kind == OWN}
        known |= {by_message_id[message_id] for (message_id,) in chatter}
        return known, {history_id for history_id, kind in rows if kind == PARENT}

    @api.model
    def _find_same(self, mail):
        """Return the same message, processed before: it came to another mailbox too, or twice to one.

        The same is what has the same Message-ID, sender, subject, date and text: providers and
        programs do reuse an id for different messages, and none of those may be dropped.

        :return: (its ledger row, its document) or None
        """
        values = mail.values
        if not mail.headers.message_id:
            return None
        for other in mail.earlier:
            if other.values["state"] == "processed" and other.document and other.fingerprint == mail.fingerprint:
                return other.message, other.document
        rows = self.env.execute_query(SQL(
            "SELECT h.id, h.model, h.res_id FROM message_reference mine JOIN message_reference theirs "
            "ON theirs.digest = mine.digest AND theirs.kind = mine.kind "
            "JOIN message_history h ON h.id = theirs.history_id "
            "WHERE mine.history_id = %(id)s AND mine.kind = %(own)s AND h.id <> %(id)s AND h.direction = 'in' "
            "AND h.state = 'processed' AND h.res_id IS NOT NULL AND h.attachment_count = %(attachments)s "
            "AND h.message_uid = %(uid)s AND h.sender_address IS NOT DISTINCT FROM %(sender)s "
            "AND h.subject IS NOT DISTINCT FROM %(subject)s AND h.header_date IS NOT DISTINCT FROM %(date)s "
            "AND h.body_text IS NOT DISTINCT FROM %(text)s ORDER BY h.id LIMIT 1",
            id=mail.message.id, own=OWN, attachments=values["attachment_count"], uid=values["message_uid"],
            sender=values["sender_address"], subject=values["subject"], date=values["header_date"],
            text=values["body_text"]))
        if not rows:
            return None
        history_id, model, res_id = rows[0]
        return self.env["message.history"].browse(history_id), (model, res_id)

    @api.model
    def _find_sent(self, mail):
        """Return the message in the outbox that a mail is a copy of; empty if there is none.

        A copy has the same Message-ID and, byte by byte, the same content. In a folder for sent mail
        the id is enough: some providers put a copy there themselves, and rewrite it.
        """
        found = self.env["message.history"]
        if not mail.known_id:
            return found
        rows = self.env.execute_query(SQL(
            "SELECT h.id FROM message_reference mine JOIN message_reference theirs "
            "ON theirs.digest = mine.digest AND theirs.kind = mine.kind "
            "JOIN message_history h ON h.id = theirs.history_id "
            "WHERE mine.history_id = %(id)s AND mine.kind = %(own)s AND h.id < %(id)s AND h.direction = 'out' "
            "AND (h.content_digest = %(digest)s OR (%(sent)s AND h.recipient_count > 0 AND h.message_uid = %(uid)s)) "
            "ORDER BY h.id LIMIT 1",
            id=mail.message.id, own=OWN, digest=mail.message.content_digest,
            sent=mail.message.direction == "out", uid=mail.headers.message_id))
        return found.browse(row_id for (row_id,) in rows)


class _Holders:
    """Which mails have an id; where several have it, a reply to it goes with one of them only.

    :param documents: {ledger id: document of the mail}
    """

    def __init__(self, rows, documents):
        self._documents = documents
        self._holders = {}
        for digest, history_id, kind, other_id, other_kind, *_rest in rows:
            found = {history_id} if kind == OWN else set()
            found |= {other_id} if other_kind == OWN else set()
            self._holders.setdefault(digest, set()).update(found)

    def relate(self, digest, one, other):
        """Whether an id that two mails share puts them into one conversation.

        :param one: (ledger id, OWN or PARENT); ``other`` likewise
        """
        (history_id, kind), (other_id, other_kind) = one, other
        if kind == other_kind:
            return kind == PARENT
        parent, reply = (history_id, other_id) if kind == OWN else (other_id, history_id)
        return self._holder(digest, self._documents.get(reply)) == parent

    def _holder(self, digest, document):
        """Return the mail that a reply means: the one of its document, else the first that came."""
        def preference(history_id):
            return not document or self._documents.get(history_id) != document, history_id
        return min(self._holders[digest], key=preference)


class _Groups:
    """Union-find over ledger ids."""

    def __init__(self, ids):
        self._parent = {history_id: history_id for history_id in ids}

    def __iter__(self):
        return iter(self._parent)

    def __contains__(self, history_id):
        return history_id in self._parent

    def _root(self, history_id):
        while self._parent[history_id] != history_id:
            self._parent[history_id] = self._parent[self._parent[history_id]]
            history_id = self._parent[history_id]
        return history_id

    def join(self, left, right):
        """Put two ids into one group, named after the smaller."""
        low, high = sorted((self._root(left), self._root(right)))
        self._parent[high] = low

    def members(self):
        """Return the groups, each in ascending order."""
        grouped = {}
        for history_id in sorted(self._parent):
            grouped.setdefault(self._root(history_id), []).append(history_id)
        return list(grouped.values())
