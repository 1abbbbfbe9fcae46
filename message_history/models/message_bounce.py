import dataclasses

from odoo import api, fields, models
from odoo.tools import email_normalize

from ..lib.bounce import read_bounce
from ..tools.mail import Aside
from ..tools.words import words

#: What a report says of a recipient -> the state of the delivery.
_DELIVERY_STATES = {"permanent": "bounced", "temporary": "bounced", "delivered": "delivered", "read": "read"}
#: Reports about a message that is not lost.
_NOTICES = ("delay", "delivered", "read", "not_read")
#: States of a delivery that has left, so that something may be reported of it.
_SENT = ("sending", "in_doubt", "accepted", "delivered", "read", "bounced")


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
        """Note for each refused recipient that the message did not reach it, as far as that is proven.

        What is not proven is shown where the message belongs, in words, and changes nothing: neither
        deliveries nor contacts, mailings, or lists of addresses. See :meth:`_prove`.
        """
        _ = words(self.env)
        msg_dict, email_message = mail.msg_dict, mail.parsed.message
        report = read_bounce(email_message)
        if report is None and mail.values["kind"] == "auto_reply":
            raise Aside("ignored", _("An automatic message."))
        self._join_document(mail, report)
        proven = self._prove(mail, report)
        if report and report.kind.value in _NOTICES:
            self._note_receipt(mail, report, proven)
            return
        for one in proven:
            thread._routing_handle_bounce(email_message, self._for_recipient(msg_dict, one, report))
        self._note_deliveries(proven)
        concerned = () if report is None else report.recipients if _is_complaint(report) else report.failed
        named = [email_normalize(found.address) or found.address for found in concerned]
        if msg_dict.get("bounced_email"):
            named.append(email_normalize(msg_dict["bounced_email"]) or msg_dict["bounced_email"])
        mail.values |= {"state": "processed", "kind": "bounce",
                        "state_reason": self._words_for(mail, report, proven, list(dict.fromkeys(named)))}

    def _join_document(self, mail, report):
        """Put a notice with the conversation and document of what it is about, within one company's mail."""
        original = mail.msg_dict.get("bounced_message")
        ids = [*([original.message_id] if original else ()), *(report.original_message_ids if report else ())]
        sent = self._find_sent(ids, mail.message.channel_id)
        if sent and not sent[0].private:
            # one of them alone: who names many must not join what does not belong together
            parents = (sent[0].message_uid, *mail.thread_ids.parents)
            mail.thread_ids = dataclasses.replace(mail.thread_ids, parents=tuple(dict.fromkeys(parents)))
        if not original or (not sent and self._find_sent(ids)):
            return
        mail.is_reply = True
        mail.set_document(original.model, original.res_id)

    def _words_for(self, mail, report, proven, named):
        """Return what a notice says, and how much of it is proven."""
        _ = words(self.env)
        sure = list(dict.fromkeys(one.address for one in proven))
        if not sure and not named:
            return _("Undeliverable; the notice does not say to whom.")
        doubtful = [address for address in named if address not in sure]
        names = {"recipients": ", ".join(sure[:5])}
        doubt = {"recipients": ", ".join(doubtful[:5]), "sender": mail.values.get("sender_address") or "?"}
        if _is_complaint(report):
            said = _("Complained of it as unwanted: %(recipients)s", **names)
            claim = _("%(sender)s says that %(recipients)s complained of it. That is not proven, so nothing was "
                      "changed.", **doubt)
        else:
            said = _("Undeliverable: %(recipients)s", **names)
            claim = _("%(sender)s says that %(recipients)s was not reached. That is not proven, so nothing was "
                      "changed.", **doubt)
        return ". ".join([*([said] if sure else []), *([claim] if doubtful else [])])

    def _for_recipient(self, msg_dict, proven, report):
        """Return core's dictionary for one proven recipient: nothing in it but what is proven."""
        refused = proven.refused and not _is_complaint(report)
        partners_sudo, messages_sudo = self.env["res.partner"].sudo(), self.env["mail.message"].sudo()
        return {
            **msg_dict, "bounced_email": proven.address if refused else False,
            "bounced_partner": partners_sudo.search([("email_normalized", "=", proven.address)]) if refused
            else partners_sudo,
            "bounced_msg_ids": [proven.message_uid],
            "bounced_message": messages_sudo.search(
                [("message_id", "=", proven.message_uid)], order="id DESC", limit=1),
        }

    @api.model
    def _note_receipt(self, mail, report=None, proven=None):
        """Note what became of a message of ours that is not lost: delayed, delivered, read."""
        _ = words(self.env)
        report = report or read_bounce(mail.parsed.message)
        if report is None:
            return
        proven = self._prove(mail, report) if proven is None else proven
        self._note_deliveries(proven)
        reasons = {
            "delay": _("Not delivered yet, the server goes on trying: %(recipients)s"),
            "delivered": _("Delivered: %(recipients)s"),
            "read": _("Read: %(recipients)s"),
            "not_read": _("Deleted without being read: %(recipients)s"),
        }
        names = ", ".join(recipient.address for recipient in report.recipients[:5])
        if reason := reasons.get(report.kind.value):
            said = reason % {"recipients": names}
            if not proven:
                said = _("%(sender)s says: %(words)s. That is not proven, so nothing was changed.",
                         sender=mail.values.get("sender_address") or "?", words=said)
            mail.values |= {"state": "ignored", "state_reason": said}

    def _note_deliveries(self, proven):
        """Settle the deliveries of the ledger that are proven to be meant."""
        for one in proven:
            for delivery in self.env["message.delivery"].browse(one.delivery_ids):
                if delivery.state in _SENT:
                    self._note_delivery(delivery, one.recipient)

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


def _is_complaint(report):
    return report is not None and report.kind.value == "complaint"
