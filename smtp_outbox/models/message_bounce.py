from odoo import api, models
from odoo.addons.message_history.lib.refusal import is_bad_address
from odoo.addons.message_history.tools.words import words

from ..lib.verp import decode


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
    def _handle(self, mail, thread):
        """A notice to a return address of its own says which delivery it is about, however it is written."""
        result = super()._handle(mail, thread)
        delivery = self._delivery_of(mail.msg_dict)
        if delivery and delivery.state in ("accepted", "sending", "in_doubt"):
            _ = words(self.env)
            mail.hidden = mail.hidden or delivery.history_id.private
            said = "" if mail.hidden else (mail.values.get("preview") or "")[:500]
            delivery.write({"state": "bounced", "failure_type": "recipient", "settled": False, "server_reply": said})
            mail.values["state_reason"] = _("Undeliverable: %(recipients)s", recipients=delivery.address)
            self.env["message.worker"]._wake()
        return result

    @api.model
    def _delivery_of(self, msg_dict):
        """Return the delivery whose own return address a message went to; empty if none."""
        secret = self.env["mail.thread"]._verp_secret()
        for address in self.env["mail.thread"]._verp_addresses(msg_dict):
            if found := decode(address, secret):
                return self.env["message.delivery"].sudo().browse(found[1]).exists()
        return self.env["message.delivery"]
