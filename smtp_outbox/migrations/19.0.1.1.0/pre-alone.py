"""Nobody else works with the mails while they change; see message_history/tools/upgrading.py."""

from odoo.addons.message_history.tools.upgrading import hold


def migrate(cr, version):
    """Let what is under way come to its end."""
    if version:
        hold(cr, ("mail_message", "mail_mail", "message_history", "message_delivery", "message_raw"))
