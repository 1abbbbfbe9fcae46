"""Who hands mail over needs a right for it, and a folder's rule has a person who answers for it."""

import logging

from odoo import SUPERUSER_ID, api

_logger = logging.getLogger(__name__)


def migrate(cr, version):
    """Let those go on who did so far; what they may do is looked at from now on."""
    if not version:
        return
    env = api.Environment(cr, SUPERUSER_ID, {})
    _give_right_to_callers(env)
    cr.execute("UPDATE message_channel_folder SET set_by_id = write_uid WHERE set_by_id IS NULL")
    env["message.channel.folder"].invalidate_model(["set_by_id"])


def _give_right_to_callers(env):
    """Give the right to the internal users whom the ledger shows as having handed messages over."""
    channel = env.ref("message_history.message_channel_local", raise_if_not_found=False)
    if not channel:
        return
    env.cr.execute("SELECT DISTINCT create_uid FROM message_history WHERE channel_id = %s AND create_uid <> %s",
                   (channel.id, SUPERUSER_ID))
    callers = env["res.users"].browse(uid for (uid,) in env.cr.fetchall()).exists().filtered(
        lambda user: user.active and not user.share)
    group = env.ref("message_history.group_mailgate")
    new = callers.filtered(lambda user: group not in user.all_group_ids)
    new.write({"group_ids": [(4, group.id)]})
    if new:
        _logger.warning("These users handed mail over so far and may go on doing so; take the right from whom it is "
                        "not meant for: %s", ", ".join(new.mapped("login")))
