"""What the ledger benchmark asks of Odoo."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

from .ledger_fill import NEW
from .orders import environment, order

#: The list of the Inbox, as the web client asks for it.
INBOX_FIELDS = {
    "unread": {}, "sender": {}, "subject": {}, "preview": {}, "history_count": {}, "failed_count": {},
    "channel_id": {"fields": {"display_name": {}}}, "assignee_id": {"fields": {"display_name": {}}},
    "state": {}, "last_date": {},
}  # fmt: skip
PAGE = 80
NEW_MAILS = 50


@order
def add_ledger_people(dbname: str, channels: int, password: str = "") -> dict[str, Any]:
    """Make channels, the first of them quiet, and the one member of that; their ids."""
    with environment(dbname) as env:
        made = env["message.channel"].create([{"name": f"Channel {one}"} for one in range(channels)])
        member = env["res.users"].with_context(no_reset_password=True).create({
            "name": "Member", "login": "ledger_member", "email": "member@company.example",
            "group_ids": [(4, env.ref("message_history.group_user").id)],
            **({"password": password} if password else {}),
        })  # fmt: skip
        made[0].member_ids = member
        return {"channels": made.ids, "member": member.id}


@order
def open_inbox(dbname: str, member: int, times: int) -> dict[str, Any]:
    """Open the Inbox as a member, with its default filter and its count."""

    def look(env: Any) -> int:
        conversations = env(user=member)["message.conversation"]
        found = conversations.web_search_read(
            [("state", "=", "open")], INBOX_FIELDS, limit=PAGE, count_limit=10001
        )
        return int(found["length"])

    return _timed(dbname, times, look)


@order
def search_inbox(dbname: str, member: int, times: int) -> dict[str, Any]:
    """Search the Inbox for a word as a member, as the search box does."""

    def look(env: Any) -> int:
        word = random.choice(["subject", "some text", "message"])
        domain = ["|", ("subject", "ilike", word), ("preview", "ilike", word)]
        found = env(user=member)["message.conversation"].web_search_read(
            domain, INBOX_FIELDS, limit=PAGE, count_limit=10001
        )
        return int(found["length"])

    return _timed(dbname, times, look)


@order
def find_threads(dbname: str, rows: int, times: int) -> dict[str, Any]:
    """Find the conversations of a batch of new mails, wherever in the ledger their threads are.

    :param rows: the new mails have the ids above
    """
    # only in a database with our addons
    from odoo.addons.message_history.tools import mail, readers, threads  # noqa: PLC0415

    def look(env: Any) -> int:
        ids = random.sample(range(rows + 1, rows + NEW + 1), NEW_MAILS)
        batch = {message.id: mail.Mail(message) for message in env["message.history"].browse(ids)}
        return len(env["message.threader"]._find_by_digest(threads.Groups(ids), batch, readers.Readers(env)))

    return _timed(dbname, times, look)


@order
def claim(dbname: str, times: int, limit: int = 100) -> dict[str, Any]:
    """Pick and claim rows as a worker does."""
    from odoo.addons.message_history.models import message_worker  # noqa: PLC0415

    def look(env: Any) -> int:
        picked = [row[0] for row in message_worker._pick_candidates(env, limit)]
        return len(env["message.worker"]._claim(picked))

    return _timed(dbname, times, look)


def _timed(dbname: str, times: int, look: Callable[[Any], int]) -> dict[str, Any]:
    """Do something several times, each in a transaction that is rolled back."""
    seconds, found = [], 0
    for _number in range(times):
        with environment(dbname) as env:
            env["res.users"].browse(env.uid).name  # noqa: B018 - begins the transaction
            started = time.monotonic()
            found = look(env)
            seconds.append(time.monotonic() - started)
            env.cr.rollback()
    return {"seconds": seconds, "found": found}
