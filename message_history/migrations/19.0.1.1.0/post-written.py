"""What was written about conversations is for who sees the pair under which it was written."""


def migrate(cr, version):
    """Note the channel of what was written about conversations that are on one channel only.

    Where it is on several nobody knows under which it was written: there everybody goes on seeing what he saw.
    """
    if not version:
        return
    for table, model in (
            ("mail_message", "model"), ("mail_activity", "res_model"), ("mail_scheduled_message", "model")):
        cr.execute(f"""
            UPDATE {table} w SET note_channel_id = pair.channel_id
              FROM (SELECT conversation_id, MIN(channel_id) AS channel_id FROM message_conversation_channel
                     GROUP BY 1 HAVING COUNT(*) = 1) pair
             WHERE w.{model} = 'message.conversation' AND w.res_id = pair.conversation_id
               AND w.note_channel_id IS NULL""")  # noqa: S608 - the names are ours
