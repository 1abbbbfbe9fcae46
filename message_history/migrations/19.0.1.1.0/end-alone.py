"""The end of what pre-00-alone.py began."""

from odoo.addons.message_history.tools.upgrading import let_others_go


def migrate(_cr, _version):
    """Let the others go on: a gateway finds that the database was upgraded, and begins anew."""
    let_others_go()
