from odoo.addons.message_history.tests.common import MessageCase, build_mail


class TestMessageDemoRequest(MessageCase):
    """A model without mail.thread: new mails make records, replies reach them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder.model_id = cls.env["ir.model"]._get("message.demo.request")

    def make_request(self, *args, **options):
        message = self.receive(build_mail(*args, message_id="<r@example.com>", **options))
        self.assertState(message, "processed")
        return message, self.document(message)

    def test_a_new_mail_makes_a_record(self):
        self.folder.default_values = "{'state': 'answered'}"
        message, request = self.make_request(
            "Please help", subject="Help", x_priority="1", attachments=[("log.bin", b"\x00\x01")])
        self.assertEqual(request._name, "message.demo.request")
        self.assertEqual((request.name, request.requester), ("Help", '"Ann" <ann@example.com>'))
        self.assertIn("Please help", request.description)
        self.assertEqual((request.priority, request.state), ("2", "answered"))
        self.assertEqual(request.attachment_count, 1)
        attachment = self.env["ir.attachment"].search(request.action_view_attachments()["domain"])
        self.assertEqual((attachment.name, attachment.raw), ("log.bin", b"\x00\x01"))
        self.assertEqual(message.document_name, "Help")
        self.assertEqual(message.conversation_id.document_name, "Help")

    def test_a_reply_becomes_a_note(self):
        _message, request = self.make_request()
        reply = self.receive(build_mail(
            "It works now", sender="Bob <bob@example.com>", subject="Re: A question", references="<r@example.com>"))
        self.assertState(reply, "processed")
        self.assertEqual(self.document(reply), request)
        self.assertEqual(len(request.note_ids), 1)
        self.assertIn("It works now", request.note_ids.body)
        self.assertEqual(request.note_ids.author, '"Bob" <bob@example.com>')
        self.assertEqual(str(request.note_ids.date), "2026-01-02 10:00:00")
        self.assertEqual(request.state, "answered")
        self.assertEqual(self.env["message.demo.request"].search_count([("name", "ilike", "A question")]), 1)

    def test_a_reply_to_a_reply(self):
        _message, request = self.make_request()
        self.receive(build_mail(references="<r@example.com>", message_id="<s@example.com>"))
        self.receive(build_mail(references="<s@example.com>"))
        self.assertEqual(len(request.note_ids), 2)

    def test_new_and_reply_in_one_chunk(self):
        new, reply = self.receive(
            build_mail(message_id="<r@example.com>"), build_mail("Oh, and", references="<r@example.com>"))
        self.assertEqual(self.document(new), self.document(reply))
        self.assertEqual(len(self.document(new).note_ids), 1)

    def test_a_reply_to_a_record_that_is_gone_makes_a_new_one(self):
        _message, request = self.make_request()
        request.unlink()
        reply = self.receive(build_mail(references="<r@example.com>"))
        self.assertState(reply, "processed")
        self.assertTrue(self.document(reply).exists())

    def test_message_new_may_return_an_id(self):
        original = type(self.env["message.demo.request"]).message_new
        self.patch(type(self.env["message.demo.request"]), "message_new",
                   lambda *args, **kwargs: original(*args, **kwargs).id)
        _message, request = self.make_request()
        self.assertEqual(request.name, "A question")

    def test_a_record_that_cannot_be_made(self):
        with self.failing("message.demo.request", "message_new", ValueError("not today")):
            message = self.receive(build_mail())
        self.assertState(message, "failed")
        self.assertIn("not today", message.state_reason)

    def test_the_dictionary_has_the_documented_keys(self):
        seen = []
        original = type(self.env["message.demo.request"]).message_new

        def look(records, msg_dict, custom_values=None):
            seen.append({key: msg_dict.get(key) for key in (
                "id", "message-id", "subject", "content-type", "from", "to", "cc", "date", "encoding", "references",
                "priority", "body", "attachments")})
            return original(records, msg_dict, custom_values)

        self.patch(type(self.env["message.demo.request"]), "message_new", look)
        self.make_request(cc="carl@example.com", x_priority="2 (High)")
        found = seen[0]
        self.assertEqual(found["id"], "<r@example.com>")
        self.assertEqual(found["message-id"], "<r@example.com>")
        self.assertEqual((found["priority"], found["content-type"]), ("2", "text/plain"))
        self.assertEqual(found["encoding"].lower(), "utf-8")
        self.assertEqual(found["cc"], "carl@example.com")
        self.assertEqual(found["date"], "2026-01-02 10:00:00")
        self.assertEqual(found["attachments"], [])

    def test_a_message_can_be_put_on_it(self):
        self.folder.model_id = False
        message = self.receive(build_mail())
        self.assertState(message, "failed")
        link = self.env["message.link"].with_user(self.manager).with_context(
            default_history_ids=message.ids).create({"mode": "new", "new_model": "message.demo.request"})
        self.assertIn("message.demo.request", dict(link._selection_new()))
        link.action_apply()
        self.assertState(message, "processed")
        self.assertEqual(self.document(message).name, "A question")

    def test_an_alias_can_make_it(self):
        self.folder.model_id = False
        self.env["mail.alias"].create({
            "alias_name": "requests", "alias_model_id": self.env["ir.model"]._get_id("message.demo.request"),
            "alias_domain_id": self.alias_domain.id})
        message = self.receive(build_mail(to=f"requests@{self.alias_domain.name}"))
        self.assertState(message, "processed")
        self.assertEqual(message.model, "message.demo.request")
