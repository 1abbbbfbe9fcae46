from odoo import fields, models

#: An exact count of very many mails costs time and helps nobody.
MOST_COUNTED = 1000


class ResPartner(models.Model):
    """What was sent to a contact, and what became of it."""

    _inherit = "res.partner"

    delivery_count = fields.Integer(
        compute="_compute_delivery_count", string="Mails Sent", groups="message_history.group_user")

    def _compute_delivery_count(self):
        deliveries = self.env["message.delivery"]
        for partner in self:
            partner.delivery_count = partner.id and deliveries.search_count(
                [("partner_id", "=", partner.id)], limit=MOST_COUNTED)

    def action_view_deliveries(self):
        """Open what was sent to the contact, with what became of each."""
        self.ensure_one().check_access("read")
        self.env["message.delivery"].check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id("message_history.message_delivery_action")
        return {**action, "name": self.env._("Mails Sent to %(name)s", name=self.display_name),
                "domain": [("partner_id", "=", self.id)], "context": {}}
