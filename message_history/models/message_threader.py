from odoo import api, models
from odoo.tools import SQL

from ..lib.digest import id_digest
from ..tools.readers import Readers
from ..tools.threads import Groups, Holders
from .message_reference import OWN, PARENT

#: Of everything that has an id, or refers to it, so many are looked at: what a message costs does not depend on
#: how many share its ids. The first ones, since what came later is in a conversation with them.
NEAR = 8
#: So many of a message's own references are followed.
FOLLOWED = 64


class MessageThreader(models.AbstractModel):
    """Puts messages into conversations, across channels and mailboxes.

    Two messages are in one conversation when one refers to the other or both to a third (the rule
    of ``UID THREAD REFS``, RFC 5256, without its subject step); when their mail
    programs say so (Thread-Index); or when one was routed as a reply to the other's document. And only
    where the readers of the one may see the other (``tools/readers.py``): else a conversation of its own
    begins beside the other.
    """

    _name = "message.threader"
    _description = "Message Threader"

    @api.model
    def _assign(self, mails):
        """Set ``conversation_id`` of every mail of a batch, made and merged as need be."""
        self._complete_references(mails)
        readers = Readers(self.env)
        groups = Groups(mail.message.id for mail in mails)
        by_id = {mail.message.id: mail for mail in mails}
        existing = self._find_by_digest(groups, by_id, readers)
        self._join_by_key(groups, existing, mails)
        self._join_by_document(groups, existing, mails)
        places = self._places(set().union(*existing.values()))
        fresh = []
        for members in groups.members():
            for part in self._apart([by_id[member] for member in members], readers):
                wanted = set().union(*(existing.get(mail.message.id, ()) for mail in part))
                target = self._merge(self._fitting(wanted, part, places, readers))
                if target is None:
                    fresh.append((part, min(wanted, default=None)))
                for mail in part:
                    mail.values["conversation_id"] = target
        for (part, _beside), conversation_id in zip(fresh, self._create(fresh), strict=True):
            for mail in part:
                mail.values["conversation_id"] = conversation_id

    def _places(self, conversation_ids):
        """Return {conversation id: places (``tools/readers.py``) where its messages are}."""
        if not conversation_ids:
            return {}
        rows = self.env.execute_query(SQL(
            "SELECT conversation_id, channel_id, CASE WHEN last_in IS NOT NULL THEN company_id END "
            "FROM message_conversation_channel WHERE conversation_id = ANY(%(ids)s) "
            "UNION SELECT conversation_id, COALESCE(desk_channel_id, channel_id), "
            "CASE WHEN direction = 'in' THEN company_id END "
            "FROM message_history WHERE NOT settled AND conversation_id = ANY(%(ids)s) "
            "UNION SELECT id, channel_id, NULL FROM message_conversation WHERE id = ANY(%(ids)s) "
            "AND channel_id IS NOT NULL", ids=sorted(conversation_ids)))
        found = {}
        for conversation_id, channel_id, company_id in rows:
            found.setdefault(conversation_id, set()).add((channel_id, company_id))
        return found

    def _place(self, mail):
        """Return the place where a mail is; its document says whose it is where its channel is everybody's.

        What goes out is written by our own people, who may answer for another company than their first one.
        """
        channel = mail.message.channel_id
        if mail.message.direction == "out":
            return channel.id, None
        return channel.id, mail.values.get("company_id") or mail.message.company_id.id or None

    def _fitting(self, conversation_ids, mails, places, readers):
        """Return those of some conversations that mails may join, and that may be joined with each other.

        Not where somebody was given one of them alone: a mail that names both would show him the other.
        The oldest first; one that is on a channel of the mails already comes before any other.
        """
        channels = {mail.message.channel_id.id for mail in mails}
        grants = self.env["message.conversation.grant"]
        on = {one: {channel_id for channel_id, _company in places.get(one, ())} for one in conversation_ids}
        found, taken = set(), {self._place(mail) for mail in mails}
        for conversation_id in sorted(conversation_ids, key=lambda one: (not channels & on[one], one)):
            own = places.get(conversation_id, set())
            # one that is on these channels already was put together by a person
            is_there = channels <= on[conversation_id] and not found
            if is_there or (readers.all_fit(own, taken) and not grants._would_show(
                    {one: places.get(one, ()) for one in (*found, conversation_id)})):
                found.add(conversation_id)
                taken |= own
        return found

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

    def _find_by_digest(self, groups, by_id, readers):
        """Join mails of the batch that refer to each other; returns {ledger id: conversation ids} of others.

        Two mails that have the same id are no reason: programs do reuse ids. The same mail on two
        ways is joined by its document.
        """
        ids = list(groups)
        near = SQL(
            "(SELECT r.history_id, r.kind FROM message_reference r WHERE r.digest = mine.digest AND r.kind = %s "
            "AND r.history_id <> mine.history_id ORDER BY r.history_id LIMIT %s)", OWN, NEAR)
        near_parents = SQL(
            "(SELECT r.history_id, r.kind FROM message_reference r WHERE r.digest = mine.digest AND r.kind = %s "
            "AND r.history_id <> mine.history_id ORDER BY r.history_id LIMIT %s)", PARENT, NEAR)
        rows = self.env.execute_query(SQL(
            "SELECT DISTINCT mine.digest, mine.history_id, mine.kind, theirs.history_id, theirs.kind, "
            "h.conversation_id, h.model, h.res_id "
            "FROM unnest(%(ids)s::int[]) AS one(id) CROSS JOIN LATERAL (SELECT m.history_id, m.digest, m.kind "
            "FROM message_reference m WHERE m.history_id = one.id ORDER BY m.kind, m.id LIMIT %(followed)s) mine "
            "CROSS JOIN LATERAL (%(own)s UNION ALL %(parents)s) theirs "
            "JOIN message_history h ON h.id = theirs.history_id "
            "WHERE h.conversation_id IS NOT NULL OR h.id = ANY(%(ids)s)",
            ids=ids, followed=FOLLOWED, own=near, parents=near_parents))
        documents = {row[3]: (row[6], row[7]) for row in rows}
        documents |= {history_id: mail.document for history_id, mail in by_id.items()}
        holders = Holders(rows, documents)
        existing = {}
        for digest, history_id, kind, other_id, other_kind, conversation_id, _model, _res_id in rows:
            if not holders.relate(digest, (history_id, kind), (other_id, other_kind)):
                continue
            if other_id in groups and readers.fit(self._place(by_id[history_id]), self._place(by_id[other_id])):
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
        found = self.env.execute_query(SQL(
            "SELECT wanted.key, c.id FROM unnest(%s::varchar[]) AS wanted(key) CROSS JOIN LATERAL (SELECT id "
            "FROM message_conversation WHERE conversation_key = wanted.key ORDER BY id LIMIT %s) c",
            list(keys), NEAR))
        for key, conversation_id in found:
            for history_id in keys[key]:
                existing.setdefault(history_id, set()).add(conversation_id)
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
            "SELECT wanted.model, wanted.res_id, c.id FROM (VALUES %s) AS wanted(model, res_id) "
            "CROSS JOIN LATERAL (SELECT id FROM message_conversation WHERE model = wanted.model "
            "AND res_id = wanted.res_id ORDER BY id LIMIT %s) c",
            SQL(", ").join(SQL("(%s, %s)", *document) for document in sorted(wanted)), NEAR))
        known = {}
        for model, res_id, conversation_id in rows:
            known.setdefault((model, res_id), []).append(conversation_id)
        made = {}
        for mail in mails:
            if mail.document in wanted:
                groups.join(made.setdefault(mail.document, mail.message.id), mail.message.id)
                if mail.document in known:
                    self._note_of_document(existing, mail, known[mail.document])

    def _note_of_document(self, existing, mail, conversation_ids):
        """Note the conversation of a mail's document: one where the mail is already or, else, the oldest it fits."""
        found = existing.setdefault(mail.message.id, set())
        if not found & set(conversation_ids):
            places, readers = self._places(conversation_ids), Readers(self.env)
            own = {self._place(mail)}
            fitting = [one for one in conversation_ids if readers.all_fit(own, places.get(one, ()))]
            found.add((fitting or conversation_ids)[0])

    def _apart(self, mails, readers):
        """Return the mails of a group in parts in which every place fits every other."""
        parts = []
        for mail in mails:
            place = self._place(mail)
            for there, places in parts:
                if readers.all_fit([place], places):
                    there.append(mail)
                    places.add(place)
                    break
            else:
                parts.append(([mail], {place}))
        return [there for there, _places in parts]

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

        :param groups: (a list of mails, the conversation that it is beside) for each
        :return: their ids, in order
        """
        if not groups:
            return []
        rows = [self._prepare_values(mails, beside_id) for mails, beside_id in groups]
        columns = SQL(", ").join(SQL.identifier(name) for name in rows[0])
        values = SQL(", ").join(SQL("%s", tuple(row.values())) for row in rows)
        return [conversation_id for (conversation_id,) in self.env.execute_query(SQL(
            "INSERT INTO message_conversation (%s) VALUES %s RETURNING id", columns, values))]

    def _prepare_values(self, mails, beside_id):
        last = mails[-1]
        model, res_id = next((mail.document for mail in mails if mail.document), None) or (None, None)
        keys = (mail.thread_ids.conversation_key for mail in mails if mail.thread_ids)
        needs_people = any(mail.values["state"] not in ("ignored", "sent", "queued") for mail in mails)
        uid, now = self.env.uid, self.env.cr.now()
        return {
            "channel_id": last.message.channel_id.id,
            "state": "open" if needs_people else "done", "model": model, "res_id": res_id,
            "conversation_key": next(filter(None, keys), None), "beside_id": beside_id,
            "last_date": last.message.date,
            "create_uid": uid, "create_date": now, "write_uid": uid, "write_date": now,
        }
