from odoo import api, models


class ResGroups(models.Model):
    """Groups, which decide who handles messages at all."""

    _inherit = "res.groups"

    def write(self, vals):
        result = super().write(vals)
        if {"user_ids", "implied_ids"} & vals.keys() and self._concern_messages():
            self.env["message.channel"].sudo().search([("bus_key", "!=", False)])._renew_bus()
        return result

    @api.model
    def _concern_messages(self):
        ours = self.env.ref("message_history.group_user", raise_if_not_found=False)
        return bool(ours and (self | self.all_implied_ids) & ours)
