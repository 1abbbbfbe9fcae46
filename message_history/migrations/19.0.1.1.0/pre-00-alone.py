"""Nobody else works with the messages while their tables change: gateways may be left running."""

from odoo.addons.message_history.tools.upgrading import hold, stop_others

TABLES = (
    "message_channel", "message_channel_status", "message_conversation", "message_history", "message_delivery",
    "message_conversation_channel", "message_conversation_member", "message_draft", "message_raw", "message_gateway",
)


def migrate(cr, version):
    """Let what is under way come to its end, and have all others wait."""
    if version:
        stop_others(cr.dbname)
        hold(cr, TABLES)
        # whoever says no version is of an older one, and stops at its next pulse
        cr.execute("DELETE FROM message_gateway")
