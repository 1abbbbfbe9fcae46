from odoo.exceptions import UserError

from .common import build_mail
from .test_desk import DeskCase


class TestDeskMerge(DeskCase):
    """Conversations are joined and parted by hand; both can be undone."""

    def test_merge(self):
        first, second = self.converse("One"), self.converse("Two", subject="Another")
        second.message_post(body="A note", subtype_xmlid="mail.mt_note", message_type="comment")
        outcome = (first + second).desk_merge()
        self.assertEqual(outcome["target"], first.id)
        self.assertFalse(second.exists())
        self.assertEqual(first.history_count, 2)
        self.assertEqual(first.preview, "Two")
        self.assertIn("A note", str(first.message_ids.mapped("body")))

    def test_merged_channels_are_seen_by_both_members(self):
        channel, _server = self.make_channel("Second", member_ids=self.other.ids)
        first = self.converse()
        second = self.receive(build_mail(subject="Else"), channel=channel).conversation_id
        (first + second).with_user(self.manager).desk_merge()
        self.env.invalidate_all()
        self.assertTrue(first.with_user(self.other).has_access("read"))
        self.assertTrue(first.with_user(self.member).has_access("read"))

    def test_split_and_stay_apart(self):
        conversation = self.converse("One", message_id="<1@x.example>")
        second = self.receive(build_mail("Two", references="<1@x.example>", message_id="<2@x.example>"))
        outcome = conversation.desk_split(second.ids)
        fresh = self.env["message.conversation"].browse(outcome["target"])
        self.env.invalidate_all()
        self.assertEqual((fresh.history_ids, conversation.history_count), (second, 1))
        self.assertEqual(fresh.channel_ids, self.channel)
        third = self.receive(build_mail("Three", references="<1@x.example> <2@x.example>"))
        self.assertEqual(third.conversation_id, fresh, "they are not merged again")
        self.assertTrue(conversation.exists())

    def test_split_off_everything(self):
        conversation = self.converse()
        with self.assertRaises(UserError):
            conversation.desk_split(conversation.history_ids.ids)

    def test_undo_a_merge(self):
        first, second = self.converse("One"), self.converse("Two", subject="Another")
        tag = self.env["message.tag"].create({"name": "Billing"})
        second.write({"tag_ids": [(4, tag.id)], "assignee_id": self.member.id, "state": "waiting"})
        second.message_post(body="A note", subtype_xmlid="mail.mt_note", message_type="comment")
        message = second.sudo().history_ids
        outcome = (first + second).desk_merge()
        self.assertEqual(first.desk_undo(outcome["undo"])["text"], "1 undone.")
        again = message.conversation_id
        self.assertNotEqual(again, first.sudo())
        self.assertEqual((again.subject, again.state, again.assignee_id, again.tag_ids),
                         ("Another", "waiting", self.member, tag))
        self.assertIn("A note", str(again.message_ids.mapped("body")))
        self.assertNotIn("A note", str(first.message_ids.mapped("body")))
        self.assertEqual((first.history_count, first.preview), (1, "One"))
        self.assertEqual(first.desk_undo(outcome["undo"])["text"], "0 undone.", "only once")

    def test_undo_gives_the_target_back_what_it_had(self):
        first, second = self.converse("One"), self.converse("Two", subject="Another")
        first.desk_change({"name": "done"})
        first.sudo().write({"model": False, "res_id": False})
        second.write({"assignee_id": self.member.id})
        partner = self.env["res.partner"].create({"name": "A document"})
        second.sudo().write({"model": "res.partner", "res_id": partner.id})
        self.env["message.conversation.member"].sudo().create(
            {"conversation_id": second.id, "user_id": self.other.id, "follows": True, "mentioned": True})
        message = second.sudo().history_ids
        outcome = (first + second).desk_merge()
        self.assertEqual((first.state, first.assignee_id, first.sudo().res_id), ("open", self.member, partner.id))
        self.assertTrue(first.with_user(self.other).has_access("read"))
        first.desk_undo(outcome["undo"])
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual((first.state, first.assignee_id.id, first.sudo().res_id), ("done", False, 0))
        self.assertFalse(first.with_user(self.other).has_access("read"), "whoever followed the other one only")
        again = message.conversation_id
        self.assertTrue(again.with_user(self.other).has_access("read"))
        self.assertTrue(again.with_user(self.other).mentioned)
        self.assertEqual(again.res_id, partner.id)

    def test_undo_a_merge_of_two_channels(self):
        """Nobody goes on seeing what was merged by mistake."""
        channel, _server = self.make_channel("Second", member_ids=self.other.ids)
        first = self.converse("Ours")
        second = self.receive(build_mail("Theirs", subject="Else"), channel=channel).conversation_id
        ours, theirs = first.sudo().history_ids, second.history_ids
        both = (first + second).with_user(self.manager)
        outcome = both.desk_merge()
        self.env.invalidate_all()
        messages = self.env["message.history"]
        self.assertEqual(messages.with_user(self.member).search([("id", "in", (ours + theirs).ids)]).sudo(),
                         messages.browse((ours + theirs).ids).sorted(messages._order).filtered(
                             lambda one: one in ours or one.desk_channel_id == self.channel))
        first.with_user(self.manager).desk_undo(outcome["undo"])
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(messages.with_user(self.member).search([("id", "in", (ours + theirs).ids)]).sudo(), ours)
        self.assertEqual(messages.with_user(self.other).search([("id", "in", (ours + theirs).ids)]).sudo(), theirs)
        self.assertFalse((ours + theirs).desk_channel_id)

    def test_files_of_notes_move_along(self):
        first, second = self.converse("One"), self.converse("Two")
        drafts = self.env["message.draft"].with_user(self.member)
        draft = drafts.browse(drafts.store({"conversation_id": second.id, "mode": "note", "body": "<p>See</p>"})["id"])
        draft._attach("plan.txt", b"the plan")
        draft.send()
        note = second.message_ids.filtered("attachment_ids")
        file = note.attachment_ids
        self.assertEqual((file.exists().raw, file.res_model, file.res_id), (b"the plan", "mail.message", note.id))
        outcome = (first + second).desk_merge()
        self.assertEqual((file.exists().raw, note.res_id), (b"the plan", first.id))
        first.desk_undo(outcome["undo"])
        self.assertNotEqual(note.res_id, first.id)
        self.assertEqual(file.exists().raw, b"the plan")

    def test_undo_a_split(self):
        conversation = self.converse("One", message_id="<1@x.example>")
        second = self.receive(build_mail("Two", references="<1@x.example>", message_id="<2@x.example>"))
        outcome = conversation.desk_split(second.ids)
        conversation.desk_undo(outcome["undo"])
        self.assertEqual(second.conversation_id, conversation.sudo())
        self.assertEqual(conversation.history_count, 2)

    def test_undo_takes_nothing_from_others(self):
        """What the browser says is only believed of the conversation's own messages and notes."""
        first, second, stranger = self.converse("One"), self.converse("Two"), self.converse("Three")
        (first + second).desk_merge()
        note = stranger.message_post(body="Theirs", subtype_xmlid="mail.mt_note", message_type="comment")
        theirs = stranger.sudo().history_ids
        first.desk_undo([{"id": first.id, "merged": [{"history_ids": theirs.ids, "note_ids": note.ids}]}])
        first.desk_undo([{"id": first.id, "split": stranger.id}])
        self.assertEqual((theirs.conversation_id, note.res_id), (stranger.sudo(), stranger.id))
        stranger.sudo().channel_id.member_ids += self.other  # he may do the same himself
        outcome = stranger.with_user(self.member).desk_change({"name": "done"})
        self.assertEqual(stranger.with_user(self.other).desk_undo(outcome["undo"])["text"], "0 undone.")
        self.assertEqual(stranger.state, "done", "a way back is for who went it")


class TestDeskSearch(DeskCase):
    """One box finds conversations by whoever wrote, whatever was written."""

    def found(self, words, user=None):
        conversations = self.env["message.conversation"].with_user(user or self.member)
        return conversations.search([("text", "ilike", words)])

    def test_whole_texts(self):
        conversation = self.converse(f"{'Before that. ' * 50}The zeppelin has landed.", subject="News")
        other = self.converse("Nothing of the kind")
        self.env.flush_all()
        for words in ("zeppelin", "zepp", "landed zeppelin", '"zeppelin has landed"', "news", "ZEPPELIN"):
            self.assertEqual(self.found(words), conversation, words)
        self.assertFalse(self.found('"landed zeppelin"'))
        self.assertNotIn(conversation, self.found("nothing -zeppelin"))
        self.assertIn(other, self.found("kind -zeppelin"))

    def test_people(self):
        conversation = self.converse("Hello")
        sender = conversation.sudo().history_ids.sender_address
        self.env.flush_all()
        self.assertIn(conversation, self.found(sender))
        self.assertIn(conversation, self.found(sender.partition("@")[0]))

    def test_rubbish(self):
        self.converse("Hello")
        for words in ("'", "\\", "' & !", ":*", "a'b\\c", "-", '"', "  ", "(((", "x" * 3000):
            self.found(words)

    def test_nobody_finds_what_they_may_not_see(self):
        self.converse("The zeppelin")
        self.env.flush_all()
        self.assertFalse(self.found("zeppelin", self.other))
