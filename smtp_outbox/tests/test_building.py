from email.utils import getaddresses

from .common import OutboxCase


class TestBuilding(OutboxCase):
    """What is built: core's mail, clean, with header recipients apart from envelope recipients."""

    def sent(self, mail):
        """Send a mail and return the message as the server got it."""
        before = len(self.smtp.taken)
        self.send_queue()
        self.assertEqual(mail.state, "sent", mail.failure_reason)
        return self.smtp.taken[before][2]

    def test_no_header_can_be_injected(self):
        evil = "x\r\nBcc: evil@example.com\r\nX-Evil: yes"
        attachment = self.env["ir.attachment"].create({"name": evil, "raw": b"content", "mimetype": "text/plain"})
        mail = self.mail(
            "ann@example.com", subject=f"Offer {evil}", reply_to=f"sales@example.net {evil}",
            references=f"<a@b.example> {evil}", email_cc="bob@example.com\r\nX-Evil: yes",
            headers=repr({"X-Own": f"1{evil}", "X-Bad\r\nX-Evil": "yes", "X-Evil: yes\r\nX-Worse": "yes"}),
            attachment_ids=[(4, attachment.id)])
        message = self.sent(mail)
        self.assertNotIn("x-evil", [name.lower() for name in message])
        self.assertFalse(message["Bcc"])
        for part in message.walk():
            self.assertNotIn("x-evil", [name.lower() for name in part])
        self.assertEqual(self.smtp.arrived(), {"ann@example.com": 1, "bob@example.com": 1})

    def test_own_headers_arrive(self):
        message = self.sent(self.mail(
            "ann@example.com", headers=repr({"X-Campaign": "spring", "List-Id": "<l.example>"})))
        self.assertEqual((message["X-Campaign"], message["List-Id"]), ("spring", "<l.example>"))

    def test_structure_is_core_s(self):
        attachment = self.env["ir.attachment"].create({"name": "Übersicht.pdf", "raw": b"%PDF-1.4 content"})
        message = self.sent(self.mail("ann@example.com", attachment_ids=[(4, attachment.id)]))
        kinds = [part.get_content_type() for part in message.walk()]
        self.assertEqual(kinds, ["multipart/mixed", "multipart/alternative", "text/plain", "text/html",
                                 "application/pdf"])
        (found,) = message.iter_attachments()
        self.assertEqual((found.get_filename(), found.get_content()), ("Übersicht.pdf", b"%PDF-1.4 content"))

    def test_the_copy_needs_no_eight_bits(self):
        message = self.sent(self.mail("ann@example.com", subject="Größe", body_html="<p>Süße Grüße, 東京</p>"))
        self.assertEqual(message["Subject"], "Größe")
        self.assertIn("東京", message.get_body(("html",)).get_content())
        self.assertTrue(message.as_bytes().isascii())

    def test_cc_is_in_the_header_and_in_the_envelope(self):
        message = self.sent(self.mail("ann@example.com", email_cc="Bob <bob@example.com>"))
        self.assertEqual(getaddresses([str(message["Cc"])]), [("Bob", "bob@example.com")])
        self.assertEqual(self.smtp.arrived(), {"ann@example.com": 1, "bob@example.com": 1})

    def test_the_bounce_address_is_the_envelope_s(self):
        self.sent(self.mail("ann@example.com"))
        self.assertEqual(self.smtp.taken[0][0], self.alias_domain.bounce_email)

    def test_addresses_beyond_ascii_where_the_server_takes_them(self):
        mail = self.mail("jörg@example.com", "ann@example.com")
        self.send_queue()
        self.assertEqual(self.smtp.arrived(), {"jörg@example.com": 1, "ann@example.com": 1})
        self.assertEqual(mail.state, "sent")

    def test_else_they_are_refused_in_words_and_nobody_else(self):
        self.smtp.features.pop("smtputf8")
        mail = self.mail("jörg@example.com", "ann@example.com")
        self.send_queue()
        self.assertEqual(self.states(mail), {"jörg@example.com": "refused", "ann@example.com": "accepted"})
        self.assertIn("SMTPUTF8", mail.failure_reason)

    def test_domains_beyond_ascii_go_everywhere(self):
        self.smtp.features.pop("smtputf8")
        mail = self.mail("ann@müller.example")
        self.send_queue()
        self.assertEqual(mail.state, "sent", mail.failure_reason)
        self.assertEqual(self.smtp.arrived(), {"ann@xn--mller-kva.example": 1})

    def test_too_large_for_the_server(self):
        self.smtp.features["size"] = "1000"
        mail = self.mail("ann@example.com", body_html="<p>" + "long " * 1000 + "</p>")
        self.send_queue()
        self.assertEqual(mail.state, "exception")
        self.assertIn("1000", mail.failure_reason)

    def test_large_mail_comes_from_the_file_store(self):
        content = bytes(range(256)) * 2000
        attachment = self.env["ir.attachment"].create({"name": "plan.bin", "raw": content})
        mail = self.mail("ann@example.com", "bob@example.com", attachment_ids=[(4, attachment.id)])
        message = self.sent(mail)
        (found,) = message.iter_attachments()
        self.assertEqual(found.get_content(), content)

    def test_dots_and_line_ends_survive(self):
        message = self.sent(self.mail("ann@example.com", body_html="<pre>.\n..\n.end\n</pre>"))
        self.assertIn(".\n..\n.end", message.get_body(("html",)).get_content().replace("\r\n", "\n"))
