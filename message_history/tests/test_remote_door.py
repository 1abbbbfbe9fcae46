import email
import email.policy

from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import DISPATCHER, build_mail
from .common_gate import LOCAL, GateCase


@tagged("post_install", "-at_install")
class TestRemoteDoor(GateCase):
    """Handing mail over is writing in anybody's name: a right of its own, whatever way the call comes."""

    def takeover(self, login):
        return {"name": login, "user_ids": [[0, 0, {
            "login": login, "name": login, "password": "s3cret taken",
            "group_ids": [[4, self.ref("base.group_system")]]}]]}

    def test_who_has_no_such_right_is_refused_by_every_way_and_nothing_is_kept(self):
        partner = self.env["res.partner"].create({"name": "Ann", "email": "ann@example.com"})
        mail = build_mail(sender=self.env.ref("base.partner_admin").email_formatted or "Admin <admin@example.com>")
        for login, user in self.refused.items():
            for way, call in self.ways(user):
                for name, arguments in (
                        ("nothing", {}), ("a model", {"model": "res.partner"}),
                        ("a document", {"model": "res.partner", "thread_id": partner.id}),
                        ("a login with all rights", {
                            "model": "res.partner", "custom_values": self.takeover(f"evil-{login}-{way}")})):
                    with self.subTest(login=login, way=way, given=name):
                        count = self.env["res.partner"].search_count([])
                        answer, refused = self.hand_over(call, mail, **arguments)
                        self.assertEqual((answer, refused), (None, "AccessError"))
                        self.assertFalse(self.entered())
                        self.assertEqual(self.env["res.partner"].search_count([]), count)
                        self.assertFalse(self.env["res.users"].search([("login", "=like", "evil-%")]))
                        self.assertFalse(partner.message_ids.filtered(lambda one: one.message_type == "email"))

    def test_every_model_with_chatter_has_the_same_door(self):
        user = self.refused["door_manager"]
        for model in ("mail.thread", "res.partner", "message.channel", "message.conversation", "discuss.channel"):
            with self.subTest(model=model), self.assertRaisesRegex(AccessError, "mail gates"), mute_logger(LOCAL):
                self.env[model].with_user(user).message_process(False, build_mail())

    def test_administrators_and_mail_gates_are_let_in_by_every_way(self):
        for user in (self.gate, self.system):
            for way, call in self.ways(user):
                with self.subTest(login=user.login, way=way):
                    self.before = self.ledger(self.local)
                    answer, refused = self.hand_over(call, model="res.partner", custom_values={"ref": way})
                    self.assertFalse(refused)
                    self.assertState(self.entered(), "processed")
                    self.assertEqual(self.env["res.partner"].browse(answer).ref, way)

    def test_administrators_have_the_right_managers_do_not(self):
        self.assertTrue(self.system.has_group("message_history.group_mailgate"))
        self.assertFalse(self.manager.has_group("message_history.group_mailgate"))

    def test_what_the_mail_says_works_as_for_fetched_mail(self):
        """A gate without any right on the document: alias and References decide, as in core."""
        self.gate.group_ids -= self.env.ref("base.group_partner_manager")
        self.env["mail.alias"].create({
            "alias_name": "door", "alias_model_id": self.env["ir.model"]._get_id("res.partner"),
            "alias_domain_id": self.alias_domain.id, "alias_contact": "everyone",
            "alias_defaults": "{'ref': 'ALIAS'}"})
        call = dict(self.ways(self.gate))["xmlrpc"]
        first, refused = self.hand_over(
            call, build_mail(to=f"door@{self.alias_domain.name}", message_id="<door@example.com>"))
        self.assertFalse(refused)
        self.assertEqual(self.env["res.partner"].browse(first).ref, "ALIAS")
        reply, refused = self.hand_over(call, build_mail(references="<door@example.com>"))
        self.assertEqual((reply, refused), (first, None))

    def test_a_gate_posts_as_whom_the_mail_is_from(self):
        partner = self.env["res.partner"].create({"name": "Ann"})
        admin = self.env.ref("base.partner_admin")
        admin.email = "boss@example.net"
        call = dict(self.ways(self.gate))["jsonrpc"]
        self.hand_over(call, build_mail(sender="boss@example.net"), model="res.partner", thread_id=partner.id)
        self.assertEqual(partner.message_ids[:1].author_id, admin)

    def test_the_superuser_is_not_asked(self):
        self.assertTrue(self.env["mail.thread"].message_process("res.partner", build_mail()))

    def test_a_right_that_was_lost_is_missed_when_the_message_is_tried_again(self):
        """The values wait in the ledger; they have the caller's rights of the moment in which they are used."""
        def lose_group():
            self.gate.group_ids -= self.env.ref("base.group_partner_manager")

        def leave():
            self.gate.active = False

        for name, lose in (("the right on the document", lose_group), ("the login", leave)):
            with self.subTest(lost=name):
                self.before = self.ledger(self.local)
                call = dict(self.ways(self.gate))["xmlrpc"]
                with self.failing("res.partner", "message_new", ValueError("not today")):
                    self.hand_over(call, build_mail(subject=name), model="res.partner", custom_values={"ref": name})
                entry = self.entered()
                self.assertState(entry, "failed")
                lose()
                self.make_due(entry)
                self.work()
                self.assertState(entry, "failed")
                self.assertEqual(entry.failure_type, "access")
                self.assertFalse(self.env["res.partner"].search([("ref", "=", name)]))
                self.assertTrue(entry.raw_kept)
                self.gate.write({"active": True, "group_ids": [(4, self.ref("base.group_partner_manager"))]})
                self.make_due(entry)
                self.work()
                self.assertState(entry, "processed")
                self.assertEqual(self.document(entry).ref, name)

    def test_an_entry_of_before_says_nobody_and_gets_nothing(self):
        call = dict(self.ways(self.gate))["xmlrpc"]
        with self.failing("res.partner", "message_new", ValueError("not today")):
            self.hand_over(call, model="res.partner", custom_values={"ref": "OLD"})
        entry = self.entered()
        options = {**entry.names["options"]}
        del options["uid"]
        entry.names = {"options": options}
        self.make_due(entry)
        self.work()
        self.assertState(entry, "failed")
        self.assertEqual(entry.failure_type, "access")
        self.assertFalse(self.env["res.partner"].search([("ref", "=", "OLD")]))

    def test_options_that_a_server_wrote_are_none(self):
        """Only the channel of what is handed over has them: elsewhere names come from a mail server."""
        message = self.receive(build_mail(), process=False)
        message.names = {**(message.names or {}), "options": {
            "model": "res.partner", "custom_values": {"ref": "EVIL"}, "uid": self.env.ref("base.user_root").id}}
        self.folder.model_id = False
        with mute_logger(DISPATCHER):
            self.work()
        self.assertFalse(self.env["res.partner"].search([("ref", "=", "EVIL")]))
        self.assertEqual(message.failure_type, "unroutable")

    def test_values_stay_with_the_kind_of_document_they_were_given_for(self):
        """Where the document that a mail answers is gone core makes another of that kind."""
        self.env["mail.message"].create({
            "model": "discuss.channel", "res_id": 987654, "message_id": "<gone@example.com>", "body": "Gone"})
        thread = self.env["mail.thread"]
        parsed = email.message_from_bytes(build_mail(references="<gone@example.com>"), policy=email.policy.SMTP)
        with mute_logger("odoo.addons.mail.models.mail_thread"):
            routes = thread.message_route(
                parsed, thread.message_parse(parsed), "res.partner", None, {"active": False})
        self.assertEqual([(route[0], route[1], route[2]) for route in routes], [("discuss.channel", None, None)])
        parsed = email.message_from_bytes(build_mail(), policy=email.policy.SMTP)
        routes = thread.message_route(parsed, thread.message_parse(parsed), "res.partner", None, {"ref": "X"})
        self.assertEqual([(route[0], route[2]) for route in routes], [("res.partner", {"ref": "X"})])
