from odoo import models


class MessageOutbox(models.AbstractModel):
    """What was sent is to be copied, once all recipients are final."""

    _inherit = "message.outbox"

    def _finish(self, messages):
        result = super()._finish(messages)
        self.env["message.sent.copy"]._want(messages)
        return result
