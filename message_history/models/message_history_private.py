from odoo import models


class MessageHistory(models.Model):
    """What is not offered for private messages: see ``_check_handle``, which refuses it."""

    _inherit = "message.history"

    def _compute_can_send_again(self):
        result = super()._compute_can_send_again()
        self.filtered("private").can_send_again = False
        return result


class MessageDelivery(models.Model):
    """The same for their recipients."""

    _inherit = "message.delivery"

    def _compute_steps(self):
        result = super()._compute_steps()
        for delivery in self._private():
            delivery.can_correct = delivery.can_link = delivery.can_reroute = delivery.first_step = False
        return result

    def _compute_reason(self):
        result = super()._compute_reason()
        for delivery in self._private().filtered("reason"):
            delivery.advice = self.env._("It is private, so nobody can send it again: have it asked for anew.")
        return result

    def _private(self):
        return self.filtered(lambda delivery: delivery.history_id.sudo().private)
