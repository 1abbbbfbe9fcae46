from odoo import models


class CrmLeadScoringFrequency(models.Model):
    _name = "crm.lead.scoring.frequency"
    _inherit = ["crm.lead.scoring.frequency", "message.shared.search"]
