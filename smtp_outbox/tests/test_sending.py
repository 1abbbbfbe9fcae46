from odoo.tools import mute_logger

from ..sender import sender as sender_module
from .common import OutboxCase


class TestSending(OutboxCase):
    """From ``mail.mail`` to the server and back: every recipient has an outcome of its own."""

    def test_a_mail_is_queued_and_sent(self):
        mail = self.mail("ann@example.com")
        mail.send()
        self.assertEqual(mail.state, "outgoing")
        self.assertFalse(self.smtp.taken, "the click does not wait for SMTP")
        self.assertEqual(self.send_queue(), 1)
        self.assertEqual(self.smtp.arrived(), {"ann@example.com": 1})
        self.assertEqual(self.states(mail), {"ann@example.com": "accepted"})
        self.assertEqual((mail.state, mail.history_ids.state), ("sent", "sent"))
        (_sender, _to, message) = self.smtp.taken[0]
        self.assertEqual(message["Message-Id"], mail.message_id)
        self.assertEqual(message["Subject"], "An offer")
        self.assertIn("this is the offer", message.get_body(("plain",)).get_content())

    def test_nothing_is_sent_twice(self):
        mail = self.mail("ann@example.com")
        self.send_queue()
        mail.send()
        self.send_queue()
        self.env["mail.mail"].process_email_queue(email_ids=mail.ids)
        self.send_queue()
        self.assertEqual(self.smtp.arrived(), {"ann@example.com": 1})

    def test_of_two_recipients_the_refused_one_is_known(self):
        self.smtp.answers["bob"] = (550, "5.1.1 no such user")
        mail = self.mail("ann@example.com", "bob@example.com")
        self.send_queue()
        self.assertEqual(self.states(mail), {"ann@example.com": "accepted", "bob@example.com": "refused"})
        self.assertEqual(mail.state, "exception", "partly sent is not sent")
        self.assertEqual(mail.failure_type, "mail_email_invalid")
        self.assertIn("bob@example.com", mail.failure_reason)
        self.assertIn("5.1.1 no such user", mail.failure_reason)
        self.assertNotIn("ann@example.com", mail.failure_reason)
        self.assertEqual(mail.history_ids.state, "partly_sent")
        self.assertIn("bob@example.com", mail.history_ids.state_reason)

    def test_what_is_temporary_is_tried_again_and_arrives(self):
        self.smtp.answers["ann"] = (451, "4.7.1 greylisted, come again")
        mail = self.mail("ann@example.com", "bob@example.com")
        self.send_queue()
        delivery = self.deliveries(mail)[0]
        self.assertEqual((delivery.state, delivery.attempts), ("deferred", 1))
        wait = (delivery.next_attempt - delivery.attempt_date).total_seconds()
        self.assertTrue(40 <= wait <= 90, wait)
        self.assertEqual(mail.state, "outgoing", "one of them is still owed it")
        self.assertEqual(mail.history_ids.state, "sending")
        self.assertEqual(self.send_queue(), 0, "not before its time")
        self.smtp.answers.clear()
        self.make_due()
        self.assertEqual(self.send_queue(), 1)
        self.assertEqual(self.smtp.arrived(), {"ann@example.com": 1, "bob@example.com": 1})
        self.assertEqual((mail.state, mail.history_ids.state), ("sent", "sent"))
        ids = {message["Message-Id"] for _sender, _to, message in self.smtp.taken}
        self.assertEqual(ids, {mail.message_id}, "one id at every attempt")

    def test_the_delays_grow_to_a_hard_end(self):
        self.smtp.answers["ann"] = (451, "4.2.0 try again later")
        mail = self.mail("ann@example.com")
        self.send_queue()
        delivery = self.deliveries(mail)
        waits = []
        for _attempt in range(6):
            waits.append((delivery.next_attempt - delivery.attempt_date).total_seconds())
            self.make_due()
            self.send_queue()
        self.assertEqual(sorted(waits), waits)
        self.assertGreater(waits[-1], 1000)
        delivery.expires = self.env.cr.now().replace(microsecond=0)
        self.make_due()
        self.send_queue()
        self.assertEqual((delivery.state, delivery.failure_type), ("failed", "expired"))
        self.assertEqual((mail.state, mail.history_ids.state), ("exception", "given_up"))

    def test_a_lost_answer_is_in_doubt_and_waits_for_a_person(self):
        self.smtp.lose_after = 0
        mail = self.mail("ann@example.com")
        self.send_queue()
        self.assertEqual(self.states(mail), {"ann@example.com": "in_doubt"})
        self.assertEqual((mail.state, mail.history_ids.state), ("exception", "in_doubt"))
        self.smtp.lose_after = None
        self.assertEqual(self.send_queue(), 0)
        self.deliveries(mail).with_user(self.manager).action_send_again()
        self.assertEqual(mail.state, "outgoing")
        self.send_queue()
        self.assertEqual(mail.state, "sent")
        self.assertEqual(self.smtp.arrived(), {"ann@example.com": 2}, "by choice")

    def test_what_arrived_after_all_is_sent(self):
        self.smtp.lose_after = 0
        mail = self.mail("ann@example.com")
        self.send_queue()
        mail.history_ids.with_user(self.manager).action_mark_arrived()
        self.settle()
        self.assertEqual((mail.state, mail.history_ids.state), ("sent", "sent"))
        self.assertEqual(len(self.smtp.taken), 1)

    def test_what_is_in_doubt_may_be_sent_again_by_itself(self):
        self.channel.resend_in_doubt = True
        self.smtp.lose_after = 0
        mail = self.mail("ann@example.com")
        self.send_queue()
        self.assertEqual(self.states(mail), {"ann@example.com": "deferred"})
        self.smtp.lose_after = None
        self.make_due()
        self.send_queue()
        self.assertEqual(mail.state, "sent")

    def test_one_bad_mail_stops_no_other(self):
        self.smtp.after_data["bob"] = (554, "5.7.1 not wanted")
        mails = [self.mail(f"{name}@example.com") for name in ("ann", "bob", "cid")]
        broken = self.mail("dan@example.com")
        origin = type(broken)._prepare_outgoing_list

        def prepare(records, *args, **kwargs):
            if records == broken:
                raise KeyError("a template that can't be rendered")
            return origin(records, *args, **kwargs)

        self.patch(type(broken), "_prepare_outgoing_list", prepare)
        with mute_logger("odoo.addons.smtp_outbox.models.mail_expander"):
            self.send_queue()
        self.assertEqual([mail.state for mail in mails], ["sent", "exception", "sent"])
        self.assertEqual(broken.state, "exception")
        self.assertIn("can't be rendered", broken.failure_reason)

    def test_a_mail_without_recipient_fails_in_words(self):
        mail = self.mail()
        self.send_queue()
        self.assertEqual((mail.state, mail.failure_type), ("exception", "mail_email_missing"))

    def test_without_pipelining_it_works_as_well(self):
        self.smtp.features = {}
        self.smtp.answers["bob"] = (550, "5.1.1 no such user")
        mails = [self.mail(f"{name}@example.com") for name in ("ann", "bob", "cid", "dan")]
        self.send_queue()
        self.assertEqual([mail.state for mail in mails], ["sent", "exception", "sent", "sent"])
        self.assertEqual(self.smtp.sessions, 1, "one connection for all of them")

    def test_retry_goes_to_those_still_owed(self):
        self.smtp.answers["bob"] = (550, "5.7.1 not today")
        mail = self.mail("ann@example.com", "bob@example.com")
        self.send_queue()
        self.smtp.answers.clear()
        mail.action_retry()
        self.send_queue()
        self.assertEqual(self.smtp.arrived(), {"ann@example.com": 1, "bob@example.com": 1})
        self.assertEqual(mail.state, "sent")

    def test_retry_uses_the_address_that_was_corrected(self):
        self.smtp.answers["wrong"] = (550, "5.1.1 no such user")
        ann, bob = self.env["res.partner"].create([
            {"name": "Ann", "email": "ann@example.com"}, {"name": "Bob", "email": "wrong@example.com"}])
        mail = self.mail(partners=(ann, bob))
        self.send_queue()
        self.assertEqual(mail.state, "exception")
        bob.email = "bob@example.com"
        mail.action_retry()
        self.send_queue()
        self.assertEqual(self.smtp.arrived(), {"ann@example.com": 1, "bob@example.com": 1})
        self.assertEqual(mail.state, "sent")

    def test_a_connection_that_grew_old_costs_no_attempt(self):
        first = self.mail("ann@example.com")
        self.expand()
        self.smtp.hang_up_after = 1
        second = self.mail("bob@example.com")
        self.send_queue()
        self.assertEqual([mail.state for mail in (first, second)], ["sent", "sent"])
        self.assertEqual(self.deliveries(second).attempts, 1)
        self.assertEqual(self.smtp.sessions, 2)

    def test_a_text_that_cannot_be_read_stops_no_other(self):
        content = bytes(range(256)) * 2000
        attachment = self.env["ir.attachment"].create({"name": "plan.bin", "raw": content})
        broken = self.mail("ann@example.com", attachment_ids=[(4, attachment.id)])
        self.expand()
        self.env.cr.execute(
            "UPDATE message_raw SET store_name = 'ab/gone' WHERE history_id = %s", [broken.history_ids.id])
        good = self.mail("bob@example.com")
        self.send_queue()
        self.assertEqual((broken.state, good.state), ("exception", "sent"))
        self.assertIn("can't be read", broken.failure_reason)

    def test_a_fault_of_ours_stops_no_other(self):
        mails = [self.mail(f"{name}@example.com") for name in ("ann", "bob", "cid")]
        self.expand()
        origin = sender_module.verdict.sending

        def sending(row):
            if row.address.startswith("bob"):
                raise KeyError("a fault of ours")
            return origin(row)

        self.patch(sender_module.verdict, "sending", sending)
        with mute_logger("odoo.addons.smtp_outbox.sender.sender"):
            self.send_queue()
        self.assertEqual([mail.state for mail in mails], ["sent", "outgoing", "sent"])
        self.assertEqual(self.states(mails[1]), {"bob@example.com": "deferred"})
