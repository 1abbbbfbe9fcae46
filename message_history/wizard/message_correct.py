from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.message_delivery import OWED, WAITING

#: What may be corrected: what is owed, and what still waits.
CORRECTABLE = (*OWED, *WAITING)


class MessageCorrect(models.TransientModel):
    """Sends a message again to recipients it did not reach, and to nobody else.

    To the address as it should be, or by another channel of the same kind, or both.
    """

    _name = "message.correct"
    _description = "Correct and Send Again"

    history_id = fields.Many2one("message.history", required=True, readonly=True, string="Message")
    subject = fields.Char(related="history_id.subject", related_sudo=False)
    line_ids = fields.One2many("message.correct.line", "wizard_id", string="Recipients")
    way_ids = fields.One2many("message.correct.way", "wizard_id")
    way_id = fields.Many2one("message.correct.way", string="Send By", domain="[('id', 'in', way_ids)]")
    other_ways = fields.Boolean(compute="_compute_other_ways", help="Whether there is a choice.")

    @api.model_create_multi
    def create(self, vals_list):
        wizards = super().create(vals_list)
        wizards.history_id._check_handle()
        return wizards

    def write(self, vals):
        result = super().write(vals)
        self.history_id._check_handle()
        return result

    @api.depends("way_ids")
    def _compute_other_ways(self):
        for wizard in self:
            wizard.other_ways = len(wizard.way_ids) > 1

    @api.model
    def _open_for(self, message, deliveries, title):
        """Return the action that asks for corrected addresses, or another channel."""
        ways = deliveries.channel_id[:1] | deliveries[:1]._get_alternatives_sudo().with_env(self.env)
        wizard = self.create({
            "history_id": message.id,
            "line_ids": [(0, 0, {"delivery_id": one.id, "new_address": one.address}) for one in deliveries]})
        # sudo: who may handle the message may choose its way without seeing what else goes that way
        found_sudo = self.env["message.correct.way"].sudo().create(
            [{"wizard_id": wizard.id, "channel_id": way.id, "name": way.sudo().name} for way in ways])
        wizard.way_id = found_sudo[:1].id
        return {"type": "ir.actions.act_window", "name": title, "target": "new",
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
        if set(deliveries_sudo.mapped("state")) - set(CORRECTABLE):
            raise UserError(self.env._("Nobody is owed this message any more."))
        for line in self.line_ids:
            line._apply()
        text = self.env["message.outbox"].sudo()._send_again(
            deliveries_sudo, self._get_way_sudo(deliveries_sudo), also=WAITING)
        return {"type": "ir.actions.client", "tag": "display_notification", "params": {
            "message": text, "type": "success", "next": {"type": "ir.actions.act_window_close"}}}


    def _get_way_sudo(self, deliveries_sudo):
        """Return the channel that was chosen, None for the one they have."""
        own_sudo = deliveries_sudo.channel_id[:1]
        way_sudo = self.way_id.sudo().channel_id
        if not way_sudo or way_sudo == own_sudo:
            return None
        if way_sudo not in deliveries_sudo[:1]._get_alternatives_sudo():
            raise UserError(self.env._("%(channel)s can't send this message now.", channel=way_sudo.name))
        return way_sudo


class MessageCorrectWay(models.TransientModel):
    """One channel that the message can go by."""

    _name = "message.correct.way"
    _description = "Channel to Send By"

    wizard_id = fields.Many2one("message.correct", required=True, ondelete="cascade")
    name = fields.Char(required=True, readonly=True)
    channel_id = fields.Many2one("message.channel", required=True, readonly=True, ondelete="cascade",
                                 groups=fields.NO_ACCESS)


class MessageCorrectLine(models.TransientModel):
    """One recipient with the address as it should be."""

    _name = "message.correct.line"
    _description = "Corrected Recipient"

    wizard_id = fields.Many2one("message.correct", required=True, ondelete="cascade")
    delivery_id = fields.Many2one("message.delivery", required=True, readonly=True)
    address = fields.Char(related="delivery_id.address", related_sudo=False, string="Address So Far")
    reason = fields.Char(related="delivery_id.reason", related_sudo=False)
    new_address = fields.Char(required=True, string="Correct Address")
    partner_id = fields.Many2one("res.partner", compute="_compute_partner_id")
    on_contact = fields.Boolean(string="Also on the Contact", help="The contact gets the corrected address, too.")

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines._check_delivery()
        return lines

    def write(self, vals):
        result = super().write(vals)
        self._check_delivery()
        return result

    def _check_delivery(self):
        """Raise unless every recipient is one of the form's message, which the user may act on."""
        self.delivery_id.history_id._check_handle()
        if any(line.delivery_id.history_id != line.wizard_id.history_id for line in self):
            raise UserError(self.env._("These recipients are not of this message."))

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
