"""Companies are walls around what is given, joined, noted, ruled, told and grouped, too, not only around channels."""

import io
import json
import zipfile

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import new_test_user

from .common import build_mail
from .test_scope import ScopeCase


class WallCase(ScopeCase):
    """Clerks of a second company, and a mailbox that both companies share."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.b1, cls.b2 = (new_test_user(
            cls.env, login, groups="message_history.group_user", email=f"{login}@example.net",
            company_id=cls.company_b.id, company_ids=[Command.set(cls.company_b.ids)]) for login in ("b_one", "b_two"))
        cls.shared, _server = cls.make_channel(
            "Shared", company_id=False, sends=True, member_ids=(cls.b1 + cls.member).ids)
        cls.shared.folder_ids.write({"model_id": False, "without_document": "inbox"})

    def fresh(self):
        self.env.flush_all()
        self.env.invalidate_all()
        self.env.registry.clear_cache()

    def on_shared(self, company, **options):
        """Return a message on the shared channel that belongs to a company."""
        message = self.receive(build_mail("Secret of A", **options), channel=self.shared)
        message.sudo().company_id = company
        self.env.flush_all()
        message.conversation_id.sudo()._settle_conversations(message.conversation_id.ids, moved=True)
        self.fresh()
        return message

    def note(self, conversation, user, body):
        drafts = self.env["message.draft"].with_user(user)
        drafts.browse(drafts.store({"conversation_id": conversation.id, "mode": "note", "body": body})["id"]).send()
        self.fresh()
        return self.env["mail.message"].search(
            [("model", "=", "message.conversation"), ("res_id", "=", conversation.id)], order="id desc", limit=1)


class TestWalls(WallCase):
    """What belongs to a company is seen, joined, given and ruled by those who work in it."""

    def test_what_is_given_stays_within_companies(self):
        """b1 sees B's newest message and not A's older one; b2, whom he names or makes responsible, sees both."""
        ours = self.on_shared(self.env.company, message_id="<g@x.example>")
        newest = self.receive(build_mail("Of B", references="<g@x.example>"), channel=self.shared)
        newest.sudo().company_id = self.company_b
        self.env.flush_all()
        ours.conversation_id.sudo()._settle_conversations(ours.conversation_id.ids, moved=True)
        self.fresh()
        self.assertFalse(ours.with_user(self.b1).has_access("read"))
        newest.conversation_id.with_user(self.b1).assignee_id = self.b2
        self.fresh()
        self.assertTrue(newest.with_user(self.b2).has_access("read"))
        self.assertFalse(ours.with_user(self.b2).has_access("read"))

    def test_who_leaves_a_company_leaves_what_he_was_given_there(self):
        both = new_test_user(self.env, "both_ab", groups="message_history.group_user", email="ab@example.net",
                             company_ids=[Command.set((self.env.company + self.company_b).ids)])
        ours = self.on_shared(self.env.company)
        ours.conversation_id.with_user(self.member).assignee_id = both
        both.write({"company_id": self.company_b.id, "company_ids": [Command.set(self.company_b.ids)]})
        self.fresh()
        self.assertFalse(ours.with_user(both).has_access("read"))

    def test_a_merge_shows_nobody_of_another_company_more(self):
        of_all = self.receive(build_mail("Of nobody", subject="One"), channel=self.shared)
        of_all.conversation_id.with_user(self.member).assignee_id = self.b1
        ours = self.on_shared(self.env.company, subject="Two", sender="Z <z@z.example>")
        (of_all + ours).conversation_id.with_user(self.member).desk_merge()
        self.fresh()
        self.assertFalse(ours.with_user(self.b1).has_access("read"))

    def test_a_message_id_brings_no_conversation_into_another_company(self):
        conversation = self.on_shared(self.env.company, message_id="<n@x.example>").conversation_id
        self.receive(build_mail("By id", references="<n@x.example>", sender="S <s@else.example>"), channel=self.abroad)
        self.fresh()
        self.assertFalse(conversation.with_user(self.manager_b).has_access("read"))
        with self.assertRaises(AccessError):
            conversation.with_user(self.manager_b).write({"state": "done"})

    def test_notes_stay_within_the_company_of_their_pair(self):
        """Who reads both mailboxes sees the conversation by the one, and not what is said of another company's mail."""
        self.abroad.member_ids = self.b1
        ours, theirs = self.on_shared(self.env.company), self.receive(build_mail("Of B"), channel=self.abroad)
        (ours + theirs).conversation_id.sudo().desk_merge()
        self.fresh()
        conversation = ours.conversation_id
        self.assertTrue(conversation.with_user(self.b1).has_access("read"))
        note = self.note(conversation, self.member, "<p>confidential of A</p>")
        for user, sees in ((self.member, True), (self.b1, False), (self.manager_b, False)):
            self.assertEqual(note.with_user(user).has_access("read"), sees)
            self.assertEqual(self.env["mail.message"].with_user(user).search_count([("id", "=", note.id)]), int(sees))

    def test_who_decides_for_some_makes_no_rule_for_a_shared_channel(self):
        for user, pattern in ((self.manager_b, "customer-of-a.example"), (self.b1, "boss@customer-of-a.example")):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                self.env["message.sender.rule"].with_user(user).create(
                    {"pattern": pattern, "channel_id": self.shared.id})


class TestWallsAroundWords(WallCase):
    """What is said about a message, or written about its conversation, goes no further than the message."""

    def given_up(self):
        message = self.on_shared(self.env.company)
        mail = type("Mail", (), {"message": message, "values": {"subject": "Confidential", "sender_address": "x@a.eu"}})
        self.env["message.alarm"]._tell_members(mail)
        self.fresh()

    def test_alarms_about_a_message_are_for_who_sees_it(self):
        self.given_up()
        self.assertNotIn("Confidential", str(self.shared.with_user(self.b1).read(["activity_summary"])))

    def test_nor_is_it_told_when_the_alarm_is_over(self):
        self.given_up()
        self.shared.activity_ids.action_feedback(feedback="done")
        self.fresh()
        self.assertNotIn("Confidential", str(self.env["mail.message"].with_user(self.b1).search(
            [("model", "=", "message.channel"), ("res_id", "=", self.shared.id)]).mapped("body")))

    def test_a_file_that_is_added_to_a_note_later_is_for_who_reads_the_note(self):
        conversation, _ours, _theirs = self.merged()
        note = self.note(conversation, self.member, "<p>hidden</p>")
        file = self.env["ir.attachment"].with_user(self.member).create(
            {"name": "plan.txt", "raw": b"plan", "res_model": "mail.compose.message", "res_id": 0})
        conversation.with_user(self.member)._message_update_content(  # what /mail/message/update_content calls
            note.with_user(self.member).sudo(), body="<p>hidden, edited</p>", attachment_ids=file.ids)
        self.fresh()
        self.assertFalse(note.with_user(self.other).has_access("read"))
        self.assertFalse(file.with_user(self.other).has_access("read"))

    def test_what_is_written_by_other_doors_has_its_channel(self):
        conversation, _ours, _theirs = self.merged()
        thread = conversation.with_user(self.member)
        doors = {
            "create": lambda: self.env["mail.message"].with_user(self.member).create({
                "model": thread._name, "res_id": thread.id, "body": "x", "message_type": "comment"}),
            "source": lambda: thread.message_mail_with_source(
                "mail.message_origin_link", render_values={"self": thread, "origin": thread}, subject="x"),
            "composer": lambda: self.env["mail.compose.message"].with_user(self.member).create({
                "model": thread._name, "res_ids": str(thread.ids), "composition_mode": "mass_mail", "body": "x",
                "subject": "x", "partner_ids": self.manager.partner_id.ids})._action_send_mail(),
        }
        for name, door in doors.items():
            with self.subTest(door=name):
                last = self.env["mail.message"].search([], order="id desc", limit=1)
                door()
                self.fresh()
                made = self.env["mail.message"].search([("id", ">", last.id), ("model", "=", thread._name)])
                self.assertTrue(made)
                self.assertFalse(made.with_user(self.other)._filtered_access("read"))

    def test_a_note_that_goes_to_another_conversation_keeps_its_channel(self):
        theirs = self.receive(build_mail("Theirs", sender="Bob <bob@example.com>"), channel=self.sales)
        ours = self.receive(build_mail("Ours", sender="Ann <ann@example.com>"))
        note = self.note(ours.conversation_id, self.member, "<p>of the office</p>")
        self.receive(build_mail("More", references=theirs.message_uid), channel=self.sales)
        (theirs + ours).conversation_id.with_user(self.manager).desk_merge()
        self.fresh()
        self.assertEqual(note.res_id, theirs.conversation_id.id)
        for user, sees in ((self.member, True), (self.manager, True), (self.other, False)):
            self.assertEqual(note.with_user(user).has_access("read"), sees)

    def test_the_export_names_no_document_that_is_not_read(self):
        document = self.env["res.partner"].create({"name": "SECRETDOC", "company_id": self.env.company.id})
        message = self.receive(build_mail(sender="Ann <ann@t5.example>"), channel=self.abroad)
        message.sudo().write({"model": "res.partner", "res_id": document.id})
        self.fresh()
        handle = io.BytesIO()
        privacy = self.env["message.privacy"].with_user(self.manager_b).create({"address": "ann@t5.example"})
        privacy._write_archive(handle)
        self.assertNotIn("SECRETDOC", str(json.loads(zipfile.ZipFile(handle).read("messages.json"))))

    def grouped_as_before(self, messages):
        """Group by the way that Odoo had before; it warns that it is going."""
        with self.assertWarns(DeprecationWarning):
            return messages.read_group([], ["partner_id"], ["partner_id"])

    def test_contacts_are_named_by_no_way_of_grouping(self):
        partner = self.env["res.partner"].create({"name": "SECRETNAME", "company_id": self.env.company.id})
        message = self.receive(build_mail(sender="Typed <bob@t6.example>"), channel=self.abroad)
        message.sudo().partner_id = partner
        self.env["message.delivery"].create({
            "history_id": message.id, "channel_id": self.abroad.id, "address": "bob@t6.example", "state": "accepted"})
        self.fresh()
        messages = self.env["message.history"].with_user(self.manager_b)
        deliveries = self.env["message.delivery"].with_user(self.manager_b)
        for name, way in {
            "sets": lambda: messages.formatted_read_grouping_sets([], [["partner_id"]], ["__count"]),
            "path": lambda: deliveries.formatted_read_group([], ["history_id.partner_id"], ["__count"]),
            "old": lambda: self.grouped_as_before(messages),
        }.items():
            with self.subTest(way=name):
                self.env.invalidate_all()
                self.assertNotIn("SECRETNAME", str(way()))


class TestListCost(WallCase):
    """A list of conversations asks the database no more often for eighty than for two."""

    def statements(self, user, limit):
        self.fresh()
        conversations = self.env["message.conversation"].with_user(user)
        conversations.env.user._message_scope()
        names = ("subject", "preview", "sender", "partner_id", "unread", "history_count", "failed_count", "channel_ids",
                 "last_message_id", "hidden_count", "display_name")
        before = self.env.cr.sql_log_count
        rows = conversations.web_search_read([], {name: {} for name in names}, limit=limit)["records"]
        self.assertEqual(len(rows), limit)
        self.assertGreater(self.env.cr.sql_log_count, before)
        return self.env.cr.sql_log_count - before

    def test_a_list_asks_no_more_for_more(self):
        for number in range(12):
            channel = self.channel if number % 2 else self.shared
            sender = f"P{number} <p{number}@x.example>"
            self.env["res.partner"].create({"name": f"P{number}", "email": f"p{number}@x.example"})
            self.receive(build_mail(f"Text {number}", subject=f"Subject {number}", sender=sender), channel=channel)
        for message in self.env["message.history"].search([("channel_id", "=", self.shared.id)], limit=3):
            message.conversation_id.with_user(self.member).assignee_id = self.b2
        for user in (self.member, self.manager):
            with self.subTest(user=user.login):
                self.assertLessEqual(self.statements(user, 12), self.statements(user, 2) + 2)
