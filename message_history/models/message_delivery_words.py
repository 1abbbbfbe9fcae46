from odoo import api, fields, models
from odoo.tools import format_datetime

from ..lib.refusal import sharpen
from .message_channel import BLOCKED
from .message_delivery import OWED, PROBLEMS, WAITING

#: What helps most against a cause; what isn't named is sent again.
_STEPS = {
    "authentication": "channel", "configuration": "channel",
    "too_large": "link",
    **dict.fromkeys(("recipient", "no_address", "full", "policy", "sender", "message", "suppressed"), "correct"),
}


class MessageDelivery(models.Model):
    """What people read about a recipient that was not reached, and which button helps; nothing is decided by it."""

    _inherit = "message.delivery"

    reason = fields.Char(compute="_compute_reason", help="Why it did not arrive, in one sentence.")
    advice = fields.Char(compute="_compute_reason", string="What to Do")
    first_step = fields.Selection(
        [("correct", "Correct and send again"), ("again", "Send again"), ("link", "Send as link"),
         ("way", "Other channel"), ("channel", "Open the channel")],
        compute="_compute_steps", string="What Helps Most")
    can_correct = fields.Boolean(compute="_compute_steps")
    can_link = fields.Boolean(compute="_compute_steps")
    can_reroute = fields.Boolean(compute="_compute_steps")

    @api.depends("state", "failure_type", "server_reply", "next_attempt")
    def _compute_reason(self):
        reasons, advices = self._reasons(), self.env["message.history"]._advices()
        for delivery in self:
            delivery.reason = delivery.advice = False
            if delivery.state in WAITING:
                delivery.reason = delivery._reason_while_open()
                delivery.advice = delivery.reason and delivery._advice_while_open()
            elif delivery.state in PROBLEMS:
                key = delivery._cause_key()
                delivery.reason = reasons.get(key) or reasons["unknown"]
                delivery.advice = advices.get("returned" if delivery.state == "bounced" and key == "recipient" else key)

    def _cause_key(self):
        """Return the cause, as sharply as the server's words allow."""
        self.ensure_one()
        if self.state == "in_doubt":
            return "in_doubt"
        return sharpen(self.failure_type or "unknown", self.server_reply or "")

    def _reason_while_open(self):
        """Return why a delivery has to wait; None for its turn, or the moment it was meant for."""
        self.ensure_one()
        if trouble := self.channel_id._words_for_trouble():
            return trouble
        if self.state == "queued" or not self.attempts:
            return None
        when = format_datetime(self.env, self.next_attempt, dt_format="short") if self.next_attempt else "?"
        if self._cause_key() in ("connection", "throttled", "protocol", "unknown"):
            return self.env._("No answer yet; next try %(when)s.", when=when)
        return self.env._("Not taken for the time being; next try %(when)s.", when=when)

    def _advice_while_open(self):
        """Return what to do about what waits: mostly nothing."""
        if self.channel_id.sudo().health in BLOCKED:
            return self.env._("It goes out by itself as soon as the channel works again.")
        return self.env._("Nothing: it is tried again by itself.")

    @api.model
    def _words_for_cause(self, failure_type, reply):
        """Return why a recipient was not reached, in one sentence."""
        reasons = self._reasons()
        return reasons.get(sharpen(failure_type, reply or "")) or reasons["unknown"]

    @api.model
    def _reasons(self):
        """Return {cause: why a recipient was not reached, in one sentence}. For addons."""
        _ = self.env._
        return {
            "unknown": _("It could not be sent."),
            "no_address": _("The address does not exist."),
            "full": _("The recipient's mailbox is full."),
            "recipient": _("The recipient's server refused the address."),
            "policy": _("Refused by the recipient's server."),
            "sender": _("The server does not take messages from this sender."),
            "message": _("The server did not take the message."),
            "too_large": _("Too large for the server."),
            "suppressed": _("Mail to this address came back before."),
            "authentication": _("The channel must log in again."),
            "configuration": _("A setting of the channel is wrong."),
            "connection": _("The server could not be reached."),
            "throttled": _("The server takes no more for now."),
            "protocol": _("The server answered oddly."),
            "expired": _("It could not be sent in time."),
            "in_doubt": _("It may have arrived."),
            "spam": _("Refused by the recipient's server."),
            "access": _("The sender may not use this channel."),
        }

    @api.depends("state", "failure_type", "server_reply")
    @api.depends_context("uid")
    def _compute_steps(self):
        for delivery in self:
            owed, waits = delivery.state in OWED, delivery.state in WAITING
            step = _STEPS.get(delivery._cause_key(), "again")
            if waits:
                step = "channel" if delivery.channel_id.sudo().health in BLOCKED else None
            delivery.can_correct = owed and delivery.state != "cancelled"
            delivery.can_link = owed and delivery._supports_links()
            delivery.can_reroute = (owed or waits) and bool(delivery._get_alternatives_sudo())
            if step == "link" and not delivery.can_link:
                step = "way" if delivery.can_reroute else "correct"
            # sudo(False): the pane reads with more rights than its reader has
            if step == "channel" and not delivery.channel_id.sudo(False).has_access("read"):
                step = "way" if delivery.can_reroute else "again"
            delivery.first_step = step if owed or (waits and step in ("channel", "way")) else False

    def _get_alternatives_sudo(self):
        """Return the other channels that could send this message. For addons."""
        self.ensure_one()
        return self.channel_id.sudo()._get_alternatives_sudo()

    def _supports_links(self):
        """Whether the message can go with links instead of its attachments. For addons."""
        self.ensure_one()
        return False

    def action_open_channel(self):
        """Open the channel that these deliveries wait for."""
        return self.channel_id[:1].get_formview_action()

    def action_other_channel(self):
        """Ask by which other channel these recipients are to get the message."""
        return self._open_correction(self.env._("Other Channel"))

    def action_send_links(self):
        """Send to these recipients once more, with links in place of the attachments."""
        return self.env["message.outbox"]._act(self, "links")
