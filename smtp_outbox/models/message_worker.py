import sys

from odoo import api, models

from ..sender.pump import Pump

#: How long one thread of a worker may keep the interpreter while others want it; Python's own is 5 ms.
SWITCH_SECONDS = 0.0005

class MessageWorker(models.AbstractModel):
    """Workers of the gateway send, too."""

    _inherit = "message.worker"

    @api.model
    def _helpers(self, process):
        # the thread that builds mails must not keep those that talk to servers waiting for the interpreter
        sys.setswitchinterval(SWITCH_SECONDS)
        return [*super()._helpers(process), Pump(process)]

    @api.model
    def _scheduled_actions(self):
        cron = self.env.ref("smtp_outbox.ir_cron_send", raise_if_not_found=False)
        return super()._scheduled_actions() + ([cron.sudo()] if cron and cron.sudo().active else [])
