from .common import MessageCase, build_mail


class TestDispatch(MessageCase):
    """What a processed message becomes: a document, a reply on one, or nothing."""

    def make_alias(self, name, **values):
        return self.env["mail.alias"].create({
            "alias_name": name, "alias_model_id": self.env["ir.model"]._get_id("res.partner"),
            "alias_domain_id": self.alias_domain.id, "alias_contact": "everyone", **values})

    def at_alias(self, name):
        return f"{name}@{self.alias_domain.name}"

    # New ----------------------------------------------------------------------------------------

    def test_a_new_mail_makes_a_document(self):
        message = self.receive(build_mail(
            "Where is my order?\n", subject="Order", cc="Bob <bob@example.com>", attachments=[("a.txt", b"1")]))
        self.assertState(message, "processed")
        document = self.document(message)
        self.assertEqual((document._name, document.name), ("res.partner", "Order"))
        note = document.message_ids.filtered(lambda note: note.message_type == "email")
        self.assertEqual(note, message.mail_message_id)
        self.assertIn("Where is my order?", note.body)
        self.assertEqual(note.attachment_ids.mapped("name"), ["a.txt"])
        self.assertEqual(message.sender_address, "ann@example.com")
        self.assertEqual(message.recipients, "office@example.net, bob@example.com")
        self.assertEqual((message.kind, message.preview), ("person", "Where is my order?"))
        self.assertEqual(str(message.header_date), "2026-01-02 10:00:00")
        self.assertEqual((message.attempts, message.attachment_count), (1, 1))

    def test_the_default_values_of_the_folder_win(self):
        self.folder.default_values = "{'name': 'From the web', 'ref': 'WEB'}"
        document = self.document(self.receive(build_mail()))
        self.assertEqual((document.name, document.ref), ("From the web", "WEB"))

    def test_each_folder_has_its_own_document_type(self):
        self.folder.copy({"name": "Jobs", "model_id": self.env["ir.model"]._get_id("message.conversation")})
        self.server.folders["Jobs"] = {}
        contact, = self.receive(build_mail())
        other, = self.receive(build_mail(), folder="Jobs")
        self.assertEqual((contact.model, other.model), ("res.partner", "message.conversation"))

    def test_without_a_type_it_is_kept_as_failed(self):
        self.folder.model_id = False
        message = self.receive(build_mail())
        self.assertState(message, "failed")
        self.assertEqual(message.failure_type, "unroutable")
        self.assertIn("no alias has its address", message.state_reason)

    # Aliases ------------------------------------------------------------------------------------

    def test_an_alias_says_what_it_becomes(self):
        self.folder.model_id = False
        self.make_alias("jobs", alias_defaults="{'ref': 'JOB'}")
        message = self.receive(build_mail(to=self.at_alias("jobs")))
        self.assertState(message, "processed")
        self.assertEqual(self.document(message).ref, "JOB")

    def test_two_aliases_make_two_documents_and_both_keep_the_copy(self):
        self.make_alias("one", alias_defaults="{'ref': 'ONE'}")
        self.make_alias("two", alias_defaults="{'ref': 'TWO'}")
        to = f"{self.at_alias('one')}, {self.at_alias('two')}"
        message = self.receive(build_mail(to=to, cc="Carl <carl@example.com>", message_id="<two@example.com>"))
        self.assertState(message, "processed")
        notes = self.env["mail.message"].search([("message_id", "=", "<two@example.com>")])
        documents = self.env["res.partner"].browse(notes.mapped("res_id"))
        self.assertEqual(sorted(documents.mapped("ref")), ["ONE", "TWO"])
        for note in notes:
            self.assertIn("carl@example.com", note.incoming_email_cc or "")

    def test_a_closed_alias_refuses_and_tells_the_sender(self):
        self.make_alias("team", alias_contact="partners")
        message = self.receive(build_mail(to=self.at_alias("team"), sender="stranger@elsewhere.example"))
        self.assertState(message, "ignored")
        self.assertIn("does not take messages from this sender", message.state_reason)
        refusal = self.env["mail.mail"].search([("email_to", "ilike", "stranger@elsewhere.example")])
        self.assertEqual(len(refusal), 1)

    # Replies ------------------------------------------------------------------------------------

    def test_a_reply_goes_to_its_document(self):
        first = self.receive(build_mail(message_id="<first@example.com>"))
        reply = self.receive(build_mail("Thank you", subject="Re: A question", references="<first@example.com>"))
        self.assertEqual((reply.model, reply.res_id), (first.model, first.res_id))
        self.assertEqual(reply.conversation_id, first.conversation_id)
        self.assertIn("Thank you", self.document(first).message_ids.mapped("body")[0])

    def test_a_reply_in_the_same_chunk_waits_for_its_parent(self):
        reply, first = self.receive(
            build_mail("Thank you", references="<late@example.com>", sender="bob@example.com"),
            build_mail(message_id="<late@example.com>"))
        self.assertEqual(reply.res_id, first.res_id)
        self.assertEqual(reply.conversation_id, first.conversation_id)

    def test_many_replies_in_front_of_what_they_answer(self):
        """More of them than a batch holds: they must not keep the batch from what they wait for."""
        replies = [build_mail(f"Reply {number}", references="<late@example.com>", sender=f"p{number}@example.com")
                   for number in range(60)]
        messages = self.receive(*replies, build_mail(message_id="<late@example.com>"))
        self.assertState(messages, "processed")
        self.assertEqual(len(set(messages.mapped("res_id"))), 1)

    def test_messages_that_wait_for_each_other_wait_no_longer_than_allowed(self):
        one, two = self.receive(
            build_mail(message_id="<1@example.com>", references="<2@example.com>"),
            build_mail(message_id="<2@example.com>", references="<1@example.com>"))
        self.assertState(one | two, "received")
        self.env.cr.execute("UPDATE message_history SET create_date = now() - interval '1 hour' WHERE id IN %s",
                            [(one.id, two.id)])
        self.work()
        self.assertState(one | two, "processed")
        self.assertEqual(one.conversation_id, two.conversation_id)

    def test_a_reply_to_a_message_that_odoo_sent(self):
        partner = self.env["res.partner"].create({"name": "Ann", "email": "ann@example.com"})
        sent = partner.message_post(body="Hello", message_type="comment", subtype_xmlid="mail.mt_comment")
        reply = self.receive(build_mail("Hello you", references=sent.message_id))
        self.assertEqual((reply.model, reply.res_id), ("res.partner", partner.id))
        self.assertEqual(reply.partner_id, partner)

    def test_a_reply_while_its_parent_fails_waits_with_it(self):
        with self.failing("res.partner", "message_new", ValueError("no")):
            first, reply = self.receive(
                build_mail(message_id="<p@example.com>"), build_mail("Re", references="<p@example.com>"))
            self.assertState(first, "failed")
            self.assertState(reply, "received")
        self.make_due(first)
        self.work()
        self.assertState(first | reply, "processed")
        self.assertEqual(first.res_id, reply.res_id)

    # The same mail on several ways -----------------------------------------------------------------

    def test_the_same_mail_in_two_mailboxes_is_one_document(self):
        other, _server = self.make_channel("Sales")
        raw = build_mail(message_id="<both@example.com>")
        first = self.receive(raw)
        second = self.receive(raw, channel=other)
        self.assertState(second, "ignored")
        self.assertIn("came in through Office before", second.state_reason)
        self.assertEqual(second.same_as_id, first)
        self.assertEqual((second.model, second.res_id), (first.model, first.res_id))
        self.assertEqual(second.conversation_id, first.conversation_id)

    def test_nobody_takes_the_place_of_a_mail_that_is_to_come(self):
        """Who gets a mail as well knows all that it is known by, and may be faster than its server."""
        for way in ("later", "together"):
            for size in (1000, 400_000):
                with self.subTest(way=way, size=size):
                    uid = f"<invoice-{way}-{size}@example.com>"
                    forged = build_mail(message_id=uid, attachments=[("invoice.pdf", b"x" * size)])
                    genuine = build_mail(message_id=uid, attachments=[("invoice.pdf", b"y" * size)])
                    if way == "together":
                        first, second = self.receive(forged, genuine)
                    else:
                        first, second = self.receive(forged), self.receive(genuine)
                    self.assertState(first | second, "processed")
                    self.assertNotEqual(first.res_id, second.res_id)
                    other = self.make_channel("Sales")[0]
                    self.assertEqual(self.receive(genuine, channel=other).same_as_id, second)
        self.channel.authserv_ids = "mx.example.net"
        genuine = build_mail(message_id="<order@example.com>")
        passed = b"Authentication-Results: mx.example.net; dmarc=pass header.from=example.com\r\n" + genuine
        first, second = self.receive(genuine), self.receive(passed)
        self.assertState(first | second, "processed")
        self.assertEqual(self.receive(genuine).same_as_id, first)

    def test_two_mails_with_one_id_are_two_documents(self):
        other, _server = self.make_channel("Sales")
        first = self.receive(build_mail("One", message_id="<reused@example.com>"))
        second = self.receive(build_mail("Two", subject="Else", message_id="<reused@example.com>"))
        third = self.receive(build_mail("Three", subject="Third", message_id="<reused@example.com>"), channel=other)
        self.assertState(first | second | third, "processed")
        self.assertEqual(len({first.res_id, second.res_id, third.res_id}), 3)

    def test_a_mail_of_ours_that_comes_back_makes_nothing(self):
        partner = self.env["res.partner"].create({"name": "Ann"})
        sent = partner.message_post(body="Hello all", message_type="comment", subtype_xmlid="mail.mt_comment")
        raw = build_mail("Hello all", message_id=sent.message_id, to="list@example.com")
        message = self.receive(raw)
        self.assertState(message, "ignored")
        self.assertIn("Odoo sent this message itself", message.state_reason)
        self.assertEqual((message.model, message.res_id), ("res.partner", partner.id))

    # One bad message ----------------------------------------------------------------------------

    def test_one_bad_message_stops_no_other(self):
        original = type(self.env["res.partner"]).message_new

        def choose(records, msg_dict, custom_values=None):
            if "bad" in msg_dict["subject"]:
                raise ValueError("this one is bad")
            return original(records, msg_dict, custom_values)

        self.patch(type(self.env["res.partner"]), "message_new", choose)
        one, bad, two = self.receive(build_mail(subject="one"), build_mail(subject="bad"), build_mail(subject="two"))
        self.assertState(one | two, "processed")
        self.assertState(bad, "failed")
        self.assertEqual(self.document(two).name, "two")

    def test_a_broken_folder_stops_no_other(self):
        self.folder.copy({"name": "Gone", "sequence": 1})
        self.server.deliver(build_mail())
        report = self.fetch()
        self.assertEqual(report.received, 1)
        self.assertIn("no folder Gone", report.error_text)

    def test_core_and_ledger_agree_on_the_author(self):
        partner = self.env["res.partner"].create({"name": "Ann", "email": "ann@example.com"})
        message = self.receive(build_mail())
        self.assertEqual(message.partner_id, partner)
        self.assertEqual(message.mail_message_id.author_id, partner)
        self.assertEqual(message.conversation_id.partner_id, partner)
