from datetime import timedelta

from odoo import fields
from odoo.addons.message_history.tools.journal import Rates
from odoo.exceptions import AccessError, UserError

from .common import OutboxCase


class TestQueue(OutboxCase):
    """What goes first, what waits, what is held, what is taken back."""

    def test_scheduled_mail_waits(self):
        mail = self.mail("ann@example.com", scheduled_date=fields.Datetime.now() + timedelta(hours=1))
        mail.send()
        self.assertEqual(self.send_queue(), 0)
        mail.scheduled_date = fields.Datetime.now() - timedelta(seconds=1)
        self.assertEqual(self.send_queue(), 1)

    def test_cancelled_while_queued_is_never_sent(self):
        mail = self.mail("ann@example.com", "bob@example.com")
        self.expand()
        mail.cancel()
        self.assertEqual(self.send_queue(), 0)
        self.assertEqual(set(self.states(mail).values()), {"cancelled"})
        self.assertEqual((mail.state, mail.history_ids.state), ("cancel", "cancelled"))

    def test_a_deleted_mail_is_never_sent(self):
        mail = self.mail("ann@example.com")
        self.expand()
        mail.unlink()
        self.assertEqual(self.send_queue(), 0)
        self.assertFalse(self.smtp.taken)

    def test_too_late_to_take_back(self):
        mail = self.mail("ann@example.com")
        self.send_queue()
        with self.assertRaises(UserError):
            self.deliveries(mail).with_user(self.manager).action_cancel()

    def test_personal_mail_overtakes_bulk(self):
        bulk = self.mail("bulk@example.com")
        self.expand()
        self.deliveries(bulk).priority = 20
        personal = self.mail("ann@example.com", message_type="comment")
        self.send_queue()
        self.assertEqual([mail[1][0] for mail in self.smtp.taken], ["ann@example.com", "bulk@example.com"])
        self.assertEqual(self.deliveries(personal).priority, 5)

    def test_rates_are_kept(self):
        for number in range(7):
            self.mail(f"reader{number}@example.com")
        self.assertEqual(self.send_queue(rates=Rates(minute=5)), 5)
        self.assertEqual(self.send_queue(rates=Rates(minute=5)), 0)
        self.env["message.delivery"].search([("state", "=", "accepted")]).attempt_date = (
            fields.Datetime.now() - timedelta(seconds=120))
        self.env.flush_all()
        self.assertEqual(self.send_queue(rates=Rates(minute=5)), 2)

    def test_an_hour_has_its_own_limit(self):
        for number in range(7):
            self.mail(f"reader{number}@example.com")
        self.assertEqual(self.send_queue(rates=Rates(minute=5, hour=3)), 3)

    def test_old_mail_is_held_until_somebody_releases_it(self):
        old, fresh = self.mail("old@example.com"), self.mail("fresh@example.com")
        old.outgoing_since = False
        self.env.flush_all()
        self.env.cr.execute("UPDATE mail_mail SET create_date = now() - interval '3 days' WHERE id = %s", [old.id])
        self.env.invalidate_all()
        self.send_queue()
        self.assertEqual(self.smtp.arrived(), {"fresh@example.com": 1})
        self.assertEqual((old.state, old.outbox_state), ("outgoing", "held"))
        self.assertEqual(fresh.state, "sent")
        self.assertEqual(self.send_queue(), 0, "it is asked once")
        old.action_release()
        self.send_queue()
        self.assertEqual(old.state, "sent")

    def test_held_mail_can_be_discarded(self):
        old = self.mail("old@example.com", outgoing_since=fields.Datetime.now() - timedelta(days=3))
        self.env.cr.execute("UPDATE mail_mail SET create_date = now() - interval '3 days' WHERE id = %s", [old.id])
        self.env.invalidate_all()
        self.send_queue()
        old.action_discard_held()
        self.send_queue()
        self.assertEqual(old.state, "cancel")
        self.assertFalse(self.smtp.taken)

    def test_a_retry_of_an_old_mail_is_not_held(self):
        self.smtp.answers["ann"] = (550, "5.7.1 not today")
        mail = self.mail("ann@example.com")
        self.send_queue()
        self.env.cr.execute("UPDATE mail_mail SET create_date = now() - interval '3 days' WHERE id = %s", [mail.id])
        self.env.invalidate_all()
        self.smtp.answers.clear()
        mail.action_retry()
        self.send_queue()
        self.assertEqual(mail.state, "sent")

    def test_what_waits_to_the_end_of_its_time_fails(self):
        mail = self.mail("ann@example.com")
        self.expand()
        self.deliveries(mail).expires = fields.Datetime.now() - timedelta(hours=1)
        self.env.flush_all()
        self.assertEqual(self.env["message.outbox"]._expire(), 1)
        self.settle()
        self.assertEqual(self.states(mail), {"ann@example.com": "failed"})
        self.assertEqual(mail.state, "exception")
        self.assertEqual(mail.failure_type, "mail_smtp")

    def test_secrets_leave_headers_only(self):
        mail = self.mail("ann@example.com", auto_delete=True, subject="Your code",
                         body_html="<p>The code is 123456.</p>")
        self.expand()
        history = mail.history_ids
        self.assertTrue(history.private)
        self.assertFalse(history.body_text or history.preview or history.raw_kept or history.conversation_id)
        self.send_queue()
        self.assertIn("123456", self.smtp.taken[0][2].as_string())
        self.env.cr.execute("SELECT COUNT(*) FROM message_raw WHERE history_id = %s", [history.id])
        self.assertEqual(self.env.cr.fetchone()[0], 0, "the text goes with the sending")
        self.assertEqual((history.subject, history.state), ("Your code", "sent"))

    def test_who_may_see_the_outbox(self):
        mail = self.mail("ann@example.com")
        self.send_queue()
        delivery = self.deliveries(mail)
        self.assertTrue(delivery.with_user(self.manager).address)
        with self.assertRaises(AccessError):
            delivery.with_user(self.clerk).read(["address"])
        self.channel.member_ids = self.clerk
        self.assertTrue(delivery.with_user(self.clerk).address)
        with self.assertRaises(AccessError):
            delivery.with_user(self.clerk).write({"state": "queued"})

    def test_a_server_that_goes_hands_its_queue_over(self):
        mail = self.mail("ann@example.com", mail_server_id=self.server.id)
        self.expand()
        other = self.env["ir.mail_server"].create({"name": "Other", "smtp_host": "other.example.net"})
        mail.mail_server_id = False
        self.server.unlink()
        self.assertEqual(self.deliveries(mail).channel_id, other.channel_id)
        self.send_queue(other.channel_id)
        self.assertEqual(self.smtp.arrived(), {"ann@example.com": 1})

    def test_counts_are_bounded(self):
        for number in range(12):
            self.mail(f"reader{number}@example.com")
        self.expand()
        counts = self.env["message.delivery"]._count_queued(self.channel, limit=10)
        self.assertEqual(counts, {self.channel.id: 10})
