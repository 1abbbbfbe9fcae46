from ..lib.delivery_mark import HEADER, make_mark
from . import test_bounces
from .common import build_mail


class TestBounceProof(test_bounces.TestBounces):
    """Without the outbox: what anybody could have written changes nothing, and is shown."""

    def assertNothingMoved(self, message):
        self.env.invalidate_all()
        self.assertEqual(self.notifications.mapped("notification_status"), ["sent"] * 3)
        self.assertEqual(self.partners.mapped("message_bounce"), [0, 0, 0])
        self.assertEqual(message.kind, "bounce")
        self.assertState(message, "processed")

    def test_who_knows_id_and_address_proves_nothing(self):
        message = self.receive(self.report(("bob@gone.example", "failed", "5.1.1"), marks=""))
        self.assertNothingMoved(message)
        self.assertIn("bob@gone.example", message.state_reason)
        self.assertIn("not proven", message.state_reason)
        self.assertIn("MAILER-DAEMON@mx.example.org", message.state_reason)

    def test_what_is_not_proven_stands_with_the_document(self):
        message = self.receive(self.report(("bob@gone.example", "failed", "5.1.1"), marks=""))
        self.assertEqual((message.model, message.res_id), ("res.partner", self.document_sent.id))

    def test_the_mark_of_another_recipient_proves_nothing(self):
        message = self.receive(
            self.report(("bob@gone.example", "failed", "5.1.1"), marks=self.marks("dora@fine.example")))
        self.assertNothingMoved(message)

    def test_the_mark_of_another_message_proves_nothing(self):
        message = self.receive(self.report(
            ("bob@gone.example", "failed", "5.1.1"),
            marks=self.marks("bob@gone.example", message_id="<other@odoo.example.net>")))
        self.assertNothingMoved(message)

    def test_a_mark_with_one_bit_changed_proves_nothing(self):
        mark = make_mark(self.env["message.bounce"]._secret(), self.sent.message_id, "bob@gone.example")
        for number in (0, 15, 31):
            changed = mark[:number] + f"{int(mark[number], 16) ^ 1:x}" + mark[number + 1:]
            with self.subTest(number=number):
                message = self.receive(self.report(
                    ("bob@gone.example", "failed", "5.1.1"), marks=f"{HEADER}: {changed}\n"))
                self.assertNothingMoved(message)

    def test_marks_without_a_secret_are_nobodys(self):
        with self.assertRaises(ValueError):
            make_mark(b"", self.sent.message_id, "bob@gone.example")

    def test_of_two_recipients_only_the_proven_one_is_believed(self):
        message = self.receive(self.report(
            ("bob@gone.example", "failed", "5.1.1"), ("carl@gone.example", "failed", "5.1.1"),
            marks=self.marks("carl@gone.example")))
        self.assertEqual(self.notifications.mapped("notification_status"), ["sent", "bounce", "sent"])
        self.assertEqual(self.partners.mapped("message_bounce"), [0, 1, 0])
        self.assertIn("Undeliverable: carl@gone.example", message.state_reason)
        self.assertIn("bob@gone.example was not reached. That is not proven", message.state_reason)

    def test_proof_of_one_message_says_nothing_of_others_named_beside_it(self):
        other = self.document_sent.message_post(body="Another", message_type="comment")
        # he returns another message's headers, with the mark of his own copy of this one
        raw = self.report(("bob@gone.example", "failed", "5.1.1"), message_id=other.message_id,
                          marks=self.marks("bob@gone.example")).replace(
            b"Auto-Submitted:", f"In-Reply-To: {self.sent.message_id}\r\nAuto-Submitted:".encode())
        seen = []
        method = type(self.env["mail.thread"])._routing_handle_bounce

        def note(thread, email_message, message_dict):
            seen.append((message_dict["bounced_msg_ids"], message_dict["bounced_message"]))
            return method(thread, email_message, message_dict)

        self.patch(type(self.env["mail.thread"]), "_routing_handle_bounce", note)
        self.receive(raw)
        self.assertEqual(seen, [([self.sent.message_id], self.sent)])

    def test_a_notice_about_what_never_was_moves_no_counter(self):
        message = self.receive(self.report(
            ("bob@gone.example", "failed", "5.1.1"), message_id="<never@seen.example>", marks=""))
        self.assertNothingMoved(message)

    def test_mail_that_odoo_sends_itself_is_marked_for_a_single_recipient(self):
        servers = self.env["ir.mail_server"]
        for to, marked in ((["bob@gone.example"], True), (["bob@gone.example", "carl@gone.example"], False)):
            message = servers._build_email__(
                email_from="sales@example.net", email_to=to, subject="Offer", body="Hello",
                message_id=self.sent.message_id)
            servers._prepare_email_message__(message, None)
            expected = make_mark(self.env["message.bounce"]._secret(), self.sent.message_id, to[0])
            self.assertEqual(message[HEADER], expected if marked else None)

    def test_the_senders_own_name_resets_no_counter_where_servers_are_named(self):
        self.receive(self.report(("bob@gone.example", "failed", "5.1.1")))
        self.channel.authserv_ids = "mx.example.net"
        for headers, count in (({}, 1), ({"authentication_results": "mx.example.net; dmarc=fail"}, 1), (
                {"authentication_results": "mx.example.net; dmarc=pass header.from=gone.example"}, 0)):
            with self.subTest(headers=headers):
                self.receive(build_mail(sender="bob@gone.example", **headers))
                self.partners.invalidate_recordset()
                self.assertEqual(self.partners[0].message_bounce, count)
