"""Taking over from Odoo's own mail fetching, and handing back to it."""

import logging

from odoo.addons.message_history.lib.errors import ChannelError

from .models.fetchmail_server import OURS

_logger = logging.getLogger(__name__)


def post_init_hook(env):
    """Adopt the incoming mail servers that are there: nothing is fetched again.

    Odoo's own memory is the Seen flag, so at first "unread" is what is new, and mails are marked
    as read afterwards, as they were so far. Both are settings from then on.
    """
    servers = env["fetchmail.server"].with_context(active_test=False).search([("channel_id", "=", False)])
    for server in servers:
        if server._get_connection_type() in OURS:
            server._adopt()


def uninstall_hook(env):
    """Hand the mail servers back to Odoo's own fetching, which takes what is unread for new.

    What the ledger has is marked as read on the server. Where that can't be done the server is
    set back to "not confirmed", so that nothing is fetched twice before somebody has looked.
    """
    for server in env["fetchmail.server"].with_context(active_test=False).search([("channel_id", "!=", False)]):
        try:
            server._hand_back()
        except ChannelError as error:
            _logger.warning("Could not mark the fetched mails of %s as read, so it is switched off: %s",
                            server.name, error)
            server.state = "draft"
