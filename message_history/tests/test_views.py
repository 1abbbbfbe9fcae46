from lxml import etree
from odoo.fields import Domain
from odoo.tests import TransactionCase, tagged
from odoo.tools.safe_eval import safe_eval

from ..models.message_history import FAILURES
from .common_views import MessageScene

ACTIONS = (
    "message_conversation_action", "message_history_action", "message_history_action_failed",
    "message_channel_action", "message_sender_rule_action",
)


@tagged("post_install", "-at_install")
class TestViews(MessageScene, TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.set_scene()
        cls.processed = cls.receive(1)
        cls.failed = cls.receive(2, channel=cls.lost_channel, sender="Lost <lost@customer.example>")

    def _read_as_browser(self, user, action, view_type):
        """Load a view and read every field in it, as the web client does."""
        action = self.env.ref(f"message_history.{action}")
        model = self.env[action.res_model].with_user(user)
        ids = {view.view_mode: view.view_id.id for view in action.view_ids}
        view = model.get_views([(ids.get(view_type, False), view_type)])["views"][view_type]
        names = {node.get("name") for node in etree.fromstring(view["arch"]).xpath(
            "//field[not(ancestor::field)]")}
        spec = {name: {} for name in names if name in model._fields}
        return etree.fromstring(view["arch"]), model.web_search_read(Domain.TRUE, spec)["records"]

    def test_every_view_reads_for_clerk_and_manager(self):
        for user in (self.clerk, self.manager):
            for action in ACTIONS:
                for view_type in ("list", "kanban", "form"):
                    with self.subTest(user=user.login, action=action, view_type=view_type):
                        _arch, records = self._read_as_browser(user, action, view_type)
                        if "sender_rule" not in action:
                            self.assertTrue(records)

    def test_gateway_processes_are_for_managers(self):
        self.env["message.gateway"]._beat("host", 1, "worker")
        arch, records = self._read_as_browser(self.manager, "message_gateway_action", "list")
        self.assertEqual(len(records), 1)
        self.assertEqual(arch.get("create"), "0")

    def test_every_filter_can_be_used(self):
        for action in ACTIONS:
            record = self.env.ref(f"message_history.{action}")
            model = self.env[record.res_model].with_user(self.clerk)
            arch = etree.fromstring(model.get_views([(record.search_view_id.id, "search")])[
                "views"]["search"]["arch"])
            for node in arch.xpath("//filter"):
                with self.subTest(model=model._name, filter=node.get("name")):
                    self._use_filter(model, node)
            for node in arch.xpath("//field"):
                with self.subTest(model=model._name, field=node.get("name")):
                    self._use_field(model, node)

    def _use_filter(self, model, node):
        if node.get("domain"):
            model.search(safe_eval(node.get("domain"), {"uid": self.clerk.id}))
        elif node.get("context"):
            model.formatted_read_group(
                [], [safe_eval(node.get("context"))["group_by"]], ["__count"])
        else:
            self.assertIn(node.get("date"), model._fields)

    def _use_field(self, model, node):
        if node.get("filter_domain"):
            model.search(safe_eval(node.get("filter_domain"), {"self": "x"}))
        else:
            model.search([(node.get("name"), node.get("operator", "ilike"), "x")])

    def test_search_finds_by_sender_subject_text_document(self):
        message = self.receive(3, sender="Zoe Quill <zoe@quill.example>", subject="Ordering lanterns",
                               text="We want seventy lanterns of copper.")
        search = self.env["message.history"].with_user(self.clerk).search
        for name, value in (("sender", "Quill"), ("sender", "zoe@quill"), ("subject", "lanterns"),
                            ("text", "copper seventy"), ("document_name", message.document_name),
                            ("recipients", "info@lamps"), ("message_uid", "3@customer.example")):
            with self.subTest(field=name, value=value):
                self.assertIn(message, search([(name, "ilike", value)]))
        self.assertNotIn(self.processed, search([("text", "ilike", "copper")]))

    def test_states_shown_as_failed_are_those_that_need_a_person(self):
        states = tuple(sorted(self.env["message.history"]._failed_states()))
        action = self.env.ref("message_history.message_history_action_failed")
        self.assertEqual(tuple(sorted(safe_eval(action.domain)[0][2])), states)
        arch = self.env.ref("message_history.message_history_view_search").arch
        node = etree.fromstring(arch).xpath("//filter[@name='filter_problem']")[0]
        self.assertEqual(tuple(sorted(safe_eval(node.get("domain"))[0][2])), states)

    def test_every_cause_has_advice(self):
        message = self.failed
        for failure_type, _label in FAILURES:
            message.write({"failure_type": failure_type})
            message.invalidate_recordset(["advice"])
            self.assertTrue(message.advice, failure_type)
        message.write({"state": "processed"})
        message.invalidate_recordset(["advice"])
        self.assertFalse(message.advice)

    def test_traceback_is_for_managers(self):
        for user, there in ((self.clerk, False), (self.manager, True)):
            arch, _records = self._read_as_browser(user, "message_history_action", "form")
            self.assertEqual(bool(arch.xpath("//field[@name='failure_traceback']")), there)

    def test_no_markup_and_no_json_in_the_form(self):
        arch, _records = self._read_as_browser(self.manager, "message_history_action", "form")
        for node in arch.xpath("//field[not(ancestor::field)]"):
            field = self.env["message.history"]._fields[node.get("name")]
            self.assertNotIn(field.type, ("json", "html"), field)

    def test_words_for_names_and_size(self):
        message = self.receive(4)
        message.names = {"folder": "INBOX", "uid": 7, "options": {"model": "x"}, "emailid": ""}
        message.size = 1536
        self.assertEqual(message.names_text, "folder: INBOX, uid: 7")
        self.assertEqual(message.size_text, "2 KB")
        message.size = 5 * 1024 * 1024
        message.invalidate_recordset(["size_text"])
        self.assertEqual(message.size_text, "5.0 MB")

    def test_a_message_without_subject_has_a_name(self):
        message = self.receive(5)
        message.subject = False
        self.assertTrue(message.display_name)

    def test_opening_the_messages_marks_the_conversation_as_read(self):
        conversation = self.processed.conversation_id.with_user(self.clerk)
        self.assertTrue(conversation.unread)
        action = conversation.action_view_messages()
        self.assertEqual(self.env[action["res_model"]].search(action["domain"]), self.processed)
        self.assertFalse(conversation.unread)
        conversation.action_mark_unread()
        self.assertTrue(conversation.unread)

    def test_actions_of_the_channel_open_its_messages(self):
        channel = self.lost_channel.with_user(self.clerk)
        for name in ("action_view_messages", "action_view_failed", "action_view_waiting"):
            action = getattr(channel, name)()
            self.assertEqual(self.env["message.history"].search(action["domain"]), self.failed)

    def test_menus(self):
        shown = {}
        for user in (self.manager, self.clerk, self.employee):
            visible = self.env["ir.ui.menu"].with_user(user)._visible_menu_ids()
            shown[user] = {name for name in (
                "message_history_menu_root", "message_conversation_menu", "message_history_menu",
                "message_history_menu_failed", "message_channel_menu", "message_sender_rule_menu",
                "message_gateway_menu", "message_privacy_menu",
            ) if self.env.ref(f"message_history.{name}").id in visible}
        self.assertEqual(len(shown[self.manager]), 8)
        self.assertEqual(shown[self.manager] - shown[self.clerk],
                         {"message_gateway_menu", "message_privacy_menu"})
        self.assertFalse(shown[self.employee])


@tagged("post_install", "-at_install")
class TestContact(MessageScene, TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.set_scene()
        cls.company = cls.env["res.partner"].create({"name": "Customer", "is_company": True})
        cls.person = cls.env["res.partner"].create(
            {"name": "Clara", "email": "clara@customer.example", "parent_id": cls.company.id})

    def test_messages_of_a_contact_and_of_those_below_it(self):
        message = self.receive(1)
        self.assertEqual(message.partner_id, self.person)
        for partner in (self.company, self.person):
            self.assertEqual(partner.with_user(self.clerk).message_history_count, 1)
            action = partner.with_user(self.clerk).action_view_message_history()
            self.assertEqual(self.env["message.history"].search(action["domain"]), message)

    def test_only_what_the_user_may_see_is_counted(self):
        self.receive(1)
        self.assertEqual(self.person.with_user(self.stranger).message_history_count, 0)

    def test_the_button_is_for_users_of_messages(self):
        for user, there in ((self.clerk, True), (self.employee, False)):
            arch = self.env["res.partner"].with_user(user).get_views([(False, "form")])[
                "views"]["form"]["arch"]
            self.assertEqual("action_view_message_history" in arch, there)
