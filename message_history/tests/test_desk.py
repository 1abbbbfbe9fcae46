from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError

from .common import MessageCase, build_mail


class DeskCase(MessageCase):
    """Conversations, and a member who works with them."""

    def converse(self, text="Hello", **options):
        """Return a new conversation, as the member sees it."""
        return self.receive(build_mail(text, **options)).conversation_id.with_user(self.member)

    def desk(self, user=None):
        return self.env["message.desk"].with_user(user or self.member)


class TestDeskChanges(DeskCase):
    """What is done at the desk is done for the team, told in words, and can be undone."""

    def test_done_and_undo(self):
        conversation = self.converse()
        outcome = conversation.desk_change({"name": "done"})
        self.assertEqual((conversation.state, outcome["done"]), ("done", conversation.ids))
        self.assertEqual(outcome["text"], "1 done")
        conversation.desk_undo(outcome["undo"])
        self.assertEqual(conversation.state, "open")

    def test_undo_puts_off_again(self):
        """What was snoozed and marked as spam by mistake still wakes."""
        conversation = self.converse()
        until = fields.Datetime.now() + timedelta(days=2)
        conversation.desk_change({"name": "snooze", "until": fields.Datetime.to_string(until)})
        outcome = conversation.desk_change({"name": "spam"})
        self.assertFalse(conversation.snooze_until)
        conversation.desk_undo(outcome["undo"])
        self.assertEqual((conversation.state, conversation.spam), ("waiting", False))
        self.assertEqual(conversation.snooze_until, until.replace(microsecond=0))

    def test_undo_leaves_alone_what_somebody_changed_since(self):
        conversation = self.converse()
        outcome = conversation.desk_change({"name": "assign", "user_id": self.member.id})
        conversation.with_user(self.manager).desk_change({"name": "assign", "user_id": self.other.id})
        said = conversation.desk_undo(outcome["undo"])
        self.assertEqual(conversation.assignee_id, self.other)
        self.assertEqual(said["text"], "0 undone.")

    def test_undo_writes_nothing_else(self):
        conversation = self.converse()
        conversation.desk_undo([{"id": conversation.id, "before": {"subject": "Hacked"},
                                 "after": {"subject": conversation.subject}}])
        self.assertEqual(conversation.subject, "A question")

    def test_bulk_leaves_alone_what_has_news(self):
        first, second = self.converse(message_id="<1@x.example>"), self.converse(subject="Other")
        known = {str(one.id): one.last_message_id.id for one in first + second}
        self.receive(build_mail("News", references="<1@x.example>"))
        self.env.invalidate_all()
        outcome = (first + second).desk_change({"name": "done"}, known)
        self.assertEqual((first.state, second.state), ("open", "done"))
        self.assertEqual(outcome["skipped"], [
            {"id": first.id, "name": "A question", "reason": "a new message came in"}])
        self.assertEqual(outcome["text"], "1 done, 1 left alone: a new message came in")

    def test_strangers_change_nothing(self):
        conversation = self.converse().with_user(self.other)
        outcome = conversation.desk_change({"name": "done"})
        self.assertEqual((outcome["done"], conversation.sudo().state), ([], "open"))
        self.assertEqual(outcome["skipped"][0]["name"], "No subject", "nor do they learn of it")

    def test_unknown_change(self):
        with self.assertRaises(UserError):
            self.converse().desk_change({"name": "write"})

    def test_tagging(self):
        conversation = self.converse()
        tag = self.env["message.tag"].with_user(self.member).create({"name": "Billing"})
        outcome = conversation.desk_change({"name": "tag", "tag_ids": tag.ids})
        self.assertEqual(conversation.tag_ids, tag)
        conversation.desk_undo(outcome["undo"])
        self.assertFalse(conversation.tag_ids)

    def test_spam_is_done(self):
        conversation = self.converse()
        outcome = conversation.desk_change({"name": "spam"})
        self.assertEqual((conversation.state, conversation.spam), ("done", True))
        conversation.desk_undo(outcome["undo"])
        self.assertEqual((conversation.state, conversation.spam), ("open", False))

    # Snooze -------------------------------------------------------------------------------------

    def test_snooze_until_a_moment(self):
        conversation = self.converse()
        until = fields.Datetime.now() + timedelta(hours=3)
        conversation.desk_change({"name": "snooze", "until": fields.Datetime.to_string(until)})
        self.assertEqual((conversation.state, conversation.snooze_until), ("waiting", until))
        self.env["message.conversation"]._cron_wake()
        self.assertEqual(conversation.state, "waiting", "it is not time yet")
        conversation.sudo().snooze_until = fields.Datetime.now() - timedelta(seconds=1)
        self.env["message.conversation"]._cron_wake()
        self.assertEqual((conversation.state, conversation.snooze_until), ("open", False))

    def test_snooze_ends_with_a_reply(self):
        conversation = self.converse(message_id="<1@x.example>")
        conversation.desk_change({"name": "snooze", "reply": True})
        self.assertEqual((conversation.state, conversation.snooze_reply), ("waiting", True))
        self.receive(build_mail(references="<1@x.example>"))
        conversation.invalidate_recordset()
        self.assertEqual((conversation.state, conversation.snooze_reply), ("open", False))

    def test_snooze_into_the_past(self):
        with self.assertRaises(UserError):
            self.converse().desk_change({"name": "snooze", "until": "2020-01-01 00:00:00"})

    def test_presets_are_later_than_now(self):
        presets = self.desk().get_snooze_presets()
        self.assertEqual([one["name"] for one in presets], ["hours", "tomorrow", "week", "reply"])
        for preset in presets[:3]:
            self.assertGreater(fields.Datetime.from_string(preset["until"]), fields.Datetime.now())

    # To answer -----------------------------------------------------------------------------------

    def test_reading_answers_nothing(self):
        conversation = self.converse()
        conversation.action_mark_seen()
        self.desk().open_conversation(conversation.id)
        self.assertEqual((conversation.unread, conversation.state), (False, "open"))

    def test_waiting_since_the_oldest_message(self):
        conversation = self.converse(message_id="<1@x.example>")
        since = conversation.waiting_since
        self.assertTrue(since)
        self.receive(build_mail(references="<1@x.example>"))
        conversation.invalidate_recordset()
        self.assertEqual(conversation.waiting_since, since)

    def test_a_failed_answer_is_to_be_answered_again(self):
        conversation = self.converse()
        conversation.desk_change({"name": "done"})
        self.env["message.history"].create({
            "channel_id": self.channel.id, "direction": "out", "state": "bounced", "external_id": "out/1",
            "conversation_id": conversation.id, "settled": False, "preview": "Our answer"})
        self.env["message.conversation"]._settle()
        conversation.invalidate_recordset()
        self.assertEqual((conversation.state, conversation.failed_count), ("open", 1))


class TestDeskReading(DeskCase):
    """What the inbox is told, by one call each."""

    def test_counters(self):
        conversation = self.converse()
        self.converse(subject="Second").desk_change({"name": "assign", "user_id": self.member.id})
        counters = self.desk().get_counters()
        self.assertEqual([counters[name] for name in ("open", "mine", "unassigned", "unread")], [2, 1, 1, 2])
        self.assertEqual([(one["id"], one["count"]) for one in counters["channels"] if one["count"]],
                         [(self.channel.id, 2)])
        conversation.action_mark_seen()
        conversation.desk_change({"name": "snooze", "reply": True})
        counters = self.desk().get_counters()
        self.assertEqual((counters["open"], counters["snoozed"], counters["unread"]), (1, 1, 1))
        self.assertEqual(self.desk(self.other).get_counters()["open"], 0)

    def test_who_follows_sees_that_conversation_alone(self):
        conversation = self.converse()
        self.converse(subject="Another")
        self.env["message.conversation.member"].create(
            {"conversation_id": conversation.id, "user_id": self.other.id, "follows": True})
        counters = self.desk(self.other).get_counters()
        self.assertEqual((counters["open"], counters["channels"]), (1, []))
        self.assertEqual(self.desk(self.other).open_conversation(conversation.id)["subject"], "A question")
        self.assertEqual(self.env["message.conversation"].with_user(self.other).search([]), conversation)

    def test_the_latest_and_the_figures(self):
        conversation = self.converse()
        self.assertEqual([one["id"] for one in self.desk().get_latest("unassigned")], conversation.ids)
        self.assertEqual(self.desk().get_latest("mine"), [])
        with self.failing("res.partner", "message_new", ValueError("no")):
            failed = self.receive(build_mail(subject="Fails"))
        self.assertEqual([one["id"] for one in self.desk().get_latest("problems")], failed.ids)
        self.assertEqual(self.desk().get_ticker(conversation.ids)[0]["sender"], "Ann")
        figures = self.desk().get_figures()
        self.assertEqual((figures["open"], figures["failed"], figures["answer"]), (2, 1, None))
        self.assertEqual(self.desk(self.other).get_latest("unassigned"), [])

    def test_a_conversation(self):
        conversation = self.converse(
            "The question", attachments=[("plan.pdf", b"%PDF-1.4")], message_id="<1@x.example>")
        self.receive(build_mail("More", references="<1@x.example>"))
        read = self.desk().open_conversation(conversation.id)
        self.assertEqual((read["id"], read["subject"], read["unread"]), (conversation.id, "A question", True))
        self.assertEqual([one["preview"] for one in read["messages"]], ["More", "The question"], "the newest first")
        self.assertIn("The question", read["messages"][1]["body"])
        self.assertEqual([one["name"] for one in read["messages"][1]["files"]], ["plan.pdf"])
        self.assertEqual(read["messages"][1]["files"][0]["size"], 8)

    def test_what_was_read_is_folded(self):
        conversation = self.converse("One", message_id="<1@x.example>")
        conversation.action_mark_seen()
        self.receive(build_mail("Two", references="<1@x.example>"))
        read = self.desk().open_conversation(conversation.id)
        self.assertEqual([bool(one["body"]) for one in read["messages"]], [True, False])
        unfolded = self.desk().open_message(read["messages"][1]["id"])
        self.assertIn("One", unfolded["body"])

    def test_strangers_read_nothing(self):
        conversation = self.converse()
        with self.assertRaises(AccessError):
            self.desk(self.other).open_conversation(conversation.id)
        self.assertIsNone(self.desk(self.other).open_message(conversation.sudo().history_ids.id))

    def test_pages(self):
        conversation = self.converse(message_id="<0@x.example>")
        self.receive(*(build_mail(f"Text {number}", references="<0@x.example>") for number in range(40)))
        read = self.desk().open_conversation(conversation.id)
        self.assertEqual((len(read["messages"]), read["more"]), (30, True))
        rest = self.desk().open_conversation(conversation.id, read["messages"][-1]["id"])
        self.assertEqual((len(rest["messages"]), rest["more"]), (11, False))
        ids = [one["id"] for one in read["messages"] + rest["messages"]]
        self.assertEqual(len(set(ids)), 41)

    def test_pictures_from_elsewhere_are_found(self):
        html = '<p>Hi</p><img src="https://spy.example/a.png">'
        raw = build_mail("x").replace(b'text/plain; charset="utf-8"', b"text/html").replace(b"x\r\n", html.encode())
        conversation = self.receive(raw).conversation_id
        message, = self.desk().open_conversation(conversation.id)["messages"]
        self.assertEqual((message["remote"], message["pictures"]), (True, False))
        self.env["message.picture.sender"].with_user(self.member).trust("ann@example.com")
        message, = self.desk().open_conversation(conversation.id)["messages"]
        self.assertTrue(message["pictures"])
        other, = self.desk(self.manager).open_conversation(conversation.id)["messages"]
        self.assertFalse(other["pictures"], "each user by himself")

    def test_scripts_are_gone(self):
        html = '<p onclick="x()">Hi</p><script>alert(1)</script><a href="javascript:x()">L</a><form>F</form>'
        raw = build_mail("x").replace(b'text/plain; charset="utf-8"', b"text/html").replace(b"x\r\n", html.encode())
        message, = self.desk().open_conversation(self.receive(raw).conversation_id.id)["messages"]
        for evil in ("onclick", "script", "<form"):
            self.assertNotIn(evil, message["body"])

    def test_the_messages_of_a_document(self):
        conversation = self.converse(message_id="<1@x.example>")
        first = conversation.sudo().history_ids
        message = self.env["message.history"].create({
            "channel_id": self.channel.id, "direction": "out", "state": "sent", "external_id": "out/9",
            "conversation_id": conversation.id})
        document = self.document(first)
        self.member.group_ids += self.env.ref("base.group_partner_manager")
        history = self.env["message.history"].with_user(self.member)
        action = history.get_document_action(document._name, document.id)
        self.assertEqual(history.search(action["domain"]), first + message)
        with self.assertRaises(AccessError):
            history.get_document_action("ir.mail_server", self.env["ir.mail_server"].search([], limit=1).id or 1)

    def test_presence(self):
        conversation = self.converse()
        presence = self.env["message.presence"]
        self.assertEqual(presence.with_user(self.member).note(conversation.id), [])
        others = presence.with_user(self.manager).note(conversation.id, True)
        self.assertEqual(others, [{"id": self.member.id, "name": self.member.name, "answering": False}])
        seen = self.desk().open_conversation(conversation.id)["present"]
        self.assertEqual([(one["id"], one["answering"]) for one in seen], [(self.manager.id, True)])
        presence.with_user(self.manager).note(False)
        self.assertEqual(self.desk().open_conversation(conversation.id)["present"], [])
        with self.assertRaises(AccessError):
            presence.with_user(self.other).note(conversation.id)

    def test_it_stays_in_the_inbox_without_a_document(self):
        channel, _server = self.make_channel("Desk", member_ids=self.member.ids)
        channel.folder_ids.write({"model_id": False, "without_document": "inbox"})
        message = self.receive(build_mail("To the desk"), channel=channel)
        self.assertState(message, "processed")
        self.assertFalse(message.res_id)
        self.assertEqual(message.conversation_id.state, "open")
