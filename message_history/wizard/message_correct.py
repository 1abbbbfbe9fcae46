from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.message_delivery import OWED


class MessageCorrect(models.TransientModel):
    """Corrects the addresses that a message did not reach, and sends it again to those recipients alone."""

    _name = "message.correct"
    _description = "Correct and Send Again"

    history_id = fields.Many2one("message.history", required=True, readonly=True, string="Message")
    subject = fields.Char(related="history_id.subject")
    line_ids = fields.One2many("message.correct.line", "wizard_id", string="Recipients")

    @api.model
    def _open_for(self, message, deliveries):
        """Return the action that asks for corrected addresses."""
        wizard = self.create({
            "history_id": message.id,
            "line_ids": [(0, 0, {"delivery_id": one.id, "new_address": one.address}) for one in deliveries]})
        return {"type": "ir.actions.act_window", "name": self.env._("Correct and Send Again"), "target": "new",
                "res_model": self._name, "res_id": wizard.id, "view_mode": "form", "views": [(False, "form")]}

    def action_apply(self):
        """Send to the corrected addresses.

        :raise UserError: when one can't be an address
        """
        self.ensure_one()
        self.history_id._check_handle()
        deliveries_sudo = self.line_ids.delivery_id.sudo()
        if deliveries_sudo.history_id != self.history_id.sudo():
            raise UserError(self.env._("These recipients are not of this message."))
        if set(deliveries_sudo.mapped("state")) - set(OWED):
            raise UserError(self.env._("Nobody is owed this message any more."))
        for line in self.line_ids:
            line._apply()
        text = self.env["message.outbox"].sudo()._send_again(deliveries_sudo)
        return {"type": "ir.actions.client", "tag": "display_notification", "params": {
            "message": text, "type": "success", "next": {"type": "ir.actions.act_window_close"}}}


class MessageCorrectLine(models.TransientModel):
    """One recipient with the address as it should be."""

    _name = "message.correct.line"
    _description = "Corrected Recipient"

    wizard_id = fields.Many2one("message.correct", required=True, ondelete="cascade")
    delivery_id = fields.Many2one("message.delivery", required=True, readonly=True)
    address = fields.Char(related="delivery_id.address", string="Address So Far")
    reason = fields.Char(compute="_compute_reason")
    new_address = fields.Char(required=True, string="Correct Address")
    partner_id = fields.Many2one("res.partner", compute="_compute_partner_id")
    on_contact = fields.Boolean(string="Also on the Contact", help="The contact gets the corrected address, too.")

    def _compute_reason(self):
        causes = dict(self.env["message.delivery"]._fields["failure_type"]._description_selection(self.env))
        for line in self:
            line.reason = line.delivery_id.server_reply or causes.get(line.delivery_id.failure_type, False)

    @api.depends("delivery_id")
    def _compute_partner_id(self):
        for line in self:
            known = line.delivery_id.partner_id or self.env["res.partner"].search(
                [("email_normalized", "=", line.delivery_id.address.lower())], limit=1)
            line.partner_id = known if known and known.has_access("write") else False

    def _apply(self):
        self.ensure_one()
        old, new = self.delivery_id.address, (self.new_address or "").strip()
        if new == old:
            return
        partner = self.partner_id  # found by the old address
        self.env["message.outbox"].sudo()._readdress(self.delivery_id.sudo(), new)
        if self.on_contact and partner:
            field = "email" if "@" in old else "phone"
            partner.write({field: new})
