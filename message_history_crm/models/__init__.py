from . import crm_lead_scoring_frequency, crm_stage
