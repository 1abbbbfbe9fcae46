from odoo.exceptions import AccessError
from odoo.tests import new_test_user, tagged

from .common import build_mail
from .common_gate import GateCase


@tagged("post_install", "-at_install")
class TestRemoteValues(GateCase):
    """What a call adds to a mail has no more rights than its caller."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.foreign = cls.env["res.company"].create({"name": "Another Company"})
        cls.hidden = cls.env["res.partner"].create({"name": "Hidden", "company_id": cls.foreign.id})
        cls.env["ir.rule"].create({
            "name": "Nobody sees the hidden one", "model_id": cls.env["ir.model"]._get_id("res.partner"),
            "domain_force": [("id", "!=", cls.hidden.id)]})
        cls.env["res.partner"]._fields["function"].groups = "base.group_system"
        cls.addClassCleanup(setattr, cls.env["res.partner"]._fields["function"], "groups", None)

    def hostile(self):
        """Return {what it is: values} that nobody may give, whatever his rights."""
        user = {"login": "evil", "name": "evil", "group_ids": [[4, self.ref("base.group_system")]]}
        return {
            "a new login": {"user_ids": [[0, 0, user]]},
            "a login linked": {"user_ids": [[4, self.ref("base.user_admin")]]},
            "contacts set": {"child_ids": [[6, 0, [self.hidden.id]]]},
            "a contact changed": {"child_ids": [[1, self.hidden.id, {"name": "evil"}]]},
            "a contact deleted": {"child_ids": [[2, self.hidden.id]]},
            "tags set": {"category_id": [[6, 0, []]]},
            "tags made": {"category_id": [[0, 0, {"name": "evil"}]]},
            "followers": {"message_follower_ids": [[0, 0, {"partner_id": self.hidden.id}]]},
            "messages": {"message_ids": [[0, 0, {"body": "evil"}]]},
            "activities": {"activity_ids": [[0, 0, {"summary": "evil"}]]},
            "bank accounts": {"bank_ids": [[0, 0, {"acc_number": "evil"}]]},
            "the id": {"id": 1}, "who made it": {"create_uid": 1}, "when it was made": {"create_date": "2020-01-01"},
            "who changed it": {"write_uid": 1}, "no field": {"nonsense": 1}, "a default": {"default_user_ids": [1]},
            "a name of names": {"display_name": "evil"},
            "a computed field with an inverse": {"company_type": "company"},
            "a related field": {"company_registry_placeholder": "evil", "tz_offset": "evil"},
            "another company": {"company_id": self.foreign.id}, "nested values": {"name": {"en_US": "evil"}},
            "a list": {"name": ["evil"]}, "yes as an id": {"user_id": True}, "a text as an id": {"user_id": "1"},
            "nobody": {"user_id": 987654}, "a picture": {"image_1920": "R0lGODlhAQABAAAAACw="},
            "one among good ones": {"ref": "good", "comment": "good", "user_ids": [[4, 2]]},
        }

    def personal(self):
        """Return {what it is: values} that this caller may not give, who is no administrator."""
        return {
            "a record that can't be read": {"parent_id": self.hidden.id},
            "a field of others": {"function": "evil"},
        }

    def assertNothingDone(self, count):
        self.assertFalse(self.entered())
        self.assertEqual(self.env["res.partner"].search_count([]), count)
        self.assertEqual(self.hidden.exists().name, "Hidden")
        self.assertFalse(self.env["res.users"].search([("login", "=", "evil")]))

    def test_hostile_values_are_refused_from_outside_and_from_inside(self):
        cases = {**self.hostile(), **self.personal()}
        call = dict(self.ways(self.gate))["jsonrpc"]
        count = self.env["res.partner"].search_count([])
        for name, values in cases.items():
            with self.subTest(values=name):
                answer, refused = self.hand_over(call, model="res.partner", custom_values=values)
                self.assertEqual((answer, refused), (None, "AccessError"))
                self.assertNothingDone(count)
                with self.assertRaises(AccessError):
                    self.env["mail.thread"].with_user(self.gate).message_process(
                        "res.partner", build_mail(), custom_values=values)
                self.assertNothingDone(count)

    def test_an_administrator_gives_no_commands_and_no_foreign_company_either(self):
        for name, values in self.hostile().items():
            with self.subTest(values=name), self.assertRaises(AccessError):
                self.env["mail.thread"].with_user(self.system).message_process(
                    "res.partner", build_mail(), custom_values=values)

    def test_plain_values_and_links_to_what_one_may_read_are_taken(self):
        country = self.env.ref("base.be")
        values = {"ref": "X", "comment": "<p>Hi</p>", "color": 3, "is_company": True, "country_id": country.id,
                  "user_id": False, "company_id": self.env.company.id, "type": "other"}
        call = dict(self.ways(self.gate))["xmlrpc"]
        answer, refused = self.hand_over(call, model="res.partner", custom_values=values)
        self.assertFalse(refused)
        made = self.env["res.partner"].browse(answer)
        self.assertEqual((made.ref, made.color, made.is_company, made.country_id, made.type),
                         ("X", 3, True, country, "other"))

    def test_a_context_gives_no_values(self):
        """What core makes is made as superuser; Odoo leaves a context's defaults behind where one becomes it."""
        context = {"default_ref": "evil", "default_user_ids": [[0, 0, {"login": "evil", "name": "evil"}]]}
        for way, call in self.ways(self.gate):
            with self.subTest(way=way):
                answer, refused = self.hand_over(call, model="res.partner", context=context)
                self.assertFalse(refused)
                made = self.env["res.partner"].browse(answer)
                self.assertEqual((made.exists(), made.ref, made.user_ids), (made, False, self.env["res.users"]))
        self.assertFalse(self.env["res.users"].search([("login", "=", "evil")]))

    def test_values_that_are_no_dictionary(self):
        call = dict(self.ways(self.gate))["jsonrpc"]
        for values in ([["ref", "X"]], "ref", 5):
            with self.subTest(values=values):
                answer, refused = self.hand_over(call, model="res.partner", custom_values=values)
                self.assertEqual((answer, refused), (None, "AccessError"))

    def test_models_that_take_no_messages_or_are_ours(self):
        call = dict(self.ways(self.system))["jsonrpc"]
        for model in ("res.users", "ir.model.access", "mail.thread", "message.channel", "message.history",
                      "message.conversation", "message.setup", "nonsense", 5, ["res.partner"], {"a": 1}):
            with self.subTest(model=model):
                answer, refused = self.hand_over(call, model=model)
                self.assertEqual((answer, refused), (None, "AccessError"))
                self.assertFalse(self.entered())

    def test_a_document_that_one_may_not_read_or_post_on(self):
        mine = self.env["res.partner"].create({"name": "Mine"})
        reader = new_test_user(self.env, "door_reader", groups="base.group_user,message_history.group_mailgate")
        for user, thread_id in ((self.gate, self.hidden.id), (self.gate, 987654), (self.gate, "1"), (self.gate, True),
                                (self.gate, [mine.id]), (reader, mine.id)):
            with self.subTest(user=user.login, thread=thread_id):
                answer, refused = self.hand_over(
                    dict(self.ways(user))["jsonrpc"], model="res.partner", thread_id=thread_id)
                self.assertEqual((answer, refused), (None, "AccessError"))
                self.assertFalse(self.entered())
        self.assertFalse(self.hidden.message_ids.filtered(lambda one: one.message_type == "email"))
        answer, refused = self.hand_over(dict(self.ways(self.gate))["jsonrpc"], model="res.partner", thread_id=mine.id)
        self.assertEqual((answer, refused), (mine.id, None))

    def test_who_may_not_create_makes_nothing(self):
        reader = new_test_user(self.env, "door_reader", groups="base.group_user,message_history.group_mailgate")
        answer, refused = self.hand_over(dict(self.ways(reader))["jsonrpc"], model="res.partner")
        self.assertEqual((answer, refused), (None, "AccessError"))
        self.assertFalse(self.entered())

    def test_the_record_rules_of_the_caller_hold_for_what_is_made(self):
        self.env["ir.rule"].create({
            "name": "Own ones only", "model_id": self.env["ir.model"]._get_id("res.partner"), "perm_read": False,
            "perm_write": False, "perm_unlink": False, "domain_force": [("ref", "!=", "FORBIDDEN")]})
        call = dict(self.ways(self.gate))["jsonrpc"]
        answer, _refused = self.hand_over(call, model="res.partner", custom_values={"ref": "FORBIDDEN"})
        self.assertFalse(answer)
        self.assertState(self.entered(), "failed")
        self.assertEqual(self.entered().failure_type, "access")
        self.assertFalse(self.env["res.partner"].search([("ref", "=", "FORBIDDEN")]))
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            self.env["mail.thread"].with_user(self.gate).message_process(
                "res.partner", build_mail(), custom_values={"ref": "FORBIDDEN"})
