import contextlib

from odoo.exceptions import AccessError
from odoo.tests import Form

from .common import build_mail
from .test_scope import ScopeCase


class TestConversationRights(ScopeCase):
    """What people may write is a list of what is allowed; what a client says of ids is asked as that client."""

    def setUp(self):
        super().setUp()
        self.ours = self.receive(build_mail(subject="Ours"))
        self.theirs = self.receive(build_mail(subject="Their secret"), channel=self.sales)
        self.conversation = self.ours.conversation_id.with_user(self.member)

    def test_nobody_writes_more_than_the_list(self):
        partner = self.env["res.partner"].create({"name": "Somebody"})
        values = {
            "partner_id": partner.id, "last_message_id": self.theirs.id, "channel_id": self.sales.id,
            "model": "res.partner", "res_id": partner.id, "conversation_key": "ab" * 22,
            "split_from_id": self.theirs.conversation_id.id,
            "beside_id": self.theirs.conversation_id.id, "subject": "forged", "preview": "forged", "sender": "forged",
            "history_ids": [(4, self.theirs.id)],
            "member_ids": [(0, 0, {"user_id": self.outsider.id, "follows": True})],
            "grant_ids": [(0, 0, {"user_id": self.outsider.id, "channel_id": self.channel.id, "reason": "follows"})],
            "pair_ids": [(5, 0, 0)], "channel_ids": [(4, self.sales.id)], "last_date": "2030-01-01", "spam": True,
            "snooze_until": "2030-01-01", "waiting_since": "2030-01-01", "message_follower_ids": [(5, 0, 0)],
            "activity_ids": [(0, 0, {"summary": "x"})], "message_ids": [(5, 0, 0)], "create_uid": self.outsider.id,
        }
        self.assertGreater(len(values), 20)
        for user in (self.member, self.manager):
            for name, value in values.items():
                with self.subTest(user=user.login, field=name), self.assertRaises(AccessError):
                    self.conversation.with_user(user).write({name: value})
            with self.assertRaises(AccessError):
                self.env["message.conversation"].with_user(user).create({"state": "open"})
            with self.assertRaises(AccessError):
                self.conversation.with_user(user).unlink()
        unlisted = set(self.env["message.conversation"]._fields) - set(values) - {"state", "assignee_id", "tag_ids"}
        for name in unlisted:
            with self.subTest(field=name), self.assertRaises(AccessError):
                self.conversation.write({name: False})

    def test_lists_cards_and_forms_write_what_is_listed(self):
        tag = self.env["message.tag"].create({"name": "Billing"})
        self.conversation.write({"state": "done"})
        self.conversation.write({"assignee_id": self.manager.id, "tag_ids": [(4, tag.id)]})
        self.assertEqual((self.conversation.state, self.conversation.assignee_id, self.conversation.tag_ids),
                         ("done", self.manager, tag))
        described = self.conversation.fields_get(["state", "assignee_id", "tag_ids", "res_id"], ["readonly"])
        self.assertEqual({name for name, one in described.items() if not one["readonly"]},
                         {"state", "assignee_id", "tag_ids"})
        with self.assertRaises(AccessError):
            self.conversation.with_user(self.other).write({"state": "open"})

    def test_nobody_is_made_responsible_who_may_not_be(self):
        portal = self.env["res.users"].with_context(no_reset_password=True).create({
            "name": "P", "login": "rights_portal", "group_ids": [(6, 0, self.env.ref("base.group_portal").ids)]})
        for user in (portal, self.manager_b, self.env["res.users"].browse(999999999)):
            with self.subTest(user=user), self.assertRaises(AccessError):
                self.conversation.write({"assignee_id": user.id})
        with self.assertRaises(AccessError):
            self.conversation.desk_change({"name": "assign", "user_id": portal.id})

    def test_tags_are_neither_made_nor_changed_on_the_way(self):
        tag = self.env["message.tag"].create({"name": "Billing"})
        for command in ((0, 0, {"name": "New"}), (1, tag.id, {"name": "Changed"}), (2, tag.id, 0)):
            with self.subTest(command=command), self.assertRaises(AccessError):
                self.conversation.write({"tag_ids": [command]})
        self.assertEqual(tag.exists().name, "Billing")

    def test_nobody_is_subscribed(self):
        with self.assertRaises(AccessError):
            self.conversation.message_subscribe(self.other.partner_id.ids)
        with self.assertRaises(AccessError):
            self.conversation.message_subscribe(self.env["res.partner"].create({"name": "Stranger"}).ids)
        self.conversation.message_subscribe(self.member.partner_id.ids)
        self.assertFalse(self.conversation.sudo().message_follower_ids)
        self.conversation.message_post(body="x", message_type="comment")
        self.assertFalse(self.conversation.sudo().message_follower_ids)

    # Drafts ---------------------------------------------------------------------------------------

    def test_defaults_in_a_context_make_no_draft_of_what_others_sent(self):
        drafts = self.env["message.draft"].with_user(self.member)
        draft = drafts.with_context(
            default_state="sent", default_sent_id=self.theirs.id, default_user_id=self.other.id,
            default_before={"undo": []}, default_history_id=self.theirs.id).create({"mode": "new"})
        self.assertEqual((draft.state, draft.sent_id.id, draft.user_id, draft.before, draft.history_id.id),
                         ("draft", False, self.member, False, False))

    def test_a_draft_points_at_what_its_writer_sees(self):
        drafts = self.env["message.draft"].with_user(self.member)
        foreign = {"history_id": self.theirs.id, "conversation_id": self.theirs.conversation_id.id,
                   "sender_id": self.sales.id}
        for name, value in foreign.items():
            with self.subTest(field=name, how="create"), self.assertRaises(AccessError):
                drafts.create({"mode": "new", name: value})
            if name != "conversation_id":
                draft = drafts.create({"mode": "new"})
                with self.subTest(field=name, how="write"), self.assertRaises(AccessError):
                    draft.write({name: value})
                    self.env.flush_all()
        with self.assertRaises(AccessError):
            drafts.open(self.theirs.conversation_id.id, "reply")
        with self.assertRaises(AccessError):
            drafts.open(self.ours.conversation_id.id, "reply", self.theirs.id)

    def test_a_draft_is_changed_by_its_list_of_fields(self):
        draft = self.env["message.draft"].with_user(self.member).create({"mode": "new"})
        for values in ({"state": "sent"}, {"sent_id": self.ours.id}, {"before": {}}, {"user_id": self.other.id},
                       {"conversation_id": self.ours.conversation_id.id}, {"mode": "note"}):
            with self.subTest(values), self.assertRaises(AccessError):
                draft.write(values)
        draft.write({"subject": "x", "body": "<p>y</p>", "recipients": []})

    # Forms ----------------------------------------------------------------------------------------

    def test_the_forms_take_nothing_foreign(self):
        delivery = self.env["message.delivery"].create({
            "history_id": self.theirs.id, "channel_id": self.sales.id, "address": "secret@example.com",
            "state": "refused"})
        for model, values in (("message.correct", {"history_id": self.theirs.id}),
                              ("message.link", {"history_ids": [(6, 0, self.theirs.ids)]})):
            with self.subTest(model=model), self.assertRaises(AccessError):
                self.env[model].with_user(self.member).create(values)
        wizard = self.env["message.correct"].with_user(self.member).create({"history_id": self.ours.id})
        with self.assertRaises(AccessError):
            self.env["message.correct.line"].with_user(self.member).create(
                {"wizard_id": wizard.id, "delivery_id": delivery.id, "new_address": "x@example.com"})
        said = ""
        with contextlib.suppress(AccessError):
            said = self.env["message.correct"].with_user(self.member).onchange(
                {"history_id": self.theirs.id}, ["history_id"],
                {"history_id": {"fields": {"display_name": {}}}, "subject": {}})
        self.assertNotIn("Their secret", str(said))

    def test_the_form_of_a_correction_opens_for_the_entitled(self):
        self.env["message.delivery"].create({
            "history_id": self.ours.id, "channel_id": self.channel.id, "address": "x@example.com", "state": "refused"})
        action = self.ours.with_user(self.member).action_correct()
        form = Form(self.env["message.correct"].with_user(self.member).browse(action["res_id"]))
        self.assertEqual(form.save().history_id, self.ours.with_user(self.member))


class TestSenderRuleRights(ScopeCase):
    """Ignoring for more than one's own channels, or a whole domain, is a manager's act."""

    def test_what_a_clerk_may_not_make(self):
        rules = self.env["message.sender.rule"].with_user(self.member)
        for values in ({"pattern": "big.example"}, {"pattern": "ceo@big.example"},
                       {"pattern": "big.example", "channel_id": self.channel.id},
                       {"pattern": "ceo@big.example", "channel_id": self.sales.id}):
            with self.subTest(values), self.assertRaises(AccessError):
                rules.create(values)
        own = rules.create({"pattern": "ceo@big.example", "channel_id": self.channel.id})
        for values in ({"pattern": "big.example"}, {"channel_id": False}, {"channel_id": self.sales.id}):
            with self.subTest(values), self.assertRaises(AccessError), self.env.cr.savepoint():
                own.write(values)
        for_all = self.env["message.sender.rule"].create({"pattern": "wanted.example", "action": "process"})
        with self.assertRaises(AccessError):
            for_all.with_user(self.member).write({"action": "ignore"})
        with self.assertRaises(AccessError):
            self.env["message.sender.rule"].with_user(self.outsider).create({"pattern": "a@big.example"})

    def test_the_button_of_a_clerk_is_for_his_channel(self):
        message = self.receive(build_mail(sender="Ann <ann@example.com>"))
        message.with_user(self.member).action_ignore_sender()
        rule = self.env["message.sender.rule"].search([("pattern", "=", "ann@example.com")])
        self.assertEqual(rule.channel_id, self.channel)
        self.assertState(self.receive(build_mail(sender="Ann <ann@example.com>"), channel=self.sales), "processed")
        self.assertState(self.receive(build_mail(sender="Ann <ann@example.com>")), "ignored")

    def test_who_was_given_a_conversation_ignores_nobody(self):
        message = self.receive(build_mail(sender="Ann <ann@example.com>"), channel=self.sales)
        message.conversation_id.with_user(self.other).assignee_id = self.outsider
        self.env.invalidate_all()
        with self.assertRaises(AccessError):
            message.with_user(self.outsider).action_ignore_sender()

    def test_the_button_of_a_manager_is_for_every_channel(self):
        message = self.receive(build_mail(sender="Ann <ann@example.com>"))
        message.with_user(self.manager).action_ignore_sender()
        self.assertState(self.receive(build_mail(sender="Ann <ann@example.com>"), channel=self.sales), "ignored")
