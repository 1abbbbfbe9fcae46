from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import TransactionCase, new_test_user, tagged

from ..lib.errors import AuthenticationError, ConnectionFailed
from ..lib.transport import CheckReport, CheckStep


@tagged("post_install", "-at_install")
class TestChannelHealth(TransactionCase):
    """What an administrator sees of a channel; a time-out is no wrong password."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.channel = cls.env["message.channel"].create({"name": "Inquiries", "channel_type": "local", "sends": True})
        cls.status = cls.env["message.channel.status"]._get(cls.channel)
        cls.manager = new_test_user(cls.env, "health_manager", groups="message_history.group_manager")
        cls.clerk = new_test_user(cls.env, "health_clerk", groups="message_history.group_user")
        cls.channel.member_ids = cls.clerk

    def note(self, error, text="said so"):
        self.status._note_error(error, text)
        self.env.invalidate_all()

    def test_a_time_out_stays_yellow(self):
        self.status._note_success()
        self.note(ConnectionFailed("timed out"))
        self.assertEqual((self.channel.health, self.channel.must_log_in), ("retrying", False))
        self.assertTrue(self.channel.problem_since)
        self.assertIn("tried again by itself", self.channel._words_for_trouble())

    def test_a_server_that_is_gone_for_an_hour_needs_somebody(self):
        self.note(ConnectionFailed("timed out"))
        self.status.last_error_date = fields.Datetime.now() - timedelta(minutes=61)
        self.env.invalidate_all()
        self.assertEqual((self.channel.health, self.channel.must_log_in), ("attention", False))
        self.assertIn("does not work", self.channel._words_for_trouble())

    def test_a_refused_login_is_red_at_once(self):
        self.status._note_success()
        self.note(AuthenticationError("535"))
        self.assertEqual((self.channel.health, self.channel.must_log_in), ("attention", True))
        self.assertEqual(self.channel._words_for_trouble(), "“Inquiries” must log in again.")

    def test_it_clears_by_itself(self):
        self.note(AuthenticationError("535"))
        self.status._note_success(received=1)
        self.env.invalidate_all()
        self.assertEqual((self.channel.health, self.channel.must_log_in), ("ok", False))
        self.assertFalse(self.channel.problem_since)
        self.assertIsNone(self.channel._words_for_trouble())
        self.assertTrue(self.channel.last_received)

    def test_never_healthy_without_a_success(self):
        self.assertEqual(self.channel.health, "idle")
        self.assertFalse(self.channel.last_received or self.channel.last_sent)

    def test_last_sent_and_attempts(self):
        history = self.env["message.history"].create({
            "channel_id": self.channel.id, "direction": "out", "state": "sent", "external_id": "1"})
        values = {"history_id": history.id, "channel_id": self.channel.id, "via_channel_id": self.channel.id}
        self.env["message.delivery"].create([
            {**values, "address": "a@b.example", "state": "accepted", "attempt_date": "2026-01-01 10:00:00",
             "sent_date": "2026-01-01 10:00:01"},
            {**values, "address": "c@d.example", "state": "refused", "attempt_date": "2026-01-02 10:00:00",
             "server_reply": "550 5.1.1 no"}])
        self.env.flush_all()
        self.env["message.attempt"]._note(history.ids)
        self.assertEqual(str(self.channel.last_sent), "2026-01-01 10:00:01")
        attempt = self.channel.recent_attempt_ids
        self.assertEqual((attempt.address, attempt.server_reply), ("c@d.example", "550 5.1.1 no"))
        self.assertEqual(attempt.action_open_message()["res_model"], "message.delivery")
        self.assertEqual(self.env["message.attempt"].search(self.channel.action_view_attempts()["domain"]), attempt)

    def test_steps_in_words(self):
        report = CheckReport((CheckStep("resolve", True, 0.1, "127.0.0.1"), CheckStep("login", False, 0.1, "535 no")))
        self.assertEqual(self.env["message.channel"]._lines_for_steps(report),
                         ["✔ Name found 127.0.0.1", "✘ Not logged in 535 no"])

    def test_no_settings_no_login(self):
        self.assertFalse(self.channel.has_settings)
        with self.assertRaises(UserError):
            self.channel.action_open_settings()
        with self.assertRaises(UserError):
            self.channel.action_send_test()
        with self.assertRaises(AccessError):
            self.channel.with_user(self.clerk).action_open_settings()

    def test_members_can_look(self):
        read = self.channel.with_user(self.clerk).read(
            ["last_received", "last_sent", "failed_today", "answer_by", "problem_since", "has_settings"])
        self.assertEqual(read[0]["id"], self.channel.id)
