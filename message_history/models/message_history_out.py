from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from .message_delivery import ARRIVED, OWED, PROBLEMS, WAITING


class MessageHistory(models.Model):
    """What an outgoing message has beside an incoming one."""

    _inherit = "message.history"

    mail_mail_id = fields.Many2one("mail.mail", readonly=True, ondelete="set null", index="btree_not_null")
    envelope_sender = fields.Char(readonly=True, help="Where undeliverable notices go (RFC 5321, MAIL FROM).")
    private = fields.Boolean(readonly=True, help="Only the headers are kept: passwords, sign-in codes, invitations.")
    max_attempts = fields.Integer(readonly=True, help="Most attempts for each recipient; 0: until the time is over.")
    finished = fields.Boolean(readonly=True, help="Everything that hangs on the outcome was told of it.")
    recipient_count = fields.Integer(readonly=True)
    arrived_count = fields.Integer(readonly=True, string="Sent To")
    problem_count = fields.Integer(readonly=True, string="Failed For")
    waiting_count = fields.Integer(readonly=True, string="Still to Send")
    progress = fields.Float(compute="_compute_progress", help="Per cent of the recipients that are dealt with.")
    can_send_again = fields.Boolean(compute="_compute_can_send_again")
    can_cancel = fields.Boolean(compute="_compute_can_cancel")
    can_link = fields.Boolean(compute="_compute_steps")
    can_reroute = fields.Boolean(compute="_compute_steps")

    def _compute_raw_kept(self):
        kept = self._with_original()
        for message in self:
            message.raw_kept = message in kept and not message.private

    def _with_original(self):
        """Return those messages whose bytes are still there."""
        rows = self.env.execute_query(SQL(
            "SELECT history_id FROM message_raw WHERE history_id = ANY(%s) "
            "AND (content IS NOT NULL OR store_name IS NOT NULL)", self.ids))
        return self.browse(history_id for (history_id,) in rows)

    @api.depends("recipient_count", "waiting_count")
    def _compute_progress(self):
        for message in self:
            total = message.recipient_count
            message.progress = 100.0 * (total - message.waiting_count) / total if total else 0.0

    @api.depends("direction", "state", "problem_count")
    def _compute_can_send_again(self):
        kept = self._with_original()
        for message in self:
            message.can_send_again = message.direction == "out" and message in kept and (
                bool(message.problem_count) or message.state == "cancelled")

    @api.depends("direction", "state", "waiting_count")
    def _compute_can_cancel(self):
        for message in self:
            message.can_cancel = message.direction == "out" and message.state in ("queued", "sending")

    @api.depends("direction", "state", "problem_count")
    def _compute_steps(self):
        for message in self:
            worst = message._worst_delivery() if message.direction == "out" else self.env["message.delivery"]
            message.can_link = worst.can_link
            message.can_reroute = worst.can_reroute and message in message._with_original()

    def action_send_again(self):
        """Send to those who are still owed the message, and to nobody else."""
        return self._owed_deliveries().action_send_again()

    def action_correct(self):
        """Ask for the addresses as they should be, and send again to those recipients alone."""
        self.ensure_one()
        return self._owed_deliveries().action_correct()

    def action_send_now(self):
        """Send at once what waits for its moment or for another attempt."""
        self._check_handle()
        waiting = self.env["message.delivery"].search(
            [("history_id", "in", self.ids), ("state", "in", WAITING)])
        if not waiting:
            raise UserError(self.env._("Nothing waits here any more."))
        return waiting.action_send_now()

    def action_other_channel(self):
        """Ask by which other channel those are to get the message that it did not reach."""
        self.ensure_one()
        return self._owed_deliveries(also=WAITING).action_other_channel()

    def action_send_links(self):
        """Send to those whom the message did not reach, with links in place of the attachments."""
        return self._owed_deliveries().filtered("can_link").action_send_links()

    def action_open_channel(self):
        """Open the channel that keeps the message waiting."""
        self.check_access("read")
        return (self[:1]._worst_delivery().channel_id or self.channel_id)[:1].get_formview_action()

    def _owed_deliveries(self, also=()):
        self._check_handle()
        owed = self.env["message.delivery"].search(
            [("history_id", "in", self.ids), ("state", "in", (*OWED, *also))])
        if not owed:
            raise UserError(self.env._("Nobody is owed this message any more."))
        return owed

    def _worst_delivery(self):
        """Return one delivery that needs a person, or waits; empty if none does."""
        self.ensure_one()
        deliveries = self.env["message.delivery"]
        for states in (PROBLEMS, ("deferred",), ("queued",)):
            if found := deliveries.search([("history_id", "=", self.id), ("state", "in", states)], limit=1):
                return found
        return deliveries

    def action_mark_arrived(self):
        """Note that what is in doubt did arrive."""
        self._check_handle()
        return self.env["message.delivery"].search(
            [("history_id", "in", self.ids), ("state", "=", "in_doubt")]).action_mark_arrived()

    def action_cancel(self):
        """Take back what nobody has begun to send."""
        self._check_handle()
        return self.env["message.delivery"].search(
            [("history_id", "in", self.ids), ("state", "in", WAITING)]).action_cancel()

    def action_view_deliveries(self):
        """Open the recipients and what became of each."""
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id("message_history.message_delivery_action")
        return {**action, "domain": [("history_id", "=", self.id)], "context": {}}

    def _state_from_counts(self, counts):
        """Return the state that follows from how many deliveries are in which state.

        :param counts: {state of a delivery: how many}
        """
        arrived = sum(counts.get(state, 0) for state in ARRIVED)
        waiting = counts.get("queued", 0) + counts.get("deferred", 0)
        busy = counts.get("claimed", 0) + counts.get("sending", 0)
        total, cancelled = sum(counts.values()), counts.get("cancelled", 0)
        if waiting or busy:
            return "queued" if waiting + cancelled == total else "sending"
        if counts.get("in_doubt"):
            return "in_doubt"
        if arrived and arrived + cancelled == total:
            return "sent"
        if arrived:
            return "partly_sent"
        if cancelled == total:
            return "cancelled"
        return "bounced" if counts.get("bounced") else "given_up"
