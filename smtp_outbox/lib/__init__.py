"""Sending e-mail: plain Python, without Odoo."""
