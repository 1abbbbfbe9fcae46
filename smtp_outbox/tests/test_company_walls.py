import importlib.util

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user
from odoo.tools import mute_logger
from odoo.tools.misc import file_path

from ..sender.pump import _fallbacks
from .common import OutboxCase

RULES = "odoo.addons.base.models.ir_rule"


class TestCompanyWalls(OutboxCase):
    """Two companies: neither reads, releases nor keeps back what is the other's."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company_b = cls.env["res.company"].create({"name": "Second"})
        cls.manager_b = new_test_user(
            cls.env, "outbox_manager_b", groups="message_history.group_manager", email="b@example.net",
            company_id=cls.company_b.id, company_ids=[Command.set(cls.company_b.ids)])
        cls.author_b = new_test_user(
            cls.env, "outbox_author_b", groups="base.group_user", email="author@example.net",
            company_id=cls.company_b.id, company_ids=[Command.set(cls.company_b.ids)])
        cls.list = cls.env["message.suppression"]

    def refused(self, author):
        """Return whether mail of an author to Bob is refused."""
        mail = self.mail("bob@example.com", author_id=author.partner_id.id)
        self.send_queue()
        return self.states(mail)["bob@example.com"] == "refused"

    def test_an_entry_keeps_back_the_mail_of_its_company_alone(self):
        entry = self.list.with_user(self.manager).create({"address": "bob@example.com"})
        self.assertEqual(entry.company_id, self.env.company)
        self.assertTrue(self.refused(self.clerk))
        self.assertFalse(self.refused(self.author_b))
        self.list.create({"address": "bob@example.com"})
        self.assertTrue(self.refused(self.author_b))

    def test_an_entry_for_all_keeps_back_everybody_s(self):
        self.list.create({"address": "bob@example.com"})
        self.assertEqual((self.refused(self.clerk), self.refused(self.author_b)), (True, True))

    def test_what_came_back_is_listed_for_the_company_of_the_mail(self):
        self.smtp.answers["bob"] = (550, "5.1.1 no such user")
        for author in (self.clerk, self.author_b):
            self.mail("bob@example.com", author_id=author.partner_id.id)
        self.send_queue()
        entries = self.list.search([("address", "=", "bob@example.com")])
        self.assertEqual(entries.company_id, self.env.company + self.company_b)
        self.assertEqual(self.list.with_user(self.manager_b).search([]).company_id, self.company_b)

    def test_nobody_reads_or_releases_another_company_s(self):
        entry = self.list.with_user(self.manager).create({"address": "bob@example.com"})
        self.env.flush_all()
        self.env.invalidate_all()
        theirs = entry.with_user(self.manager_b)
        self.assertFalse(theirs.search([("address", "=ilike", "%")]))
        self.assertFalse(theirs._read_group([], ["address"], ["__count"]))
        for act in (lambda: theirs.read(["address"]), theirs.action_release):
            with mute_logger(RULES), self.assertRaises(AccessError):
                act()
        self.assertTrue(entry.active)
        everybody_s = self.list.create({"address": "ann@example.com"})
        with self.assertRaises(AccessError):
            everybody_s.with_user(self.manager_b).action_release()

    def test_nobody_enters_for_another_company_or_for_all(self):
        for company in (self.env.company.id, False):
            with mute_logger(RULES), self.assertRaises(AccessError):
                self.list.with_user(self.manager_b).create({"address": "bob@example.com", "company_id": company})

    def test_what_became_of_mail_is_not_entered_by_hand(self):
        delivery = self.mail("ann@example.com")
        self.expand()
        delivery = self.deliveries(delivery)
        for name, value in (("kind", "bounced"), ("delivery_id", delivery.id), ("count", 9), ("date", "2020-01-01"),
                            ("released_by_id", self.clerk.id), ("active", False)):
            with self.subTest(field=name):
                with self.assertRaises(AccessError):
                    self.list.with_user(self.manager).create({"address": "bob@example.com", name: value})
                entry = self.list.with_user(self.manager).with_context(**{f"default_{name}": value}).create(
                    {"address": f"{name}@example.com"})
                self.env["ir.default"].with_user(self.manager).set("message.suppression", name, value, user_id=True)
                own = self.list.with_user(self.manager).create({"address": f"{name}2@example.com"})
                for one in (entry, own):
                    self.assertEqual((one.kind, one.delivery_id.id, one.count, one.active, one.released_by_id.id),
                                     ("manual", False, 1, True, False))
                    self.assertNotEqual(str(one.date)[:4], "2020")

    def test_requests_are_their_company_s(self):
        requests = self.env["message.request"]
        number = requests.with_user(self.clerk).post_request(False, "ann@example.com", "Ours", "Text")
        request = requests.browse(number)
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(request.with_user(self.manager).subject, "Ours")
        self.assertFalse(requests.with_user(self.manager_b).search([]))
        with mute_logger(RULES):
            with self.assertRaises(AccessError):
                request.with_user(self.manager_b).read(["subject"])
            with self.assertRaises(UserError):
                requests.with_user(self.manager_b).cancel_request(number)

    def test_nobody_writes_in_the_name_of_another_company_s_people(self):
        requests = self.env["message.request"].with_user(self.manager_b)
        for party in (f"res.users,{self.clerk.id}", f"res.partner,{self.clerk.partner_id.id}", self.clerk.partner_id):
            with mute_logger(RULES), self.assertRaises(UserError):
                requests.post_request(party, "ann@example.com", "x", "y")
        own = f"res.partner,{self.author_b.partner_id.id}"
        self.assertTrue(requests.post_request(own, "ann@example.com", "x", "y"))

    def test_a_request_takes_no_file_of_others_along(self):
        theirs = self.env["ir.attachment"].create({"name": "logo.png", "raw": b"x", "public": True})
        self.env["message.request"].with_user(self.clerk).post_request(
            False, "ann@example.com", "x", "y", attachment_ids=theirs.ids)
        self.assertFalse(theirs.res_model)

    def test_nobody_s_own_account_takes_over(self):
        own = self.env["ir.mail_server"].create({
            "name": "Own", "smtp_host": "smtp.example.net", "owner_user_id": self.clerk.id,
            "from_filter": "clerk@example.net", "smtp_user": "clerk@example.net"})
        self.env.cr.execute("INSERT INTO message_channel_fallback_rel VALUES (%s, %s)",
                            (self.channel.id, own.channel_id.id))
        self.channel.invalidate_recordset(["fallback_ids"])
        self.assertEqual(self.channel.fallback_ids, own.channel_id)
        self.assertFalse(_fallbacks(self.channel))

    def test_the_upgrade_gives_each_entry_its_company(self):
        self.smtp.answers["bob"] = (550, "5.1.1 no such user")
        self.mail("bob@example.com", author_id=self.author_b.partner_id.id)
        self.send_queue()
        whole = new_test_user(self.env, "outbox_whole", groups="message_history.group_manager", company_ids=[
            Command.set(self.env["res.company"].search([]).ids)])
        made = {user: self.list.with_user(user).create({"address": f"{user.login}@example.com"})
                for user in (self.manager, self.manager_b, whole)}
        number = self.env["message.request"].with_user(self.author_b).post_request(False, "ann@example.com", "x", "y")
        self.env.flush_all()
        self.env.cr.execute("UPDATE message_suppression SET company_id = NULL")
        self.env.cr.execute("UPDATE message_request SET company_id = NULL")
        spec = importlib.util.spec_from_file_location(
            "post_companies", file_path("smtp_outbox/migrations/19.0.1.1.0/post-companies.py"))
        script = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(script)
        script.migrate(self.env.cr, "19.0.1.0.0")
        self.env.invalidate_all()
        self.assertEqual(self.list.search([("address", "=", "bob@example.com")]).company_id, self.company_b)
        self.assertEqual([made[user].company_id for user in (self.manager, self.manager_b, whole)],
                         [self.env.company, self.company_b, self.env["res.company"]])
        self.assertEqual(self.env["message.request"].browse(number).company_id, self.company_b)
