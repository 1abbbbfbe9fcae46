from odoo import api, models

from ..copier.helper import CopyHelper


class MessageWorker(models.AbstractModel):
    """Workers of the gateway put copies into Sent folders, too."""

    _inherit = "message.worker"

    @api.model
    def _helpers(self, process):
        return [*super()._helpers(process), CopyHelper(process)]
