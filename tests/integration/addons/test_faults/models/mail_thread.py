from odoo import api, models

from ..hooks import reach


class MailThread(models.AbstractModel):
    _inherit = "mail.thread"

    @api.model
    def _message_route_process(self, message, message_dict, routes):
        """The step that Odoo's own gateway and ours both take: before and after it."""
        subject = message_dict.get("subject") or ""
        reach("routed", subject)
        result = super()._message_route_process(message, message_dict, routes)
        reach("documented", subject)
        return result
