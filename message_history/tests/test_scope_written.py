import itertools

from odoo.exceptions import UserError
from odoo.tools import mute_logger

from .common import build_mail
from .test_scope import ScopeCase


class InsiderCase(ScopeCase):
    """Colleagues of two channels who share a conversation, and somebody who was given one."""

    def note(self, user, conversation, body, named=()):
        """Note something, and name colleagues in it."""
        links = "".join(f'<a data-oe-model="res.partner" data-oe-id="{one.partner_id.id}">@</a>' for one in named)
        drafts = self.env["message.draft"].with_user(user)
        stored = drafts.store({"conversation_id": conversation.id, "mode": "note", "body": f"<p>{body}{links}</p>"})
        drafts.browse(stored["id"]).send()
        self.forget()

    def forget(self):
        """Begin anew, as the next request does."""
        self.env.flush_all()
        self.env.invalidate_all()

    def sees(self, user, record):
        self.forget()
        return record.with_user(user).has_access("read")


class TestWhatIsWritten(InsiderCase):
    """What people write about a conversation is for who sees that pair, however it is looked for."""

    def setUp(self):
        super().setUp()
        self.conversation, _ours, _theirs = self.merged()

    def assertHidden(self, record, field, text):
        """Who is on the other channel neither reads a record, nor finds it, nor finds the conversation by it."""
        for user, sees in ((self.member, True), (self.manager, True), (self.other, False), (self.outsider, False)):
            with self.subTest(model=record._name, user=user.login):
                self.assertEqual(self.sees(user, record), sees)
                found = record.with_user(user).with_context(active_test=False).search([(field, "ilike", text)])
                self.assertEqual(found.ids, record.ids if sees else [])
                if not sees:
                    for act in (lambda: record.with_user(user).write({field: "mine"}),  # noqa: B023
                                lambda: record.with_user(user).unlink()):  # noqa: B023
                        with self.assertRaises(UserError):
                            act()

    def found_by(self, user, **words):
        """Return the fields of conversations by which a user finds the conversation."""
        conversations = self.env["message.conversation"].with_user(user)
        names = {name.replace("__", "."): text for name, text in words.items()}
        with mute_logger("odoo.domains"):
            return [name for name, text in names.items() if name.partition(".")[0] in conversations._fields
                    and self.conversation in conversations.search([(name, "ilike", text)])]

    def test_notes_are_found_by_nobody_else(self):
        self.note(self.member, self.conversation, "confidential")
        note = self.env["mail.message"].search(
            [("body", "ilike", "confidential"), ("res_id", "=", self.conversation.id)])
        self.assertHidden(note, "body", "confidential")
        asked = {"message_ids__body": "confidential", "website_message_ids__body": "confidential"}
        self.assertFalse(self.found_by(self.other, **asked))
        self.assertIn("message_ids.body", self.found_by(self.member, **asked))
        self.assertFalse(note & self.conversation.with_user(self.other).message_ids)

    def test_the_chatter_s_routes_hand_out_nothing_more(self):
        self.note(self.member, self.conversation, "confidential")
        note = self.env["mail.message"].search(
            [("body", "ilike", "confidential"), ("res_id", "=", self.conversation.id)])
        messages = self.env["mail.message"]
        for mode in ("read", "create"):
            self.assertFalse(messages.with_user(self.other)._get_with_access(note.id, mode))
        self.assertEqual(messages.with_user(self.member)._get_with_access(note.id), note)

    def test_activities_are_for_who_sees_the_pair(self):
        activity = self.conversation.with_user(self.member).activity_schedule(
            "mail.mail_activity_data_todo", summary="Secret plan", note="<p>Secret words</p>", user_id=self.member.id)
        self.assertHidden(activity, "summary", "Secret")
        asked = {"activity_ids__summary": "Secret", "activity_ids__note": "Secret", "activity_ids__res_name": "Ours",
                 "activity_summary": "Secret"}
        self.assertFalse(self.found_by(self.other, **asked))
        self.assertIn("activity_ids.summary", self.found_by(self.member, **asked))
        own = self.conversation.with_user(self.other)
        for name, empty in (("activity_summary", False), ("activity_type_id", False), ("activity_ids", [])):
            self.forget()
            self.assertEqual(own.read([name]), [{"id": own.id, name: empty}])
        activity.with_user(self.member).action_feedback(feedback="Secret outcome")
        self.forget()
        self.assertNotIn("Secret", str(self.desk(self.other).open_conversation(own.id)["notes"]))
        self.assertIn("Secret outcome", str(self.desk(self.member).open_conversation(own.id)["notes"]))

    def test_nobody_is_to_do_what_he_may_not_read(self):
        mine = self.conversation.with_user(self.member)
        with self.assertRaises(UserError):
            mine.activity_schedule("mail.mail_activity_data_todo", summary="Secret", user_id=self.other.id)
        activity = mine.activity_schedule("mail.mail_activity_data_todo", summary="Secret", user_id=self.member.id)
        with self.assertRaises(UserError):
            activity.write({"user_id": self.other.id})
        activity.write({"user_id": self.manager.id})

    def test_what_is_to_be_noted_later_is_for_who_sees_the_pair(self):
        scheduled = self.env["mail.scheduled.message"].with_user(self.member).create({
            "model": "message.conversation", "res_id": self.conversation.id, "body": "<p>Secret for later</p>",
            "author_id": self.member.partner_id.id, "scheduled_date": "2099-01-01 00:00:00"})
        self.assertTrue(self.sees(self.member, scheduled))
        self.assertFalse(self.sees(self.other, scheduled))
        self.assertFalse(scheduled.with_user(self.other).search([("body", "ilike", "Secret")]))
        with self.assertRaises(UserError):
            scheduled.with_user(self.other).post_message()

    def test_what_was_said_of_a_merge_quotes_nothing_to_others(self):
        first = self.receive(build_mail(subject="First"))
        second = self.receive(build_mail(subject="Secret subject"))
        (first + second).conversation_id.with_user(self.member).desk_merge()
        theirs = self.receive(build_mail(subject="Theirs"), channel=self.sales)
        (first + theirs).conversation_id.with_user(self.manager).desk_merge()
        self.forget()
        conversation = first.conversation_id
        self.assertEqual(theirs.conversation_id, conversation)
        self.assertIn("Secret", str(self.desk(self.member).open_conversation(conversation.id)["notes"]))
        self.assertNotIn("Secret", str(self.desk(self.other).open_conversation(conversation.id)["notes"]))

    def test_names_of_documents_are_of_who_asks(self):
        """What the server read is not what the next one reads from memory."""
        document = self.env["res.partner"].create({"name": "Secret document"})
        self.env["ir.rule"].create({
            "name": "Secret", "model_id": self.env["ir.model"]._get_id("res.partner"),
            "domain_force": f"[('id', '!=', {document.id})]"})
        _conversation, _ours, theirs = self.conversation, None, self.conversation.history_ids[-1:]
        for record in (self.conversation, theirs):
            record.sudo().write({"model": "res.partner", "res_id": document.id})
        self.forget()
        for record in (self.conversation, theirs):
            self.assertEqual(record.sudo().document_name, "Secret document")
            self.assertFalse(record.with_user(self.manager).document_name)


class TestGivingAndTaking(InsiderCase):
    """Nobody sees more because conversations are joined, parted or assigned; who loses a right keeps nothing."""

    def given(self, **options):
        """Return a message of the office whose conversation the clerk of the other channel was given."""
        message = self.receive(build_mail("Given text", subject="Given", **options))
        self.note(self.member, message.conversation_id, "look", named=self.other)
        self.assertTrue(self.sees(self.other, message))
        return message

    def test_who_was_given_one_does_not_join_it_to_another(self):
        conversation, ours, _theirs = self.merged()
        given = self.given()
        with self.assertRaises(UserError):
            (conversation | given.conversation_id).with_user(self.other).desk_merge()
        self.assertFalse(self.sees(self.other, ours))
        (conversation | given.conversation_id).with_user(self.member).desk_merge()
        self.assertTrue(self.sees(self.other, ours), "who sees all of it may give it")

    def test_a_mail_that_names_both_shows_nobody_the_other(self):
        secret = self.receive(build_mail("Secret", message_id="<secret@x.example>"))
        given = self.given(message_id="<given@x.example>")
        for references in ("<secret@x.example> <given@x.example>", "<given@x.example> <secret@x.example>"):
            self.receive(build_mail("Joins them", references=references))
            self.assertFalse(self.sees(self.other, secret))
            self.assertTrue(self.sees(self.other, given))

    def test_a_mail_joins_what_nobody_was_given_alone(self):
        """The control of the test above, and of what is given alike."""
        first = self.receive(build_mail(message_id="<first@x.example>"))
        second = self.receive(build_mail(message_id="<second@x.example>"))
        for message in first + second:
            self.note(self.member, message.conversation_id, "look", named=self.other)
        self.receive(build_mail(references="<first@x.example> <second@x.example>"))
        self.forget()
        self.assertEqual(first.conversation_id, second.conversation_id)

    def test_a_split_is_not_undone_by_who_sees_a_part(self):
        self.sales.member_ids += self.member
        whole, _ours, theirs = self.merged()
        more = self.receive(build_mail("More", references=_ours.message_uid)) + self.receive(
            build_mail("More", references=theirs.message_uid), channel=self.sales)
        self.assertEqual(more.conversation_id, whole)
        outcome = whole.with_user(self.member).desk_split(more.ids)
        self.note(self.manager, more.conversation_id, "look", named=self.outsider)
        self.sales.member_ids = self.other
        self.forget()
        whole.with_user(self.member).desk_undo(outcome["undo"])
        self.assertTrue(self.sees(self.outsider, more[1]))
        self.assertFalse(self.sees(self.outsider, theirs))

    def test_undoing_gives_back_nothing_that_was_taken_since(self):
        ours = self.receive(build_mail("Ours"))
        both, _ours, theirs = self.merged()
        self.note(self.manager, both, "look", named=self.outsider)
        self.assertTrue(self.sees(self.outsider, theirs))
        outcome = (ours.conversation_id | both).with_user(self.member).desk_merge()
        ours.conversation_id.sudo().member_ids.filtered(lambda row: row.user_id == self.outsider).unlink()
        self.assertFalse(self.sees(self.outsider, theirs))
        ours.conversation_id.with_user(self.member).desk_undo(outcome["undo"])
        self.assertFalse(self.sees(self.outsider, theirs))

    def test_who_assigns_himself_sees_it_as_long_as_he_is_a_member(self):
        conversation = self.converse()
        conversation.desk_change({"name": "assign", "user_id": self.member.id})
        self.assertTrue(self.sees(self.member, conversation))
        self.channel.member_ids = self.other
        self.assertFalse(self.sees(self.member, conversation))

    def test_the_responsible_passes_on_what_he_was_given(self):
        conversation, ours, theirs = self.merged()
        conversation.with_user(self.member).assignee_id = self.outsider
        conversation.with_user(self.outsider).action_assign_to_me()
        self.assertTrue(self.sees(self.outsider, ours))
        conversation.with_user(self.outsider).assignee_id = self.other
        self.assertTrue(self.sees(self.other, ours))
        self.assertFalse(self.sees(self.outsider, ours) or self.sees(self.outsider, theirs))

    def test_a_company_lets_somebody_go_from_its_side(self):
        message = self.receive(build_mail(), channel=self.abroad)
        self.member.write({"company_ids": [(4, self.company_b.id)]})
        self.abroad.member_ids = self.member
        self.assertTrue(self.sees(self.member, message))
        key = self.abroad.sudo().bus_key
        self.company_b.user_ids = [(3, self.member.id)]
        self.assertFalse(self.sees(self.member, message))
        self.assertNotEqual(self.abroad.sudo().bus_key, key, "nor does he hear of it")

    def test_who_works_elsewhere_is_not_told(self):
        conversation = self.converse()
        for user, told in ((self.manager_b, False), (self.outsider, True)):
            self.note(self.member, conversation, "confidential", named=user)
            with self.subTest(user=user.login):
                rows = self.env["message.conversation.member"].search(
                    [("conversation_id", "=", conversation.id), ("user_id", "=", user.id), ("mentioned", "=", True)])
                self.assertEqual(bool(rows), told)
                self.assertEqual(bool(self.env["mail.notification"].search(
                    [("res_partner_id", "=", user.partner_id.id)])), told)

    def test_nobody_is_notified_who_does_not_see_it(self):
        conversation = self.converse()
        conversation.message_post(body="confidential", message_type="comment", partner_ids=[
            self.other.partner_id.id, self.manager.partner_id.id])
        told = self.env["mail.notification"].search(
            [("mail_message_id.res_id", "=", conversation.id), ("mail_message_id.model", "=", conversation._name)])
        self.assertEqual(told.res_partner_id, self.manager.partner_id)


class TestNamesOfContacts(InsiderCase):
    """A contact on a message is named to who may read it; the others read what the message says."""

    def test_a_hidden_contact_is_named_nowhere(self):
        partner = self.env["res.partner"].create({"name": "Secret name", "email": "ann@example.com"})
        message = self.receive(build_mail(sender="Typed <ann@example.com>"))
        delivery = self.env["message.delivery"].create({
            "history_id": message.id, "channel_id": self.channel.id, "address": "ann@example.com",
            "partner_id": partner.id, "state": "accepted"})
        pair = message.conversation_id.pair_ids
        self.assertEqual((message.partner_id, pair.partner_id), (partner, partner))
        records = {message: "Typed", delivery: "ann@example.com", pair: "Typed", message.conversation_id: None}
        ways = {
            "read": lambda one: one.read(["partner_id"]),
            "web_read": lambda one: one.web_read({"partner_id": {"fields": {"display_name": {}}}}),
            "search_read": lambda one: one.search_read([("id", "=", one.id)], ["partner_id"]),
            "web_search_read": lambda one: one.web_search_read(
                [("id", "=", one.id)], {"partner_id": {"fields": {"display_name": {}}}})["records"],
            "groups": lambda one: one.formatted_read_group([("id", "=", one.id)], ["partner_id"], ["__count"]),
            "web groups": lambda one: one.web_read_group([("id", "=", one.id)], ["partner_id"], ["__count"])["groups"],
        }
        for hidden in (False, True):
            if hidden:
                self.env["ir.rule"].create({
                    "name": "Secret", "model_id": self.env["ir.model"]._get_id("res.partner"),
                    "domain_force": f"[('id', '!=', {partner.id})]"})
            for (record, typed), (name, way) in itertools.product(records.items(), ways.items()):
                if typed is None and "group" in name:
                    continue  # computed for each reader: there is nothing to group by
                with self.subTest(model=record._name, way=name, hidden=hidden):
                    self.forget()
                    found = str(way(record.with_user(self.member)))
                    self.assertEqual("Secret name" in found, not hidden)
                    if hidden and typed and "group" not in name:
                        self.assertIn(typed, found)
