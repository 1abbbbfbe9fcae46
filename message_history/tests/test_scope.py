import itertools
import random

from odoo.exceptions import AccessError
from odoo.tests import new_test_user
from odoo.tools import SQL, mute_logger

from .common import build_mail
from .test_desk import DeskCase

#: Models of which a user sees what his scope says.
SCOPED = ("message.channel", "message.channel.folder", "message.channel.status", "message.history", "message.delivery",
          "message.attempt", "message.conversation", "message.conversation.channel", "message.sender.rule")


class ScopeCase(DeskCase):
    """Two mailboxes with other readers, and a second company with a mailbox and a manager of its own."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sales, _server = cls.make_channel("Sales", member_ids=cls.other.ids)
        cls.company_b = cls.env["res.company"].create({"name": "Second"})
        cls.abroad, _server = cls.make_channel("Abroad", company_id=cls.company_b.id)
        cls.manager_b = new_test_user(
            cls.env, "history_manager_b", groups="message_history.group_manager", email="b@example.net",
            company_id=cls.company_b.id, company_ids=[(6, 0, cls.company_b.ids)])
        cls.outsider = new_test_user(
            cls.env, "history_outsider", groups="message_history.group_user", email="outsider@example.net")
        cls.everybody = (cls.member, cls.other, cls.manager, cls.manager_b, cls.outsider)

    def merged(self):
        """Return a conversation of Office and Sales, with its message on each."""
        ours = self.receive(build_mail("Our text", subject="Ours", sender="Ann <ann@example.com>"))
        theirs = self.receive(build_mail("Their text", subject="Theirs", sender="Bob <bob@example.com>"),
                              channel=self.sales)
        both = (ours + theirs).conversation_id
        both.with_user(self.manager).desk_merge()
        self.env.flush_all()
        self.env.invalidate_all()
        return ours.conversation_id, ours, theirs


class TestScope(ScopeCase):
    """Sight is per conversation and channel; the desk, the list, the search and single records agree."""

    def test_each_reader_of_a_merged_conversation_sees_his_own_part(self):
        conversation, ours, theirs = self.merged()
        for user, message, shown in ((self.member, ours, "Ours"), (self.other, theirs, "Theirs")):
            own = conversation.with_user(user)
            values = own.read(["subject", "preview", "sender", "history_count", "hidden_count", "last_message_id"])[0]
            self.assertEqual((values["subject"], values["history_count"], values["hidden_count"]), (shown, 1, 1))
            self.assertEqual(values["last_message_id"][0], message.id)
            pane = self.desk(user).open_conversation(conversation.id)
            self.assertEqual([one["id"] for one in pane["messages"]], message.ids)
            self.assertEqual((pane["subject"], pane["hidden_count"]), (shown, 1))
            self.assertEqual(self.env["message.history"].with_user(user).search(
                [("conversation_id", "=", conversation.id)]).ids, message.ids)
            other = theirs if message == ours else ours
            self.assertIsNone(self.desk(user).open_message(other.id))
            with self.assertRaises(AccessError):
                other.with_user(user).read(["subject"])
        whole = conversation.with_user(self.manager)
        self.assertEqual((whole.history_count, whole.hidden_count), (2, 0))

    def test_nothing_of_the_other_part_is_found_by_searching(self):
        conversation, _ours, _theirs = self.merged()
        conversations = self.env["message.conversation"].with_user(self.member)
        asked = {
            "subject": "Theirs", "preview": "Their text", "sender": "Bob", "text": "their",
            "history_ids.subject": "Theirs", "last_message_id.subject": "Theirs", "pair_ids.subject": "Theirs",
            "channel_ids": "Sales", "channel_ids.name": "Sales", "history_ids.channel_id.name": "Sales",
            "display_name": "Theirs",
        }
        for name, value in asked.items():
            with self.subTest(field=name), mute_logger("odoo.domains"):
                self.assertNotIn(conversation, conversations.search([(name, "ilike", value)]))
        for name, value in (("subject", "Ours"), ("preview", "Our text"), ("sender", "Ann"), ("text", "our"),
                            ("history_ids.subject", "Ours"), ("channel_ids", "Office")):
            with self.subTest(field=name):
                self.assertIn(conversation, conversations.search([(name, "ilike", value)]))

    def test_unread_is_what_the_reader_sees(self):
        conversation, ours, theirs = self.merged()
        mine = conversation.with_user(self.member)
        mine.action_mark_seen()
        self.assertFalse(mine.unread)
        self.assertTrue(conversation.with_user(self.other).unread)
        self.assertGreater(theirs.id, ours.id)
        self.assertNotIn(mine, mine.search([("unread", "=", True)]))

    def test_searches_and_single_records_agree(self):
        """A property over random memberships, merges, grants and companies."""
        self.merged()
        rng = random.Random(7)
        channels = [self.channel, self.sales, self.abroad]
        for number in range(6):
            channel = rng.choice(channels)
            self.receive(build_mail(f"Text {number}", subject=f"Subject {number}"), channel=channel)
        for _round in range(4):
            for channel in channels:
                channel.member_ids = rng.sample([self.member, self.other, self.outsider], rng.randint(0, 2)) and (
                    self.env["res.users"].browse(user.id for user in rng.sample(
                        [self.member, self.other, self.outsider], rng.randint(0, 2))))
            some = self.env["message.conversation"].search([], limit=8)
            rng.choice(some).assignee_id = rng.choice([self.member, self.outsider])
            self.env["message.conversation.grant"].with_user(self.manager)._give(
                rng.choice(some), self.outsider, "follows")
            self.env.flush_all()
            self.env.invalidate_all()
            for model, user in itertools.product(SCOPED, self.everybody):
                with self.subTest(model=model, user=user.login):
                    records = self.env[model].with_user(user).with_context(active_test=False)
                    self.assertEqual(set(records.search([])._ids), set(records.sudo().search([]).with_user(
                        user)._filtered_access("read")._ids))

    def test_the_statement_and_the_domain_of_pairs_agree(self):
        self.merged()
        pairs = self.env["message.conversation.channel"]
        for user in self.everybody:
            scope = user._message_scope()
            rows = self.env.execute_query(SQL(
                "SELECT p.id FROM message_conversation_channel p WHERE %s", scope.pair_sql("p")))
            self.assertEqual({row[0] for row in rows}, set(pairs.search(scope.pairs()).ids), user.login)
            shown = self.env["message.conversation"].search(scope.conversations())
            self.assertEqual(set(shown.ids), set(pairs.search(scope.pairs()).conversation_id.ids), user.login)

    def test_a_follower_sees_what_the_giver_saw_and_no_more(self):
        conversation, ours, theirs = self.merged()
        note = f'<p><a data-oe-model="res.partner" data-oe-id="{self.outsider.partner_id.id}">@you</a> look</p>'
        drafts = self.env["message.draft"].with_user(self.member)
        drafts.browse(drafts.store({"conversation_id": conversation.id, "mode": "note", "body": note})["id"]).send()
        self.env.invalidate_all()
        messages = self.env["message.history"].with_user(self.outsider)
        self.assertEqual(messages.search([("conversation_id", "=", conversation.id)]).ids, ours.ids)
        self.assertFalse(theirs.with_user(self.outsider).has_access("read"))
        later = self.receive(build_mail("More", references=ours.message_uid))
        self.assertIn(later.id, messages.search([("conversation_id", "=", conversation.id)]).ids)

    def test_the_responsible_sees_what_the_giver_saw_and_loses_it_again(self):
        conversation, ours, theirs = self.merged()
        conversation.with_user(self.other).assignee_id = self.outsider
        self.env.invalidate_all()
        self.assertTrue(theirs.with_user(self.outsider).has_access("read"))
        self.assertFalse(ours.with_user(self.outsider).has_access("read"))
        conversation.with_user(self.manager).assignee_id = self.manager
        self.env.invalidate_all()
        self.assertFalse(theirs.with_user(self.outsider).has_access("read"))

    def test_notes_are_for_who_sees_the_pair_they_were_written_under(self):
        conversation, _ours, _theirs = self.merged()
        drafts = self.env["message.draft"].with_user(self.member)
        draft = drafts.browse(drafts.store({
            "conversation_id": conversation.id, "mode": "note", "body": "<p>confidential</p>"})["id"])
        draft._attach("plan.txt", b"the plan")
        draft.send()
        self.env.flush_all()
        note = self.env["mail.message"].search([("body", "ilike", "confidential"), ("res_id", "=", conversation.id)])
        for user, sees in ((self.member, True), (self.manager, True), (self.other, False), (self.outsider, False)):
            with self.subTest(user=user.login):
                self.assertEqual(note.with_user(user).has_access("read"), sees)
                found = self.env["mail.message"].with_user(user).search([("id", "=", note.id)])
                self.assertEqual(bool(found), sees)
                self.assertEqual(note.attachment_ids.with_user(user).has_access("read"), sees)
        self.assertNotIn("confidential", str(self.desk(self.other).open_conversation(conversation.id)["notes"]))
        self.assertIn("confidential", str(self.desk(self.member).open_conversation(conversation.id)["notes"]))

    def test_names_are_told_to_who_sees_the_record(self):
        conversation, ours, theirs = self.merged()
        for record, seen, hidden in (
                (theirs, self.other, self.member), (ours, self.member, self.other),
                (conversation, self.member, self.outsider),
                (self.sales, self.other, self.member), (conversation.pair_ids.filtered(
                    lambda pair: pair.channel_id == self.sales), self.other, self.member)):
            # as the ORM reads names of links: as superuser on behalf of the user
            name = record.sudo().display_name
            self.assertEqual(record.with_user(seen).sudo().display_name in (name, "Ours"), True)
            self.assertNotIn(record.with_user(hidden).sudo().display_name, (name, "Ours", "Theirs", "Sales"))


class TestCompanyWalls(ScopeCase):
    """What belongs to a company is not there for who works in another."""

    def test_a_manager_of_another_company_sees_nothing_of_ours(self):
        message = self.receive(build_mail(subject="Ours"))
        theirs = self.receive(build_mail(subject="Abroad"), channel=self.abroad)
        self.env["message.sender.rule"].create({"pattern": "ours.example", "company_id": self.env.company.id})
        self.env.flush_all()
        for model in SCOPED:
            with self.subTest(model=model):
                found = self.env[model].with_user(self.manager_b).search([])
                for name in ("channel_id", "history_id.channel_id"):
                    if name.partition(".")[0] in found._fields:
                        self.assertFalse(found.sudo().mapped(name) & (self.channel | self.sales))
        self.assertFalse(message.with_user(self.manager_b).has_access("read"))
        self.assertTrue(theirs.with_user(self.manager_b).has_access("read"))
        counters = self.desk(self.manager_b).get_counters()
        self.assertEqual(counters["open"], len(self.env["message.conversation"].with_user(self.manager_b).search(
            [("state", "=", "open")])))
        self.assertFalse({self.channel.id, self.sales.id} & {one["id"] for one in counters["channels"]})
        self.assertFalse(self.env["message.sender.rule"].with_user(self.manager_b).search(
            [("pattern", "=", "ours.example")]))

    def test_a_manager_of_another_company_changes_nothing_of_ours(self):
        message = self.receive(build_mail(subject="Ours"))
        acts = (
            lambda: message.with_user(self.manager_b).action_ignore(),
            lambda: message.conversation_id.with_user(self.manager_b).write({"state": "done"}),
            lambda: self.channel.with_user(self.manager_b).action_pause(),
            lambda: self.folder.with_user(self.manager_b).write({"answer_days": 7}),
            lambda: self.channel.with_user(self.manager_b).write({"member_ids": [(4, self.manager_b.id)]}),
        )
        for number, act in enumerate(acts):
            with self.subTest(act=number), self.assertRaises(AccessError):
                act()
        outcome = message.conversation_id.with_user(self.manager_b).desk_change({"name": "done"})
        self.assertFalse(outcome["done"])

    def test_what_goes_by_a_shared_server_belongs_to_its_company(self):
        shared, _server = self.make_channel("Everybody's server", company_id=False, receives=False, sends=True)
        message = self.receive(build_mail(subject="By the shared one"))
        self.env.cr.execute(SQL(
            "UPDATE message_history SET channel_id = %s, company_id = %s WHERE id = %s",
            shared.id, self.env.company.id, message.id))
        self.env.invalidate_all()
        self.assertFalse(message.with_user(self.manager_b).has_access("read"))
        self.assertTrue(message.with_user(self.manager).has_access("read"))

    def test_a_privacy_look_up_stays_in_the_manager_s_companies(self):
        self.receive(build_mail(subject="Ours", sender="Ann <ann@example.com>"))
        look_up = self.env["message.privacy"].with_user(self.manager_b).create({"address": "ann@example.com"})
        self.assertFalse(look_up._find_scope_ids())
        look_up = self.env["message.privacy"].with_user(self.manager).create({"address": "ann@example.com"})
        self.assertTrue(look_up._find_scope_ids())

    def test_rules_for_all_are_of_the_manager_s_company(self):
        rules = self.env["message.sender.rule"].with_user(self.manager_b)
        rule = rules.create({"pattern": "example.com"})
        self.assertEqual(rule.company_id, self.company_b)
        self.assertState(self.receive(build_mail(sender="Ann <ann@example.com>")), "processed")
        self.assertState(self.receive(build_mail(sender="Ann <ann@example.com>"), channel=self.abroad), "ignored")
        with self.assertRaises(AccessError):
            rule.company_id = False


class TestThreadsAndReaders(ScopeCase):
    """Knowing an id, or a thread's key, brings nobody before another channel's text, nor his before theirs."""

    def setUp(self):
        super().setUp()
        self.ours = self.receive(build_mail("A secret", subject="Ours", message_id="<secret@x.example>"))

    def assertApart(self, message):
        self.assertTrue(message.conversation_id)
        self.assertNotEqual(message.conversation_id, self.ours.conversation_id)
        self.assertEqual(message.conversation_id.beside_id, self.ours.conversation_id)
        self.env.invalidate_all()
        self.assertFalse(self.ours.conversation_id.with_user(self.other).has_access("read"))
        self.assertNotIn("secret", str(self.desk(self.other).open_conversation(message.conversation_id.id)))
        self.assertFalse(self.desk(self.other).open_conversation(message.conversation_id.id)["beside"])
        self.assertTrue(self.desk(self.manager).open_conversation(message.conversation_id.id)["beside"])

    def test_a_reference(self):
        self.assertApart(self.receive(build_mail("Hello", references="<secret@x.example>"), channel=self.sales))

    def test_a_thread_index(self):
        index = "AQHZabcdefghijklmnopqrstuvwxyzABCDEFGH=="
        first = self.receive(build_mail("One", subject="Outlook", thread_index=index))
        second = self.receive(build_mail("Two", subject="Other", thread_index=index), channel=self.sales)
        self.assertTrue(first.conversation_id.conversation_key)
        self.assertNotEqual(first.conversation_id, second.conversation_id)

    def test_the_document(self):
        reply = self.receive(build_mail("Hello", references="<secret@x.example>"), channel=self.sales)
        self.assertEqual((reply.model, reply.res_id), (self.ours.model, self.ours.res_id), "core's own threading")
        self.assertApart(reply)

    def test_both_in_one_batch(self):
        raws = (build_mail("One", message_id="<one@x.example>"), build_mail("Two", references="<one@x.example>"))
        self._servers[self.channel.id].deliver(raws[0])
        self._servers[self.sales.id].deliver(raws[1])
        self.fetch()
        self.fetch(self.sales)
        self.work()
        one, two = self.ledger()[-1:], self.ledger(self.sales)[-1:]
        self.assertNotEqual(one.conversation_id, two.conversation_id)

    def test_channels_with_the_same_readers_share_threads(self):
        second, _server = self.make_channel("Office 2", member_ids=self.member.ids)
        reply = self.receive(build_mail("Hello", references="<secret@x.example>"), channel=second)
        self.assertEqual(reply.conversation_id, self.ours.conversation_id)

    def test_it_goes_on_beside(self):
        first = self.receive(build_mail("One", references="<secret@x.example>", message_id="<b1@x.example>"),
                             channel=self.sales)
        second = self.receive(build_mail("Two", references="<secret@x.example> <b1@x.example>"), channel=self.sales)
        self.assertEqual(second.conversation_id, first.conversation_id)
        third = self.receive(build_mail("Three", references="<secret@x.example> <b1@x.example>"))
        self.assertEqual(third.conversation_id, self.ours.conversation_id)
        self.assertEqual(self.ours.conversation_id.with_user(self.manager).history_count, 2)

    def test_it_reopens_nothing(self):
        self.ours.conversation_id.with_user(self.member).desk_change({"name": "done"})
        self.receive(build_mail("Hello", references="<secret@x.example>"), channel=self.sales)
        self.assertEqual(self.ours.conversation_id.state, "done")
