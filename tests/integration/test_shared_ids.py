"""What one message costs does not depend on how many others share its ids, its thread's key or its sender."""

import pytest

FEW, MANY = 100, 5000
#: How much more a message may cost among MANY than among FEW: in CPU time, in SQL statements.
GROWTH = 1.5
#: Messages that are measured at a time, and how often: the least of them counts, the machine is shared.
MAILS, ROUNDS = 30, 4

#: Fills the ledger as if ``n`` messages had come in before, by SQL, and lets ``mails`` more come and be processed.
SCRIPT = r'''
import base64, time
from odoo.addons.message_history.lib.digest import id_digest
from odoo.addons.message_history.lib.peek import peek
from odoo.addons.message_history.lib.transport import IncomingMessage
from odoo.addons.message_history.tools import locks

KEY = (bytes(range(22)) + n.to_bytes(4, "big"))[-22:]
def mail(number, kind):
    own = f"<same{n}@x.example>" if kind == "one id" else f"<{kind.replace(' ', '-')}-{n}-{number}@x.example>"
    sender = f"ann{n}" if kind == "one sender" else f"ann{n}-{number}"
    lines = [f"From: Ann <{sender}@x.example>", "To: o@example.net",
             f"Subject: {kind}", f"Message-ID: {own}", "Date: Fri, 02 Jan 2026 10:00:00 +0000"]
    if kind == "references":
        lines.append("References: " + " ".join(f"<r{one}-{n}@x.example>" for one in range(32)))
    if kind == "thread key":
        lines.append("Thread-Index: " + base64.b64encode(KEY).decode())
    return ("\r\n".join(lines) + f"\r\n\r\nText {number}\r\n").encode()

channel = env["message.channel"].create({
    "name": f"Shared {kind} {n}", "loop_limit": 200 if kind == "one sender" else 0,
    "folder_ids": [(0, 0, {"name": "INBOX", "without_document": "inbox"})]})
folder = channel.folder_ids
conversation = env["message.conversation"].create({"channel_id": channel.id, "state": "open",
    "conversation_key": KEY.hex() if kind == "thread key" else False})
look = peek(mail(0, kind))
env.cr.execute(f"""INSERT INTO message_history (channel_id, folder_id, direction, state, priority, external_id, size,
    content_digest, sender_key, truncated, settled, attempts, date, create_date, write_date, conversation_id,
    message_uid, sender_address, subject, body_text, attachment_count, content_type)
    SELECT %s, %s, 'in', 'processed', 10, 'INBOX/1/' || i, 300, i, CASE WHEN %s THEN %s ELSE i END, false, true, 1,
    now() at time zone 'UTC' - interval '10 minutes', now() at time zone 'UTC', now() at time zone 'UTC', %s,
    CASE WHEN %s THEN '<same' || {int(n)} || '@x.example>' ELSE '<old' || i || '@x.example>' END, 'a@x.example', 'x',
    'y', 0, 'message/rfc822' FROM generate_series(1, %s) i RETURNING id""",
    [channel.id, folder.id, kind == "one sender", look.sender_key, conversation.id, kind == "one id", n])
ids = [row[0] for row in env.cr.fetchall()]
shared = [(digest, 1) for digest in look.reference_digests] if kind == "references" else []
if kind == "one id":
    shared.append((look.message_digest, 0))
for digest, reference in shared:
    env.cr.execute("INSERT INTO message_reference (history_id, digest, kind) SELECT unnest(%s), %s, %s",
                   [ids, digest, reference])
env["message.conversation.channel"]._make_anew(conversation.ids)
env.cr.commit()
env.cr.execute("ANALYZE message_history, message_reference, message_conversation, message_conversation_channel")
env.cr.commit()

counted = {"sql": 0}
from odoo.sql_db import Cursor
original = Cursor.execute
def execute(self, query, params=None, log_exceptions=True):
    counted["sql"] += 1
    return original(self, query, params, log_exceptions)
Cursor.execute = execute

rounds, number = [], 10000
for _round in range(rounds_wanted):
    raws = []
    for _one in range(mails):
        number += 1
        raws.append(mail(number, kind))
    env["message.intake"]._store_chunk(channel, [
        IncomingMessage(external_id=f"INBOX/2/{number}/{index}", content=raw, size=len(raw))
        for index, raw in enumerate(raws)], folder)
    env.cr.commit()
    counted["sql"] = 0
    begun, done = time.process_time(), 0
    started = time.perf_counter()
    with locks.AdvisoryLocks(env.cr.dbname) as held:
        while count := env["message.worker"]._process_batch(held):
            done += count
    rounds.append((time.process_time() - begun, time.perf_counter() - started, counted["sql"], done))
    env.cr.commit()
Cursor.execute = original
new = "FROM message_history WHERE channel_id = %s AND id > %s"
env.cr.execute(f"SELECT state, COUNT(*) {new} GROUP BY 1", [channel.id, max(ids)])
states = dict(env.cr.fetchall())
env.cr.execute(f"SELECT COUNT(DISTINCT conversation_id) {new}", [channel.id, max(ids)])
cpu, seconds, sql, _done = map(min, zip(*rounds))
result = {"cpu": cpu, "seconds": seconds, "sql": sql,
          "done": sum(row[3] for row in rounds), "states": states, "conversations": env.cr.fetchone()[0]}
'''


@pytest.mark.parametrize("kind", ["references", "one id", "thread key", "one sender"])
def test_the_cost_of_a_message_stays_flat(module_database, kind):
    few, many = (module_database.shell(SCRIPT, kind=kind, n=n, mails=MAILS, rounds_wanted=ROUNDS) for n in (FEW, MANY))
    for found in (few, many):
        assert found["done"] == MAILS * ROUNDS, found
    if kind in ("references", "thread key"):
        assert many["conversations"] == 1, "they are still one thread"
    print(f"{kind}: {FEW} -> {MANY}: time {few['seconds']:.2f} -> {many['seconds']:.2f} s, CPU {few['cpu']:.2f} -> "
          f"{many['cpu']:.2f} s, SQL {few['sql']} -> {many['sql']}")
    assert many["sql"] <= few["sql"] * GROWTH
    assert many["cpu"] <= few["cpu"] * GROWTH + 0.02
