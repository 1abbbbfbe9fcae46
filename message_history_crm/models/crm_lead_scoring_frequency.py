from odoo import models


class CrmLeadScoringFrequency(models.Model):
    """Scoring figures, looked up once per batch of messages."""

    _name = "crm.lead.scoring.frequency"
    _inherit = ["crm.lead.scoring.frequency", "message.shared.search"]
