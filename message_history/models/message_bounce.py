from odoo import api, fields, models
from odoo.tools import SQL, email_normalize

from ..lib.bounce import read_bounce
from ..lib.digest import id_digest
from ..tools.words import words
from .message_reference import OWN

#: What a report says of a recipient -> the state of the delivery.
_DELIVERY_STATES = {"permanent": "bounced", "temporary": "bounced", "delivered": "delivered", "read": "read"}
#: Reports about a message that is not lost.
_NOTICES = ("delay", "delivered", "read", "not_read")


class MessageBounce(models.AbstractModel):
    """Undeliverable notices, complaints and receipts: finds what was sent, and to whom."""

    _name = "message.bounce"
    _description = "Undeliverable Notices"

    @api.model
    def _extract(self, email_message, message_dict, found):
        """Complete what core found out about a bounce; see ``mail.thread``'s override.

        :param found: core's dictionary (``is_bounce``, ``bounced_email``, ...)
        :return: the dictionary, completed, with ``bounced_addresses`` for further recipients
        """
        report = read_bounce(email_message)
        if report is None:
            return found
        ids = list(report.original_message_ids)
        message = found.get("bounced_message") or self.env["mail.message"].sudo()
        if not message and ids:
            message = message.search([("message_id", "in", ids)], order="id DESC", limit=1)
        address, partner = False, self.env["res.partner"].sudo()
        if report.kind.value not in _NOTICES:
            addresses = list(dict.fromkeys(filter(None, map(email_normalize, report.failed_addresses))))
            address = found.get("bounced_email") or (addresses[0] if addresses else False)
            partner = found.get("bounced_partner") or partner
            if address and not partner:
                partner = partner.search([("email_normalized", "=", address)])
        return {
            "is_bounce": True, "bounced_email": address, "bounced_partner": partner,
            "bounced_msg_ids": found.get("bounced_msg_ids") or ids or False, "bounced_message": message,
        }

    @api.model
    def _handle(self, mail, thread):
        """Note for each refused recipient that the message did not reach it."""
        _ = words(self.env)
        msg_dict, email_message = mail.msg_dict, mail.parsed.message
        report = read_bounce(email_message)
        original = msg_dict.get("bounced_message")
        if original:
            mail.is_reply = True
            mail.set_document(original.model, original.res_id)
        if report and report.kind.value in _NOTICES:
            self._note_receipt(mail, report)
            return
        recipients = {email_normalize(found.address) or found.address: found
                      for found in (report.failed if report else ())}
        if msg_dict.get("bounced_email"):
            recipients.setdefault(email_normalize(msg_dict["bounced_email"]) or msg_dict["bounced_email"], None)
        for address in recipients:
            thread._routing_handle_bounce(email_message, self._for_recipient(msg_dict, address))
        if not recipients:
            thread._routing_handle_bounce(email_message, msg_dict)
        self._note_deliveries(report)
        names = ", ".join(list(recipients)[:5])
        mail.values |= {
            "state": "processed", "kind": "bounce",
            "state_reason": _("Undeliverable: %(recipients)s", recipients=names) if recipients
            else _("Undeliverable; the notice does not say to whom."),
        }

    def _for_recipient(self, msg_dict, address):
        """Return core's dictionary for one of several refused recipients."""
        if address == msg_dict.get("bounced_email"):
            return msg_dict
        partner = self.env["res.partner"].sudo().search([("email_normalized", "=", address)])
        return {**msg_dict, "bounced_email": address, "bounced_partner": partner}

    @api.model
    def _note_receipt(self, mail, report=None):
        """Note what became of a message of ours that is not lost: delayed, delivered, read."""
        _ = words(self.env)
        report = report or read_bounce(mail.parsed.message)
        if report is None:
            return
        self._note_deliveries(report)
        reasons = {
            "delay": _("Not delivered yet, the server goes on trying: %(recipients)s"),
            "delivered": _("Delivered: %(recipients)s"),
            "read": _("Read: %(recipients)s"),
            "not_read": _("Deleted without being read: %(recipients)s"),
        }
        names = ", ".join(recipient.address for recipient in report.recipients[:5])
        if reason := reasons.get(report.kind.value):
            mail.values |= {"state": "ignored", "state_reason": reason % {"recipients": names}}

    def _note_deliveries(self, report):
        """Settle the deliveries of the ledger that the report is about."""
        if report is None or not report.original_message_ids:
            return
        found = {}
        for recipient in report.recipients:
            for address in (*recipient.aliases, recipient.address):
                found[email_normalize(address) or address] = recipient
        for delivery in self._find_sent(report.original_message_ids).delivery_ids:
            recipient = found.get(email_normalize(delivery.address) or delivery.address)
            if recipient is not None:
                self._note_delivery(delivery, recipient)

    def _find_sent(self, message_ids):
        """Return what we sent under some Message-IDs; by their digests, which are indexed."""
        digests = [digest for digest in map(id_digest, message_ids) if digest]
        rows = self.env.execute_query(SQL(
            "SELECT DISTINCT h.id FROM message_reference r JOIN message_history h ON h.id = r.history_id "
            "WHERE r.digest = ANY(%s) AND r.kind = %s AND h.direction = 'out' AND h.message_uid = ANY(%s)",
            digests, OWN, list(message_ids)))
        return self.env["message.history"].browse(sorted(history_id for (history_id,) in rows))

    def _note_delivery(self, delivery, recipient):
        values = {"server_reply": f"{recipient.status} {recipient.diagnostic}".strip()[:500]}
        state = _DELIVERY_STATES.get(recipient.kind.value)
        if state and not (state == "delivered" and delivery.state == "read"):
            values["state"] = state
        if state == "bounced":
            values["failure_type"] = "recipient"
        if state in ("delivered", "read"):
            # whatever was in doubt about it
            values |= {"failure_type": False, "delivered_date": fields.Datetime.now()}
        delivery.write({**values, "settled": False})
        self.env["message.worker"]._wake()
