from datetime import timedelta

from lxml import etree
from odoo import fields
from odoo.fields import Domain
from odoo.tools.safe_eval import safe_eval

from .common import OutboxCase

#: Action -> who opens it; ``system``: an administrator.
ACTIONS = {
    "message_history.message_outbox_action": ("clerk", "manager"),
    "message_history.message_sent_action": ("clerk", "manager"),
    "message_history.message_delivery_action": ("clerk", "manager"),
    "smtp_outbox.message_suppression_action": ("clerk", "manager"),
    "smtp_outbox.message_request_action": ("manager",),
    "smtp_outbox.mail_mail_action_held": ("system",),
    "smtp_outbox.mail_mail_action_scheduled": ("system",),
}


class TestOutboxViews(OutboxCase):
    """Every new view, read as a browser reads it by those who have its menu."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.channel.member_ids = cls.clerk + cls.manager
        cls.system = cls.env.ref("base.user_admin")

    def setUp(self):
        super().setUp()
        self.smtp.answers["gone@d.example"] = (550, "5.1.1 no such user")
        self.mail("ann@d.example", "gone@d.example")
        self.send_queue()
        self.mail("later@d.example")
        self.expand()
        self.held = self.mail("old@d.example")
        self.held._mark_outbox("held")
        self.scheduled = self.mail("soon@d.example", scheduled_date=fields.Datetime.now() + timedelta(days=1))
        self.env["message.suppression"].create({"address": "never@d.example", "reason": "Asked us to stop"})
        self.env["message.request"].post_request(
            self.manager, "ann@d.example", "Pick-up", "Please come by before six.")
        self.env.flush_all()

    def _cases(self):
        for xmlid, logins in ACTIONS.items():
            for login in logins:
                yield self.env.ref(xmlid).with_user(getattr(self, login)).sudo(), getattr(self, login)

    def test_every_view_reads_and_has_its_records(self):
        for action, user in self._cases():
            model = self.env[action.res_model].with_user(user)
            ids = {view.view_mode: view.view_id.id for view in action.view_ids}
            for view_type in action.view_mode.split(","):
                with self.subTest(action=action.name, user=user.login, view_type=view_type):
                    arch = model.get_views([(ids.get(view_type, False), view_type)])["views"][view_type]["arch"]
                    names = {node.get("name") for node in etree.fromstring(arch).xpath("//field[not(ancestor::field)]")}
                    domain = Domain(safe_eval(action.domain or "[]", {"uid": user.id}))
                    found = model.web_search_read(domain, {name: {} for name in names if name in model._fields})
                    self.assertTrue(found["records"])

    def test_every_filter_can_be_used(self):
        for action, user in self._cases():
            model = self.env[action.res_model].with_user(user)
            arch = etree.fromstring(model.get_views([(action.search_view_id.id, "search")])["views"]["search"]["arch"])
            for node in arch.xpath("//filter[@domain]"):
                with self.subTest(model=model._name, filter=node.get("name")):
                    model.search(safe_eval(node.get("domain"), {"uid": user.id}))
            for node in arch.xpath("//filter[@context]"):
                with self.subTest(model=model._name, filter=node.get("name")):
                    model.formatted_read_group([], [safe_eval(node.get("context"))["group_by"]], ["__count"])
            for node in arch.xpath("//field"):
                with self.subTest(model=model._name, field=node.get("name")):
                    domain = node.get("filter_domain") or f"[('{node.get('name')}', 'ilike', self)]"
                    model.search(safe_eval(domain, {"self": "x"}))

    def test_held_and_scheduled_are_where_they_belong(self):
        for name, mail in (("held", self.held), ("scheduled", self.scheduled)):
            domain = safe_eval(self.env.ref(f"smtp_outbox.mail_mail_action_{name}").domain)
            self.assertEqual(self.env["mail.mail"].search(domain) & (self.held + self.scheduled), mail)

    def test_an_empty_list_says_what_it_is_for(self):
        for action, _user in self._cases():
            with self.subTest(action=action.name):
                self.assertIn("o_view_nocontent", action.help or "")
