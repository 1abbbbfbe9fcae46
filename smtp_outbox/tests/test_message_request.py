import base64
import json
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from .common import OutboxCase


class TestMessageRequest(OutboxCase):
    """The notification interface for programmers."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.group = cls.env["res.groups"].create({"name": "Club", "message_address": "club@example.com"})
        cls.members = [new_test_user(cls.env, f"club{number}", email=f"club{number}@example.com") for number in (1, 2)]
        cls.lost = new_test_user(cls.env, "club3", email="club3@example.com")
        cls.lost.partner_id.email = False
        cls.group.user_ids = [(6, 0, [user.id for user in (*cls.members, cls.lost)])]
        cls.requests = cls.env["message.request"]

    def post(self, party_to, *, as_user=None, **options):
        """Post a request; returns it."""
        requests = self.requests.with_user(as_user) if as_user else self.requests
        text = options.pop("message", "Hello,\nthis is new.")
        request_id = requests.post_request(options.pop("party_from", False), party_to, "News", text, **options)
        self.assertIsInstance(request_id, int)
        return self.requests.browse(request_id)

    def test_every_kind_of_party(self):
        partner = self.env["res.partner"].create({"name": "Ann", "email": "ann@example.com"})
        user = self.members[0]
        for party, address in (
                (partner, "ann@example.com"), (user, "club1@example.com"), ("bob@example.com", "bob@example.com"),
                (f"res.partner,{partner.id}", "ann@example.com"), ({"model": "res.users", "id": user.id},
                                                                   "club1@example.com"),
                (self.group, "club@example.com"), (f"res.groups,{self.group.id}", "club@example.com")):
            with self.subTest(party=party):
                self.smtp.taken.clear()
                request = self.post(party)
                self.assertEqual(request.state, "waiting")
                self.send_queue()
                self.assertEqual(self.smtp.arrived(), {address: 1})
                self.assertEqual(request.state, "sent")

    def test_a_text_stays_a_text(self):
        self.post("ann@example.com", message="1 < 2\n  & so on")
        self.send_queue()
        text = self.smtp.taken[0][2].get_body(("plain",)).get_content()
        self.assertIn("1 < 2", text)
        self.assertIn("& so on", text)

    def test_html_is_sanitised_and_attachments_go_along(self):
        self.post("ann@example.com", message="<p>Hello<script>evil()</script></p>", subtype="html",
                  attachments=[("a.txt", b"one"), ("b.txt", base64.b64encode(b"two").decode())])
        self.send_queue()
        message = self.smtp.taken[0][2]
        self.assertNotIn("evil", message.get_body(("html",)).get_content())
        self.assertEqual([part.get_filename() for part in message.iter_attachments()], ["a.txt", "b.txt"])

    @mute_logger("odoo.addons.smtp_outbox.models.message_request")
    def test_each_member_of_a_group(self):
        request = self.post(self.group, expand_group=True)
        self.send_queue()
        self.assertEqual(self.smtp.arrived(), {"club1@example.com": 1, "club2@example.com": 1})
        self.assertIn("club3", request.warning)

    def test_an_empty_group_is_not_silent(self):
        group = self.env["res.groups"].create({"name": "Nobody"})
        for expand in (True, False):
            with self.assertLogs("odoo.addons.smtp_outbox.models.message_request", "WARNING"):
                request = self.post(group, expand_group=expand)
            self.assertIn("Nobody", request.warning)
            self.assertEqual(request.state, "failed")

    def test_nobody_writes_in_another_s_name(self):
        clerk, boss = self.members
        with self.assertRaises(AccessError):
            self.post("ann@example.com", as_user=clerk, party_from=boss)
        with self.assertRaises(AccessError):
            self.post("ann@example.com", as_user=clerk, party_from="boss@example.com")
        self.post("ann@example.com", as_user=clerk, party_from=clerk)
        self.post("ann@example.com", as_user=self.manager, party_from=boss)
        self.send_queue()
        # core writes the address of notifications into From where the server may not send for everybody
        self.assertEqual([str(mail["Reply-To"]).rpartition("<")[2] for _s, _r, mail in self.smtp.taken],
                         ["club1@example.com>", "club2@example.com>"])

    def test_who_does_not_exist(self):
        for party in ("res.partner,999999999", "no address", {"model": "ir.cron", "id": 1}, "no.such", 7):
            with self.subTest(party=party), self.assertRaises(UserError):
                self.post(party)

    def test_cancel_while_it_waits(self):
        request = self.post("ann@example.com")
        self.assertTrue(self.requests.cancel_request(request.id))
        self.assertEqual(self.send_queue(), 0)
        self.assertEqual(request.state, "cancelled")

    def test_cancel_in_the_outbox(self):
        request = self.post("ann@example.com")
        self.expand()
        self.requests.cancel_request(request.id)
        self.assertEqual(self.send_queue(), 0)
        self.assertFalse(self.smtp.taken)

    def test_too_late_to_cancel(self):
        request = self.post("ann@example.com")
        self.send_queue()
        with self.assertRaises(UserError):
            self.requests.cancel_request(request.id)
        with self.assertRaises(UserError):
            self.requests.cancel_request(999999999)

    def test_retries_happen_and_end(self):
        self.smtp.answers["ann"] = (451, "4.2.0 try again later")
        request = self.post("ann@example.com", max_retries=2)
        self.send_queue()
        delivery = self.deliveries(request.mail_mail_id)
        for attempts in (2, 3):
            self.assertEqual(delivery.state, "deferred")
            self.make_due()
            self.send_queue()
            self.assertEqual(delivery.attempts, attempts)
        self.assertEqual((delivery.state, request.state), ("failed", "failed"))

    def test_requests_are_seen_by_who_made_them(self):
        clerk, other = self.members
        request = self.post("ann@example.com", as_user=clerk)
        self.assertEqual(request.with_user(clerk).subject, "News")
        with self.assertRaises(AccessError):
            request.with_user(other).read(["subject"])


@tagged("post_install", "-at_install")
class TestRequestsOverHttp(HttpCase):
    """The same over JSON-2."""

    def test_json_2(self):
        user = new_test_user(self.env, "robot", groups="base.group_user", email="robot@example.com")
        key = self.env["res.users.apikeys"].with_user(user)._generate(
            "rpc", "test", fields.Datetime.now() + timedelta(hours=1))
        answer = self.url_open(
            "/json/2/message.request/post_request", data=json.dumps({
                "party_from": False, "party_to": "ann@example.com", "subject": "News", "message": "Hello."}),
            headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"})
        self.assertEqual(answer.status_code, 200, answer.text)
        request = self.env["message.request"].browse(answer.json())
        self.assertEqual((request.subject, request.create_uid), ("News", user))
