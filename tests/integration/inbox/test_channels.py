"""Channels at the desk: what is wrong is said as it is, by a colour and in words, and it clears by itself."""

import contextlib
import socket
import threading

import pytest

from dev.instance import wait_until
from dev.servers.smtp import SmtpSink

_MAILBOX = """
server = env['fetchmail.server'].create({
    'name': name, 'server': '127.0.0.1', 'port': port, 'user': user, 'password': password, 'server_type': 'imap',
    'timeout_seconds': 2, 'state': 'done'})
server.channel_id.folder_ids.write({'model_id': False, 'without_document': 'inbox'})
result = server.channel_id.id
"""
_RING = "env['message.alarm']._cron_alarms()"
_PASSWORD = "env['message.channel'].browse(channel).fetchmail_server_ids.write({'password': 's3cret'})"


@pytest.fixture
def silent_port():
    """A port that takes connections and never says a word."""
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as server:
        taken = []

        def take():
            with contextlib.suppress(OSError):
                while True:
                    taken.append(server.accept()[0])

        threading.Thread(target=take, daemon=True).start()
        yield server.getsockname()[1]
        for one in taken:
            one.close()


def trouble(desk, channel):
    """What is noted about a channel: "" if it works or was never used, else ``retry`` or ``person``."""
    rows = desk.database.sql(
        "SELECT CASE WHEN last_error_retryable THEN 'retry' ELSE 'person' END FROM message_channel_status "
        f"WHERE channel_id = {channel} AND folder_id IS NULL AND last_error_date IS NOT NULL")
    return rows[0][0] if rows else ""


def open_channel(desk, clerk, channel):
    """An administrator looks at the form of a channel."""
    admin = clerk("admin")
    admin.page.goto(f"{desk.web.url}/odoo/message-channels/{channel}")
    admin.page.wait_for_selector(".o_form_view [name='health']")
    return admin


def archive(desk, *channels):
    """Take channels out of the way of other tests."""
    desk.database.shell(
        "found = env['message.channel'].browse(channels)\nfound.fetchmail_server_ids.active = False\n"
        "found.active = False", channels=channels)


def test_a_time_out_is_yellow_and_a_refused_login_red(desk, clerk, silent_port):
    """One alarm for an outage, for whoever manages; it clears itself."""
    user = desk.dovecot.add_user("colours")
    slow = desk.database.shell(_MAILBOX, name="Slow", port=silent_port, user="slow", password="s3cret-x")
    wrong = desk.database.shell(_MAILBOX, name="Wrong", port=desk.dovecot.imap_port, user=user, password="s3cret-wrong")
    wait_until(lambda: trouble(desk, slow) == "retry", 90, "the silent server is noticed")
    wait_until(lambda: trouble(desk, wrong) == "person", 90, "the refused login is noticed")
    admin = open_channel(desk, clerk, slow)
    page = admin.page
    desk.database.shell(f"{_RING}\n{_RING}")
    page.click(".o_notification:has-text('Wrong has failed since') .o_notification_close")
    alarms = ("SELECT COUNT(*) FROM mail_activity WHERE res_model = 'message.channel' AND active AND res_id = ")
    assert desk.database.value(alarms + str(wrong)) == "1", "there is one manager, who is told once"
    assert desk.database.value(alarms + str(slow)) == "0", "not for a time-out"

    admin.says("[name='health_retrying']", "tried again by itself")
    assert not page.locator("button:has-text('Log in Again'):visible").count(), "a time-out is no wrong password"
    page.click(".o_messages_systray_button")
    page.click(".o_messages_systray [role='tab']:has-text('Problems')")
    page.wait_for_selector(".o_messages_systray_rows :text('Wrong')")
    assert not page.locator(".o_messages_systray_rows :text('Slow')").count()
    page.goto(f"{desk.web.url}/odoo/message-channels/{wrong}")
    admin.says("[name='health_attention']", "refused the login")

    # the one button that helps leads to the password; then all is well without another click
    page.click("button:has-text('Log in Again')")
    page.wait_for_selector(".o_form_view [name='secret'], .o_form_view button[name='set_draft']")
    desk.database.shell(_PASSWORD, channel=wrong)
    wait_until(lambda: not trouble(desk, wrong), 120, "it works by itself as soon as the password is right")
    desk.database.shell(_RING)
    assert desk.database.value(alarms + str(wrong)) == "0", "nobody has to clear it"
    archive(desk, slow, wrong)


def test_a_channel_that_only_sends_never_fetches(desk, clerk):
    channel = desk.database.shell("result = env['message.channel'].search([('name', '=', 'Post')]).id")
    admin = open_channel(desk, clerk, channel)
    assert not admin.page.locator("button:has-text('Fetch Now'):visible").count()
    admin.page.click("button:has-text('Test Connection')")
    admin.says(".o_notification", "Connection works", "Name found", "Connected", "Logged in", "Sender accepted")
    fetches = f"SELECT COUNT(*) FROM message_channel_status WHERE channel_id = {channel} AND folder_id IS NOT NULL"
    assert desk.database.value(fetches) == "0"
    assert not trouble(desk, channel), "and no error of fetching"


def test_a_sender_that_must_log_in_again(desk, clerk):
    """What waits for it says so, in its conversation and above the outbox; then it goes out, once."""
    with SmtpSink(users={"post": "right"}) as sink:
        # a server of its own: the other one may have a connection open
        server, channel = desk.database.shell("""
env['ir.mail_server'].search([('name', '=', 'Post')]).active = False
server = env['ir.mail_server'].create({
    'name': 'Login', 'smtp_host': '127.0.0.1', 'smtp_port': port, 'smtp_encryption': 'none',
    'from_filter': 'lamps.example', 'smtp_authentication': 'login', 'smtp_user': 'post', 'smtp_pass': 's3cret-wrong'})
result = server.id, server.channel_id.id
""", port=sink.port)
        desk.arrives("Who answers?", Reply_To="waiting@customer.example")
        anna = clerk("anna").open_inbox()
        anna.open("Who answers?")
        anna.reply("We do.")
        anna.send()
        page = anna.page
        wait_until(lambda: trouble(desk, channel) == "person", 90, "the login is refused")
        anna.open_inbox()
        page.click("[data-queue='waiting']")
        anna.open("Who answers?")
        page.wait_for_selector(".o_messages_banner:has-text('must log in again')")
        page.wait_for_selector(".o_messages_alert:has-text('must log in again')")
        page.goto(f"{desk.web.url}/odoo/message-outbox")
        page.wait_for_selector(".o_messages_held_up:has-text('1 message waits')")
        assert page.locator(".o_data_row:has-text('Who answers?')").count() == 1, "it waits, and has not failed"
        admin = clerk("admin")
        admin.page.goto(f"{desk.web.url}/odoo/failed-messages")
        admin.page.click(".o_messages_held_up button:has-text('Open Channel')")
        admin.page.wait_for_selector("[name='health_attention']:has-text('refused the login')")
        desk.database.shell("env['ir.mail_server'].browse(server).smtp_pass = 'right'", server=server)
        admin.page.click("button:has-text('Test Connection')")
        admin.page.wait_for_selector(".o_notification:has-text('Connection works')")

        def arrived():
            return sum("waiting@customer.example" in one.recipients for one in sink.taken)

        wait_until(arrived, 120, "it goes out")
        desk.database.shell("""
env['ir.mail_server'].browse(server).active = False
env['ir.mail_server'].with_context(active_test=False).search([('name', '=', 'Post')]).active = True
""", server=server)
        assert arrived() == 1
