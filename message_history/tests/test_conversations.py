from .common import MessageCase, build_mail


class TestConversations(MessageCase):
    """What a conversation tells of its messages, and what each user saw of it."""

    def test_it_shows_the_last_message(self):
        first, = self.receive(build_mail("The first text", message_id="<1@x.example>"))
        conversation = first.conversation_id
        self.assertEqual(conversation.subject, "A question")
        self.assertEqual(conversation.preview, "The first text")
        self.assertEqual(conversation.sender, "Ann")
        self.assertEqual(conversation.channel_id, self.channel)
        self.assertEqual(conversation.document_name, "A question")
        self.receive(build_mail("The second", references="<1@x.example>", sender="Bob <bob@example.com>"))
        conversation.invalidate_recordset()
        self.assertEqual((conversation.preview, conversation.sender), ("The second", "Bob"))
        self.assertEqual(conversation.subject, "A question", "the first message names it")

    def test_every_row_is_settled(self):
        self.receive(build_mail(), build_mail(auto_submitted="auto-replied"))
        self.assertEqual(set(self.ledger().mapped("settled")), {True})
        self.assertEqual(self.env["message.conversation"]._settle(), 0)

    def test_a_new_message_opens_a_closed_conversation(self):
        message = self.receive(build_mail(message_id="<1@x.example>"))
        conversation = message.conversation_id
        conversation.action_done()
        self.receive(build_mail(references="<1@x.example>", auto_submitted="auto-replied"))
        conversation.invalidate_recordset()
        self.assertEqual(conversation.state, "done", "a vacation notice opens nothing")
        self.receive(build_mail(references="<1@x.example>"))
        conversation.invalidate_recordset()
        self.assertEqual(conversation.state, "open")

    def test_failed_messages_are_counted(self):
        with self.failing("res.partner", "message_new", ValueError("no")):
            message = self.receive(build_mail())
        self.assertEqual(message.conversation_id.failed_count, 1)
        message.action_try_again()
        self.work()
        message.conversation_id.invalidate_recordset()
        self.assertEqual(message.conversation_id.failed_count, 0)

    # Unread ---------------------------------------------------------------------------------

    def unread_of(self, user):
        return self.env["message.conversation"].with_user(user).search(
            [("unread", "=", True), ("channel_ids", "in", self.channel.ids)])

    def test_unread_is_newer_than_what_the_user_saw(self):
        message = self.receive(build_mail(message_id="<1@x.example>"))
        conversation = message.conversation_id
        mine = conversation.with_user(self.member)
        self.assertTrue(mine.unread)
        self.assertEqual(self.unread_of(self.member), conversation)
        mine.action_mark_seen()
        self.assertFalse(mine.unread)
        self.assertFalse(self.unread_of(self.member))
        self.assertTrue(conversation.with_user(self.manager).unread, "each user by himself")
        self.receive(build_mail(references="<1@x.example>"))
        self.env.invalidate_all()
        self.assertTrue(mine.unread)
        self.assertEqual(self.unread_of(self.member), conversation)

    def test_unread_again(self):
        message = self.receive(build_mail())
        mine = message.conversation_id.with_user(self.member)
        mine.action_mark_seen()
        mine.action_mark_unread()
        self.assertTrue(mine.unread)

    def test_seen_twice_is_seen(self):
        mine = self.receive(build_mail()).conversation_id.with_user(self.member)
        mine.action_mark_seen()
        mine.action_mark_seen()
        self.assertFalse(mine.unread)
        read = self.env["message.conversation"].with_user(self.member).search([("unread", "=", False)])
        self.assertEqual(read, mine)

    # Actions ----------------------------------------------------------------------------------

    def test_take_and_open(self):
        message = self.receive(build_mail())
        mine = message.conversation_id.with_user(self.member)
        mine.action_assign_to_me()
        self.assertEqual(mine.assignee_id, self.member)
        self.assertEqual(mine.action_view_messages()["domain"], [("conversation_id", "=", mine.id)])
        opened = message.conversation_id.with_user(self.manager).action_open_document()
        self.assertEqual((opened["res_model"], opened["res_id"]), (message.model, message.res_id))

    def test_the_channel_is_told_that_something_changed(self):
        told = []
        self.patch(type(self.env["message.channel"]), "_bus_send",
                   lambda channels, kind, content, **_options: told.append((channels, kind, content)))
        message = self.receive(build_mail("a secret text"))
        changes = [(channels, content) for channels, kind, content in told if kind == "message_history/changed"]
        self.assertEqual(changes[0][0], self.channel)
        self.assertEqual(changes[0][1], {"conversation_ids": message.conversation_id.ids})
        self.assertNotIn("secret", str(told))

    def test_browsers_hear_of_the_channels_of_their_user(self):
        for user, hears in ((self.member, True), (self.other, False), (self.manager, True)):
            channels = self.env["ir.websocket"].with_user(user)._message_channels()
            self.assertEqual(self.channel in [channel for channel, _key in channels], hears, user.login)

    def test_a_document_that_is_gone(self):
        message = self.receive(build_mail())
        self.document(message).unlink()
        message.invalidate_recordset()
        self.assertFalse(message.document_name or message.conversation_id.document_name)
        self.assertState(message, "processed")
        self.assertTrue(message.raw_kept, "the proof stays")
