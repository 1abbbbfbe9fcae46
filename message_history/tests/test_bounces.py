from ..lib.delivery_mark import HEADER, make_mark
from ..lib.digest import id_digest
from ..models.message_reference import OWN
from .common import MessageCase, build_mail

REPORT = """\
From: Mail Delivery System <MAILER-DAEMON@mx.example.org>
To: bounce@odoo.example.net
Subject: Undelivered Mail Returned to Sender
Message-ID: <report@mx.example.org>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

Your message could not be delivered.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org

{recipients}
--b
Content-Type: text/rfc822-headers

{marks}Message-ID: {message_id}
Subject: Offer
--b--
"""
RECIPIENT = """\
Final-Recipient: rfc822; {address}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {reply}
"""


class TestBounces(MessageCase):
    """Undeliverable notices find what was sent, and every recipient that it did not reach."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.document_sent = cls.env["res.partner"].create({"name": "Project"})
        cls.partners = cls.env["res.partner"].create([
            {"name": "Bob", "email": "bob@gone.example"}, {"name": "Carl", "email": "carl@gone.example"},
            {"name": "Dora", "email": "dora@fine.example"}])
        cls.sent = cls.document_sent.message_post(
            body="Offer", message_type="comment", subtype_xmlid="mail.mt_comment")
        cls.env["mail.notification"].search([("mail_message_id", "=", cls.sent.id)]).unlink()
        cls.notifications = cls.env["mail.notification"].create([{
            "mail_message_id": cls.sent.id, "res_partner_id": partner.id, "notification_type": "email",
            "notification_status": "sent"} for partner in cls.partners])

    def marks(self, *addresses, message_id=None):
        """Return the header lines that the copies of these recipients carry."""
        secret = self.env["message.bounce"]._secret()
        return "".join(f"{HEADER}: {make_mark(secret, message_id or self.sent.message_id, one)}\n"
                       for one in addresses)

    def report(self, *recipients, message_id=None, marks=None):
        """Return a notice about some recipients, as one writes who has their copies (``marks``: these lines)."""
        lines = [RECIPIENT.format(address=address, action=action, status=status, reply=f"550 {address} unknown")
                 for address, action, status in recipients]
        if marks is None:
            marks = self.marks(*(address for address, _action, _status in recipients), message_id=message_id)
        text = REPORT.format(recipients="\n".join(lines), message_id=message_id or self.sent.message_id, marks=marks)
        return text.replace("\n", "\r\n").encode()

    def test_two_recipients_of_one_mail(self):
        message = self.receive(self.report(
            ("bob@gone.example", "failed", "5.1.1"), ("carl@gone.example", "failed", "5.1.1")))
        self.assertState(message, "processed")
        self.assertEqual(message.kind, "bounce")
        self.assertIn("bob@gone.example, carl@gone.example", message.state_reason)
        self.assertEqual(self.notifications.mapped("notification_status"), ["bounce", "bounce", "sent"])
        self.assertEqual(self.partners.mapped("message_bounce"), [1, 1, 0])
        self.assertEqual((message.model, message.res_id), ("res.partner", self.document_sent.id))

    def test_it_makes_no_document(self):
        partners = self.env["res.partner"].search_count([])
        self.receive(self.report(("bob@gone.example", "failed", "5.1.1")))
        self.assertEqual(self.env["res.partner"].search_count([]), partners)

    def test_a_delay_is_no_bounce(self):
        message = self.receive(self.report(("bob@gone.example", "delayed", "4.4.1")))
        self.assertEqual(self.notifications.mapped("notification_status"), ["sent"] * 3)
        self.assertEqual(self.partners[0].message_bounce, 0)
        self.assertNotIn(message.state, ("failed", "given_up", "received"))

    def test_what_the_ledger_sent_is_settled(self):
        history = self.env["message.history"].create({
            "channel_id": self.channel.id, "direction": "out", "state": "sent", "external_id": "out/1",
            "message_uid": self.sent.message_id})
        self.env["message.reference"]._insert([(history.id, id_digest(self.sent.message_id), OWN)])
        deliveries = self.env["message.delivery"].create([{
            "history_id": history.id, "channel_id": self.channel.id, "address": address, "state": "accepted",
        } for address in ("Bob <Bob@gone.example>", "dora@fine.example")])
        self.receive(self.report(("bob@gone.example", "failed", "5.1.1")))
        self.assertEqual(deliveries.mapped("state"), ["bounced", "accepted"])
        self.assertIn("5.1.1", deliveries[0].server_reply)
        self.assertIn("550 bob@gone.example unknown", deliveries[0].server_reply)

    def test_receipts_settle_deliveries_and_make_nothing(self):
        history = self.env["message.history"].create({
            "channel_id": self.channel.id, "direction": "out", "state": "sent", "external_id": "out/1",
            "message_uid": self.sent.message_id})
        self.env["message.reference"]._insert([(history.id, id_digest(self.sent.message_id), OWN)])
        delivery = self.env["message.delivery"].create({
            "history_id": history.id, "channel_id": self.channel.id, "address": "dora@fine.example",
            "state": "accepted"})
        read = REPORT.replace("report-type=delivery-status", "report-type=disposition-notification").replace(
            "message/delivery-status", "message/disposition-notification").format(recipients="\n".join([
                "Final-Recipient: rfc822; dora@fine.example", f"Original-Message-ID: {self.sent.message_id}",
                "Disposition: manual-action/MDN-sent-manually; displayed"]), message_id=self.sent.message_id,
                marks=self.marks("dora@fine.example"))
        partners = self.env["res.partner"].search_count([])
        for raw, state in ((self.report(("dora@fine.example", "delivered", "2.0.0")), "delivered"),
                           (read.replace("\n", "\r\n").encode(), "read"),
                           (self.report(("dora@fine.example", "delivered", "2.0.0")), "read")):
            message = self.receive(raw)
            self.assertState(message, "ignored")
            self.assertEqual((message.kind, delivery.state), ("receipt", state))
        self.assertEqual(self.env["res.partner"].search_count([]), partners)
        self.assertEqual(self.notifications.mapped("notification_status"), ["sent"] * 3)

    def test_a_bounce_of_a_stranger_names_the_recipient(self):
        message = self.receive(self.report(("x@gone.example", "failed", "5.1.1"), message_id="<never@seen.example>"))
        self.assertState(message, "processed")
        self.assertIn("x@gone.example", message.state_reason)
        self.assertFalse(message.res_id)

    def test_a_bounce_that_names_nobody(self):
        raw = build_mail("Something went wrong.", sender="MAILER-DAEMON@mx.example.org", return_path="<>",
                         subject="Undelivered Mail Returned to Sender", auto_submitted="auto-replied")
        message = self.receive(raw)
        self.assertNotIn(message.state, ("failed", "given_up", "received"))

    def test_the_sender_rule_is_stronger(self):
        self.env["message.sender.rule"].create({"pattern": "mx.example.org"})
        message = self.receive(self.report(("bob@gone.example", "failed", "5.1.1")))
        self.assertState(message, "ignored")
        self.assertEqual(self.partners[0].message_bounce, 0)

    def test_good_mail_takes_the_bounce_back(self):
        self.receive(self.report(("bob@gone.example", "failed", "5.1.1")))
        self.receive(build_mail(sender="bob@gone.example"))
        self.partners.invalidate_recordset()
        self.assertEqual(self.partners[0].message_bounce, 0)
