"""Protocol-neutral plain Python of the ledger: nothing in here imports Odoo."""
