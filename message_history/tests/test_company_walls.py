import json
from datetime import timedelta

from odoo import Command, fields
from odoo.exceptions import AccessError, ValidationError
from odoo.orm.models import MAGIC_COLUMNS
from odoo.tests import new_test_user
from odoo.tools import mute_logger

from ..tools.outgoing import Outgoing, Recipient
from .common import build_mail
from .test_scope import ScopeCase

ADDRESS = "ann@walls.example"
RULES = "odoo.addons.base.models.ir_rule"


class TestSharedChannels(ScopeCase):
    """A channel without a company is every company's: who does not work in all of them changes nothing on it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.shared, _server = cls.make_channel("Shared", company_id=False, sends=True)
        cls.whole = new_test_user(
            cls.env, "history_whole", groups="message_history.group_manager", email="whole@example.net",
            company_ids=[Command.set(cls.env["res.company"].search([]).ids)])

    def changes(self, user):
        """Return each way in which somebody could change a shared channel, as calls."""
        shared, folder = self.shared.with_user(user), self.shared.folder_ids.with_user(user)
        own = {name: shared[name] for name in sorted(shared._client_fields())
               if name in ("name", "paused", "keep_raw_days", "failed_folder", "rate_minute", "hold_hours", "address")}
        return {
            **{f"write {name}": lambda name=name, value=value: shared.write({name: value})
               for name, value in own.items()},
            "take": lambda: shared.write({"company_id": user.company_id.id}),
            "join": lambda: shared.write({"member_ids": [Command.link(user.id)]}),
            "pause": shared.action_pause, "continue": shared.action_continue,
            "archive": lambda: shared.write({"active": False}),
            "database": shared.action_confirm_database,
            "fall back": lambda: shared.write({"fallback_ids": [Command.clear()]}),
            "folder": lambda: folder.write({"afterwards": "seen"}),
            "folder by the channel": lambda: shared.write({"folder_ids": [Command.update(folder.id, {"sequence": 3})]}),
            "new folder": lambda: folder.create({"channel_id": shared.id, "name": "Another"}),
            "no folder": folder.unlink,
        }

    def test_only_who_works_in_every_company_changes_them(self):
        for user, allowed in ((self.manager, False), (self.manager_b, False), (self.whole, True)):
            for name, change in self.changes(user).items():
                with self.subTest(user=user.login, change=name), mute_logger(RULES):
                    savepoint = self.env.cr.savepoint()
                    if allowed:
                        change()
                    else:
                        with self.assertRaises(AccessError):
                            change()
                    self.env.clear()
                    savepoint.close(rollback=True)

    def test_nobody_gives_a_channel_to_all_who_decides_for_some(self):
        for user in (self.manager, self.manager_b):
            with self.assertRaises(AccessError):
                self.env["message.channel"].with_user(user).create({"name": "For all", "company_id": False})
        with self.assertRaises(AccessError):
            self.abroad.with_user(self.manager_b).company_id = False
        self.assertFalse(self.env["message.channel"].with_user(self.whole).create(
            {"name": "For all", "company_id": False}).company_id)

    def test_figures_are_of_what_is_seen(self):
        """On a shared channel the graph, the queue and the median count one's own companies' messages."""
        ids = self.env["message.enqueue"]._enqueue([Outgoing(
            channel_id=self.shared.id, content=b"Subject: x\r\n\r\nx", message_uid=f"<{number}@out.example>",
            recipients=[Recipient(f"{number}@example.com")], not_before=fields.Datetime.now() + timedelta(hours=5),
            values={"subject": "Ours", "company_id": self.env.company.id}) for number in range(3)])
        messages = self.env["message.history"].browse(ids)
        messages.write({"is_answer": True, "answer_minutes": 17})
        self.receive(build_mail(), channel=self.shared).conversation_id.history_ids |= messages
        self.env.flush_all()
        self.env.invalidate_all()
        for user, seen in ((self.manager, 3), (self.manager_b, 0), (self.whole, 3)):
            with self.subTest(user=user.login):
                shared = self.shared.with_user(user)
                self.assertEqual(shared.queued_count, seen)
                self.assertIn(f'"value": {seen + 1}', shared.week_graph)
                median = self.env["message.desk"].with_user(user)._median_answer(
                    shared, fields.Datetime.now() - timedelta(days=7))
                self.assertEqual(median, 17 if seen else None)
                self.env.invalidate_all()

    def test_what_came_in_on_it_is_of_the_company_of_its_document(self):
        self.shared.folder_ids.default_values = repr({"company_id": self.env.company.id})
        message = self.receive(build_mail(), channel=self.shared)
        self.assertEqual(message.company_id, self.env.company)
        self.assertTrue(message.with_user(self.manager).has_access("read"))
        self.assertFalse(message.with_user(self.manager_b).has_access("read"))
        self.assertNotIn(message.conversation_id.id,
                         self.env["message.conversation"].with_user(self.manager_b).search([]).ids)

    def test_what_somebody_has_as_his_own_takes_over_for_nobody(self):
        own, _server = self.make_channel("Own", company_id=self.env.company.id, sends=True)
        self.patch(type(own), "_is_personal", lambda channel: channel.id == own.id)
        with self.assertRaises(ValidationError):
            self.channel.with_user(self.manager).fallback_ids = own


class TestCompanyTraces(ScopeCase):
    """Alarms, given answers, tags and the privacy look-up stop at the walls of companies."""

    def test_an_alarm_is_for_who_sees_the_channel(self):
        with mute_logger("odoo.addons.message_history.models.message_alarm"):
            self.env["message.alarm"]._raise(self.channel, "Down")
        self.assertIn(self.manager, self.channel.activity_ids.user_id)
        self.assertNotIn(self.manager_b, self.channel.activity_ids.user_id)
        self.assertFalse(self.env["mail.activity"].with_user(self.manager_b).search(
            [("res_model", "=", "message.channel"), ("res_id", "=", self.channel.id)]))

    def test_what_was_given_up_is_told_to_who_sees_it(self):
        moved = self.env["res.company"].create({"name": "Third"})
        message = self.receive(build_mail())
        for company, told in ((moved, False), (self.env.company, True)):
            self.member.write({"company_ids": [Command.set(company.ids)], "company_id": company.id})
            self.env.registry.clear_cache()
            mail = type("Mail", (), {"message": message, "values": {"subject": "x"}})
            self.env["message.alarm"]._tell_members(mail)
            self.assertEqual(self.member in self.channel.activity_ids.user_id, told)

    def test_given_answers_are_the_channel_s(self):
        message = self.receive(build_mail(sender=ADDRESS))
        self.env["message.answer"].create(
            {"folder_id": self.folder.id, "address": ADDRESS, "period": 1, "history_id": message.id})
        answers = self.env["message.answer"]
        self.assertEqual(answers.with_user(self.manager).search_count([]), 1)
        self.assertFalse(answers.with_user(self.manager_b).search([]))

    def test_a_tag_that_another_company_uses_stays(self):
        tag = self.env["message.tag"].create({"name": "Case"})
        self.receive(build_mail()).conversation_id.tag_ids = tag
        self.env.flush_all()
        theirs = tag.with_user(self.manager_b)
        for change in (theirs.unlink, lambda: theirs.write({"name": "x"})):
            with self.assertRaises(AccessError):
                change()
        tag.with_user(self.manager).name = "Our case"

    def privacy(self, user, **values):
        return self.env["message.privacy"].with_user(user).create(
            {"address": ADDRESS, "confirmation": ADDRESS, **values})

    def traces(self):
        """Return how many traces of the address there are, besides messages."""
        counted = {"message.sender.rule": [("pattern", "=", ADDRESS)], "message.answer": [("address", "=", ADDRESS)],
                   "mail.message": [("model", "=", "message.channel"), ("body", "ilike", "ann@walls.example")],
                   "message.draft": [("subject", "=", "To Ann")]}
        return {name: self.env[name].search_count(domain) for name, domain in counted.items()}

    def test_another_company_s_manager_erases_no_traces(self):
        message = self.receive(build_mail(sender=ADDRESS))
        self.env["message.answer"].create(
            {"folder_id": self.folder.id, "address": ADDRESS, "period": 1, "history_id": message.id})
        self.env["message.sender.rule"].create({"pattern": ADDRESS, "channel_id": self.channel.id})
        self.channel.message_post(body=f"Wrote {ADDRESS}")
        self.channel.message_post(body="Annex, and joann@walls.example.org")
        both = new_test_user(self.env, "history_both", groups="message_history.group_user", email="both@example.net",
                             company_ids=[Command.set((self.env.company + self.company_b).ids)])
        self.env["message.draft"].create({
            "user_id": both.id, "conversation_id": message.conversation_id.id, "mode": "reply", "subject": "To Ann",
            "recipients": [{"address": ADDRESS}]})
        before = self.traces()
        abroad = self.privacy(self.manager_b)
        self.assertFalse(abroad._find_drafts_sudo())
        abroad.action_look_up()
        self.assertEqual((abroad.answer_count, abroad.sent_count), (0, 0))
        abroad.confirmation = ADDRESS
        abroad.action_erase()
        self.assertEqual(self.traces(), before)
        for wildcard in ("%%%", "___", "%nn%"):
            self.privacy(self.manager, address=wildcard, confirmation=wildcard).action_erase()
            self.assertEqual(self.traces(), before)
        self.privacy(self.manager).action_erase()
        self.assertEqual(self.traces(), {**dict.fromkeys(before, 0), "mail.message": 1})

    def test_the_form_tells_nothing_of_a_contact_that_is_not_read(self):
        contact = self.env["res.partner"].create(
            {"name": "Ann", "email": ADDRESS, "company_id": self.env.company.id})
        self.env.flush_all()
        forms = self.env["message.privacy"].with_user(self.manager_b)
        with mute_logger(RULES):
            with self.assertRaises(AccessError):
                forms.create({"partner_id": contact.id})
            with self.assertRaises(AccessError):
                self.privacy(self.manager_b).partner_id = contact
        shown = forms.onchange({"partner_id": contact.id}, ["partner_id"], {"address": {}, "partner_id": {}})
        self.assertNotIn(ADDRESS, str(shown))
        self.assertEqual(self.env["message.privacy"].with_user(self.manager).create(
            {"partner_id": contact.id}).address, ADDRESS)


class TestUsersDefaults(ScopeCase):
    """A default that somebody keeps for himself (``ir.default``) is his input like any other."""

    def test_no_field_of_ours_is_filled_by_one(self):
        some = {"boolean": True, "integer": 7, "float": 7.0, "char": "by default", "text": "by default",
                "datetime": "2030-01-01 00:00:00", "many2one": 1, "json": {"a": 1}, "html": "<p>by default</p>"}
        models = {
            "message.channel": (self.manager, {"name": "x"}, ()),
            "message.channel.folder": (self.manager, {"name": "x", "channel_id": self.channel.id}, ("channel_id",)),
            "message.draft": (self.member, {"mode": "new"}, ("conversation_id", "history_id", "mode", "sender_id",
                                                             "recipients", "copies", "subject", "body", "quote")),
        }
        for model, (user, values, begun) in models.items():
            records = self.env[model].with_user(user)
            allowed = {*begun, *(records._client_fields() if hasattr(records, "_client_fields") else ())}
            for name, field in records._fields.items():
                if not field.store or name in (*MAGIC_COLUMNS, *allowed) or (
                        field.type not in some and field.type != "selection"):
                    continue
                with self.subTest(model=model, field=name):
                    savepoint = self.env.cr.savepoint()
                    value = some.get(field.type) or field.get_values(self.env)[-1]
                    before = records.create(dict(values)).sudo()[name]
                    records.sudo().search([], order="id desc", limit=1).unlink()
                    self.env["ir.default"].sudo().create({
                        "field_id": self.env["ir.model.fields"]._get(model, name).id, "user_id": user.id,
                        "json_value": json.dumps(value)})
                    self.env.registry.clear_cache()
                    made = records.create(dict(values)).sudo()[name]
                    if name not in ("bus_key", "authserv_asked", "write_date"):
                        self.assertEqual(made, before)
                    self.env.clear()
                    savepoint.close(rollback=True)
                    self.env.registry.clear_cache()
