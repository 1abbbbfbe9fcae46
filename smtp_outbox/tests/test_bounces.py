from odoo.addons.message_history.lib.delivery_mark import HEADER
from odoo.addons.message_history.tests.common import MessageCase, build_mail

from ..lib.verp import decode, encode
from .common import OutboxCase

REPORT = """\
From: Mail Delivery System <MAILER-DAEMON@mx.example.org>
To: {to}
Subject: Undelivered Mail Returned to Sender
Message-ID: <report-{address}@mx.example.org>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

Your message could not be delivered.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org

Final-Recipient: rfc822; {address}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {reply}

--b
Content-Type: text/rfc822-headers

{mark}Message-ID: {message_id}
Subject: Offer
--b--
"""


class TestBouncesOfTheOutbox(OutboxCase, MessageCase):
    """What comes back closes the circle: delivery, contact, chatter, suppression list."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.inbox, cls.inbox_server = cls.make_channel("Bounces")
        cls.partner = cls.env["res.partner"].create({"name": "Bob", "email": "bob@example.com"})

    def send_one(self, **values):
        """Send a mail to Bob; returns it."""
        mail = self.mail(partners=[self.partner], **values)
        self.send_queue()
        self.assertEqual(self.states(mail), {"bob@example.com": "accepted"})
        return mail

    def come_back(self, mail, to=None, *, status="5.1.1", action="failed", reply="550 5.1.1 no such user"):
        """Let a report about a mail come in, as it is written by who has Bob's copy."""
        copy = next(message for _sender, recipients, message in self.smtp.taken if "bob@example.com" in recipients)
        raw = REPORT.format(
            to=to or self.alias_domain.bounce_email, address="bob@example.com", action=action, status=status,
            reply=reply, message_id=mail.message_id, mark=f"{HEADER}: {copy[HEADER]}\n")
        message = self.receive(raw.replace("\n", "\r\n").encode(), channel=self.inbox)
        self.settle()
        return message

    def test_the_circle_closes(self):
        mail = self.send_one()
        self.come_back(mail)
        self.assertEqual(self.states(mail), {"bob@example.com": "bounced"})
        self.assertEqual(mail.history_ids.state, "bounced")
        self.assertEqual(self.partner.message_bounce, 1)
        entry = self.env["message.suppression"].search([("address", "=", "bob@example.com")])
        self.assertEqual(entry.kind, "bounced")
        self.assertEqual(entry.partner_id, self.partner)
        again = self.mail(partners=[self.partner])
        self.send_queue()
        self.assertEqual(self.states(again), {"bob@example.com": "refused"})

    def test_a_full_mailbox_is_not_dead(self):
        mail = self.send_one()
        self.come_back(mail, status="5.2.2", reply="552 5.2.2 mailbox full")
        self.assertEqual(self.states(mail), {"bob@example.com": "bounced"})
        self.assertFalse(self.env["message.suppression"].search([]))

    def test_a_delay_changes_nothing(self):
        mail = self.send_one()
        self.come_back(mail, status="4.4.1", action="delayed", reply="connection timed out")
        self.assertEqual(self.states(mail), {"bob@example.com": "accepted"})

    def test_only_a_report_says_delivered(self):
        mail = self.send_one()
        self.come_back(mail, status="2.0.0", action="delivered", reply="250 ok")
        self.assertEqual(self.states(mail), {"bob@example.com": "delivered"})
        self.assertEqual(mail.history_ids.state, "sent")

    def test_own_return_addresses_are_recognised(self):
        self.channel.verp = True
        mail = self.send_one()
        (sender, _recipients, _message), = self.smtp.taken
        secret = self.env["mail.thread"]._verp_secret()
        self.assertEqual(decode(sender, secret), (self.alias_domain.bounce_email, self.deliveries(mail).id))
        # a notice that says nothing that a program could read
        raw = build_mail("It did not work out, sorry.", sender="robot@mx.example.org", to=sender, subject="Oh")
        message = self.receive(raw, channel=self.inbox)
        self.settle()
        self.assertEqual(message.kind, "bounce")
        self.assertEqual(self.states(mail), {"bob@example.com": "bounced"})

    def test_nobody_makes_bounces_up(self):
        mail = self.send_one()
        forged = encode(self.alias_domain.bounce_email, self.deliveries(mail).id, b"guessed")
        raw = build_mail("It did not work out.", sender="robot@mx.example.org", to=forged, subject="Oh")
        self.receive(raw, channel=self.inbox)
        self.settle()
        self.assertEqual(self.states(mail), {"bob@example.com": "accepted"})

    def test_with_own_return_addresses_everybody_is_alone(self):
        self.channel.verp = True
        self.channel.share_from = 2
        partners = self.env["res.partner"].create([
            {"name": f"Reader {number}", "email": f"reader{number}@example.com"} for number in range(5)])
        self.mail(partners=partners)
        self.send_queue()
        self.assertEqual(len(self.smtp.taken), 5)
        self.assertEqual(len({sender for sender, _to, _message in self.smtp.taken}), 5)

    def test_replies_join_the_conversation_of_what_was_sent(self):
        mail = self.send_one(model="res.partner", res_id=self.partner.id)
        self.env["message.conversation"]._settle()
        self.assertFalse(mail.history_ids.conversation_id.with_user(self.manager).unread, "we know what we wrote")
        reply = self.receive(
            build_mail("Thank you.", sender="bob@example.com", references=mail.message_id), channel=self.inbox)
        self.assertTrue(reply.conversation_id)
        self.assertEqual(reply.conversation_id, mail.history_ids.conversation_id)
