from datetime import timedelta
from email import message_from_bytes, policy

from odoo import fields
from odoo.addons.message_history.lib.errors import ConnectionFailed
from odoo.exceptions import AccessError, UserError

from .test_message_draft import DraftCase

PLAN = b"%PDF-1.4 a plan of the house"


class FailureCase(DraftCase):
    """An answer with a file to Clara, of which the server said something."""

    received = 0

    def answer(self, code=None, words=None, *, file=True, after_data=False):
        """Send an answer and have it refused; returns its only delivery."""
        self.received += 1
        draft = self.draft_for(self.receive(self.received).conversation_id)
        if file:
            draft.attachment_ids = self.env["ir.attachment"].create({
                "name": "plan.pdf", "raw": PLAN, "res_model": "message.draft", "res_id": draft.id})
        _outcome, history = self.send(draft)
        if code:
            answers = self.smtp.after_data if after_data else self.smtp.answers
            answers["orders@customer.example"] = (code, words)
        self.make_due()
        self.send_queue()
        self.smtp.answers.clear()
        self.smtp.after_data.clear()
        return history.delivery_ids


class TestReasons(FailureCase):
    def test_the_reason_is_one_plain_sentence(self):
        delivery = self.answer(550, "5.1.1 No such user")
        self.assertEqual(delivery.reason, "The address does not exist.")
        self.assertIn("Correct the address", delivery.advice)
        self.assertEqual(delivery.first_step, "correct")
        self.assertIn("The address does not exist. (550 5.1.1 No such user)", delivery.history_id.state_reason)
        self.assertEqual(delivery.history_id.advice, delivery.advice)

    def test_refusals_of_other_kinds(self):
        for code, words, reason, step in (
                (552, "5.2.2 mailbox full", "The recipient's mailbox is full.", "correct"),
                (550, "5.7.1 blocked", "Refused by the recipient's server.", "correct"),
                (550, "no", "The recipient's server refused the address.", "correct")):
            delivery = self.answer(code, words)
            self.assertEqual((delivery.reason, delivery.first_step), (reason, step))

    def test_what_waits_says_until_when(self):
        delivery = self.answer(451, "4.2.0 try again later")
        self.assertEqual(delivery.state, "deferred")
        self.assertIn("next try", delivery.reason)
        self.assertFalse(delivery.first_step)
        self.assertIn("by itself", delivery.advice)

    def break_channel(self, **values):
        """Have the outgoing server refuse its login."""
        self.env["message.channel.status"]._get(self.channel).write({
            "last_error_date": "2026-01-01", "last_error_type": "authentication", "last_error_text": "535 no",
            "last_error_retryable": False, "error_count": 1, **values})
        self.env.invalidate_all()

    def test_a_refused_login_leads_to_the_channel(self):
        delivery = self.answer(451, "4.2.0 later")
        self.break_channel()
        self.assertEqual(delivery.reason, "“Office” must log in again.")
        self.assertIn("by itself as soon as", delivery.advice)
        self.assertEqual(delivery.first_step, "channel")
        self.assertEqual(delivery.action_open_channel()["res_id"], self.channel.id)
        # a clerk who may not see the server is not sent to a closed door
        seen = delivery.with_user(self.clerk).sudo()
        self.assertNotEqual(seen.first_step, "channel")
        conversation = delivery.history_id.conversation_id
        opened = self.env["message.desk"].with_user(self.clerk).open_conversation(conversation.id)
        self.assertEqual(opened["channel"]["answers_wait"], "“Office” must log in again.")

    def test_a_server_that_does_not_answer_is_tried_again(self):
        delivery = self.answer(451, "4.2.0 later")
        self.break_channel(
            last_error_type="connection", last_error_retryable=True, last_error_date=fields.Datetime.now())
        self.assertIn("tried again by itself", delivery.reason)
        self.assertFalse(delivery.first_step)

class TestSendAsLink(FailureCase):
    def test_too_large(self):
        delivery = self.answer(552, "5.3.4 Message size exceeds fixed limit", after_data=True)
        self.assertEqual((delivery.state, delivery.failure_type), ("failed", "too_large"))
        self.assertEqual((delivery.reason, delivery.first_step), ("Too large for the server.", "link"))
        before = len(self.smtp.taken)
        delivery.with_user(self.clerk).action_send_links()
        self.send_queue()
        self.assertEqual(delivery.state, "accepted")
        (_sender, recipients, sent), = self.smtp.taken[before:]
        self.assertEqual(list(recipients), ["orders@customer.example"])
        self.assertEqual(sent["Message-ID"], delivery.history_id.message_uid)
        self.assertFalse(list(sent.iter_attachments()))
        html = sent.get_body(("html",)).get_content()
        file = self.env["ir.attachment"].search(
            [("res_model", "=", "message.history"), ("res_id", "=", delivery.history_id.id)])
        self.assertEqual((file.name, file.raw), ("plan.pdf", PLAN))
        self.assertIn(f"/web/content/{file.id}?download=1&amp;access_token={file.access_token}", html)
        self.assertIn("They are 900 euros", html)
        self.assertIn(file.access_token, sent.get_body(("plain",)).get_content())
        # the original, which is the proof of what was to be sent, is as it was
        with self.env["message.raw"]._opened(delivery.history_id.id) as content:
            original = message_from_bytes(bytes(content), policy=policy.default)
        self.assertEqual([one.get_filename() for one in original.iter_attachments()], ["plan.pdf"])

    def test_no_second_time_and_not_without_files(self):
        delivery = self.answer(552, "5.3.4 too large", after_data=True)
        delivery.action_send_links()
        self.smtp.after_data["orders@customer.example"] = (552, "5.3.4 still too large")
        self.send_queue()
        self.assertEqual(delivery.state, "failed")
        self.assertFalse(delivery.can_link)
        self.assertNotEqual(delivery.first_step, "link")
        other = delivery.copy({"address": "second@customer.example", "state": "failed", "has_links": False,
                               "failure_type": "too_large", "variant_id": False})
        self.assertTrue(other.can_link, "each recipient has a copy of its own")
        plain = self.answer(552, "5.3.4 too large", file=False, after_data=True)
        self.assertFalse(plain.can_link)
        with self.assertRaisesRegex(UserError, "no attachments"):
            plain.action_send_links()

    def test_the_files_go_with_the_original(self):
        delivery = self.answer(552, "5.3.4 too large", after_data=True)
        delivery.action_send_links()
        history = delivery.history_id
        files = self.env["ir.attachment"].search([("res_model", "=", "message.history"), ("res_id", "=", history.id)])
        self.assertTrue(files)
        self.env["message.raw"]._drop(history.ids)
        self.assertFalse(files.exists(), "retention of the text is retention of its files")

    def test_nobody_else_gets_it_again(self):
        """In doubt is no reason to send more, and what was taken back stays so."""
        delivery = self.answer(552, "5.3.4 too large", after_data=True)
        doubt, back, there = (delivery.copy({
            "address": f"{state}@customer.example", "state": state, "failure_type": False, "variant_id": False})
            for state in ("in_doubt", "cancelled", "accepted"))
        (delivery + doubt + back + there).action_send_links()
        self.assertEqual((delivery + doubt + back + there).mapped("state"),
                         ["queued", "in_doubt", "cancelled", "accepted"])
        self.assertFalse((doubt + back + there).variant_id)

    def test_strangers_may_not(self):
        delivery = self.answer(552, "5.3.4 too large", after_data=True)
        with self.assertRaises(AccessError):
            delivery.with_user(self.stranger).action_send_links()


class TestOtherChannel(FailureCase):
    def setUp(self):
        super().setUp()
        self.other = self.env["ir.mail_server"].create({"name": "Spare", "smtp_host": "spare.example.net"}).channel_id

    def wizard(self, delivery):
        action = delivery.with_user(self.clerk).action_other_channel()
        return self.env["message.correct"].with_user(self.clerk).browse(action["res_id"])

    def test_another_channel_takes_over(self):
        delivery = self.answer(550, "5.7.1 not from you")
        self.assertTrue(delivery.can_reroute)
        wizard = self.wizard(delivery)
        names = wizard.way_ids.mapped("name")
        self.assertEqual(names[0], "Office")
        self.assertIn("Spare", names)
        wizard.way_id = wizard.way_ids.filtered(lambda way: way.name == "Spare")
        wizard.action_apply()
        self.assertEqual((delivery.channel_id, delivery.state), (self.other, "queued"))
        self.assertEqual(delivery.attempt_ids.channel_id, self.channel, "what failed stays on record")
        self.assertEqual(self.send_queue(self.other), 1)
        self.assertEqual(delivery.state, "accepted")

    def test_what_waits_for_a_dead_server_can_go_another_way(self):
        self.smtp.down = ConnectionFailed("timed out")
        delivery = self.answer()
        self.assertIn(delivery.state, ("queued", "deferred"))
        delivery.write({"state": "deferred", "attempts": 1, "next_attempt": "2099-01-01 00:00:00"})
        self.smtp.down = None
        wizard = self.wizard(delivery)
        wizard.way_id = wizard.way_ids.filtered(lambda way: way.name == "Spare")
        wizard.action_apply()
        self.assertEqual(self.send_queue(self.other), 1)
        self.assertEqual(self.smtp.arrived(), {"orders@customer.example": 1})

    def test_what_has_its_moment_before_it_keeps_it(self):
        """Another channel for what is to leave tomorrow does not send it today."""
        delivery = self.answer()
        delivery.write({"state": "deferred", "attempts": 0, "next_attempt": "2099-01-01 08:00:00"})
        self.channel.action_pause()
        wizard = self.wizard(delivery)
        wizard.way_id = wizard.way_ids.filtered(lambda way: way.name == "Spare")
        wizard.action_apply()
        self.assertEqual((delivery.channel_id, delivery.state, str(delivery.next_attempt)),
                         (self.other, "deferred", "2099-01-01 08:00:00"))

    def test_only_servers_that_may_send_for_the_sender(self):
        delivery = self.answer(550, "5.7.1 not from you")
        self.other._get_mail_server_sudo().from_filter = "elsewhere.example"
        self.assertNotIn("Spare", self.wizard(delivery).way_ids.mapped("name"))
        self.other._get_mail_server_sudo().from_filter = "example.net"
        self.assertIn("Spare", self.wizard(delivery).way_ids.mapped("name"))

    def test_only_what_can_send(self):
        self.other.action_pause()
        delivery = self.answer(550, "5.7.1 not from you")
        self.assertNotIn("Spare", self.wizard(delivery).way_ids.mapped("name"))
        self.other.action_continue()
        wizard = self.wizard(delivery)
        wizard.way_id = wizard.way_ids.filtered(lambda way: way.name == "Spare")
        self.other.action_pause()
        with self.assertRaisesRegex(UserError, "can't send"):
            wizard.action_apply()
        own = self.env["ir.mail_server"].create({
            "name": "Anna's own", "smtp_host": "own.example.net", "owner_user_id": self.colleague.id})
        self.assertNotIn(own.channel_id, delivery.channel_id._get_alternatives_sudo())


class TestSendNow(FailureCase):
    def test_send_now_keeps_how_long_it_is_tried(self):
        delivery = self.answer(451, "4.2.0 try again later")
        expires = delivery.expires
        self.assertTrue(delivery.next_attempt)
        delivery.history_id.with_user(self.clerk).action_send_now()
        self.assertEqual((delivery.state, delivery.next_attempt, delivery.expires), ("queued", False, expires))
        self.assertEqual(delivery.attempts, 1)
        self.assertEqual(self.send_queue(), 1)
        self.assertEqual(delivery.state, "accepted")
        with self.assertRaisesRegex(UserError, "Nothing waits"):
            delivery.history_id.action_send_now()

    def test_trying_again_tries_what_came_in_and_what_goes_out(self):
        delivery = self.answer(550, "5.1.1 No such user")
        incoming = self.receive(99)
        incoming.write({"state": "given_up"})
        (incoming + delivery.history_id).action_try_again()
        self.assertEqual((incoming.state, delivery.state), ("received", "queued"))


class TestAnsweredAfterAll(FailureCase):
    """An answer that failed is to be given again; sending it again is giving it."""

    def failed(self):
        delivery = self.answer(550, "5.1.1 No such user")
        self.env["message.conversation"]._settle()
        self.env.invalidate_all()
        conversation = delivery.history_id.conversation_id
        self.assertEqual(conversation.state, "open")
        return delivery, conversation

    def test_sending_again_answers(self):
        delivery, conversation = self.failed()
        delivery.with_user(self.clerk).action_send_again()
        self.assertEqual(conversation.state, "waiting")
        self.send_queue()
        self.env["message.conversation"]._settle()
        self.env.invalidate_all()
        self.assertEqual((delivery.state, conversation.state), ("accepted", "waiting"))

    def test_it_fails_again(self):
        delivery, conversation = self.failed()
        delivery.with_user(self.clerk).action_send_again()
        self.smtp.answers["orders@customer.example"] = (550, "5.1.1 No such user")
        self.send_queue()
        self.env["message.conversation"]._settle()
        self.env.invalidate_all()
        self.assertEqual(conversation.state, "open")

    def test_somebody_wrote_again_meanwhile(self):
        delivery, conversation = self.failed()
        newer = self.receive(99)
        newer.write({"conversation_id": conversation.id, "date": fields.Datetime.now() + timedelta(minutes=1)})
        delivery.with_user(self.clerk).action_send_again()
        self.assertEqual(conversation.state, "open")


class TestListsOfClerks(FailureCase):
    """What went out by a server belongs to those who read the mailbox it answers for."""

    def test_outbox_sent_and_failed(self):
        messages = self.env["message.history"]
        sent, failed = self.answer().history_id, self.answer(550, "5.1.1 No such user").history_id
        self.env["message.conversation"]._settle()
        self.env.flush_all()
        for user, seen in ((self.clerk, sent + failed), (self.colleague, sent + failed),
                           (self.stranger, messages), (self.manager, sent + failed)):
            found = messages.with_user(user).search([("direction", "=", "out"), ("id", "in", (sent + failed).ids)])
            self.assertEqual(found.sudo(), seen.sorted(messages._order), user.name)
            self.assertEqual(found, found._filtered_access("read"), "what is listed can be opened")


class TestHeldUp(FailureCase):
    def held(self, user):
        return self.env["message.desk"].with_user(user).get_held_up()

    def test_what_waits_for_a_login(self):
        self.assertEqual(self.held(self.manager), [])
        delivery = self.answer(451, "4.2.0 later")
        status = self.env["message.channel.status"]._get(self.channel)
        status.write({"last_error_date": "2026-01-01", "last_error_type": "authentication",
                      "last_error_text": "535 no", "last_error_retryable": False, "error_count": 1})
        row, = self.held(self.manager)
        self.assertEqual((row["id"], row["count"]), (self.channel.id, 1))
        self.assertEqual(row["text"], "1 message waits: “Office” must log in again.")
        row, = self.held(self.clerk)
        self.assertIsNone(row["id"], "a clerk can't open the server's channel")
        self.assertEqual(self.held(self.stranger), [])
        status._note_success()
        self.env.invalidate_all()
        self.assertEqual(self.held(self.manager), [], "it clears by itself")
        self.channel.action_pause()
        self.assertIn("is paused", self.held(self.manager)[0]["text"])
        self.assertEqual(delivery.state, "deferred")
