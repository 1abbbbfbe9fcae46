from odoo import api, models
from odoo.tools import SQL

from ..lib.file_digests import file_digests
from ..lib.repair import parse_mail
from .message_reference import OWN, PARENT

#: So many messages of one id are looked at, the first ones: however many share it, a message costs the same.
NEAR = 32
_NEAR_OWN = SQL(
    "SELECT r.history_id FROM message_reference r WHERE r.digest = mine.digest AND r.kind = %s "
    "ORDER BY r.history_id LIMIT %s", OWN, NEAR)


class MessageThreader(models.AbstractModel):
    """Recognises messages that are here already: copies, what was sent from here, what is referred to."""

    _inherit = "message.threader"

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
            "SELECT mine.history_id, %(own)s FROM message_reference mine "
            "WHERE mine.history_id = ANY(%(ids)s) AND mine.kind = %(own)s AND EXISTS ("
            "SELECT FROM message_reference r WHERE r.digest = mine.digest AND r.kind = %(own)s "
            "AND r.history_id <> mine.history_id) "
            "UNION SELECT mine.history_id, %(parent)s FROM message_reference mine "
            "WHERE mine.history_id = ANY(%(ids)s) AND mine.kind = %(own)s AND EXISTS ("
            "SELECT FROM (SELECT r.history_id FROM message_reference r WHERE r.digest = mine.digest "
            "AND r.kind = %(parent)s AND r.history_id <> mine.history_id LIMIT %(near)s) few "
            "JOIN message_history h ON h.id = few.history_id WHERE h.state = 'processed' AND h.res_id IS NOT NULL)",
            ids=list(headers), own=OWN, parent=PARENT, near=NEAR))
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
        programs do reuse an id for different messages, and none of those may be dropped. Nor may somebody who
        knows a mail before it is here (who gets it, too) have his own taken for it: what is attached is compared
        where originals are kept, and one whose sender is confirmed is not the same as one whose is not.

        :return: (its ledger row, its document) or None
        """
        values = mail.values
        if not mail.headers.message_id:
            return None
        for other in mail.earlier:
            names, authenticated = other.message.channel_id.authserv_ids, other.values.get("authenticated")
            alike = other.values["state"] == "processed" and other.document and other.fingerprint == mail.fingerprint
            if alike and not _takes_over(mail, names, authenticated) and self._has_same_files(mail, other.message.id):
                return other.message, other.document
        rows = self.env.execute_query(SQL(
            "SELECT h.id, h.model, h.res_id, c.authserv_ids, h.authenticated FROM message_reference mine "
            "CROSS JOIN LATERAL (%(near)s) theirs "
            "JOIN message_history h ON h.id = theirs.history_id JOIN message_channel c ON c.id = h.channel_id "
            "WHERE mine.history_id = %(id)s AND mine.kind = %(own)s AND h.id <> %(id)s AND h.direction = 'in' "
            "AND h.state = 'processed' AND h.res_id IS NOT NULL AND h.attachment_count = %(attachments)s "
            "AND h.message_uid = %(uid)s AND h.sender_address IS NOT DISTINCT FROM %(sender)s "
            "AND h.subject IS NOT DISTINCT FROM %(subject)s AND h.header_date IS NOT DISTINCT FROM %(date)s "
            "AND h.body_text IS NOT DISTINCT FROM %(text)s ORDER BY h.id",
            id=mail.message.id, own=OWN, near=_NEAR_OWN, attachments=values["attachment_count"],
            uid=values["message_uid"], sender=values["sender_address"], subject=values["subject"],
            date=values["header_date"],
            text=values["body_text"]))
        for history_id, model, res_id, names, authenticated in rows:
            if not _takes_over(mail, names, authenticated) and self._has_same_files(mail, history_id):
                return self.env["message.history"].browse(history_id), (model, res_id)
        return None

    def _has_same_files(self, mail, history_id):
        """Whether a message has the same attached as a mail that is like it; so it is said where that isn't kept."""
        if not mail.values.get("attachment_count"):
            return True
        with self.env["message.raw"]._opened(history_id) as original:
            return original is None or file_digests(parse_mail(original)) == file_digests(mail.parsed)

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
            "SELECT h.id FROM message_reference mine CROSS JOIN LATERAL (%(near)s) theirs "
            "JOIN message_history h ON h.id = theirs.history_id "
            "WHERE mine.history_id = %(id)s AND mine.kind = %(own)s AND h.id < %(id)s AND h.direction = 'out' "
            "AND (h.content_digest = %(digest)s OR (%(sent)s AND h.recipient_count > 0 AND h.message_uid = %(uid)s)) "
            "ORDER BY h.id LIMIT 1",
            id=mail.message.id, own=OWN, near=_NEAR_OWN, digest=mail.message.content_digest,
            sent=mail.message.direction == "out", uid=mail.headers.message_id))
        return found.browse(row_id for (row_id,) in rows)


def _takes_over(mail, names, authenticated):
    """Whether a mail whose sender is confirmed would give way to one whose sender could have been.

    :param names: the servers that check senders on the other's channel
    """
    return bool(names) and mail.values.get("authenticated") == "pass" != authenticated
