"""What the pictures of the outbox show: mails through the real expander, outcomes as a server gave them.

In ``dev odoo shell``, after ``dev.pictures_data``: ``from dev.pictures_outbox import fill; fill(env)``.
"""

from __future__ import annotations

from typing import Any

#: Address -> state, failure type, what the server said.
OUTCOMES = {
    "anna@bakery.example": ("accepted", None, "250 2.0.0 queued as 4WxQ7"),
    "old.address@townhall.example": (
        "refused", "recipient", "550 5.1.1 <old.address@townhall.example>: Recipient address rejected: User unknown"),
    "karl@forest.example": ("deferred", "recipient", "451 4.7.1 Greylisting in action, please come back later"),
    "olga@river.example": ("in_doubt", "in_doubt", "The server's answer to the mail was lost"),
    "shop@lake.example": ("accepted", None, "250 2.0.0 queued as 8KpL2"),
}
LETTERS = (
    ("Your order of six benches", ["anna@bakery.example"]),
    ("Offer for the playground", ["anna@bakery.example", "old.address@townhall.example"]),
    ("Dates for the delivery", ["karl@forest.example"]),
    ("Contract, signed", ["olga@river.example"]),
    ("Invoice 2026/118", ["shop@lake.example"]),
)
BIG, DONE, BAD = 1000, 640, 6


def fill(env: Any) -> None:
    """Make servers, mails and their outcomes; commits."""
    admin = env.ref("base.user_admin")
    env.cr.execute("UPDATE mail_mail SET state = 'cancel' WHERE state = 'outgoing'")
    server = env["ir.mail_server"].create({
        "name": "Office", "smtp_host": "mail.garden.example", "smtp_port": 587, "smtp_encryption": "starttls",
        "rate_minute": 60, "rate_day": 2000})  # fmt: skip
    channel = server.channel_id
    channel.write({"address": "office@garden.example", "member_ids": [(6, 0, admin.ids)]})
    for subject, addresses in LETTERS:
        partners = env["res.partner"].create([
            {"name": address.split("@")[0].replace(".", " ").title(), "email": address} for address in addresses])
        _mail(env, admin, subject, partners)
    members = env["res.partner"].create([
        {"name": f"Member {number}", "email": f"member{number}@club.example"} for number in range(BIG)])
    _mail(env, admin, "Spring in the garden: our news", members)
    env.cr.commit()
    while env["mail.expander"]._expand_batch():
        env.cr.commit()
    _outcomes(env, channel)
    env["message.channel.status"]._get(channel)._note_success()
    env["message.suppression"].create({"address": "never.again@street.example", "reason": "Asked us to stop"})
    env.cr.commit()


def _mail(env: Any, admin: Any, subject: str, partners: Any) -> None:
    env["mail.mail"].create({
        "subject": subject, "body_html": "<p>Dear customer,</p><p>here is what we talked about.</p>",
        "email_from": "Office <office@garden.example>", "author_id": admin.partner_id.id,
        "recipient_ids": [(6, 0, partners.ids)], "auto_delete": False})  # fmt: skip


def _outcomes(env: Any, channel: Any) -> None:
    """Write what senders would have written, then settle as ever."""
    for address, (state, failure, reply) in OUTCOMES.items():
        env.cr.execute(
            "UPDATE message_delivery SET state = %s, failure_type = %s, server_reply = %s, attempts = 1, "
            "settled = false, attempt_date = now() at time zone 'UTC', via_channel_id = channel_id, "
            "sent_date = CASE WHEN %s = 'accepted' THEN now() at time zone 'UTC' END, "
            "next_attempt = CASE WHEN %s = 'deferred' THEN now() at time zone 'UTC' + interval '2 minutes' END "
            "WHERE address = %s AND channel_id = %s",
            [state, failure, reply, state, state, address, channel.id])  # fmt: skip
    for count, state, failure, reply in (
        (DONE, "accepted", None, "250 2.0.0 ok"), (BAD, "refused", "recipient", "550 5.1.1 no such user")):
        env.cr.execute(
            "UPDATE message_delivery SET state = %s, failure_type = %s, server_reply = %s, settled = false, "
            "via_channel_id = channel_id, attempt_date = now() at time zone 'UTC' WHERE id IN (SELECT id FROM "
            "message_delivery WHERE address LIKE 'member%%' AND state = 'queued' ORDER BY id LIMIT %s)",
            [state, failure, reply, count])  # fmt: skip
    env.invalidate_all()
    env["message.outbox"]._settle()
    env.cr.commit()
