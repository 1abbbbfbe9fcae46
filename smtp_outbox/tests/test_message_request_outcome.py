import json

from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from .common_request import LOGGER, RequestCase


class TestCancelling(RequestCase):
    """Taking back."""

    def test_while_it_waits(self):
        request = self.post("ann@example.com")
        self.assertTrue(self.requests.cancel_request(request.id))
        self.assertEqual(request.state, "cancelled")
        self.assertEqual(self.send_queue(), 0)
        self.assertEqual(request.state, "cancelled")

    def test_in_the_outbox(self):
        request = self.post("ann@example.com", as_user=self.members[0])
        self.expand()
        self.requests.with_user(self.members[0]).cancel_request(request.id)
        self.assertEqual(request.state, "cancelled")
        self.assertEqual(self.send_queue(), 0)
        self.assertEqual((request.state, request.mail_mail_id.state), ("cancelled", "cancel"))

    def test_between_two_attempts(self):
        self.smtp.answers["ann"] = (451, "4.2.0 try again later")
        request = self.post("ann@example.com")
        self.send_queue()
        self.assertEqual(request.state, "waiting")
        request.action_cancel()
        self.assertEqual(request.state, "cancelled")
        self.make_due()
        self.assertEqual(self.send_queue(), 0)

    def test_a_part_has_it_already(self):
        self.lost.partner_id.email = "club3@example.com"
        self.smtp.answers["club2"] = (451, "4.2.0 try again later")
        request = self.post(self.group, expand_group=True)
        self.send_queue()
        self.assertEqual((request.state, request.sent_count), ("sending", 2))
        self.requests.cancel_request(request.id)
        self.assertEqual((request.state, request.sent_count), ("partly_sent", 2))

    def test_too_late(self):
        request = self.post("ann@example.com")
        self.send_queue()
        with self.assertRaises(UserError):
            self.requests.cancel_request(request.id)
        self.assertEqual(request.state, "sent")
        with self.assertRaises(UserError):
            self.requests.cancel_request(request.id)

    def test_too_late_when_the_sending_has_begun(self):
        request = self.post("ann@example.com")
        self.expand()
        request.history_ids.delivery_ids.state = "sending"
        with self.assertRaises(UserError):
            self.requests.cancel_request(request.id)
        self.assertEqual(request.mail_mail_id.state, "outgoing")

    def test_no_such_request(self):
        for number in (999999999, 0, -1, None, "x", 2**40, True):
            with self.subTest(number=number), self.assertRaises(UserError):
                self.requests.cancel_request(number)

    def test_requests_are_their_owner_s(self):
        clerk, other = self.members
        request = self.post("ann@example.com", as_user=clerk)
        self.assertEqual(request.with_user(clerk).subject, "News")
        with self.assertRaises(AccessError):
            request.with_user(other).read(["subject"])
        with self.assertRaises(AccessError):
            request.with_user(clerk).write({"state": "sent"})
        with self.assertRaises(UserError):
            self.requests.with_user(other).cancel_request(request.id)
        self.assertTrue(self.requests.with_user(self.manager).cancel_request(request.id))


class TestOutcome(RequestCase):
    """What becomes of a request."""

    def test_retries_happen_and_end(self):
        self.smtp.answers["ann"] = (451, "4.2.0 try again later")
        request = self.post("ann@example.com", max_retries=2)
        self.send_queue()
        self.assertEqual(request.history_ids.max_attempts, 3)
        delivery = self.deliveries(request.mail_mail_id)
        for attempts in (2, 3):
            self.assertEqual((delivery.state, request.state), ("deferred", "waiting"))
            self.make_due()
            self.send_queue()
            self.assertEqual(delivery.attempts, attempts)
        self.assertEqual((delivery.state, request.state, request.failed_count), ("failed", "failed", 1))
        self.assertIn("4.2.0", request.reason)

    def test_how_many_retries(self):
        for max_retries, attempts in ((None, 0), (False, 0), (0, 1), (7, 8)):
            request = self.post("ann@example.com", max_retries=max_retries)
            self.expand()
            self.assertEqual(request.history_ids.max_attempts, attempts)

    def test_a_retry_that_succeeds(self):
        self.smtp.answers["ann"] = (451, "4.2.0 try again later")
        request = self.post("ann@example.com", max_retries=1)
        self.send_queue()
        self.smtp.answers.clear()
        self.make_due()
        self.send_queue()
        self.assertEqual((request.state, self.smtp.arrived()), ("sent", {"ann@example.com": 1}))

    @mute_logger(LOGGER)
    def test_one_of_two_is_refused_and_sent_to_again(self):
        self.smtp.answers["club2"] = (550, "5.7.1 not today")
        request = self.post(self.group, expand_group=True)
        self.send_queue()
        self.assertEqual((request.state, request.sent_count, request.failed_count), ("partly_sent", 1, 1))
        self.smtp.answers.clear()
        request.mail_mail_id.action_retry()
        self.send_queue()
        self.assertEqual((request.state, request.recipient_count), ("sent", 2))
        self.assertEqual(self.smtp.arrived(), {"club1@example.com": 1, "club2@example.com": 1})

    def test_it_comes_back(self):
        request = self.post("ann@example.com")
        self.send_queue()
        request.history_ids.delivery_ids.write({"state": "bounced", "settled": False})
        self.settle()
        self.assertEqual(request.state, "failed")

    def test_a_deleted_mail(self):
        for expanded, by_message in ((False, False), (True, False), (False, True), (True, True)):
            with self.subTest(expanded=expanded, by_message=by_message):
                request = self.post("ann@example.com")
                if expanded:
                    self.expand()
                (request.mail_mail_id.mail_message_id if by_message else request.mail_mail_id).unlink()
                self.settle()
                self.assertEqual(request.state, "cancelled")
        self.assertEqual(self.send_queue(), 0)

    def test_what_is_known_outlives_the_mail(self):
        request = self.post("ann@example.com")
        self.send_queue()
        request.mail_mail_id.unlink()
        self.assertEqual((request.state, request.sent_count), ("sent", 1))

    def test_it_goes_with_its_ledger_row(self):
        request = self.post("ann@example.com")
        self.send_queue()
        self.env["message.history"]._forget(request.history_ids.ids)
        self.assertFalse(request.exists())

    def test_a_mail_that_is_sent_inline(self):
        request = self.post("ann@example.com")
        request.mail_mail_id.state = "sent"
        self.assertEqual(request.state, "sent")


class TestRequestViews(RequestCase):
    """Who sees requests, and as what."""

    def test_views(self):
        request = self.post("ann@example.com", as_user=self.members[0])
        action = self.env.ref("smtp_outbox.message_request_action")
        views = [(False, "list"), (False, "kanban"), (False, "form"), (action.search_view_id.id, "search")]
        for user in (self.members[0], self.manager):
            requests = self.requests.with_user(user)
            self.assertEqual(set(requests.get_views(views)["views"]), {"list", "kanban", "form", "search"})
            (values,) = requests.search_read([("id", "=", request.id)], ["state", "reason", "sender", "display_name"])
            self.assertEqual(values["state"], "waiting")
        self.assertEqual(request.action_view_deliveries()["res_model"], "message.delivery")
        self.assertEqual(self.env["message.delivery"].search_count(request.action_view_deliveries()["domain"]), 0)


@tagged("post_install", "-at_install")
class TestRequestsOverHttp(HttpCase):
    """The same over JSON-2."""

    def setUp(self):
        super().setUp()
        self.patch(type(self.env["mail.mail"]), "_sends_inline", lambda _mails: False)

    def call(self, user, method, **arguments):
        """Call a method as a program does; returns the answer."""
        key = self.env["res.users.apikeys"].with_user(user).sudo()._generate("rpc", "test", None)
        return self.url_open(
            f"/json/2/message.request/{method}", data=json.dumps(arguments),
            headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"})

    def test_json_2(self):
        user = new_test_user(self.env, "robot", groups="base.group_user", email="robot@example.com")
        group = self.env["res.groups"].create({"name": "Readers", "user_ids": [(4, user.id)]})
        answer = self.call(
            user, "post_request", party_from=f"res.users,{user.id}", party_to=f"res.groups,{group.id}", subject="News",
            message="Hello.", expand_group=True, max_retries=3, attachments=[["a.txt", "b25l"]])
        self.assertEqual(answer.status_code, 200, answer.text)
        request = self.env["message.request"].browse(answer.json())
        self.assertEqual((request.subject, request.create_uid), ("News", user))
        self.assertEqual(request.mail_mail_id.recipient_ids, user.partner_id)
        self.assertEqual(request.mail_mail_id.outbox_max_attempts, 4)
        answer = self.call(user, "cancel_request", request_id=request.id)
        self.assertEqual((answer.status_code, answer.json()), (200, True), answer.text)
        self.env.invalidate_all()
        self.assertEqual(request.state, "cancelled")

    @mute_logger("odoo.http")
    def test_what_is_not_allowed(self):
        portal = new_test_user(self.env, "robot_portal", groups="base.group_portal", email="portal@example.com")
        robot = new_test_user(self.env, "robot", groups="base.group_user", email="robot@example.com")
        letter = {"party_to": "ann@example.com", "subject": "News", "message": "Hello."}
        for user, party_from in ((portal, False), (robot, "boss@example.com")):
            answer = self.call(user, "post_request", party_from=party_from, **letter)
            self.assertEqual(answer.status_code, 403, answer.text)
        answer = self.call(robot, "post_request", party_from=False, **{**letter, "party_to": "res.groups,999999999"})
        self.assertEqual(answer.status_code, 422, answer.text)
        self.assertIn("There is no such", answer.json()["message"])
