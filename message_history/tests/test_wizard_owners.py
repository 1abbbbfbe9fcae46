from odoo.exceptions import AccessError
from odoo.tests import HttpCase, TransactionCase, new_test_user, tagged

#: Our addons' modules begin so.
OURS = ("message_", "fetchmail_gateway", "smtp_outbox", "sms_gateway", "office365_", "xmpp_", "twitter_")


@tagged("post_install", "-at_install")
class TestWizardOwners(TransactionCase):
    """A form that somebody opened is nobody else's: not a manager's, not a system administrator's."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        groups = "message_history.group_manager,base.group_system"
        cls.one = new_test_user(cls.env, "wizard_one", groups=groups)
        cls.other = new_test_user(cls.env, "wizard_other", groups=groups)

    def our_wizards(self):
        """Return the names of the transient models that our addons bring, without those that nobody may read."""
        readable = set(self.env["ir.model.access"].search([("perm_read", "=", True)]).model_id.mapped("model"))
        return [name for name, model in self.env.registry.items() if name in readable
                and model._transient and not model._abstract and model._original_module.startswith(OURS)]

    def make(self, name):
        """Return a record of a transient model that the first user made, with nothing but what it needs."""
        model = self.env[name]
        values = {}
        if name == "message.correct.line":  # its recipient is one of the form's message
            delivery = self.make_target("message.delivery")
            wizard = self.env["message.correct"].with_user(self.one).sudo().create(
                {"history_id": delivery.history_id.id})
            values = {"wizard_id": wizard.id, "delivery_id": delivery.id, "new_address": "x"}
            return model.with_user(self.one).sudo().create(values).sudo(False)
        for field_name, field in model._fields.items():
            if not (field.required and field.store) or field_name in ("create_uid", "write_uid"):
                continue
            if field.type == "many2one":
                comodel = self.env[field.comodel_name]
                record = self.make(field.comodel_name) if comodel._transient else comodel.sudo().search([], limit=1)
                values[field_name] = record.id or self.make_target(field.comodel_name).id
            elif field.type in ("char", "json"):
                values[field_name] = "x"
        if name == "message.correct.line":  # a recipient of the very message
            delivery = self.env["message.delivery"].sudo().browse(values["delivery_id"])
            self.env["message.correct"].browse(values["wizard_id"]).sudo().history_id = delivery.history_id
        return model.with_user(self.one).sudo().create(values).sudo(False)

    def make_target(self, name):
        """Return a record that a form is about, where there is none in an empty database."""
        if name == "fetchmail.server":
            return self.env[name].create({"name": "Office", "server_type": "imap", "server": "mail.example.com"})
        channel = self.env["message.channel"].search([], limit=1)
        message = self.env["message.history"].create({
            "channel_id": channel.id, "direction": "out", "external_id": "wizard", "state": "processed"})
        if name == "message.history":
            return message
        return self.env[name].create({
            "history_id": message.id, "channel_id": channel.id, "address": "ann@example.com"})

    def test_every_form_is_its_opener_s_alone(self):
        names = self.our_wizards()
        self.assertIn("message.setup", names)
        self.assertGreaterEqual(len(names), 6)
        for name in names:
            with self.subTest(model=name):
                mine = self.make(name)
                self.env.invalidate_all()
                if not mine.browse().has_access("read"):
                    continue  # nobody reaches it but by our own methods
                self.assertEqual(mine.create_uid, self.one)
                if not mine.has_access("read"):
                    self.fail(f"{name}: its own user can't read it, so that the test shows nothing")
                theirs = mine.with_user(self.other)
                self.assertFalse(theirs.search([("id", "=", mine.id)]))
                for operation in ("read", "write", "unlink"):
                    with self.assertRaises(AccessError, msg=f"{operation} on {name}"):
                        theirs.check_access(operation)
                with self.assertRaises(AccessError):
                    theirs.read([])
                with self.assertRaises(AccessError):
                    theirs.write({"write_date": False})
                if name == "message.setup":
                    with self.assertRaises(AccessError):
                        theirs.action_test()
                    with self.assertRaises(AccessError):
                        theirs.action_apply()

    def test_the_rule_is_there_for_every_form_and_for_everybody(self):
        """The rule has no group: with one, another group's rule would open what it closes."""
        for name in self.our_wizards():
            with self.subTest(model=name):
                rules = self.env["ir.rule"].sudo().search([("model_id.model", "=", name)])
                own = rules.filtered(lambda rule: not rule.groups and "create_uid" in (rule.domain_force or ""))
                self.assertTrue(own)
                self.assertTrue(all(own.mapped(lambda rule: rule.perm_read and rule.perm_write and rule.perm_unlink)))


@tagged("post_install", "-at_install")
class TestWizardRoutes(HttpCase):
    """The routes that take the id of a form ask the same rule."""

    def test_the_archive_of_a_privacy_look_up_is_its_opener_s_alone(self):
        groups = "message_history.group_manager,base.group_system"
        one = new_test_user(self.env, "route_one", groups=groups)
        other = new_test_user(self.env, "route_other", groups=groups)
        clerk = new_test_user(self.env, "route_clerk", groups="message_history.group_user")
        wizard = self.env["message.privacy"].with_user(one).create({"address": "ann@example.com"})
        statuses = {}
        for user in (one, other, clerk):
            self.authenticate(user.login, user.login)
            statuses[user.login] = self.url_open(
                f"/message_history/privacy/{wizard.id}", allow_redirects=False).status_code
        self.assertEqual(statuses, {"route_one": 200, "route_other": 404, "route_clerk": 404})
