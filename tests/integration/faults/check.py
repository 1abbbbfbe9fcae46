"""What became of mails, asked of the database: in Odoo once, twice, not at all; threads whole."""

import re
from collections import Counter, defaultdict

TOKEN = re.compile(r"tok\d{5}x[0-9a-f]{8}")
# Incoming mails that stand in a chatter; several chatter messages of one token are duplicates.
CHATTER = """
SELECT id, model, res_id, subject FROM mail_message
 WHERE message_type = 'email' AND model IS NOT NULL AND model <> 'res.partner' AND subject LIKE '%tok%x%'
"""
LEDGER = """
SELECT id, state, COALESCE(conversation_id, 0), COALESCE(attempts, 0), COALESCE(failure_type, ''), subject
  FROM message_history WHERE direction = 'in'
"""


def token_of(text):
    """The token in a text, empty if there is none."""
    found = TOKEN.search(text)
    return found[0] if found else ""


def chatter(system):
    """Return {token: [(model, document id)]} of what stands in Odoo."""
    found = defaultdict(list)
    for _id, model, res_id, subject in system.sql(CHATTER):
        found[token_of(subject)].append((model, int(res_id)))
    return found


def ledger(system):
    """Return {token: [{state, conversation, attempts, failure}]}; core has no ledger."""
    found = defaultdict(list)
    if system.is_ours:
        for _id, state, conversation, attempts, failure, subject in system.sql(LEDGER):
            found[token_of(subject)].append({
                "state": state, "conversation": int(conversation), "attempts": int(attempts),
                "failure": failure})  # fmt: skip
    return found


def verify_flow(system, flow):
    """Return what is wrong after a flow of mails, as {complaint: [tokens]}, and figures."""
    wrong = defaultdict(list)
    in_odoo, in_ledger = chatter(system), ledger(system)
    threads = defaultdict(set)
    conversations = defaultdict(set)
    for mail in flow.mails:
        rows, messages = in_ledger[mail.token], in_odoo[mail.token]
        if len(rows) < flow.copies[mail.token]:
            wrong["not in the ledger"].append(mail.token)
        if len(rows) > flow.copies[mail.token]:
            wrong["in the ledger more than once"].append(mail.token)
        if not messages:
            wrong["lost: not in Odoo"].append(mail.token)
        if len(messages) > 1:
            wrong["in Odoo more than once"].append(mail.token)
        if sum(row["state"] == "processed" for row in rows) != 1:
            wrong["not processed exactly once: " + ",".join(row["state"] for row in rows)].append(mail.token)
        threads[mail.thread].update(messages)
        conversations[mail.thread].update(row["conversation"] for row in rows)
    wrong["thread on several documents"] += [one for one, documents in threads.items() if len(documents) > 1]
    wrong["thread in several conversations"] += [one for one, found in conversations.items() if len(found) != 1]
    figures = {
        "mails": len(flow.mails), "delivered": flow.delivered, "threads": len(threads),
        "documents": len(set().union(*threads.values())),
        "tried_again": sum(row["attempts"] > 1 for rows in in_ledger.values() for row in rows),
        "in_odoo": Counter(len(messages) for messages in in_odoo.values()),
    }
    return {complaint: tokens for complaint, tokens in wrong.items() if tokens}, figures
