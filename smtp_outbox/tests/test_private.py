import smtplib
from unittest.mock import patch

from odoo.sql_db import db_connect
from odoo.tests import new_test_user

from ..tools import recording
from ..tools.parking import parking, place_of
from ..tools.private import is_private
from .common import OutboxCase, TestJournal

LINK = "https://odoo.example.net/web/signup?token=tok3n"


class TestPrivateMail(OutboxCase):
    """Which mails are private, and that their text stands nowhere where people read."""

    def private(self, **values):
        """Return an invitation that waits to be sent, as a mail template makes it."""
        body = f"<p>Set your password: <a href='{LINK}'>here</a></p>"
        user = new_test_user(self.env, "invited", email="invited@example.com", context={"no_reset_password": True})
        return self.mail("invited@example.com", **{
            "auto_delete": True, "model": "res.users", "res_id": user.id, "body": body, "body_html": body, **values})

    def test_what_is_private(self):
        for values, private in (
                ({"auto_delete": True}, True), ({}, False), ({"auto_delete": True, "is_notification": True}, False),
                ({"message_type": "user_notification"}, True), ({"body_html": f"<p>{LINK}</p>"}, True)):
            self.assertEqual(is_private(self.mail("ann@example.com", **values)), private, values)

    def test_no_colleague_reads_it_while_it_waits(self):
        """The message that core makes of it stands on the user, whom everybody inside may read."""
        mail = self.private()
        colleague = new_test_user(self.env, "colleague", groups="base.group_user")
        self.env.flush_all()
        found = self.env["mail.message"].with_user(colleague).search([("model", "=", "res.users")])
        self.assertIn(mail.mail_message_id, found, "the message itself can be read")
        self.assertFalse([one for one in found.mapped("body") if "tok3n" in one])
        self.send_queue()
        (_sender, _recipients, message), = self.smtp.taken
        self.assertIn("tok3n", message.as_string())

    def test_a_document_s_own_mail_keeps_its_text(self):
        partner = self.env["res.partner"].create({"name": "Ann"})
        mail = self.mail("ann@example.com", auto_delete=True, model="res.partner", res_id=partner.id, body="<p>x</p>")
        self.assertEqual(mail.body, "<p>x</p>")

    def test_an_error_does_not_quote_it(self):
        mail = self.private()
        with patch.object(type(self.env["mail.mail"]), "_prepare_outgoing_list", side_effect=ValueError(LINK)):
            self.env["mail.expander"]._expand(mail, True)
        self.assertEqual(mail.history_ids.delivery_ids.server_reply, "ValueError")

    def test_a_mail_deleted_where_it_is_sent_is_sent(self):
        """Core sends it before it is deleted (the test of a mailing)."""
        mail, other = self.mail("ann@example.com"), self.mail("bob@example.com")
        mail.send()
        (mail + other).unlink()
        self.send_queue()
        self.assertEqual(self.smtp.arrived(), {"ann@example.com": 1}, "what nobody sent is taken back")

    # Parked -----------------------------------------------------------------------------------

    def test_a_place_is_this_cursor_s_and_ends(self):
        self.assertIsNone(place_of(self.env))
        with parking(self.env) as place:
            self.assertIs(place_of(self.env), place)
            with db_connect(self.env.cr.dbname).cursor() as cr:
                self.assertIsNone(place_of(type("Environment", (), {"cr": cr})))
        self.assertIsNone(place_of(self.env))

    def test_no_context_of_a_client_parks(self):
        mail = self.mail("ann@example.com")
        mail.with_context(smtp_outbox_parking=True, parking=True).send()
        self.send_queue()
        self.assertEqual(self.smtp.arrived(), {"ann@example.com": 1})

    def test_what_is_parked_is_not_queued(self):
        """Also within a test, and although the savepoint is rolled back; nothing refers to what was made there."""
        with parking(self.env) as place:
            savepoint = self.env.cr.savepoint()
            self.private().send()
            savepoint.close(rollback=True)
        (mark,) = place.marks
        with db_connect(self.env.cr.dbname).cursor() as cr:
            cr.execute("DELETE FROM message_parked WHERE mark = %s RETURNING recipients, content, entry", [mark])
            ((recipients, content, entry),) = cr.fetchall()
        self.assertEqual(recipients, "invited@example.com")
        self.assertIn(b"tok3n", bytes(content))
        self.assertTrue(entry["private"])
        self.assertFalse(entry["values"].keys() & {"mail_mail_id", "mail_message_id", "body_text", "preview"})
        self.assertNotIn("tok3n", str(entry))

    def test_the_path_does_not_ask_whether_a_test_runs(self):
        """Sent at once and recorded, with core's own "in tests" as it is."""
        self.patch(type(self.env["mail.mail"]), "_sends_inline", lambda _mails: True)
        sessions = []
        self.patch(smtplib, "SMTP", lambda *_args, **_kwargs: sessions.append(self.connect()) or sessions[-1])
        mail = self.private()
        message_id = mail.message_id
        mail.send(raise_exception=True)
        self.assertEqual(self.smtp.arrived(), {"invited@example.com": 1})
        self.assertTrue(self.env["message.history"].search([("message_uid", "=", message_id)]).private)
        with parking(self.env) as place:
            self.mail("ann@example.com", auto_delete=True).send()
        self.assertEqual(len(place.marks), 1)

    def test_what_an_addon_puts_in_place_of_a_connection(self):
        """It sends in its own way, and is recorded all the same."""
        given = []

        class Session:
            """Has no socket."""

            set_debuglevel = ehlo_or_helo_if_needed = quit = lambda *_args: None

            def send_message(self, _message, _sender, to):
                """Take it, but not for Bob."""
                given.extend(to)
                return {address: (550, b"no such user") for address in to if "bob" in address}

        self.patch(smtplib, "SMTP", lambda *_args, **_kwargs: Session())
        self.patch(recording, "Journal", lambda _dbname: TestJournal(self.env.cr))
        mail = self.mail("ann@example.com", "bob@example.com")
        mail.send(raise_exception=True)
        self.assertEqual(sorted(given), ["ann@example.com", "bob@example.com"])
        history = self.env["message.history"].search([("message_uid", "=", mail.message_id)])
        self.assertEqual({one.address: one.state for one in history.delivery_ids},
                         {"ann@example.com": "accepted", "bob@example.com": "refused"})

    def connect(self):
        """Return a session with the server in memory, as core's socket makes it."""
        session = self.smtp.connect()
        session.set_debuglevel = session.ehlo_or_helo_if_needed = lambda *_args: None
        return session
