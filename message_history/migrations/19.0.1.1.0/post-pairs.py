"""Sight per conversation and channel: what conversations showed is kept for each of their channels from now on.

What people saw they go on seeing: followers and the responsible are given the channels that their conversations
are on now. Old columns of conversations go, since nothing cleans them any more.
"""

import logging

from odoo import SUPERUSER_ID, api
from odoo.tools import SQL, split_every

_logger = logging.getLogger(__name__)

BATCH = 20_000
OLD_COLUMNS = ("subject", "preview", "sender", "partner_id", "last_message_id", "last_direction", "has_attachment",
               "history_count", "failed_count")


def migrate(cr, version):
    """Fill what the new version reads; nothing is lost when it is run again."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    cr.execute("UPDATE message_history SET desk_channel_id = NULL "
               "WHERE direction = 'in' AND desk_channel_id IS NOT NULL")
    _forget_empty(cr, env)
    cr.execute("SELECT id FROM message_conversation ORDER BY id")
    conversation_ids = [row[0] for row in cr.fetchall()]
    for number, ids in enumerate(split_every(BATCH, conversation_ids, list)):
        env["message.conversation.channel"]._make_anew(ids)
        _logger.info("%s of %s conversations", min((number + 1) * BATCH, len(conversation_ids)), len(conversation_ids))
    _give(cr)
    cr.execute("UPDATE message_channel SET bus_key = substr(md5(gen_random_uuid()::text), 1, 12) WHERE bus_key IS NULL")
    for name in OLD_COLUMNS:
        cr.execute(SQL("ALTER TABLE message_conversation DROP COLUMN IF EXISTS %s", SQL.identifier(name)))


def _forget_empty(cr, env):
    """Forget conversations without a message, which first attempts that failed left behind; noted ones stay."""
    cr.execute("""
        SELECT c.id FROM message_conversation c
         WHERE NOT EXISTS (SELECT FROM message_history h WHERE h.conversation_id = c.id)
           AND NOT EXISTS (SELECT FROM message_draft d WHERE d.conversation_id = c.id)
           AND NOT EXISTS (SELECT FROM mail_message m WHERE m.model = 'message.conversation' AND m.res_id = c.id
                           AND m.message_type = 'comment')""")
    for ids in split_every(1000, [row[0] for row in cr.fetchall()], list):
        env["message.conversation"].browse(ids).unlink()


def _give(cr):
    cr.execute("""
        INSERT INTO message_conversation_grant (user_id, conversation_id, channel_id, reason)
        SELECT m.user_id, m.conversation_id, p.channel_id, 'follows' FROM message_conversation_member m
          JOIN message_conversation_channel p ON p.conversation_id = m.conversation_id WHERE m.follows
         UNION SELECT c.assignee_id, c.id, p.channel_id, 'responsible' FROM message_conversation c
          JOIN message_conversation_channel p ON p.conversation_id = c.id WHERE c.assignee_id IS NOT NULL
        ON CONFLICT DO NOTHING""")
