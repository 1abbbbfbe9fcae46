"""Fills an empty database for the pictures: channels, members, conversations, failures.

Run in Odoo's shell: ``from dev.pictures_data import fill; fill(env)``. The messages go through the
real intake and are really processed, so what the pictures show is what people get.
"""

from __future__ import annotations

import importlib
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any, NamedTuple

DOMAIN = "lichtwerk.example"
# They are imported by name: this file is also read where there is no Odoo.
TRANSPORT = "odoo.addons.message_history.lib.transport"
ERRORS = "odoo.addons.message_history.lib.errors"


class Letter(NamedTuple):
    """One message of the story: who, what, when (minutes ago), answering which other subject."""

    sender: str
    subject: str
    text: str
    minutes: int
    reply_to: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    attachment: str = ""


INQUIRIES = (
    Letter("Clara Jansen <clara@hafenkontor.example>", "Offer for 40 desk lamps",
           "Good morning,\n\nwe furnish our new office in May and need 40 desk lamps, dimmable, "
           "warm white. Could you send me an offer including delivery to Bremen?\n\nKind regards\n"
           "Clara Jansen\nHafenkontor GmbH", 3100, attachment="floor plan.pdf"),
    Letter("Clara Jansen <clara@hafenkontor.example>", "Re: Offer for 40 desk lamps",
           "Thank you for the quick answer. Two questions: is the dimmer included, and can you "
           "deliver in two parts?\n\nClara Jansen", 190, reply_to="Offer for 40 desk lamps"),
    Letter("Thomas Brandt <t.brandt@brandt-bau.example>", "Delivery damaged on arrival",
           "Dear Sir or Madam,\n\nthree of the twelve wall lamps arrived with broken glass. Photos "
           "are attached. Please send a replacement this week, our building inspection is on "
           "Friday.\n\nThomas Brandt", 74, attachment="IMG_2041.jpg"),
    Letter("Maria Rossi <maria.rossi@studiorossi.example>", "Price list for resellers",
           "Hello,\n\nwe are interior designers in Bologna and would like to work with your lamps. "
           "Do you have a price list for resellers?\n\nGrazie\nMaria", 1500),
    Letter("Lena Vogt <lena.vogt@example.org>", "When do you open on Saturday?",
           "Hi, is the showroom open on Saturday morning?\n\nLena", 22),
    Letter("Peter Nowak <p.nowak@nowak-elektro.example>", "Catalogue 2027",
           "Please send us five printed catalogues.\n\nPeter Nowak", 5900),
    Letter("Anna Schmidt <anna.schmidt@hafenkontor.example>", "Out of office: your offer",
           "I am back on Monday.", 2900, headers=(("Auto-Submitted", "auto-replied"),)),
    Letter("Lucky Winner Team <promo@prizes.example>", "You have won!!!",
           "Click here to collect your prize.", 600, headers=(("X-Spam-Flag", "YES"),)),
)
BROKEN = (
    Letter("Sven Larsen <sven@nordlys.example>", "Order 4711: please confirm the date",
           "Hello,\n\nplease confirm that order 4711 leaves your house on the 12th.\n\nSven "
           "Larsen\nNordlys AS", 41),
    Letter("Julia Weber <julia.weber@weber-architekten.example>", "Order for the town hall",
           "Dear all,\n\nherewith we order the 22 pendants of your offer.\n\nJulia Weber", 95,
           attachment="order.pdf"),
)
UNROUTED = (
    Letter("Henrik Olsson <henrik@olsson.example>", "Question about a job",
           "Hello, are you looking for an apprentice in sales?\n\nHenrik", 310),
    Letter("Customs Office <noreply@customs.example>", "Reminder: declaration 20-118",
           "Please hand in the declaration.", 1330),
)


def fill(env: Any) -> None:
    """Make the story in the database of ``env`` and commit it.

    :param env: an environment of the superuser, as Odoo's shell has it
    """
    admin = env.ref("base.user_admin")
    admin.group_ids += env.ref("message_history.group_manager")
    if "odoobot_state" in admin._fields:
        admin.odoobot_state = "disabled"  # its first words would cover the pictures
    lead = env["ir.model"]._get("crm.lead")
    inquiries = _channel(env, "Inquiries", "info", admin, lead, spam_policy="hold")
    orders = _channel(env, "Orders", "orders", admin, lead)
    # a sales team that was deleted: what such a mistake looks like to a clerk
    orders.folder_ids.default_values = "{'team_id': 987654}"
    office = _channel(env, "Office", "office", admin, None)
    env["res.partner"].create({"name": "Clara Jansen", "email": "clara@hafenkontor.example"})
    _receive(env, inquiries, INQUIRIES)
    _receive(env, orders, BROKEN)
    _receive(env, office, UNROUTED)
    _receive_large(env, inquiries)
    env.cr.commit()
    ids = env["message.history"].search([("state", "=", "received")], order="date").ids
    env["message.worker"]._process_ids(ids)
    env.cr.commit()  # what was processed meanwhile is seen by a new transaction only
    env["message.conversation"]._settle()
    env.invalidate_all()
    _handle(env, admin, inquiries)
    _status(env, inquiries, orders, office)
    env.cr.commit()


def _channel(env: Any, name: str, box: str, member: Any, model: Any, **values: Any) -> Any:
    """One mailbox; a real mail server's, where the addon for them is installed."""
    address, model_id = f"{box}@{DOMAIN}", model.id if model else False
    values |= {"address": address, "member_ids": [(6, 0, member.ids)]}
    servers = env["fetchmail.server"]
    if "channel_id" not in servers._fields:
        folder = {"name": "INBOX", "model_id": model_id, "afterwards": "seen"}
        return env["message.channel"].create(
            {"name": name, "folder_ids": [(0, 0, folder)], **values})  # fmt: skip
    secret = {"secret": "not a real one"} if "secret" in servers._fields else {}
    server = servers.create({
        **secret,
        "name": name, "server_type": "imap", "server": f"mail.{DOMAIN}", "port": 993,
        "is_ssl": True, "user": address, "state": "done", "object_id": model_id,
    })  # fmt: skip
    server.channel_id.write(values)
    server.folder_ids.afterwards = "seen"
    return server.channel_id


def _receive(env: Any, channel: Any, letters: tuple[Letter, ...]) -> None:
    """Hand letters to the intake, as a transport would."""
    incoming = importlib.import_module(TRANSPORT).IncomingMessage
    now = datetime.now(UTC)
    messages = []
    for number, letter in enumerate(letters, 1):
        date = now - timedelta(minutes=letter.minutes)
        content = _compose(channel.address, letter, date)
        messages.append(incoming(
            f"INBOX/1/{number}", content, len(content), received_at=date.replace(tzinfo=None),
            names={"folder": "INBOX", "uidvalidity": 1, "uid": number}))  # fmt: skip
    env["message.intake"]._store_chunk(channel, messages, channel.folder_ids)


def _receive_large(env: Any, channel: Any) -> None:
    """One message of which only the headers were fetched."""
    incoming = importlib.import_module(TRANSPORT).IncomingMessage
    date = datetime.now(UTC) - timedelta(minutes=128)
    letter = Letter("Film Atelier <post@filmatelier.example>", "Showroom video, raw cut", "", 128)
    env["message.intake"]._store_chunk(channel, [incoming(
        "INBOX/1/900", _compose(channel.address, letter, date), 83 * 1024 * 1024,
        received_at=date.replace(tzinfo=None), truncated=True,
        names={"folder": "INBOX", "uidvalidity": 1, "uid": 900})], channel.folder_ids)  # fmt: skip


def _compose(to: str, letter: Letter, date: datetime) -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = letter.sender, to, letter.subject
    message["Date"] = format_datetime(date)
    message["Message-ID"] = _message_id(letter.subject)
    if letter.reply_to:
        message["In-Reply-To"] = message["References"] = _message_id(letter.reply_to)
    for name, value in letter.headers:
        message[name] = value
    message.set_content(letter.text)
    if letter.attachment:
        message.add_attachment(b"(picture)", "application", "octet-stream",
                               filename=letter.attachment)  # fmt: skip
    return message.as_bytes()


def _message_id(subject: str) -> str:
    return f"<{'.'.join(subject.lower().replace('!', '').split())}@customer.example>"


def _handle(env: Any, admin: Any, channel: Any) -> None:
    """What people did about it since."""
    conversations = env["message.conversation"].search([("channel_id", "=", channel.id)])
    for conversation in conversations:
        if "Catalogue" in (conversation.subject or ""):
            conversation.with_user(admin).action_mark_seen()
            conversation.state = "done"
        elif "Price list" in (conversation.subject or ""):
            conversation.with_user(admin).action_mark_seen()
            conversation.assignee_id = admin


def _status(env: Any, good: Any, slow: Any, bad: Any) -> None:
    """One channel is well, one is trying again, one needs a person."""
    errors = importlib.import_module(ERRORS)
    Status = env["message.channel.status"]  # noqa: N806
    for place in ((good, None), (good, good.folder_ids), (slow, None), (bad, None)):
        status = Status._get(*place)
        status._note_success(received=len(INQUIRIES))
        status.heartbeat = status.last_success
    Status._get(slow)._note_error(
        errors.ConnectionFailed("timeout"),
        "No answer from mail.lichtwerk.example, port 993, for 60 s.")
    Status._get(bad)._note_error(
        errors.AuthenticationError("refused"),
        "mail.lichtwerk.example refused the user office and the password.")
