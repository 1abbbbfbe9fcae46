from odoo import models


class ResCompany(models.Model):
    """Companies, whose people may be chosen from their side as well."""

    _inherit = "res.company"

    def write(self, vals):
        """Who does not work in a company any more must not go on seeing what belongs to it."""
        result = super().write(vals)
        if "user_ids" in vals:
            self.env.registry.clear_cache()
            self.env["message.channel"].sudo().search([("company_id", "in", [False, *self.ids])])._renew_bus()
        return result
