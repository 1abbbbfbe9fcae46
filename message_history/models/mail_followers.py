from odoo import api, models

from ..tools import fresh


class MailFollowers(models.Model):
    """Followers, of whose documents a batch knows whether they have any."""

    _inherit = "mail.followers"

    @api.model_create_multi
    def create(self, vals_list):
        followers = super().create(vals_list)
        fresh.note_given(self.env, "followers", {(row.res_model, row.res_id) for row in followers.sudo()})
        return followers

    def write(self, vals):
        if "res_model" in vals or "res_id" in vals:
            fresh.forget_all(self.env)
        return super().write(vals)

    def _get_recipient_data(self, records, message_type, subtype_id, pids=None):
        """Spare the question who follows a document that was just made and that nobody follows."""
        if not pids and message_type == "email" and fresh.has_none(records, "followers"):
            return {records.id: {}}
        return super()._get_recipient_data(records, message_type, subtype_id, pids)
