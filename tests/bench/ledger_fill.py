"""Fills a ledger with rows, by SQL: many busy channels, one quiet one, one row in twenty waiting."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .rig import Sql

THREAD = 4  # messages of one conversation
QUIET = 100  # conversations of the quiet channel, however many rows there are
FOLLOWED = 20  # conversations of other channels that its member follows
NEW = 2000  # mails that are looked up
TABLES = (
    "message_history", "message_conversation", "message_reference",
    "message_conversation_member", "message_conversation_channel", "message_conversation_grant",
)  # fmt: skip
FILL = (
    # conversations
    f"""INSERT INTO message_conversation (id, channel_id, state, last_date, assignee_id, create_date, write_date)
        SELECT c, {{channel}}, CASE WHEN c % 5 < 3 THEN 'open' ELSE 'done' END, {{moment}},
        CASE WHEN c % 3 = 0 THEN 2 END, now(), now()
        FROM (SELECT c, c * {THREAD} AS i FROM generate_series(1, {{conversations}}) c) n""",
    # messages
    f"""INSERT INTO message_history (id, channel_id, conversation_id, direction, state, next_attempt,
        priority, external_id, message_uid, sender_name, sender_address, subject, preview, body_text,
        size, content_digest, sender_key, truncated, settled, attempts, date, create_date, write_date)
        SELECT i, {{channel}}, c, 'in',
        CASE WHEN i % 25 = 0 THEN 'received' WHEN i % 100 = 1 THEN 'failed'
             WHEN i <= {{updates}} THEN 'received' ELSE 'processed' END,
        CASE WHEN i % 100 = 1 THEN now() at time zone 'UTC' - i * interval '1 second' END, 10,
        'INBOX/1/' || i, '<' || i || '@mail.example>', 'Sender ' || c % 5000,
        'sender' || c % 5000 || '@customer.example', 'Subject ' || c, 'Some text of the message ' || c,
        'Some text of the message ' || c, 3000, hashtextextended(i::text, 1),
        hashtextextended((c % 5000)::text, 2), false, true, 0, {{moment}}, {{moment}}, {{moment}}
        FROM (SELECT i, (i - 1) / {THREAD} + 1 AS c FROM generate_series(1, {{rows}}) i) n""",
    # their ids, and the ids they refer to
    f"""INSERT INTO message_reference (history_id, digest, kind)
        SELECT i, hashtextextended(i::text, 3), 0 FROM generate_series(1, {{rows}}) i UNION ALL
        SELECT i, hashtextextended((i - 1)::text, 3), 1 FROM generate_series(1, {{rows}}) i
        WHERE (i - 1) % {THREAD} > 0""",
    # new mails that are to be put into threads, which may be anywhere
    f"""INSERT INTO message_history (id, channel_id, direction, state, priority, external_id, size,
        truncated, settled, attempts, date, create_date, write_date)
        SELECT {{rows}} + n, {{quiet}}, 'in', 'ignored', 10, 'INBOX/2/' || n, 3000, false, true, 0,
        now(), now(), now() FROM generate_series(1, {NEW}) n""",
    f"""INSERT INTO message_reference (history_id, digest, kind)
        SELECT {{rows}} + n, hashtextextended('new ' || n, 3), 0 FROM generate_series(1, {NEW}) n UNION ALL
        SELECT {{rows}} + n, hashtextextended((1 + n * 7919::bigint * 7919 % {{rows}})::text, 3), 1
        FROM generate_series(1, {NEW}) n""",
    f"""INSERT INTO message_conversation_channel (conversation_id, channel_id, subject, preview, sender,
        first_date, last_date, last_in, last_direction, last_message_id)
        SELECT id, channel_id, 'Subject ' || id, 'Some text of the message ' || id, 'Sender ' || id % 5000,
        last_date, last_date, last_date, 'in', id * {THREAD} FROM message_conversation""",
    # what the member follows, and what somebody else has seen
    f"""INSERT INTO message_conversation_member (conversation_id, user_id, seen_message_id, follows)
        SELECT 1 + n * ({{conversations}} / {FOLLOWED + 1}), {{member}}, 0, true
        FROM generate_series(1, {FOLLOWED}) n UNION ALL
        SELECT c, 2, 2147483647, false FROM generate_series(1, {{conversations}}, 2) c
        ON CONFLICT DO NOTHING""",
    """INSERT INTO message_conversation_grant (user_id, conversation_id, channel_id, reason)
       SELECT m.user_id, m.conversation_id, p.channel_id, 'follows' FROM message_conversation_member m
       JOIN message_conversation_channel p ON p.conversation_id = m.conversation_id WHERE m.follows""",
)
MOMENT = "timestamp '2025-01-01' + i * interval '300 days' / {rows}"


def fill(sql: Sql, rows: int, channels: list[int], member: int) -> None:
    """Fill the ledger, then change a tenth of its rows, without a vacuum."""
    conversations, updates = rows // THREAD, rows * 11 // 100  # 100,000 of a million change
    others = ",".join(map(str, channels[1:]))
    channel = (
        f"CASE WHEN c % {conversations // QUIET} = 0 THEN {channels[0]} "
        f"ELSE (ARRAY[{others}])[1 + c % {len(channels) - 1}] END"
    )
    names = {
        "rows": rows, "conversations": conversations, "updates": updates, "member": member,
        "channel": channel, "quiet": channels[0], "moment": MOMENT.format(rows=rows),
    }  # fmt: skip
    sql.rows("SET session_replication_role = replica")
    indexes = _drop_indexes(sql)
    for table in TABLES:
        sql.rows(f"ALTER TABLE {table} SET (autovacuum_enabled = false)")
    for statement in FILL:
        sql.rows(statement.format(**names))
    for index in indexes:
        sql.rows(index)
    for table in TABLES:
        sql.rows(f"SELECT setval('{table}_id_seq', (SELECT COALESCE(MAX(id), 1) FROM {table}))")
        sql.rows(f"ANALYZE {table}")
    sql.rows("RESET session_replication_role")
    # one by one in as many commits would take long and leave the very same dead rows
    for start in range(0, updates, 1000):
        sql.rows(
            "UPDATE message_history SET state = 'processed', write_date = now() WHERE state = 'received' "
            f"AND id % 25 <> 0 AND id > {start} AND id <= {start + 1000}"
        )


def _drop_indexes(sql: Sql) -> list[str]:
    """Drop the indexes that are not constraints; returns what makes them again."""
    found = sql.rows(
        "SELECT i.indexname, i.indexdef FROM pg_indexes i WHERE i.tablename = ANY(%s) AND NOT EXISTS "
        "(SELECT FROM pg_constraint c WHERE c.conname = i.indexname)", list(TABLES),
    )  # fmt: skip
    for name, _definition in found:
        sql.rows(f'DROP INDEX "{name}"')
    return [definition for _name, definition in found]
