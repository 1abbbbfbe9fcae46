from dataclasses import dataclass

from odoo import api, models
from odoo.tools import SQL, email_normalize

from ..lib.bounce_types import BouncedRecipient, RecipientKind
from ..lib.delivery_mark import find_marks, is_among, make_mark
from ..lib.digest import id_digest, normalise_message_id
from ..lib.notice_sender import took_part
from ..lib.raw_headers import addresses
from .message_reference import OWN

#: Recipients of one notice, and deliveries of one message, that are looked at.
_MAX_RECIPIENTS = 100
#: Where a mail says to whom it came: what the envelope said (written by our server), and the headers.
_ARRIVED_AT = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To", "Cc")


@dataclass(frozen=True)
class Proven:
    """That something became of a message for one recipient, from one who must know.

    :param message_uid: the Message-ID under which it was sent
    :param address: in its normal form
    :param recipient: what is said of it (``lib.bounce_types.BouncedRecipient``)
    :param delivery_ids: of the ledger; empty for what Odoo sent without it
    """

    message_uid: str
    address: str
    recipient: BouncedRecipient
    delivery_ids: tuple[int, ...] = ()

    @property
    def refused(self):
        """Whether the message did not reach it."""
        return self.recipient.failed


class MessageBounce(models.AbstractModel):
    """What of a notice is proven; see ``docs/decisions/0026-bounces-need-proof.md``."""

    _inherit = "message.bounce"

    @api.model
    def _secret(self):
        """Return what marks and return addresses are signed with, so that nobody can make notices up."""
        return (self.env["ir.config_parameter"].sudo().get_param("database.secret") or "").encode()

    @api.model
    def _prove(self, mail, report):
        """Return what of a report is proven: a list of :class:`Proven`, each recipient of a message once.

        Proof is the mark of that recipient's copy, returned with its headers; or that the mail is
        shown by a trusted server to come from the mail system of that recipient, or from our own,
        and came to where undeliverable notices of that message go. For addons: other proof.
        """
        if report is None:
            return []
        said = self._said_of(report)
        ids = list(report.original_message_ids)
        found = {(uid, address): recipient for uid, address, recipient in (
            *self._prove_by_mark(mail, report, ids, said), *self._prove_by_sender(mail, report, ids, said))}
        return [Proven(uid, address, recipient, tuple(self._find_deliveries([uid], [address]).ids))
                for (uid, address), recipient in found.items()]

    def _said_of(self, report):
        """Return {address in its normal form: what the report says of it}."""
        found = {}
        for recipient in report.recipients[:_MAX_RECIPIENTS]:
            for address in (*recipient.aliases[:5], recipient.address):
                found[email_normalize(address) or address.lower()] = recipient
        return found

    def _prove_by_mark(self, mail, report, ids, said):
        """Yield (Message-ID, address, what is said) of the copies whose marks came back."""
        marks = find_marks(mail.parsed.message)
        if not marks or not (secret := self._secret()):
            return
        if said:
            copies = [(uid, address) for uid in ids for address in said]
        else:  # a notice that names nobody; the mark does
            copies = [(one.history_id.message_uid, email_normalize(one.address) or one.address.lower())
                      for one in self._find_deliveries(ids)]
        for uid, address in copies:
            if is_among(make_mark(secret, uid, address), marks):
                yield uid, address, said.get(address) or self._vaguely(address, report)

    def _vaguely(self, address, report, words=""):
        """Return what is known of a recipient whom a notice does not name: it is no reason to call it dead."""
        kind = RecipientKind.TEMPORARY
        if report is not None and report.kind.value != "bounce":
            kind = RecipientKind({"delay": "delayed"}.get(report.kind.value, report.kind.value))
        return BouncedRecipient(address, kind, diagnostic=(words or "")[:500])

    def _prove_by_sender(self, mail, report, ids, said):
        """Yield (Message-ID, address, what is said) of recipients for whom the sender can speak."""
        if mail.values.get("authenticated") != "pass" or not ids or not said:
            return
        sender = email_normalize(mail.values.get("sender_address") or "") or ""
        own = self._own_domains(mail)
        receipt = report.kind.value in ("read", "not_read")
        spoken_for = [address for address in said if (
            address == sender if receipt else took_part(sender, address, own))]
        arrived_at = self._arrived_at(mail)
        for delivery in self._find_deliveries(ids, spoken_for, mail.message.channel_id) if spoken_for else ():
            address = email_normalize(delivery.address) or delivery.address.lower()
            notices_to = email_normalize(delivery.history_id.envelope_sender or "")
            if address in said and (receipt or notices_to in arrived_at):
                yield delivery.history_id.message_uid, address, said[address]

    def _arrived_at(self, mail):
        """Return the addresses that a mail came to: those that it names, and the channel's own."""
        found = addresses(mail.parsed.message, *_ARRIVED_AT)[:_MAX_RECIPIENTS]
        return {*found, email_normalize(mail.message.channel_id.address or "")} - {False}

    def _own_domains(self, mail):
        """Return the domains whose mail system is ours."""
        names = self.env["mail.alias.domain"].sudo().search([], limit=1000).mapped("name")
        names.append((mail.message.channel_id.address or "").rpartition("@")[2])
        return {name.lower() for name in names if name}

    def _find_sent(self, message_ids, channel=None):
        """Return what we sent under some Message-IDs; by their digests, which are indexed.

        :param channel: only what its company sent, as far as channels have one
        """
        ids = [uid for uid in dict.fromkeys(map(normalise_message_id, message_ids)) if uid]
        company = channel.company_id.id if channel and channel.channel_type != "local" else None
        rows = self.env.execute_query(SQL(
            "SELECT DISTINCT h.id FROM message_reference r JOIN message_history h ON h.id = r.history_id "
            "JOIN message_channel c ON c.id = h.channel_id "
            "WHERE r.digest = ANY(%(digests)s) AND r.kind = %(own)s AND h.direction = 'out' "
            "AND h.message_uid = ANY(%(ids)s) "
            "AND (%(company)s::int IS NULL OR c.company_id IS NULL OR c.company_id = %(company)s)",
            digests=[digest for digest in map(id_digest, ids) if digest], own=OWN, ids=ids, company=company or None))
        return self.env["message.history"].browse(sorted(history_id for (history_id,) in rows))

    def _find_deliveries(self, message_ids, wanted=None, channel=None):
        """Return the deliveries of what we sent under some Message-IDs, at most 100.

        :param wanted: normal forms of addresses; None: all
        """
        sent = self._find_sent(message_ids, channel)
        if not sent:
            return self.env["message.delivery"]
        rows = self.env.execute_query(SQL(
            "SELECT id FROM message_delivery WHERE history_id = ANY(%(sent)s) AND (%(wanted)s::text[] IS NULL "
            "OR lower(address) = ANY(%(wanted)s) OR position('<' in address) > 0) ORDER BY id LIMIT %(limit)s",
            sent=sent.ids, wanted=wanted, limit=_MAX_RECIPIENTS))
        found = self.env["message.delivery"].browse(delivery_id for (delivery_id,) in rows)
        if wanted is None:
            return found
        return found.filtered(lambda one: (email_normalize(one.address) or one.address.lower()) in wanted)
