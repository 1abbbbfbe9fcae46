import base64

from .common import MessageCase, build_mail

SES = "<0102018f1a2b3c4d-12345678-1234-1234-1234-12345678900%s-000000@%samazonses.com>"


class TestThreading(MessageCase):
    """Which messages make one conversation, across channels and rewritten ids."""

    def test_a_chain_is_one_conversation(self):
        messages = self.receive(
            build_mail(message_id="<1@x.example>"),
            build_mail(message_id="<2@x.example>", references="<1@x.example>", sender="bob@example.com"),
            build_mail(message_id="<3@x.example>", references="<1@x.example> <2@x.example>"))
        conversation = messages.conversation_id
        self.assertEqual(len(conversation), 1)
        self.assertEqual((conversation.history_count, conversation.last_message_id), (3, messages[2]))

    def test_strangers_stay_strangers(self):
        messages = self.receive(build_mail(subject="Same"), build_mail(subject="Same", sender="bob@example.com"))
        self.assertEqual(len(messages.conversation_id), 2)

    def test_across_channels_and_mailboxes(self):
        sales, _server = self.make_channel("Sales")
        first = self.receive(build_mail(message_id="<1@x.example>"))
        second = self.receive(build_mail(references="<1@x.example>", message_id="<2@x.example>"), channel=sales)
        third = self.receive(build_mail(references="<2@x.example>"))
        self.assertEqual(len((first | second | third).conversation_id), 1)
        self.assertEqual(first.conversation_id.channel_ids, self.channel | sales)

    def test_siblings_of_a_message_nobody_has(self):
        messages = self.receive(
            build_mail(references="<lost@x.example>"),
            build_mail(references="<lost@x.example>", sender="bob@example.com"))
        self.assertEqual(len(messages.conversation_id), 1)

    def test_mails_that_reuse_an_id_are_no_conversation(self):
        one, two = self.receive(
            build_mail("One", message_id="<reused@x.example>"),
            build_mail("Two", subject="Else", message_id="<reused@x.example>", sender="bob@example.com"))
        self.assertNotEqual(one.conversation_id, two.conversation_id)
        reply = self.receive(build_mail("Re", references="<reused@x.example>", sender="carl@example.com"))
        self.assertState(reply, "processed")
        (one | two | reply).invalidate_recordset()
        self.assertNotEqual(one.conversation_id, two.conversation_id)
        meant = (one | two).filtered(lambda mail: mail.conversation_id == reply.conversation_id)
        self.assertEqual(meant.res_id, reply.res_id, "the one whose document it went to")

    def test_one_mail_on_two_ways_is_one_conversation(self):
        sales, _server = self.make_channel("Sales")
        raw = build_mail(message_id="<both@x.example>")
        first, second = self.receive(raw), self.receive(raw, channel=sales)
        self.assertEqual(first.conversation_id, second.conversation_id)

    def test_what_odoo_sent_and_got_back_is_in_the_conversation_of_its_document(self):
        first = self.receive(build_mail())
        sent = self.document(first).message_post(
            body="Our answer", message_type="comment", subtype_xmlid="mail.mt_comment")
        back = self.receive(build_mail("Our answer", message_id=sent.message_id, sender="list@example.com"))
        self.assertState(back, "ignored")
        self.assertEqual(back.conversation_id, first.conversation_id)

    def test_a_late_message_joins_two_conversations(self):
        one = self.receive(build_mail(message_id="<1@x.example>"))
        three = self.receive(build_mail(message_id="<3@x.example>", references="<2@x.example>"))
        gone = three.conversation_id
        self.assertNotEqual(one.conversation_id, gone)
        two = self.receive(build_mail(message_id="<2@x.example>", references="<1@x.example>"))
        (one | two | three).invalidate_recordset()
        self.assertEqual(len((one | two | three).conversation_id), 1)
        self.assertFalse(gone.exists())
        self.assertEqual(one.conversation_id.history_count, 3)

    def test_what_people_noted_survives_a_merge(self):
        one = self.receive(build_mail(message_id="<1@x.example>"))
        three = self.receive(build_mail(message_id="<3@x.example>", references="<2@x.example>"))
        one.conversation_id.with_user(self.member).action_mark_seen()
        self.channel.member_ids += self.other  # what somebody else was given alone joins nothing by a mail
        three.conversation_id.assignee_id = self.other
        self.env["message.conversation.member"].create({
            "conversation_id": three.conversation_id.id, "user_id": self.manager.id, "follows": True,
            "starred": True})
        self.receive(build_mail(message_id="<2@x.example>", references="<1@x.example>"))
        one.invalidate_recordset()
        conversation = one.conversation_id
        self.assertEqual(conversation.assignee_id, self.other)
        marks = {mark.user_id: mark for mark in conversation.member_ids}
        self.assertTrue(marks[self.manager].follows and marks[self.manager].starred)
        self.assertEqual(marks[self.member].seen_message_id, one.id)

    def test_rewritten_ids(self):
        """What providers do to ids: a table of real cases, (headers of the first, references of the reply)."""
        cases = {
            "Exchange keeps the old id aside": (
                {"message_id": "<new@prod.outlook.example>", "x_microsoft_original_message_id": "<old@x.example>"},
                "<old@x.example>"),
            "Amazon SES with its region": (
                {"message_id": SES % (1, "eu-west-1.")}, SES % (1, "eu-west-1.")),
            "Amazon SES, answered without the region": ({"message_id": SES % (2, "eu-west-1.")}, SES % (2, "")),
            "Amazon SES, kept by its API without the region": (
                {"message_id": SES % (3, "")}, SES % (3, "email.")),
            "a comment behind the id": ({"message_id": "<c@x.example>"}, "<c@x.example> (your mail of Friday)"),
        }
        for number, (name, (headers, references)) in enumerate(cases.items()):
            with self.subTest(case=name):
                first = self.receive(build_mail(subject=f"Case {number}", **headers))
                reply = self.receive(build_mail(subject=f"Re: Case {number}", references=references))
                self.assertEqual(reply.conversation_id, first.conversation_id)

    def test_outlook_dropping_references_leaves_its_index(self):
        index = bytes([1, *range(21)])
        first, reply = self.receive(*(build_mail(
            subject=subject, thread_index=base64.b64encode(index + reply).decode(), thread_topic="A question")
            for subject, reply in (("A question", b""), ("RE: A question", b"\x80\x01\x02\x03\x04"))))
        self.assertEqual(reply.conversation_id, first.conversation_id)

    def test_a_reply_to_a_document_joins_its_conversation(self):
        first = self.receive(build_mail(message_id="<1@x.example>"))
        sent = self.document(first).message_post(
            body="Our answer", message_type="comment", subtype_xmlid="mail.mt_comment")
        reply = self.receive(build_mail("Thanks", references=sent.message_id, sender="bob@example.com"))
        self.assertEqual(reply.res_id, first.res_id)
        self.assertEqual(reply.conversation_id, first.conversation_id)

    def test_a_failed_mail_has_its_conversation_too(self):
        first = self.receive(build_mail(message_id="<1@x.example>"))
        with self.failing("res.partner", "message_update", ValueError("no")):
            reply = self.receive(build_mail(references="<1@x.example>"))
        self.assertState(reply, "failed")
        self.assertEqual(reply.conversation_id, first.conversation_id)
        self.assertEqual(first.conversation_id.failed_count, 1)

    def test_hundreds_of_references(self):
        first = self.receive(build_mail(message_id="<root@x.example>"))
        chain = " ".join(f"<{number}@x.example>" for number in range(300))
        reply = self.receive(build_mail(references=f"<root@x.example> {chain}"))
        self.assertIn(reply.conversation_id, first.conversation_id)

    def test_sent_elsewhere_belongs_to_the_conversation(self):
        self.folder.copy({"name": "Sent", "role": "sent", "model_id": False})
        self.server.folders["Sent"] = {}
        first = self.receive(build_mail(message_id="<1@x.example>"))
        sent = self.receive(build_mail(
            sender="office@example.net", to="ann@example.com", message_id="<2@x.example>",
            references="<1@x.example>"), folder="Sent")
        reply = self.receive(build_mail(references="<2@x.example>", message_id="<3@x.example>"))
        self.assertEqual(len((first | sent | reply).conversation_id), 1)
        self.assertEqual(reply.res_id, first.res_id, "a reply to what was sent elsewhere reaches the document")
