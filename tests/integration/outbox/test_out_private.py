"""Mail that nobody may read on its way: sent by what people do in a real Odoo, taken by a real SMTP server, once."""

import os
import re
import time
import xmlrpc.client

import pytest

from dev import database as databases
from dev.instance import wait_until
from tests.integration.faults.system import template
from tests.integration.outbox.office import SOON, Browser, opened, text_of
from tests.integration.outbox.system import DOMAIN

_RESET = "env['res.users'].browse(user).action_reset_password()\n"
_POLICY = ("env['ir.config_parameter'].set_param('auth_totp.policy', policy)\n"
           "env.cr.commit()\nenv.registry.signal_changes()")
_GONE = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)\n"
PRIVATE = [["t", "", "0", "accepted"]]


@pytest.fixture(scope="module")
def office(outbox_odoo, tmp_path_factory):
    """One office for all of these tests."""
    with opened(outbox_odoo, template(outbox_odoo, "ours"), "out_private", tmp_path_factory.mktemp("private")) as house:
        yield house


# What core does in a savepoint that it rolls back ---------------------------------------------


def test_a_reset_from_the_login_page(office):
    """It comes once and soon, leads to this server, and leaves its headers alone in the ledger."""
    office.user("reset-web@example.com")
    page = Browser(office).post("/web/reset_password", login="reset-web@example.com", redirect="", token="")
    asked = time.time()
    assert "instructions sent" in page
    mail = office.one_mail_to("reset-web@example.com")
    (taken,) = (one for one in office.sink.taken() if "reset-web@example.com" in one.recipients)
    print(f"the reset was there after {taken.at - asked:.2f} s")
    assert taken.at - asked < float(os.environ.get("OUT_RESET_SECONDS", "5"))
    assert re.search(re.escape(office.web.url) + r"/web/(signup|reset_password)\?\S*token=", text_of(mail))
    assert office.kept_of("reset-web@example.com") == PRIVATE
    assert office.sql("SELECT COUNT(*) FROM message_parked") == office.sql("SELECT COUNT(*) FROM message_parked_ticket")
    assert office.sql("SELECT COUNT(*) FROM message_parked") == [["0"]]


def test_the_link_of_a_reset_works(office):
    """Whoever has it sets a new password, and logs in with that."""
    office.user("reset-link@example.com")
    browser = Browser(office)
    browser.post("/web/reset_password", login="reset-link@example.com", redirect="", token="")
    link = re.search(r"token=([\w-]+)", text_of(office.one_mail_to("reset-link@example.com")))
    page = Browser(office).post(
        f"/web/reset_password?token={link[1]}", login="reset-link@example.com", name="reset-link@example.com",
        password="quite another s3cret", confirm_password="quite another s3cret", token=link[1])
    assert "reset successfully" in page
    office.client("reset-link@example.com", "quite another s3cret")


def test_a_reset_by_an_administrator_for_several(office):
    """The button sends one mail to each."""
    ids = [office.user(f"reset-{number}@example.com") for number in range(3)]
    office.client().call("res.users", "action_reset_password", ids)
    for number in range(3):
        office.one_mail_to(f"reset-{number}@example.com")


def test_the_link_leads_to_the_server_s_own_address(office):
    """As core has it: the address that the parameter names at the time."""
    user = office.user("reset-base@example.com")
    office.agent.run("env['ir.config_parameter'].set_param('web.base.url', 'https://other.example')\n" + _RESET
                     + f"env['ir.config_parameter'].set_param('web.base.url', '{office.web.url}')", user=user)
    assert "https://other.example/web/" in text_of(office.one_mail_to("reset-base@example.com"))


def test_what_is_rolled_back_sends_nothing(office):
    """The whole transaction, an enclosing savepoint, or a dry run: each asked for a reset."""
    whole, part, dry = (office.user(f"rolled-{name}@example.com") for name in ("whole", "part", "dry"))
    office.agent.run(_RESET + "env.cr.rollback()", user=whole)
    office.agent.run(
        "import contextlib\nwith contextlib.closing(env.cr.savepoint()):\n"
        "    env['res.users'].browse(user).action_reset_password()\n"
        "env['res.partner'].create({'name': 'Something else is committed'})", user=part)
    office.agent.run("savepoint = env.cr.savepoint(flush=False)\n" + _RESET
                     + "savepoint.close(rollback=True)\nenv.cr.execute('SELECT 1')", user=dry)
    for name in ("whole", "part", "dry"):
        office.nothing_to(f"rolled-{name}@example.com")


def test_an_import_s_dry_run_sends_nothing(office):
    """Users from a file, tried out; and events, whose guests are invited."""
    rows = b"name,login,email\nImported,imported@example.com,imported@example.com\n"
    found = office.agent.run(
        "wizard = env['base_import.import'].create({'res_model': 'res.users', 'file': rows.encode(), \n"
        "    'file_name': 'u.csv', 'file_type': 'text/csv'})\n"
        "result = wizard.execute_import(['name', 'login', 'email'], ['name', 'login', 'email'],\n"
        "    {'quoting': '\"', 'separator': ',', 'has_headers': True}, dryrun=True)", rows=rows.decode())
    assert not [one for one in found["messages"] if one.get("type") == "error"], found
    office.nothing_to("imported@example.com")


def test_killed_between_parking_and_commit(office):
    """The request is not saved, so its mail is not sent."""
    user = office.user("killed-before@example.com")
    with pytest.raises(Exception, match="ended"):
        office.agent.run(_RESET + "env.flush_all()\n" + _GONE, user=user)
    assert office.sql("SELECT COUNT(*) FROM message_parked") != [["0"]]
    office.nothing_to("killed-before@example.com")


@pytest.mark.parametrize("moment", ["before the look", "within the release"])
def test_killed_between_commit_and_release(office, moment):
    """The request is saved, so its mail is sent, once."""
    address = f"killed-{moment.split()[0]}-after@example.com"
    user = office.user(address)
    script = _RESET + "env.cr.postcommit.clear()\nenv.cr.commit()\n"
    if moment == "within the release":
        script = ("import os\nmodel = env.registry['message.parked']\n"
                  "model._remove = lambda *_args: os.kill(os.getpid(), 9)\n" + _RESET + "env.cr.commit()\n")
    with pytest.raises(Exception, match="ended"):
        office.agent.run(script + _GONE, user=user)
    office.one_mail_to(address)


def test_without_a_gateway_the_scheduled_action_sends(office):
    """Nothing but Odoo itself runs."""
    user = office.user("scheduled@example.com")
    with office.without_gateway():
        office.agent.run(_RESET + "env.cr.postcommit.clear()\n", user=user)
        office.agent.run("env['mail.expander']._cron_send()")
        office.one_mail_to("scheduled@example.com")


def test_a_copied_database_sends_nothing_of_the_original(office):
    """It shows its administrator that something was parked, and forgets what."""
    user = office.user("copied@example.com")
    with office.without_gateway():
        office.agent.run(_RESET + "env.cr.postcommit.clear()\n", user=user)
        office.agent.stop()
        office.web.stop()
        with databases.temporary(office.odoo, office.dbname, "out_private_copy") as copy:
            other = type(office.agent)(office.odoo, copy, office.agent.log)
            try:
                other.run("env['mail.expander']._cron_send()")
                shown = other.run(
                    "admin = env.ref('base.user_admin')\n"
                    "result = env['message.parked'].with_user(admin).search([]).read(['state', 'recipients'])")
            finally:
                other.stop()
            query = "SELECT COUNT(*), COUNT(content), COUNT(entry) FROM message_parked"
            assert office.odoo.server.query(query, copy) == ["1|0|0"]
        office.web.start().wait_ready()
    assert [(one["state"], one["recipients"]) for one in shown] == [("unknown", "copied@example.com")]
    office.one_mail_to("copied@example.com")


def test_nobody_reads_what_is_parked(office):
    """Not the administrator either: by no call of a client."""
    user = office.user("unread@example.com")
    with office.without_gateway():
        office.agent.run(_RESET + "env.cr.postcommit.clear()\n", user=user)
        for name in ("content", "entry", "mark", "xid"):
            with pytest.raises(xmlrpc.client.Fault, match=r"access|allowed|permission"):
                office.client().call("message.parked", "search_read", [], [name])
        assert office.client().call("message.parked", "search_read", [], ["recipients"])
    office.one_mail_to("unread@example.com")


# Every other private mail ----------------------------------------------------------------------


def test_the_invitation_of_a_user(office):
    """It is sent at once, and recorded."""
    office.client().call("res.users", "create", {
        "name": "New", "login": "new-user@example.com", "email": "new-user@example.com"})
    assert "/web/" in text_of(office.one_mail_to("new-user@example.com"))
    assert office.kept_of("new-user@example.com") == PRIVATE


def test_access_to_the_portal(office):
    """While it waits, no colleague reads its link in the message that Odoo makes of it."""
    client = office.client()
    partner = client.call("res.partner", "create", {"name": "Customer", "email": "portal@example.com"})
    clerk = office.user("colleague@example.com") and office.client("colleague@example.com", "a long s3cret word")
    with office.without_gateway():
        wizard = client.call("portal.wizard", "create", {"partner_ids": [[6, 0, [partner]]]})
        (line,) = client.call("portal.wizard.user", "search", [["wizard_id", "=", wizard]])
        client.call("portal.wizard.user", "action_grant_access", [line])
        for who in (clerk, client):
            said = who.call("mail.message", "search_read", [["model", "=", "res.users"]], ["body"])
            assert not [one for one in said if "token" in one["body"]]
    assert "/web/signup" in text_of(office.one_mail_to("portal@example.com"))
    assert office.kept_of("portal@example.com") == PRIVATE


def test_a_sign_in_code(office):
    """By mail, where two factors are asked for; and the notice that somebody came from a new place."""
    office.agent.run(_POLICY, policy="all_required")
    try:
        office.user("code@example.com")
        browser = Browser(office)
        browser.post("/web/login", login="code@example.com", password="a long s3cret word", type="password")
        notice, code = sorted(  # two connections carry them: either may be first
            office.one_mail_to("code@example.com", count=2), key=lambda mail: "code" in mail["Subject"])
        assert re.search(r"\b\d{6}\b", text_of(code))
        assert "New Connection" in notice["Subject"]
        assert office.kept_of("code@example.com") == PRIVATE * 2
    finally:
        office.agent.run(_POLICY, policy=False)


def test_the_invitation_to_two_factors(office):
    """Asked for by an administrator."""
    office.client().call("res.users", "action_totp_invite", [office.user("two@example.com")])
    office.one_mail_to("two@example.com")
    assert office.kept_of("two@example.com") == PRIVATE


def test_notices_of_a_changed_account(office):
    """A new address is told to the old one; a new login and a new password to the user."""
    user = office.user("moved@example.com")
    office.client().call("res.users", "write", [user], {"email": "moved-to@example.com"})
    office.one_mail_to("moved@example.com")
    office.client().call("res.users", "write", [user], {"password": "yet another s3cret"})
    office.one_mail_to("moved-to@example.com")
    assert office.kept_of("moved-to@example.com") == PRIVATE


def test_an_invitation_to_an_event(office):
    """A guest of a calendar's event."""
    client = office.client()
    guest = client.call("res.partner", "create", {"name": "Guest", "email": "guest@example.com"})
    client.call("calendar.event", "create", {
        "name": "Lunch", "start": "2037-05-01 11:00:00", "stop": "2037-05-01 12:00:00",
        "partner_ids": [[6, 0, [guest]]]})
    office.one_mail_to("guest@example.com")


def test_a_mail_that_is_deleted_where_it_is_sent(office):
    """As core's test of a mailing is: it would have been sent before it was deleted."""
    office.agent.run(
        "mail = env['mail.mail'].create({'subject': 'A test', 'body_html': '<p>x</p>', 'email_from': sender,\n"
        "    'email_to': 'deleted@example.com', 'auto_delete': False, 'is_notification': True})\n"
        "mail.send()\nmail.unlink()", sender=f"odoo@{DOMAIN}")
    office.one_mail_to("deleted@example.com")


def test_a_server_that_is_busy_loses_nothing(office):
    """The reset is tried again, and its bytes go when it has arrived."""
    user = office.user("later@example.com")
    office.sink.set_mode("defer")
    try:
        office.client().call("res.users", "action_reset_password", [user])
        wait_until(lambda: office.sql("SELECT 1 FROM message_delivery WHERE address = 'later@example.com' "
                                      "AND state = 'deferred'"), SOON, "it is put off")
        assert not office.mails_to("later@example.com")
    finally:
        office.sink.set_mode("")
    office.due()
    office.one_mail_to("later@example.com")
    assert office.kept_of("later@example.com") == PRIVATE
