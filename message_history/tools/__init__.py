"""What the models share that needs Odoo, yet is no model."""
