from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user
from odoo.tools import mute_logger

from .common import MessageCase, build_mail

ANSWER_LOGGER = "odoo.addons.message_history.models.message_answer"
GROUPS = "message_history.group_manager,base.group_partner_manager,mail.group_mail_template_editor"


class FolderRuleCase(MessageCase):
    """A manager who may make contacts, and administers nothing."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.setter = new_test_user(cls.env, "rule_setter", groups=GROUPS, email="setter@example.net")
        cls.own = cls.folder.with_user(cls.setter)
        cls.foreign = cls.env["res.company"].create({"name": "Another Company"})
        cls.hidden = cls.env["res.partner"].create({"name": "Hidden"})
        cls.env["ir.rule"].create({
            "name": "Nobody sees the hidden one", "model_id": cls.env["ir.model"]._get_id("res.partner"),
            "domain_force": [("id", "!=", cls.hidden.id)]})
        cls.env["res.partner"]._fields["function"].groups = "base.group_system"
        cls.addClassCleanup(setattr, cls.env["res.partner"]._fields["function"], "groups", None)

    def made(self, **values):
        return self.env["res.partner"].search([(name, "=", value) for name, value in values.items()])

    def assertPutAside(self, message):
        self.assertState(message, "failed")
        self.assertEqual(message.failure_type, "access")
        self.assertTrue(message.state_reason)
        self.assertTrue(message.raw_kept)
        self.assertFalse(message.res_id)


class TestFolderValues(FolderRuleCase):
    """The values of a folder's rule have the rights of who set them, when they are set and when they are used."""

    def hostile(self):
        system = self.env.ref("base.group_system").id
        return [
            {"user_ids": [(0, 0, {"login": "evil", "name": "evil", "group_ids": [(4, system)]})]},
            {"user_ids": [(4, self.env.ref("base.user_admin").id)]},
            {"child_ids": [(1, self.hidden.id, {"name": "x"})]},
            {"category_id": [(6, 0, [])]}, {"message_follower_ids": [(0, 0, {"partner_id": self.hidden.id})]},
            {"create_uid": 1}, {"id": 1}, {"nonsense": 1}, {"default_user_ids": [1]}, {"company_type": "company"},
            {"name": ["x"]}, {"name": {"en_US": "x"}}, {"company_id": self.foreign.id},
            {"ref": "good", "user_ids": [(4, 2)]},
        ]

    def personal(self):
        return [{"parent_id": self.hidden.id}, {"function": "evil"}]

    def test_a_manager_can_t_set_them(self):
        for values in (*self.hostile(), *self.personal()):
            with self.subTest(values=values), self.assertRaises(AccessError), self.env.cr.savepoint():
                self.own.default_values = repr(values)
            self.assertEqual(self.folder.default_values, "{}")

    def test_nor_an_administrator(self):
        admin = new_test_user(self.env, "rule_admin", groups="message_history.group_manager,base.group_system")
        for values in self.hostile():
            with self.subTest(values=values), self.assertRaises(AccessError), self.env.cr.savepoint():
                self.folder.with_user(admin).default_values = repr(values)

    def test_they_do_nothing_where_they_stand_already(self):
        """Written before, or past the ORM: they are looked at when they are used."""
        for values in (*self.hostile(), *self.personal()):
            with self.subTest(values=values):
                count = self.env["res.partner"].search_count([])
                self.env.cr.execute(
                    "UPDATE message_channel_folder SET default_values = %s, set_by_id = %s WHERE id = %s",
                    (repr(values), self.setter.id, self.folder.id))
                self.folder.invalidate_recordset()
                message = self.receive(build_mail())
                self.assertPutAside(message)
                self.assertEqual(self.env["res.partner"].search_count([]), count)
                self.assertEqual(self.hidden.name, "Hidden")
                self.assertFalse(self.env["res.users"].search([("login", "=", "evil")]))

    def test_good_ones_are_used(self):
        values = {"ref": "RULE", "country_id": self.env.ref("base.be").id, "company_id": self.env.company.id}
        self.own.default_values = repr(values)
        self.assertEqual(self.folder.set_by_id, self.setter)
        message = self.receive(build_mail())
        self.assertState(message, "processed")
        made = self.document(message)
        self.assertEqual((made.ref, made.country_id), ("RULE", self.env.ref("base.be")))

    def test_a_right_that_was_lost_puts_the_messages_aside_until_somebody_sets_it_anew(self):
        def lose_group():
            self.setter.group_ids -= self.env.ref("base.group_partner_manager")

        def leave():
            self.setter.active = False

        for lose in (lose_group, leave):
            with self.subTest(lost=lose.__name__):
                self.own.default_values = "{'ref': 'RULE'}"
                self.assertFalse(self.folder.rule_problem or self.channel.rule_problem)
                lose()
                message = self.receive(build_mail())
                self.assertPutAside(message)
                self.folder.invalidate_recordset()
                self.channel.invalidate_recordset()
                self.assertIn(self.setter.name, self.folder.rule_problem)
                self.assertIn(self.folder.rule_problem, self.channel.rule_problem)
                self.folder.default_values = "{'ref': 'RULE'}"
                self.make_due(message)
                self.work()
                self.assertState(message, "processed")
                self.setter.write({"active": True, "group_ids": [(4, self.env.ref("base.group_partner_manager").id)]})

    def test_the_record_rules_of_the_setter_hold_for_what_is_made(self):
        self.env["ir.rule"].create({
            "name": "Own ones only", "model_id": self.env["ir.model"]._get_id("res.partner"), "perm_read": False,
            "perm_write": False, "perm_unlink": False, "domain_force": [("ref", "!=", "FORBIDDEN")]})
        self.own.default_values = "{'ref': 'FORBIDDEN'}"
        self.assertPutAside(self.receive(build_mail()))
        self.assertFalse(self.made(ref="FORBIDDEN"))

    def test_a_kind_of_document_that_the_manager_may_not_make(self):
        reader = new_test_user(self.env, "rule_reader", groups="message_history.group_manager")
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            self.folder.with_user(reader).model_id = self.env["ir.model"]._get("res.partner")
        for model in ("res.users", "message.channel", "ir.cron", "ir.attachment"):
            with self.subTest(model=model), self.assertRaises(UserError), self.env.cr.savepoint():
                self.own.model_id = self.env["ir.model"]._get(model)

    def test_one_bad_rule_does_not_stop_other_mails_of_the_batch(self):
        self.own.default_values = "{'ref': 'RULE'}"
        self.setter.active = False
        self.env["mail.alias"].create({
            "alias_name": "rules", "alias_model_id": self.env["ir.model"]._get_id("res.partner"),
            "alias_domain_id": self.alias_domain.id, "alias_contact": "everyone"})
        other, _server = self.make_channel("Other")
        messages = self.receive(build_mail()) + self.receive(build_mail(), channel=other)
        self.assertPutAside(messages[0])
        self.assertState(messages[1], "processed")


class TestFolderSetter(FolderRuleCase):
    """Who answers for a rule is noted by us."""

    def test_it_is_whoever_writes_and_never_what_is_written(self):
        admin = self.env.ref("base.user_admin")
        self.own.default_values = "{'ref': 'X'}"
        self.assertEqual(self.folder.set_by_id, self.setter)
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            self.own.set_by_id = admin
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            self.own.write({"default_values": "{}", "set_by_id": admin.id})
        folders = self.env["message.channel.folder"].with_user(self.setter).with_context(default_set_by_id=admin.id)
        made = folders.create({"channel_id": self.channel.id, "name": "Archive"})
        self.assertEqual(made.set_by_id, self.setter)
        self.folder.with_user(admin).default_values = "{'ref': 'Y'}"
        self.assertEqual(self.folder.set_by_id, admin)
        self.own.name = "INBOX2"
        self.assertEqual(self.folder.set_by_id, admin, "the rule was not touched")

    def test_whoever_changes_a_part_of_it_answers_for_all_of_it(self):
        action = self.env["ir.actions.server"].create({
            "name": "For administrators", "model_id": self.env["ir.model"]._get_id("res.partner"), "state": "mail_post",
            "mail_post_method": "email", "group_ids": [(4, self.env.ref("base.group_system").id)],
            "template_id": self.env["mail.template"].create({
                "name": "T", "model_id": self.env["ir.model"]._get_id("res.partner"), "subject": "T"}).id})
        self.folder.answer_action_id = action
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            self.own.default_values = "{'ref': 'X'}"

    def test_a_folder_by_its_channel_is_set_by_who_writes_too(self):
        channel = self.channel.with_user(self.setter)
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            channel.folder_ids = [fields.Command.update(self.folder.id, {"default_values": "{'user_ids': [(4, 2)]}"})]
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            channel.folder_ids = [fields.Command.create({
                "name": "X", "model_id": self.folder.model_id.id, "default_values": "{'user_ids': [(4, 2)]}"})]
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            self.env["message.channel"].with_user(self.setter).create({
                "name": "X", "folder_ids": [fields.Command.create({"name": "X", "model_id": self.folder.model_id.id,
                                                                  "default_values": "{'user_ids': [(4, 2)]}"})]})
        channel.folder_ids = [fields.Command.update(self.folder.id, {"default_values": "{'ref': 'X'}"})]
        self.assertEqual(self.folder.set_by_id, self.setter)

    def test_a_rule_is_not_moved_to_another_channel(self):
        other, _server = self.make_channel("Other")
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            self.own.channel_id = other

    def test_a_copy_is_of_who_copies(self):
        copied = self.own.copy({"name": "Copy"})
        self.assertEqual(copied.set_by_id, self.setter)

    def test_defaults_of_a_client_are_for_what_a_client_may_write(self):
        made = self.env["message.channel"].with_user(self.setter).with_context(
            default_channel_type="local", default_database_uuid="evil", default_name="By default").create({})
        self.assertEqual((made.name, made.channel_type), ("By default", "none"))
        self.assertNotEqual(made.sudo().database_uuid, "evil")


class TestFolderAnswer(FolderRuleCase):
    """An automatic answer sends a template: no other action, none that its setter could not run and edit himself."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.partner_model = cls.env["ir.model"]._get("res.partner")
        cls.template = cls.env["mail.template"].create({
            "name": "Thanks", "model_id": cls.partner_model.id, "subject": "We got it",
            "body_html": "<p>Thank you <t t-out=\"object.name\"/>.</p>"})
        cls.action = cls.env["ir.actions.server"].create(cls.prepare_action())

    @classmethod
    def prepare_action(cls, **values):
        return {"name": "Thank", "model_id": cls.partner_model.id, "state": "mail_post", "mail_post_method": "email",
                "template_id": cls.template.id, **values}

    def answers(self):
        return self.env["mail.mail"].search([("subject", "=", "We got it")])

    def actions(self):
        """Return {what it is: action} that no manager may choose."""
        system = self.env.ref("base.group_system")
        other = self.env["mail.template"].create({
            "name": "Other", "model_id": self.env["ir.model"]._get_id("res.company"), "subject": "We got it"})
        field = self.env["ir.model.fields"]._get("res.partner", "ref")
        return {name: self.env["ir.actions.server"].create(self.prepare_action(**values)) for name, values in {
            "code": {"state": "code", "code": "env['res.partner'].create({'name': 'ran'})", "template_id": False},
            "code for administrators": {"state": "code", "code": "env['res.partner'].create({'name': 'ran'})",
                                        "group_ids": [(4, system.id)], "template_id": False},
            "a write": {"state": "object_write", "update_path": field.name, "value": "ran", "template_id": False},
            "a web hook": {"state": "webhook", "webhook_url": "http://127.0.0.1:9/", "template_id": False},
            "several": {"state": "multi", "template_id": False},
            "for administrators": {"group_ids": [(4, system.id)]},
            "no template": {"template_id": False},
            "of another kind of document": {
                "model_id": self.env["ir.model"]._get_id("res.company"), "template_id": other.id},
        }.items()}

    def test_what_a_manager_may_not_choose(self):
        for name, action in self.actions().items():
            with self.subTest(action=name), self.assertRaises(UserError), self.env.cr.savepoint():
                self.own.answer_action_id = action

    def test_what_stands_there_already_or_was_changed_since_does_not_run(self):
        for name, action in self.actions().items():
            with self.subTest(action=name), mute_logger(ANSWER_LOGGER):
                self.env.cr.execute(
                    "UPDATE message_channel_folder SET answer_action_id = %s, set_by_id = %s WHERE id = %s",
                    (action.id, self.setter.id, self.folder.id))
                self.folder.invalidate_recordset()
                message = self.receive(build_mail(sender=f"{action.id}@example.com"))
                self.assertState(message, "processed")
                self.assertFalse(self.made(name="ran") | self.made(ref="ran"))
                self.assertFalse(self.answers())
                self.assertIn(self.setter.name, self.folder.rule_problem)

    def test_a_template_that_the_setter_may_not_edit(self):
        self.env.ref("base.group_user").implied_ids -= self.env.ref("mail.group_mail_template_editor")
        self.setter.group_ids -= self.env.ref("mail.group_mail_template_editor")
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            self.own.answer_action_id = self.action
        self.template.user_id = self.setter
        self.own.answer_action_id = self.action
        self.template.user_id = False
        with mute_logger(ANSWER_LOGGER):
            self.receive(build_mail())
        self.assertFalse(self.answers())
        self.assertTrue(self.folder.rule_problem)

    def test_the_setter_s_answer_is_sent(self):
        self.own.answer_action_id = self.action
        message = self.receive(build_mail(sender="Ann <ann@example.com>"))
        self.assertState(message, "processed")
        self.assertEqual(self.answers().mapped("email_to"), ["ann@example.com"])
        self.assertIn("Thank you", self.answers().body_html)

    def test_the_template_reads_with_the_setter_s_rights(self):
        self.own.answer_action_id = self.action
        for body in ("object.env['ir.config_parameter'].get_param('database.secret')", "object.function",
                     f"object.browse({self.hidden.id}).name"):
            with self.subTest(body=body), mute_logger(ANSWER_LOGGER, "odoo.addons.mail.models.mail_render_mixin"):
                self.template.body_html = f"<p><t t-out=\"{body}\"/></p>"
                self.hidden.function = "Secret function"
                message = self.receive(build_mail(sender=f"{len(body)}@example.com"))
                self.assertState(message, "processed")
                self.assertFalse(self.answers())

    def test_a_client_s_context_makes_no_answer(self):
        """Whom an answer goes to stands in the context: what a client puts there is none."""
        evil = {"email_to": "evil@example.com", "headers": {"Bcc": "evil@example.com"}}
        mail = self.env["mail.mail"].with_context(message_gateway_answer=evil).create(
            {"email_to": "ann@example.com", "subject": "News"})
        self.assertEqual(mail.email_to, "ann@example.com")
        partner = self.env["res.partner"].create({"name": "Ann", "email": "ann@example.com"})
        partner.with_context(message_gateway_answer=evil).message_post(
            body="Hi", message_type="auto_comment", partner_ids=partner.ids, subtype_xmlid="mail.mt_comment")
        self.assertFalse(self.env["mail.mail"].search([("email_to", "=", "evil@example.com")]))
