from odoo import api, models

from ..sender.pump import Pump


class MessageWorker(models.AbstractModel):
    """Workers of the gateway send, too."""

    _inherit = "message.worker"

    @api.model
    def _helpers(self, process):
        return [*super()._helpers(process), Pump(process)]

    @api.model
    def _scheduled_actions(self):
        cron = self.env.ref("smtp_outbox.ir_cron_send", raise_if_not_found=False)
        return super()._scheduled_actions() + ([cron.sudo()] if cron and cron.sudo().active else [])
