import base64

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user
from odoo.tools import mute_logger

from ..sender import shipment
from .common_request import LOGGER, RequestCase


class TestParties(RequestCase):
    """Who writes, and who gets it."""

    def test_every_kind_of_party(self):
        partner = self.env["res.partner"].create({"name": "Ann", "email": "ann@example.com"})
        user = self.members[0]
        self.env["ir.model.data"].create(
            {"module": "test", "name": "club", "model": "res.groups", "res_id": self.group.id})
        for party, address in (
                (partner, "ann@example.com"), (user, "club1@example.com"), ("bob@example.com", "bob@example.com"),
                ("Bob <Bob@example.com>", "bob@example.com"), (f"res.partner,{partner.id}", "ann@example.com"),
                (f"res.users,{user.id}", "club1@example.com"),
                ({"model": "res.users", "id": user.id}, "club1@example.com"), ("test.club", "club@example.com"),
                (self.group, "club@example.com"), (f"res.groups,{self.group.id}", "club@example.com")):
            with self.subTest(party=party):
                self.smtp.taken.clear()
                request = self.post(party)
                self.assertEqual(request.state, "waiting")
                self.send_queue()
                self.assertEqual(self.smtp.arrived(), {address: 1})
                self.assertEqual((request.state, request.warning), ("sent", False))

    def test_who_does_not_exist(self):
        gone = self.env["res.partner"].create({"name": "Gone", "email": "gone@example.com"})
        gone.unlink()
        for party in (
                "res.partner,999999999", "res.partner,99999999999999999999", "res.partner,x", "no address", "",
                {"model": "ir.cron", "id": 1}, {}, "no.such", "base.main_company", "a.b.c", 7, None, gone,
                self.env["res.partner"], "@", "ann@example.com, bob@example.com", "x\x00y"):
            with self.subTest(party=party), self.assertRaises(UserError):
                self.post(party)

    def test_a_party_must_be_visible(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        partner = self.env["res.partner"].create(
            {"name": "Hidden", "email": "hidden@example.com", "company_id": company.id})
        with self.assertRaises(UserError):
            self.post(f"res.partner,{partner.id}", as_user=self.members[0])
        self.assertEqual(self.post(partner).recipients, "Hidden")

    def test_nobody_writes_in_another_s_name(self):
        clerk, boss = self.members
        twin = self.env["res.partner"].create({"name": "Twin", "email": clerk.email})
        self.lost.partner_id.email = False
        nameless = self.env["res.partner"].create({"name": "No Address"})
        for user, party in ((clerk, boss), (clerk, "boss@example.com"), (clerk, self.group), (clerk, twin),
                            (self.lost, nameless), (clerk, f"res.partner,{boss.partner_id.id}")):
            with self.subTest(party=party), self.assertRaises(AccessError):
                self.post("ann@example.com", as_user=user, party_from=party)

    def test_an_own_address_brings_no_other_name(self):
        clerk = self.members[0]
        self.post("ann@example.com", as_user=clerk, party_from="The Boss <club1@example.com>")
        self.assertNotIn("Boss", str(self.sent()["From"]))

    def test_who_writes(self):
        clerk, boss = self.members
        for user, party, address in (
                (clerk, clerk, "club1@example.com"), (clerk, False, "club1@example.com"),
                (self.manager, boss, "club2@example.com"), (self.manager, self.group, "club@example.com"),
                (self.manager, "Shop <shop@example.net>", "shop@example.net"),
                (self.lost, False, self.env.company.email_formatted),
                (None, False, self.env.company.email_formatted)):
            with self.subTest(party=party, user=user):
                request = self.post("ann@example.com", as_user=user, party_from=party)
                self.assertIn(address, request.sender)
                message = self.sent()  # core may put an address of the company's domain into From
                self.assertIn(address.partition("<")[2] or address, str(message["Reply-To"]))
                self.assertEqual(str(message["From"]).partition(" <")[0].strip('"'),
                                 request.sender.partition(" <")[0].strip('"'))

    def test_the_author_is_who_writes(self):
        clerk = self.members[0]
        request = self.post("ann@example.com", as_user=clerk)
        self.send_queue()
        self.assertEqual(request.mail_mail_id.author_id, clerk.partner_id)
        self.assertEqual(request.history_ids.partner_id, clerk.partner_id)

    def test_who_has_no_address_writes_nothing(self):
        with self.assertRaises(UserError):
            self.post("ann@example.com", as_user=self.manager, party_from=self.lost)

    def test_not_for_customers(self):
        portal = new_test_user(self.env, "request_portal", groups="base.group_portal", email="portal@example.com")
        with self.assertRaises(AccessError):
            self.post("ann@example.com", as_user=portal)
        with self.assertRaises(UserError):
            self.requests.with_user(portal).cancel_request(self.post("ann@example.com").id)


class TestGroups(RequestCase):
    """Groups, and those of them who can't be reached."""

    @mute_logger(LOGGER)
    def test_each_member_gets_it(self):
        request = self.post(self.group, expand_group=True, as_user=self.members[0])
        self.assertIn("club3", request.warning)
        self.send_queue()
        self.assertEqual(self.smtp.arrived(), {"club1@example.com": 1, "club2@example.com": 1})
        self.assertEqual((request.state, request.recipient_count, request.sent_count), ("sent", 2, 2))
        self.assertEqual(len(request.history_ids), 1, "one body, many deliveries")
        people = self.group.user_ids.partner_id - self.lost.partner_id
        self.assertEqual(request.history_ids.delivery_ids.partner_id, people)

    def test_many_members_share_a_transaction(self):
        self.lost.partner_id.email = "club3@example.com"
        self.channel.share_from = 3
        self.patch(shipment, "ALONE", 2)  # as many get a copy of their own each, which a notice can prove itself by
        self.post(self.group, expand_group=True)
        self.send_queue()
        self.assertEqual(len(self.smtp.taken), 1)
        self.assertEqual(sum(self.smtp.arrived().values()), 3)

    def test_archived_users_are_not_left_out_in_silence(self):
        self.members[1].active = False
        with self.assertLogs(LOGGER, "WARNING"):
            request = self.post(self.group, expand_group=True)
        self.assertIn("club2", request.warning)
        self.send_queue()
        self.assertEqual(self.smtp.arrived(), {"club1@example.com": 1})

    def test_an_empty_group_is_not_silent(self):
        group = self.env["res.groups"].create({"name": "Nobody"})
        for expand in (True, False):
            with self.assertLogs(LOGGER, "WARNING"):
                request = self.post(group, expand_group=expand)
            self.assertIn("Nobody", request.warning)
            self.assertEqual(request.state, "failed")
        self.assertEqual(self.send_queue(), 0)

    @mute_logger(LOGGER)
    def test_who_can_get_nothing(self):
        archived = self.env["res.partner"].create({"name": "Old", "email": "old@example.com", "active": False})
        for party in (self.lost, archived):
            request = self.post(party)
            self.assertEqual(request.state, "failed")
            self.assertTrue(request.warning)

    @mute_logger(LOGGER)
    def test_the_caller_is_told(self):
        seen = []
        self.patch(type(self.env["res.users"]), "_bus_send",
                   lambda user, kind, message, **_options: seen.append((user, kind, message)))
        self.post(self.lost, as_user=self.members[0])
        ((user, kind, message),) = seen
        self.assertEqual((user, kind), (self.members[0], "simple_notification"))
        self.assertIn("club3", message["message"])

    def test_a_group_s_address_is_one(self):
        with self.assertRaises(ValidationError):
            self.group.message_address = "no address"


class TestMessages(RequestCase):
    """What arrives."""

    def test_a_text_stays_as_it_is(self):
        text = "Dear Ann,\n\n  1 < 2   &amp; so on\n\ttab\n\n\n<b>no tag</b>\n*stars*"
        request = self.post("ann@example.com", message=text)
        message = self.sent()
        plain = message.get_body(("plain",)).get_content().replace("\r\n", "\n")
        self.assertEqual(plain.rstrip("\n"), text)
        self.assertIn("&lt;b&gt;no tag", message.get_body(("html",)).get_content())
        self.assertEqual(request.history_ids.body_text, text)
        self.assertFalse(request.history_ids.private)

    def test_odd_characters_in_a_text(self):
        self.post("ann@example.com", message="nul \x00 and \ud800", subject="a\x00b")
        self.assertIn("nul", self.sent().get_body(("plain",)).get_content())

    def test_html_is_sanitised(self):
        html = '<p onclick="evil()">Hello<script>evil()</script></p>'
        self.post("ann@example.com", message=html, subtype="html", as_user=self.members[0])
        body = self.sent().get_body(("html",)).get_content()
        self.assertIn("Hello", body)
        self.assertNotIn("evil", body)
        self.post("ann@example.com", message='<p data-x="1" onclick="fine()">x</p>', subtype="html")
        self.assertIn("fine", self.sent().get_body(("html",)).get_content(), "code of the superuser's own")

    def test_attachments(self):
        kept = self.env["ir.attachment"].with_user(self.members[0]).create({"name": "kept.txt", "raw": b"kept"})
        request = self.post("ann@example.com", as_user=self.members[0], attachment_ids=kept.ids, attachments=[
            ("a.txt", b"one"), ["b.txt", base64.b64encode(b"two").decode()]])
        names = [part.get_filename() for part in self.sent().iter_attachments()]
        self.assertEqual(names, ["kept.txt", "a.txt", "b.txt"])
        self.assertEqual(request.history_ids.attachment_count, 3)

    def test_attachments_of_others_stay_theirs(self):
        secret = self.env["ir.attachment"].create({"name": "secret.txt", "raw": b"secret"})
        with self.assertRaises(AccessError):
            self.post("ann@example.com", as_user=self.members[0], attachment_ids=secret.ids)

    def test_what_makes_no_sense(self):
        for options in ({"attachments": [("a.txt", "no base64!")]}, {"attachments": ["a"]}, {"attachments": 7},
                        {"attachment_ids": [999999999]}, {"attachment_ids": ["x"]}, {"subtype": "xml"},
                        {"message": 7}, {"max_retries": -1}, {"max_retries": "x"}, {"max_retries": True},
                        {"max_retries": 2**31}):
            with self.subTest(options=options), self.assertRaises(UserError):
                self.post("ann@example.com", **options)

    def test_no_header_can_be_injected(self):
        evil = "\r\nBcc: evil@example.com\r\nX-Evil: yes"
        self.post("ann@example.com", subject=f"News{evil}", attachments=[(f"a{evil}", b"x")])
        message = self.sent()
        self.post(f'"Ann{evil}" <ann@example.com>', as_user=self.manager, party_from=f'"Shop{evil}" <shop@example.net>')
        for one in (message, self.sent()):
            for part in one.walk():
                self.assertFalse({"bcc", "x-evil"} & {name.lower() for name, _value in part.items()})
        self.assertEqual(self.smtp.arrived(), {"ann@example.com": 2})
        with self.assertRaises(UserError):
            self.post(f"ann@example.com{evil}")

    def test_the_caller_s_context_changes_nothing(self):
        partner = self.env["res.partner"].create({"name": "Document"})
        requests = self.requests.with_user(self.members[0]).with_context(
            default_model="res.partner", default_res_id=partner.id, default_email_cc="cc@example.com",
            default_state="sent", message_gateway_answer={"email_to": "other@example.com", "headers": {}})
        request = self.requests.browse(requests.post_request(False, "ann@example.com", "News", "Hello."))
        self.send_queue()
        self.assertEqual(self.smtp.arrived(), {"ann@example.com": 1})
        self.assertFalse(request.mail_mail_id.model)
