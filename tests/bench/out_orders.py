"""What an Odoo process of the benchmark of outgoing mail can be asked to do; see ``driver``."""

from __future__ import annotations

from typing import Any

from .orders import environment, order

WORDS = ["The", "offer", "for", "the", "garden", "furniture", "that", "we", "talked", "about", "last", "week."]
SENDER = "Sales <sales@bench.example>"


def _body(number: int) -> str:
    """About three kilobytes of HTML, different for each number."""
    lines = []
    for line in range(24):
        start = (number * 7 + line) % len(WORDS)
        lines.append(f"<p>{number}-{line}: {' '.join(WORDS[start:] + WORDS[:start])}</p>")
    return "".join(lines)


@order
def prepare_out(dbname: str, port: int, channel: dict[str, Any] | None = None) -> int:
    """Have one outgoing server, and nothing in the queue; its id."""
    with environment(dbname) as env:
        env["ir.cron"].search([]).active = False
        env.cr.execute("UPDATE mail_mail SET state = 'cancel' WHERE state = 'outgoing'")
        domain = env["mail.alias.domain"].search([], limit=1) or env["mail.alias.domain"].create(
            {"name": "bench.example"})
        env.company.alias_domain_id = domain
        server = env["ir.mail_server"].create({
            "name": "Sink", "smtp_host": "127.0.0.1", "smtp_port": port, "smtp_encryption": "none"})
        if channel and "channel_id" in server:
            server.channel_id.write(channel)
        return int(server.id)


@order
def set_out_port(dbname: str, server_id: int, port: int) -> None:
    """Have the server reached over another port (a proxy's)."""
    with environment(dbname) as env:
        env["ir.mail_server"].browse(server_id).smtp_port = port


@order
def make_notifications(dbname: str, seed: int, count: int) -> None:
    """Make notification mails as the chatter makes them, each to a contact of its own; they wait."""
    with environment(dbname) as env:
        partners = env["res.partner"].create([
            {"name": f"Reader {seed}-{number}", "email": f"reader{seed}x{number}@d{number % 10}.example"}
            for number in range(count)])
        messages = env["mail.message"].create([{
            "model": "res.partner", "res_id": partner.id, "subject": f"Offer {seed}-{number}", "body": _body(number),
            "message_type": "comment", "subtype_id": env.ref("mail.mt_comment").id, "email_from": SENDER,
            "partner_ids": [(4, partner.id)],
        } for number, partner in enumerate(partners)])
        mails = env["mail.mail"].create([{
            "mail_message_id": message.id, "body_html": message.body, "auto_delete": True, "is_notification": True,
            "recipient_ids": [(4, partner.id)], "scheduled_date": "2099-01-01 00:00:00",
        } for message, partner in zip(messages, partners, strict=True)])
        env["mail.notification"].create([{
            "mail_message_id": message.id, "mail_mail_id": mail.id, "res_partner_id": partner.id,
            "notification_type": "email", "notification_status": "ready", "is_read": True,
        } for message, mail, partner in zip(messages, mails, partners, strict=True)])


@order
def make_big(dbname: str, seed: int, count: int) -> None:
    """Make one mail to many contacts in ten domains; it waits."""
    with environment(dbname) as env:
        partners = env["res.partner"].create([
            {"name": f"Member {seed}-{number}", "email": f"member{seed}x{number}@d{number % 10}.example"}
            for number in range(count)])
        env["mail.mail"].create({
            "subject": f"News {seed}", "body_html": _body(seed), "email_from": SENDER, "auto_delete": False,
            "recipient_ids": [(6, 0, partners.ids)], "scheduled_date": "2099-01-01 00:00:00"})


@order
def release(dbname: str) -> None:
    """Let everything that waits be sent."""
    with environment(dbname) as env:
        env.cr.execute("UPDATE mail_mail SET scheduled_date = NULL WHERE state = 'outgoing'")
        env.cr.execute("SELECT pg_notify('message_history', 'bench')")


@order
def send_core(dbname: str) -> None:
    """Have Odoo's own queue worked off: it takes a batch at a time."""
    for _batch in range(100):
        with environment(dbname) as env:
            env.invalidate_all()
            if not env["mail.mail"].search_count([("state", "=", "outgoing")], limit=1):
                return
            env["mail.mail"].process_email_queue()
    raise AssertionError("the queue of core does not end")


@order
def open_mails(dbname: str) -> dict[str, int]:
    """What is not sent, and what failed."""
    with environment(dbname) as env:
        env.cr.execute(
            "SELECT (SELECT COUNT(*) FROM mail_mail WHERE state = 'outgoing'), "
            "(SELECT COUNT(*) FROM mail_mail WHERE state = 'exception'), "
            "(SELECT COUNT(*) FROM mail_notification WHERE notification_status <> 'sent' "
            "AND notification_type = 'email')")
        outgoing, failed, notifications = env.cr.fetchone()
    return {"outgoing": outgoing, "failed": failed, "notifications": notifications}


@order
def fill_queue(dbname: str, channel_id: int, count: int) -> None:
    """Put deliveries of one message into the outbox, so that there are so many."""
    with environment(dbname) as env:
        env.cr.execute("DELETE FROM message_delivery")
        env.cr.execute(
            "INSERT INTO message_history (channel_id, direction, state, external_id, date, settled) "
            "VALUES (%s, 'out', 'queued', 'bench/' || clock_timestamp(), now(), true) RETURNING id", [channel_id])
        history_id = env.cr.fetchone()[0]
        env.cr.execute(
            "INSERT INTO message_delivery (history_id, channel_id, address, state, priority, attempts, settled, "
            "create_date) SELECT %s, %s, 'r' || n || '@d.example', 'queued', 10, 0, true, now() "
            "FROM generate_series(1, %s) n", [history_id, channel_id, count])
    from odoo.addons.message_history.tools import locks  # noqa: PLC0415 - not in core's database

    connection = locks.connect(dbname, "bench")
    connection.cursor().execute("VACUUM ANALYZE message_delivery")  # as autovacuum does, when it gets round to it
    connection.close()


@order
def claim_and_count(dbname: str, channel_id: int, times: int) -> float:
    """Median seconds of claiming a chunk, giving it back, and counting what waits."""
    import statistics  # noqa: PLC0415 - for this order only
    import time  # noqa: PLC0415

    from odoo.addons.message_history.tools.journal import Journal, Outcome  # noqa: PLC0415 - not in core's database
    from odoo.addons.smtp_outbox.sender.pump import _waiting  # noqa: PLC0415

    spent = []
    with Journal(dbname) as journal:
        for _time in range(times):
            started = time.perf_counter()
            rows = journal.claim(channel_id, channel_id, 100)
            with environment(dbname) as env:
                env["message.delivery"]._count_queued(env["message.channel"].browse(channel_id))
                _waiting(env)
            spent.append(time.perf_counter() - started)
            assert len(rows) == 100, len(rows)
            journal.note([Outcome(row.id, "queued") for row in rows])
    return statistics.median(spent)


@order
def profile_out(dbname: str, file: str) -> None:
    """Work the queue off in this process under cProfile; for tuning by hand."""
    import cProfile  # noqa: PLC0415 - for this order only

    profiler = cProfile.Profile()
    with environment(dbname) as env:
        profiler.runcall(env["mail.expander"]._cron_send)
    profiler.dump_stats(file)
