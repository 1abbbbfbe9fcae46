import smtplib

from odoo.addons.base.models.ir_mail_server import MailDeliveryException
from odoo.tools import mute_logger

from ..tools import recording
from .common import OutboxCase, TestJournal


class TestSentAtOnce(OutboxCase):
    """Callers that ask for the outcome get it at once, and the ledger has it."""

    def setUp(self):
        super().setUp()
        self.patch(type(self.env["ir.mail_server"]), "_records_sessions", lambda _servers: True)

        self.patch(recording, "Journal", lambda _dbname: TestJournal(self.env.cr))
        self.patch(smtplib, "SMTP", self.connect)

    def connect(self, *_args, **_kwargs):
        """Return what core's socket gets instead of a connection."""
        session = self.smtp.connect()
        session.set_debuglevel = session.ehlo_or_helo_if_needed = lambda *_args: None
        return session

    def ledger(self, message_id):
        """Return the ledger's rows of a Message-ID."""
        return self.env["message.history"].search([("message_uid", "=", message_id)])

    def test_it_is_sent_and_recorded(self):
        mail = self.mail("ann@example.com")
        mail.send(raise_exception=True)
        self.assertEqual(mail.state, "sent")
        self.assertEqual(self.smtp.arrived(), {"ann@example.com": 1})
        history = self.ledger(mail.message_id)
        self.assertEqual(history.delivery_ids.mapped("state"), ["accepted"])
        self.assertEqual(history.channel_id, self.channel)
        self.send_queue()
        self.assertEqual(self.smtp.arrived(), {"ann@example.com": 1}, "and it is not sent again by the queue")

    def test_a_refusal_is_raised_and_recorded(self):
        self.smtp.answers["ann"] = (550, "5.1.1 no such user")
        mail = self.mail("ann@example.com")
        raised = None
        try:
            # not assertRaises: Odoo's takes back what was written meanwhile
            with mute_logger("odoo.addons.mail.models.mail_mail"):
                mail.send(raise_exception=True)
        except MailDeliveryException as error:
            raised = error
        self.assertIn("no such user", str(raised))
        history = self.ledger(mail.message_id)
        self.assertEqual(history.delivery_ids.mapped("state"), ["refused"])
        self.assertIn("no such user", history.delivery_ids.server_reply)

    def test_partly_sent_is_not_sent(self):
        self.smtp.answers["bob"] = (550, "5.1.1 no such user")
        mail = self.mail("ann@example.com", "bob@example.com")
        mail.send(raise_exception=True)
        self.assertEqual(mail.state, "exception")
        self.assertIn("bob@example.com", mail.failure_reason)
        self.assertNotIn("ann@example.com", mail.failure_reason)

    def test_what_is_in_the_outbox_is_left_to_it(self):
        mail = self.mail("ann@example.com")
        self.expand()
        mail.send(raise_exception=True)
        self.assertFalse(self.smtp.taken)
        self.send_queue()
        self.assertEqual(self.smtp.arrived(), {"ann@example.com": 1})

    def test_secrets_keep_headers_only(self):
        mail = self.mail("ann@example.com", auto_delete=True, body_html="<p>Your code is 123456.</p>")
        message_id = mail.message_id
        mail.send(raise_exception=True)
        history = self.ledger(message_id)
        self.assertTrue(history.private)
        self.env.cr.execute("SELECT COUNT(*) FROM message_raw WHERE history_id = %s", [history.id])
        self.assertEqual(self.env.cr.fetchone()[0], 0)
        self.assertFalse(history.body_text)

    def test_code_that_calls_send_email_itself_is_recorded(self):
        servers = self.env["ir.mail_server"]
        message = servers._build_email__("sales@example.net", ["ann@example.com"], "Hello", "A text.")
        servers.send_email(message)
        history = self.ledger(message["Message-Id"])
        self.assertEqual(history.delivery_ids.mapped("state"), ["accepted"])
        self.assertEqual(history.subject, "Hello")
