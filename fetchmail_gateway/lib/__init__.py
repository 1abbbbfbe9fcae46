"""IMAP and POP3 in plain Python: nothing in here imports Odoo."""
