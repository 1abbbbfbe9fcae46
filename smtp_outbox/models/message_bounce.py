from odoo import api, models
from odoo.addons.message_history.lib.raw_headers import values
from odoo.addons.message_history.lib.refusal import is_bad_address
from odoo.addons.message_history.models.message_bounce_proof import Proven
from odoo.tools import email_normalize

from ..lib.verp import find

#: Where a mail says to whom it came.
_ARRIVED_AT = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To", "Cc")


class MessageBounce(models.AbstractModel):
    """Undeliverable notices close the circle: the address goes on the suppression list."""

    _inherit = "message.bounce"

    def _note_delivery(self, delivery, recipient):
        result = super()._note_delivery(delivery, recipient)
        if delivery.state == "bounced" and recipient.kind.value == "permanent":
            self._judge(delivery)
        return result

    def _judge(self, delivery):
        """Suppress an address that is dead; one that only refused this mail, or is full, is not."""
        if is_bad_address(f"550 {delivery.server_reply or ''}"):
            self.env["message.suppression"].sudo()._suppress(delivery, "bounced")

    @api.model
    def _prove(self, mail, report):
        """A notice to a return address of its own proves which delivery it is about, however it is written."""
        proven = super()._prove(mail, report)
        for delivery in self._signed_deliveries(mail.parsed.message):
            proven = [one for one in proven if delivery.id not in one.delivery_ids]
            address = email_normalize(delivery.address) or delivery.address.lower()
            said = self._said_of(report).get(address) if report else None
            # what comes back of a private message is as private as the message
            mail.hidden = mail.hidden or delivery.history_id.private
            words = "" if mail.hidden else mail.values.get("preview")
            proven.append(Proven(delivery.history_id.message_uid or "", address,
                                 said or self._vaguely(address, report, words), (delivery.id,)))
        return proven

    @api.model
    def _signed_deliveries(self, email_message):
        """Return the deliveries whose own return addresses a message went to."""
        texts = [text for name in _ARRIVED_AT for text in values(email_message, name) if "+" in text]
        ids = find(texts, self._secret()) if texts else []
        return self.env["message.delivery"].browse(ids).exists() if ids else self.env["message.delivery"]
