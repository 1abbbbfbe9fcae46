"""Adds to what :mod:`dev.pictures_data` makes: colleagues, tags, a note, answers; and the pictures of it.

Run in Odoo's shell: ``from dev.pictures_desk import fill; fill(env)``. Answers are really put into the
outbox; only what the servers said is written here, since there are none.
"""

from __future__ import annotations

import importlib
from datetime import timedelta
from typing import Any

from dev.picture import DESK, PHONE, Picture
from dev.pictures_data import ERRORS

CLARA, THOMAS, MARIA = "Offer for 40 desk lamps", "Delivery damaged on arrival", "Price list for resellers"
_OPEN = ("click", f".o_data_row:has-text('{CLARA}') .o_messages_row")
_OPEN_ON_PHONE = ("click", f".o_kanban_record:has-text('{CLARA}')")
_SHOWN = ("wait", ".o_messages_pane .o_messages_card")
_COMPOSER = ("wait", ".o_messages_composer .odoo-editor-editable")

PICTURES = (
    Picture("desk_inbox", "/odoo/messages", size=DESK, steps=(_OPEN, _SHOWN)),
    Picture("desk_snooze", "/odoo/messages", size=DESK, steps=(
        _OPEN, _SHOWN, ("press", "z"), ("wait", ".o_messages_menu .dropdown-item"))),
    Picture("desk_answer", "/odoo/messages", size=DESK, steps=(
        _OPEN, _SHOWN, ("press", "r"), _COMPOSER, ("type", "Yes, the dimmer is included."))),
    Picture("desk_note", "/odoo/messages", size=DESK, steps=(_OPEN, _SHOWN, ("press", "n"), _COMPOSER)),
    Picture("desk_failed_answer", "/odoo/messages", size=DESK, steps=(
        ("click", f".o_data_row:has-text('{THOMAS}') .o_messages_row"), ("wait", ".o_messages_alert"))),
    Picture("desk_bulk", "/odoo/messages", size=DESK, steps=(
        ("click", ".o_data_row:nth-child(1) .o_list_record_selector input"),
        ("click", ".o_data_row:nth-child(2) .o_list_record_selector input"), ("wait", ".o_selection_container"))),
    Picture("desk_menu_bar", "/odoo/messages", size=DESK, steps=(
        ("click", ".o_messages_systray_button"), ("wait", ".o_messages_systray"))),
    Picture("desk_dashboard", "/odoo/message-dashboard", size=DESK, steps=(("wait", ".o_messages_tiles"),)),
    Picture("desk_setup", "/odoo/message-channels", size=DESK, steps=(
        ("click", "button[name='action_set_up']"), ("wait", ".modal [name='address'] input"),
        ("fill", ".modal [name='address'] input", "service@web.de"), ("press", "Tab"), ("pause", "800"))),
    Picture("desk_preferences", "/odoo/messages", size=DESK, steps=(
        ("click", "[data-menu-xmlid='message_history.message_history_menu_configuration']"),
        ("click", "[data-menu-xmlid='message_history.message_preferences_menu']"), ("wait", ".modal .o_form_view"))),
    Picture("desk_correct", "/odoo/messages", size=DESK, steps=(
        ("click", f".o_data_row:has-text('{THOMAS}') .o_messages_row"), ("click", ".o_messages_step_correct"),
        ("wait", ".modal .o_data_row"))),
    Picture("desk_failed", "/odoo/failed-messages", size=DESK, steps=(("wait", ".o_messages_held_up"),)),
    Picture("desk_outbox", "/odoo/message-outbox", size=DESK, steps=(("wait", ".o_messages_held_up"),)),
    Picture("desk_channel", "/odoo/message-channels", size=DESK, steps=(
        ("click", ".o_data_row:has-text('Outgoing mail') td[name=name]"), ("wait", "[name='health_attention']"),
        ("click", "a[name=health]"))),
    Picture("desk_board", "/odoo/conversations?view_type=kanban", size=DESK, steps=(("wait", ".o_kanban_group"),)),
    Picture("desk_phone_failed", "/odoo/failed-messages", size=PHONE, steps=(("wait", ".o_messages_held_up"),)),
    Picture("desk_phone_inbox", "/odoo/messages", size=PHONE, steps=(("wait", ".o_messages_cards .o_messages_row"),)),
    Picture("desk_phone_conversation", "/odoo/messages", size=PHONE, steps=(_OPEN_ON_PHONE, _SHOWN)),
    Picture("desk_phone_dashboard", "/odoo/message-dashboard", size=PHONE, steps=(("wait", ".o_messages_tiles"),)),
)  # fmt: skip


def fill(env: Any) -> None:
    """Add to the story and commit it.

    :param env: an environment of the superuser, as Odoo's shell has it
    """
    admin = env.ref("base.user_admin")
    admin.write({"signature": "<p>Lichtwerk GmbH</p>"})
    anna = env["res.users"].with_context(no_reset_password=True).create({
        "name": "Anna Weiss", "login": "anna", "email": "anna@lichtwerk.example",
        "group_ids": [(4, env.ref("message_history.group_user").id)]})  # fmt: skip
    channels = env["message.channel"].search([("receives", "=", True), ("channel_type", "!=", "local")])
    channels.member_ids += anna
    server, _spare = env["ir.mail_server"].create([
        {"name": "Outgoing mail", "smtp_host": "mail.lichtwerk.example", "from_filter": "lichtwerk.example"},
        {"name": "Spare", "smtp_host": "smtp.provider.example", "sequence": 20}])
    offer, urgent = env["message.tag"].create([{"name": "Offer"}, {"name": "Complaint"}])
    env["mail.canned.response"].create({
        "source": "hours", "substitution": "Our showroom is open Monday to Saturday, 10 to 18 h."})
    clara, thomas, maria = (_find(env, subject) for subject in (CLARA, THOMAS, MARIA))
    clara.write({"tag_ids": [(4, offer.id)], "assignee_id": admin.id})
    clara.with_user(anna).message_post(
        body="The dimmer is in stock again from Monday.", message_type="comment", subtype_xmlid="mail.mt_note")
    thomas.tag_ids = urgent
    _answer(env, maria, anna, "<p>Here is our list for resellers.</p>")
    history = _answer(env, thomas, anna, "<p>We send three new glasses today, by express.</p>")
    history.delivery_ids.write({
        "state": "refused", "failure_type": "recipient", "attempts": 1, "next_attempt": False, "settled": False,
        "server_reply": "550 5.1.1 t.brandt@brandt-bau.example: no such mailbox",
        "attempt_date": history.date + timedelta(seconds=12)})
    env.flush_all()
    env["message.outbox"]._settle()
    env["message.conversation"]._settle()
    errors = importlib.import_module(ERRORS)
    env["message.channel.status"]._get(server.channel_id)._note_error(
        errors.AuthenticationError("refused"), "The server refused the login. 535 5.7.8 Bad credentials")
    env.cr.commit()


def _find(env: Any, subject: str) -> Any:
    return env["message.conversation"].search([("subject", "=", subject)], order="id", limit=1)


def _answer(env: Any, conversation: Any, user: Any, body: str) -> Any:
    drafts = env["message.draft"].with_user(user)
    stored = drafts.store({**drafts.open(conversation.id, "reply"), "body": body})
    outcome = drafts.browse(stored["id"]).send({})
    return env["message.history"].browse(outcome["history_id"])
