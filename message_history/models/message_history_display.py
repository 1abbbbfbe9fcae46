from odoo import api, fields, models


class MessageHistory(models.Model):
    """What people read about a message; nothing is decided by it."""

    _inherit = "message.history"

    advice = fields.Char(compute="_compute_advice", string="What to Do")
    names_text = fields.Char(compute="_compute_names_text", string="Names on the Server")
    party = fields.Char(compute="_compute_party", string="From / To", help="Who wrote, or whom it goes to.")
    size_text = fields.Char(compute="_compute_size_text", string="Message Size")

    @api.depends("subject")
    @api.depends_context("uid")
    def _compute_display_name(self):
        """Return names also to who reads them as superuser on somebody's behalf, as the ORM does for links."""
        seen = self._seen_by_user()
        for message in seen:
            message.display_name = message.subject or self.env._("No subject")
        for message in self - seen:
            message.display_name = self.env._("Message on another channel")

    @api.depends("direction", "sender_name", "sender_address", "recipients")
    def _compute_party(self):
        for message in self:
            if message.direction == "out" and message.recipients:
                message.party = self.env._("To %(recipients)s", recipients=message.recipients)
            else:
                message.party = message.sender

    def _compute_advice(self):
        advices, failed = self._advices(), self._failed_states()
        for message in self:
            if message.direction == "out":
                message.advice = message.state in failed and message._worst_delivery().advice
                continue
            message.advice = message.state in failed and advices.get(message.failure_type or "unknown")

    def _advices(self):
        """Return what to do about each cause of failure, in plain words."""
        nothing = self.env._("Nothing: it is tried again by itself. If this lasts, look at the channel.")
        return {
            "unknown": self.env._(
                "Press Try Again. If it fails again, ask a manager to look at the details."),
            "unroutable": self.env._(
                "Put it on a document, or choose in the channel's folder what its messages "
                "become."),
            "document": self.env._(
                "Mend what the reason names, then press Try Again; or put it on another document."),
            "access": self.env._("Ask a manager to check the access rights, then press Try Again."),
            "too_large": self.env._("Press Fetch Anyway if you want the whole message."),
            "loop": self.env._(
                "If the messages of this sender are wanted, press Try Again; if not, Ignore."),
            "spam": self.env._("If it is wanted, press Try Again; if not, Ignore."),
            "unreadable": self.env._(
                "Download the original and look at it with a mail program; put it on a document "
                "or ignore it."),
            "configuration": self.env._("Ask a manager to correct the settings of the channel."),
            "authentication": self.env._("Ask a manager to check the channel's user and password."),
            "connection": nothing,
            "throttled": nothing,
            "recipient": self.env._("Check the address of the recipient, then send it again."),
            "returned": self.env._("Correct the address and send it again, or use another way."),
            "no_address": self.env._("Correct the address, then send it again."),
            "full": self.env._("Send it again later, or use another way."),
            "policy": self.env._("Read what the server said. Another address or another channel may help."),
            "sender": self.env._("Send it by a channel that may send for this address."),
            "message": self.env._("Read what the server said, change the message and send it again."),
            "protocol": nothing,
            "suppressed": self.env._(
                "Mail to this address came back before. Check it, have a manager release it on the suppression list, "
                "send again."),
            "expired": self.env._("Look at the channel; then send it again."),
            "in_doubt": self.env._(
                "It may have arrived. Ask the recipient, then choose Send Again or It Arrived."),
        }

    def _compute_names_text(self):
        for message in self:
            names = message.names if isinstance(message.names, dict) else {}
            # what a program asked for when it handed the message over is no name
            message.names_text = ", ".join(
                f"{key}: {value}" for key, value in sorted(names.items())
                if isinstance(value, (str, int)) and value != "")

    def _compute_size_text(self):
        for message in self:
            message.size_text = _words_for_size(message.size)


def _words_for_size(size):
    """Return a number of bytes in the unit that people expect."""
    if size < 1024:
        return f"{size} B" if size else False
    if size < 1024 * 1024:
        return f"{size / 1024:.0f} KB"
    return f"{size / 1024 / 1024:.1f} MB"
