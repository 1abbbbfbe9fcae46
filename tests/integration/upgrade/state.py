"""Runs in the shell of either code: describes everything in a database that an upgrade has to keep.

Only names that both versions have are used; what is described is what people see, by their own rights.
"""

import json

SHOWN = ("subject", "preview", "sender", "last_direction", "history_count", "failed_count", "has_attachment", "state",
         "assignee_id", "channel_ids", "tag_ids", "partner_id", "spam", "snooze_until", "unread", "last_date",
         "waiting_since", "model", "res_id", "last_message_id")
TABLES = {
    "messages": "SELECT id, direction, channel_id, subject, message_uid, external_id, sender_address, recipients, "
                "date, conversation_id, mail_message_id, model, res_id, private, attachment_count, size, folder_id, "
                "mail_mail_id, names::text FROM message_history",
    "states of messages": "SELECT id, state, state_reason, failure_type, finished, waiting_count FROM message_history",
    "texts": "SELECT id, body_text, preview FROM message_history",
    "originals": "SELECT history_id, size, md5(content) FROM message_raw",
    "deliveries": "SELECT id, history_id, channel_id, address, partner_id, expires FROM message_delivery",
    "states of deliveries": "SELECT id, state, attempts, server_reply, failure_type FROM message_delivery",
    "what conversations are": "SELECT id, state, assignee_id, channel_id, snooze_reply, spam, split_from_id, model, "
                              "res_id, conversation_key FROM message_conversation",
    "followers": "SELECT id, conversation_id, user_id, seen_message_id, follows, starred, mentioned "
                 "FROM message_conversation_member",
    "drafts": "SELECT d.id, user_id, conversation_id, mode, state, d.history_id, sender_id, recipients::text, "
              "copies::text, subject, body, quote, sent_id, (SELECT string_agg(r.ir_attachment_id::text, ',' ORDER BY "
              "r.ir_attachment_id) FROM ir_attachment_message_draft_rel r WHERE r.message_draft_id = d.id) "
              "FROM message_draft d",
    "notes and chatters": "SELECT id, model, res_id, subject, body, message_type, author_id FROM mail_message",
    "files": "SELECT id, name, checksum, file_size, res_model, res_id FROM ir_attachment WHERE res_field IS NULL "
             "AND (res_model LIKE 'message.%' OR res_model IN ('mail.message', 'crm.lead'))",
    "mails": "SELECT x.id, x.state, x.outbox_state, m.subject FROM mail_mail x "
             "JOIN mail_message m ON m.id = x.mail_message_id",
    "sender rules": "SELECT id, pattern, channel_id, action, active FROM message_sender_rule",
    "suppressed": "SELECT id, address, active, reason, kind, count, released_by_id FROM message_suppression",
    "folders": "SELECT id, channel_id, name, role, model_id, default_values, answer_action_id, start, afterwards, "
               "without_document FROM message_channel_folder",
    "channels": "SELECT id, name, channel_type, address, company_id, receives, sends, paused, database_uuid, "
                "spam_policy, keep_raw_days, color, active FROM message_channel",
    "members of channels": "SELECT channel_id * 100000 + user_id, 1 FROM message_channel_member_rel",
    "set-up forms": "SELECT id, kind, name, address, create_uid FROM message_setup",
    "requests": "SELECT id, subject, sender, state, mail_mail_id FROM message_request",
    "known ids": "SELECT id, channel_id, external_digest FROM message_known",
    "documents": "SELECT id, name, email_from, priority, description FROM crm_lead",
}


def describe(env):
    """Return {what: {id: values}}."""
    found = {}
    for name, query in TABLES.items():
        env.cr.execute(query)
        found[name] = {row[0]: list(row[1:]) for row in env.cr.fetchall()}
    if env["message.history"]._fields["company_id"].store:
        env.cr.execute("SELECT id, company_id FROM message_history")
        found["companies of messages"] = {row[0]: [row[1]] for row in env.cr.fetchall()}
    users = env["res.users"].search([("login", "in", ["admin", "ann", "bob", "cleo", "fay", "gus", "mia"])])
    found["users"] = {user.login: [user.company_ids.ids] for user in users}
    for user in users:
        mine = env(user=user.id, su=False, context={"allowed_company_ids": user.company_ids.ids})
        conversations = mine["message.conversation"].search([])
        found[f"conversations that {user.login} sees"] = dict.fromkeys(conversations.ids, 1)
        found[f"messages that {user.login} sees"] = dict.fromkeys(mine["message.history"].search([]).ids, 1)
        found[f"conversations as {user.login} reads them"] = {
            row["id"]: {name: _plain(row[name]) for name in SHOWN} for row in conversations.read(list(SHOWN))}
    return found


def _plain(value):
    """Links as ids, without the names that rights may hide."""
    return value[0] if isinstance(value, tuple) else sorted(value) if isinstance(value, list) else value


def schema(env):
    """Return {table.column: type} and {index: definition} of our tables."""
    env.cr.execute(
        "SELECT table_name || '.' || column_name, data_type || ' ' || is_nullable FROM information_schema.columns "
        "WHERE table_schema = 'public' AND (table_name LIKE 'message\\_%' OR table_name IN ('ir_mail_server', "
        "'fetchmail_server', 'mail_mail', 'mail_message', 'res_users', 'res_users_settings', 'mail_followers'))")
    columns = dict(env.cr.fetchall())
    env.cr.execute("SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND ("
                   "tablename LIKE 'message\\_%' OR tablename IN ('ir_mail_server', 'fetchmail_server', 'mail_mail'))")
    indexes = dict(env.cr.fetchall())
    env.cr.execute("SELECT conrelid::regclass || '.' || conname, pg_get_constraintdef(oid) FROM pg_constraint "
                   "WHERE conrelid::regclass::text LIKE 'message\\_%'")
    return {"columns": columns, "indexes": indexes, "constraints": dict(env.cr.fetchall())}


print("@@" + json.dumps({"found": describe(env), "schema": schema(env)}, default=str))  # noqa: F821 - the shell's
