from odoo import api, models

from ..tools import fresh


class MailMessage(models.Model):
    """Chatter messages, of whose documents a batch knows whether they have any."""

    _inherit = "mail.message"

    @api.model_create_multi
    def create(self, vals_list):
        messages = super().create(vals_list)
        fresh.note_given(self.env, "messages", {
            (vals["model"], vals["res_id"]) if "model" in vals and "res_id" in vals
            else (message.model, message.res_id)
            for message, vals in zip(messages.sudo(), vals_list, strict=True)})
        return messages

    def write(self, vals):
        if "model" in vals or "res_id" in vals:
            fresh.forget_all(self.env)
        return super().write(vals)
