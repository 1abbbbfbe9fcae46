from odoo.exceptions import AccessError

from .common import MessageCase, build_mail

MODELS = ("message.history", "message.conversation")


class TestRecordRules(MessageCase):
    """Who sees what; and that the fast domain of searches says the same as the rules."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.sales, _server = cls.make_channel("Sales", member_ids=cls.other.ids)

    def setUp(self):
        super().setUp()
        self.office_mail = self.receive(build_mail(subject="Office"))
        self.sales_mail = self.receive(build_mail(subject="Sales"), channel=self.sales)
        self.both = self.office_mail | self.sales_mail
        self.env.invalidate_all()

    def seen_by(self, user, model="message.history"):
        records = self.both if model == "message.history" else self.both.conversation_id
        return self.env[model].with_user(user).search([("id", "in", records.ids)])

    def test_members_see_their_channel(self):
        self.assertEqual(self.seen_by(self.member), self.office_mail)
        self.assertEqual(self.seen_by(self.other), self.sales_mail)
        with self.assertRaises(AccessError):
            self.sales_mail.with_user(self.member).read(["subject"])
        with self.assertRaises(AccessError):
            self.sales_mail.conversation_id.with_user(self.member).read(["subject"])

    def test_managers_see_everything(self):
        self.assertEqual(self.seen_by(self.manager), self.both)

    def test_the_responsible_sees_the_conversation(self):
        self.sales_mail.conversation_id.assignee_id = self.member
        self.env.flush_all()
        self.assertEqual(self.seen_by(self.member), self.both)
        self.assertEqual(self.sales_mail.with_user(self.member).subject, "Sales")

    def test_a_follower_sees_the_conversation(self):
        self.env["message.conversation.member"].create({
            "conversation_id": self.sales_mail.conversation_id.id, "user_id": self.member.id, "follows": True})
        self.env.flush_all()
        self.assertEqual(self.seen_by(self.member), self.both)
        self.assertEqual(self.sales_mail.conversation_id.with_user(self.member).subject, "Sales")

    def test_having_seen_it_is_not_following_it(self):
        self.env["message.conversation.member"].create({
            "conversation_id": self.sales_mail.conversation_id.id, "user_id": self.member.id,
            "seen_message_id": 1})
        self.env.flush_all()
        self.assertEqual(self.seen_by(self.member), self.office_mail)

    def test_people_without_the_group_see_nothing(self):
        plain = self.env.ref("base.user_demo", raise_if_not_found=False) or self.env["res.users"].create({
            "name": "Plain", "login": "history_plain", "group_ids": [(6, 0, self.env.ref("base.group_user").ids)]})
        plain.group_ids -= self.env.ref("message_history.group_user") | self.env.ref("message_history.group_manager")
        for model in MODELS:
            with self.subTest(model=model), self.assertRaises(AccessError):
                self.env[model].with_user(plain).search([])

    def test_leaving_the_channel_takes_effect_at_once(self):
        self.channel.member_ids = self.other
        self.assertFalse(self.seen_by(self.member))
        self.assertEqual(self.seen_by(self.other), self.both)

    def test_an_archived_channel_keeps_its_members(self):
        self.channel.active = False
        self.assertEqual(self.seen_by(self.member), self.office_mail)

    def test_a_company_is_a_wall_for_members_too(self):
        self.channel.company_id = company = self.env["res.company"].create({"name": "Second"})
        self.assertFalse(self.seen_by(self.member))
        self.member.company_ids |= company
        self.assertEqual(self.seen_by(self.member), self.office_mail)

    def test_searches_and_rules_agree(self):
        self.sales_mail.conversation_id.assignee_id = self.member
        third = self.receive(build_mail(subject="Third"), channel=self.sales)
        self.env["message.conversation.member"].create({
            "conversation_id": third.conversation_id.id, "user_id": self.manager.id, "follows": True})
        self.env.flush_all()
        for model in MODELS:
            for user in (self.member, self.other, self.manager):
                with self.subTest(model=model, user=user.login):
                    self.assertEqual(self.by_domain(model, user), self.by_rules(model, user))

    def by_domain(self, model, user):
        return set(self.env[model].with_user(user).search([]).ids)

    def by_rules(self, model, user):
        """Return the ids that ``ir.rule`` alone lets the user read, past our own ``_search``."""
        everything = self.env[model].sudo().search([])
        return set(everything.with_user(user)._filtered_access("read").ids)

    # Documents ------------------------------------------------------------------------------

    def test_the_messages_of_a_document_are_for_its_readers(self):
        document = self.document(self.sales_mail)
        found = self.env["message.history"].with_user(self.member)._for_document(document.with_user(self.member))
        self.assertEqual(found.ids, self.sales_mail.ids, "who may read the contact may read what made it")

    def test_the_messages_of_a_closed_document_are_not(self):
        rule = self.env["ir.rule"].create({
            "name": "No contacts", "model_id": self.env["ir.model"]._get_id("res.partner"),
            "domain_force": f"[('id', '!=', {self.sales_mail.res_id})]"})
        self.assertTrue(rule)
        document = self.document(self.sales_mail).with_user(self.member)
        with self.assertRaises(AccessError):
            self.env["message.history"].with_user(self.member)._for_document(document)
        self.sales_mail.conversation_id.assignee_id = self.member
        self.assertFalse(self.sales_mail.with_user(self.member).document_name)

    def test_originals_references_and_answers_are_for_nobody(self):
        for model in ("message.raw", "message.reference", "message.known"):
            for user in (self.member, self.manager):
                with self.subTest(model=model, user=user.login), self.assertRaises(AccessError):
                    self.env[model].with_user(user).search([])

    def test_nobody_writes_the_ledger(self):
        for user in (self.member, self.manager):
            for action in (lambda mail: mail.write({"subject": "forged"}), lambda mail: mail.unlink(),
                           lambda mail: mail.copy()):
                with self.subTest(user=user.login), self.assertRaises(AccessError):
                    action(self.office_mail.with_user(user))

    def test_a_channel_with_messages_cannot_be_deleted(self):
        with self.assertRaisesRegex(Exception, "Archive it instead"):
            self.channel.with_user(self.manager).unlink()
