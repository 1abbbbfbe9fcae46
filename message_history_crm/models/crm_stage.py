from odoo import models


class CrmStage(models.Model):
    """Stages, looked up once per batch of messages."""

    _name = "crm.stage"
    _inherit = ["crm.stage", "message.shared.search"]
