"""Odoo installs a new addon that goes with others by itself only where one of these is installed, not upgraded."""


def migrate(cr, version):
    """Have what lets password resets leave installed along: without it none is ever sent."""
    if version:
        cr.execute("""
            UPDATE ir_module_module SET state = 'to install'
             WHERE name = 'smtp_outbox_auth_signup' AND state = 'uninstalled' AND EXISTS (
                   SELECT FROM ir_module_module
                    WHERE name = 'auth_signup' AND state IN ('installed', 'to upgrade', 'to install'))""")
