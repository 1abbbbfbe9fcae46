from odoo import fields, models


class IrCron(models.Model):
    """Scheduled actions, woken once per batch of messages."""

    _name = "ir.cron"
    _inherit = ["ir.cron", "message.shared.existence"]

    def _trigger_list(self, at_list):
        """Within a batch of messages, wake a scheduled action once: each time costs a connection."""
        if self.env.context.get("message_gateway") and at_list and max(at_list) <= fields.Datetime.now():
            triggered = self.env.cr.cache.setdefault("message_gateway_triggered", set())
            if self.id in triggered:
                return self.env["ir.cron.trigger"]
            triggered.add(self.id)
        return super()._trigger_list(at_list)
