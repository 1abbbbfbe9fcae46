from odoo import fields, models
from odoo.fields import Domain

#: An exact count of a very long history costs seconds and helps nobody.
MOST_COUNTED = 1000


class ResPartner(models.Model):
    """The messages from and to a contact, as its form shows them."""

    _inherit = "res.partner"

    message_history_count = fields.Integer(
        compute="_compute_message_history_count", string="Message Count",
        groups="message_history.group_user")

    def _compute_message_history_count(self):
        for partner in self:
            partner.message_history_count = partner.id and self.env["message.history"].search_count(
                partner._message_history_domain(), limit=MOST_COUNTED)

    def _message_history_domain(self):
        """Return the domain of the messages from and to a contact and the contacts below it."""
        self.ensure_one()
        partners = self.with_context(active_test=False).search([("id", "child_of", self.id)])
        return (Domain("partner_id", "in", partners.ids)
                | Domain("delivery_ids.partner_id", "in", partners.ids))

    def action_view_message_history(self):
        """Open the messages from and to the contact, on every channel."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "message_history.message_history_action")
        return {**action, "name": self.env._("Messages of %(name)s", name=self.display_name),
                "domain": list(self._message_history_domain()), "context": {}}
