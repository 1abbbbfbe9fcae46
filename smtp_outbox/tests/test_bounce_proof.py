from odoo.addons.message_history.lib.delivery_mark import HEADER
from odoo.addons.message_history.tests.common import MessageCase, build_mail

from ..lib.verp import decode, encode
from .common import OutboxCase

NOTICE = """\
{headers}From: {sender}
To: {to}
Subject: Undelivered Mail Returned to Sender
Message-ID: <notice-{number}@mx.outside.example>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type={type}; boundary="b"

--b
Content-Type: text/plain

I'm sorry: <{address}>: 550 5.1.1 user unknown
--b
Content-Type: message/{type}

{fields}
--b
Content-Type: text/rfc822-headers

{mark}Message-ID: {message_id}
To: {address}
Subject: Offer
--b--
"""
FAILED = """\
Reporting-MTA: dns; mx.outside.example

Final-Recipient: rfc822; {address}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 5.1.1 user unknown
"""
READ = """\
Final-Recipient: rfc822; {address}
Original-Message-ID: {message_id}
Disposition: manual-action/MDN-sent-manually; displayed
"""
COMPLAINT = """\
Feedback-Type: abuse
User-Agent: Somebody/1.0
Version: 1
Original-Rcpt-To: {address}
"""
PASSED = "Authentication-Results: mx.example.net; dmarc=pass header.from={}\n"
DAEMON = "Mail Delivery System <MAILER-DAEMON@mx.outside.example>"


class TestBounceProof(OutboxCase, MessageCase):
    """One who gets a mail together with others knows its id and their addresses; that is no proof.

    ``victim`` and ``thief`` got one mail; the thief writes all that he can write.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.inbox, _server = cls.make_channel("Bounces", address=cls.alias_domain.bounce_email)
        cls.elsewhere, _server = cls.make_channel("Elsewhere", address="office@example.net")
        cls.partner = cls.env["res.partner"].create({"name": "Victim", "email": "victim@customer.example"})
        cls.number = 0

    def send(self, *to):
        """Send a mail to these recipients together; returns it."""
        mail = self.mail(*(to or ("victim@customer.example", "thief@outside.example")))
        self.send_queue()
        self.assertEqual(set(self.states(mail).values()), {"accepted"})
        return mail

    def mark_of(self, address):
        """Return the header line that the copy of a recipient carried."""
        copies = [message for _sender, recipients, message in self.smtp.taken if address in recipients]
        return f"{HEADER}: {copies[-1][HEADER]}\n"

    def notice(self, mail, address="victim@customer.example", *, to=None, sender=DAEMON, headers="", mark="",
               fields=FAILED, report="delivery-status", action="failed", status="5.1.1", channel=None,
               message_id=None):
        """Let a notice come in; returns its ledger row."""
        type(self).number += 1
        message_id = message_id or mail.message_id
        raw = NOTICE.format(
            headers=headers, sender=sender, to=to or self.alias_domain.bounce_email, number=self.number, type=report,
            address=address, message_id=message_id, mark=mark,
            fields=fields.format(address=address, message_id=message_id, action=action, status=status))
        message = self.receive(raw.replace("\n", "\r\n").encode(), channel=channel or self.inbox)
        self.settle()
        return message

    def assertUnchanged(self, mail):
        self.env.invalidate_all()
        self.assertEqual(set(self.states(mail).values()), {"accepted"})
        self.assertTrue(all(delivery.failure_type is False for delivery in self.deliveries(mail)))
        self.assertFalse(any("user unknown" in (one.server_reply or "") for one in self.deliveries(mail)))
        self.assertEqual(self.partner.message_bounce, 0)
        self.assertFalse(self.env["message.suppression"].search([]))

    # What a thief can write ----------------------------------------------------------------------

    def test_a_forged_notice_changes_nothing(self):
        mail = self.send()
        thief = self.mark_of("thief@outside.example")
        received = "Received: from mx.customer.example by mx.example.net; Fri, 02 Jan 2026 10:00:00 +0000\n"
        results = "Authentication-Results: mx.example.net; dmarc=pass header.from=customer.example\n"
        customer = "MAILER-DAEMON@customer.example"
        for name, notice in {
            "to another channel": {"channel": self.elsewhere},
            "to another channel, which it says is this one": {
                "channel": self.elsewhere, "headers": f"Delivered-To: {self.alias_domain.bounce_email}\n"},
            "to the right mailbox": {},
            "with the thief's own mark": {"mark": thief},
            "with many marks of his": {"mark": thief * 30},
            "in the name of the recipient's server": {"sender": customer},
            "with results of its own": {"sender": customer, "headers": results},
            "with results below a Received line": {"sender": customer, "headers": received + results},
            "from Google": {"sender": "mailer-daemon@googlemail.com"},
            "as a delay": {"action": "delayed", "status": "4.4.1"},
            "as delivered": {"action": "delivered", "status": "2.0.0"},
            "as a complaint": {"fields": COMPLAINT, "report": "feedback-report", "sender": "abuse@customer.example"},
            "as a receipt": {"fields": READ, "report": "disposition-notification", "sender": "thief@outside.example"},
            "as a receipt in the recipient's name": {
                "fields": READ, "report": "disposition-notification", "sender": "victim@customer.example"},
        }.items():
            with self.subTest(name):
                message = self.notice(mail, **notice)
                self.assertUnchanged(mail)
                self.assertNotIn(message.state, ("failed", "given_up", "received"))
                if message.kind == "bounce" and message.state == "processed":
                    self.assertIn("not proven", message.state_reason)

    def test_a_forged_notice_changes_nothing_where_servers_are_named(self):
        self.inbox.authserv_ids = self.elsewhere.authserv_ids = "mx.example.net"
        mail = self.send()
        ours = "Authentication-Results: mx.example.net; {}\n"
        for name, notice in {
            "a thief who is who he says": {
                "sender": "mailer-daemon@outside.example", "headers": PASSED.format("outside.example")},
            "a colleague of the recipient": {
                "sender": "somebody@customer.example", "headers": PASSED.format("customer.example")},
            "the recipient's server, not confirmed": {"sender": "mailer-daemon@customer.example"},
            "the recipient's server, denied": {
                "sender": "mailer-daemon@customer.example",
                "headers": ours.format("dmarc=fail header.from=customer.example")},
            "two senders": {
                "sender": "mailer-daemon@customer.example, mailer-daemon@outside.example",
                "headers": PASSED.format("customer.example")},
            "not to where notices go": {
                "sender": "mailer-daemon@customer.example", "headers": PASSED.format("customer.example"),
                "channel": self.elsewhere, "to": "office@example.net"},
            "a receipt of somebody else": {
                "sender": "thief@outside.example", "headers": PASSED.format("outside.example"), "fields": READ,
                "report": "disposition-notification"},
        }.items():
            with self.subTest(name):
                self.notice(mail, **notice)
                self.assertUnchanged(mail)

    def test_what_is_not_proven_stands_in_the_conversation(self):
        mail = self.send()
        message = self.notice(mail)
        self.assertUnchanged(mail)
        self.assertTrue(message.conversation_id)
        self.assertEqual(message.conversation_id, mail.history_ids.conversation_id)

    def test_a_recipient_whom_the_message_was_not_sent_to_is_not_touched(self):
        mail = self.send()
        self.notice(mail, "stranger@customer.example", mark=self.mark_of("thief@outside.example"))
        self.assertUnchanged(mail)

    def test_another_company_is_not_touched_by_who_is_confirmed(self):
        other = self.env["res.company"].create({"name": "Other"})
        self.channel.company_id = self.env.company
        self.inbox.write({"authserv_ids": "mx.example.net", "company_id": other.id})
        mail = self.send()
        message = self.notice(mail, sender="mailer-daemon@customer.example",
                              headers=PASSED.format("customer.example"))
        self.assertUnchanged(mail)
        self.assertEqual(message.authenticated, "pass")

    # Own return addresses -----------------------------------------------------------------------

    def test_own_return_addresses_prove_their_own_delivery_alone(self):
        self.channel.verp = True
        mail = self.send()
        victim, thief = self.deliveries(mail)
        secret = self.env["message.bounce"]._secret()
        mine = next(sender for sender, to, _message in self.smtp.taken if "thief@outside.example" in to)
        self.assertEqual(decode(mine, secret)[1], thief.id)
        # he has his own, and a notice about the other
        self.notice(mail, to=mine)
        self.assertEqual([victim.state, thief.state], ["accepted", "bounced"])
        self.assertFalse(self.env["message.suppression"].search([("address", "=", "victim@customer.example")]))
        self.assertEqual(self.partner.message_bounce, 0)

    def test_no_changed_return_address_is_taken(self):
        self.channel.verp = True
        mail = self.send()
        victim, thief = self.deliveries(mail)
        secret = self.env["message.bounce"]._secret()
        local, _at, domain = encode(self.alias_domain.bounce_email, thief.id, secret).rpartition("@")
        true = encode(self.alias_domain.bounce_email, victim.id, secret)
        flipped = [true[:at] + f"{int(true[at], 16) ^ 1:x}" + true[at + 1:]
                   for at in range(true.rindex("-") + 1, true.rindex("@"))]
        name = true.rpartition("@")[0].rpartition("+")[2].partition("-")[0]
        for address in (*flipped, f"{local.replace(local.rpartition('+')[2], '')}{name}-{local[-10:]}@{domain}",
                        encode(self.alias_domain.bounce_email, victim.id, b""),
                        encode(self.alias_domain.bounce_email, victim.id, b"database.secret"),
                        true.replace("+", "+0"), f"bounce+-{true[-20:-10]}@{domain}"):
            with self.subTest(address):
                raw = build_mail("It did not work out.", sender="robot@mx.outside.example", to=address, subject="Oh")
                self.receive(raw, channel=self.inbox)
                self.settle()
                self.assertUnchanged(mail)

    def test_a_vacation_notice_or_a_delay_to_an_own_return_address_is_no_bounce(self):
        self.channel.verp = True
        self.inbox.automatic_mail = "process"
        mail = self.send("victim@customer.example")
        (mine, _to, _message), = self.smtp.taken
        raw = build_mail("I am away.", sender="victim@customer.example", to=mine, subject="Away",
                         auto_submitted="auto-replied")
        self.receive(raw, channel=self.inbox)
        self.notice(mail, to=mine, action="delayed", status="4.4.1")
        self.settle()
        self.assertEqual(self.states(mail), {"victim@customer.example": "accepted"})

    # What is proof --------------------------------------------------------------------------------

    def test_who_has_the_copy_is_believed_wherever_it_comes(self):
        for channel in (self.inbox, self.elsewhere):
            with self.subTest(channel.name):
                mail = self.send()
                message = self.notice(mail, mark=self.mark_of("victim@customer.example"), channel=channel)
                self.assertEqual(self.states(mail), {
                    "victim@customer.example": "bounced", "thief@outside.example": "accepted"})
                self.assertEqual(message.state_reason, "Undeliverable: victim@customer.example")
                self.assertEqual(self.env["message.suppression"].search([]).address, "victim@customer.example")
                self.env["message.suppression"].search([]).active = False

    def test_the_mail_system_of_the_recipient_is_believed_where_notices_go(self):
        self.inbox.authserv_ids = "mx.example.net"
        for sender, domain in (("mailer-daemon@customer.example", "customer.example"),
                               ("postmaster@mx.customer.example", "mx.customer.example"),
                               (f"mailer-daemon@{self.alias_domain.name}", self.alias_domain.name)):
            with self.subTest(sender):
                mail = self.send()
                self.notice(mail, sender=sender,
                            headers=PASSED.format(domain))
                self.assertEqual(self.states(mail), {
                    "victim@customer.example": "bounced", "thief@outside.example": "accepted"})
                self.env["message.suppression"].search([]).active = False

    def test_a_receipt_of_the_confirmed_recipient_is_believed_for_him_alone(self):
        self.inbox.authserv_ids = "mx.example.net"
        mail = self.send()
        self.notice(mail, sender="victim@customer.example", fields=READ, report="disposition-notification",
                    headers=PASSED.format("customer.example"))
        self.assertEqual(self.states(mail), {"victim@customer.example": "read", "thief@outside.example": "accepted"})

    def test_a_complaint_with_the_copy_is_noted_and_is_no_bounce(self):
        mail = self.send()
        message = self.notice(mail, fields=COMPLAINT, report="feedback-report",
                              mark=self.mark_of("victim@customer.example"))
        self.assertEqual(set(self.states(mail).values()), {"accepted"})
        self.assertEqual(message.state_reason, "Complained of it as unwanted: victim@customer.example")

    # The marks ------------------------------------------------------------------------------------

    def test_each_copy_has_a_mark_of_its_own_also_after_a_correction(self):
        mail = self.send("one@customer.example", "two@customer.example")
        self.assertNotEqual(self.mark_of("one@customer.example"), self.mark_of("two@customer.example"))
        self.assertEqual(len({message["Message-Id"] for _sender, _to, message in self.smtp.taken}), 1)
        self.deliveries(mail)[0].write({"address": "won@customer.example", "state": "queued"})
        self.send_queue()
        self.assertNotEqual(self.mark_of("won@customer.example"), self.mark_of("one@customer.example"))

    def test_many_who_get_one_copy_together_get_no_mark(self):
        self.send(*(f"reader{number}@customer.example" for number in range(11)))
        self.assertEqual([message[HEADER] for _sender, _to, message in self.smtp.taken], [None])
