from odoo.exceptions import UserError

from .test_message_draft import DraftCase


class TestMessageCorrect(DraftCase):
    """What did not arrive is corrected and sent again, to that recipient only."""

    def refused_answer(self, body="<p>They are 900 euros.</p>", mode="reply_all"):
        """Send an answer to three people, one of whom doesn't exist; returns its ledger row."""
        _outcome, history = self.send(self.draft_for(self.receive(1).conversation_id, mode=mode, body=body))
        self.smtp.answers["bob@customer.example"] = (550, "5.1.1 No such user")
        self.make_due()
        self.send_queue()
        return history

    def test_correct_and_send_again_to_that_recipient_only(self):
        history = self.refused_answer()
        wrong = history.delivery_ids.filtered(lambda one: one.address == "bob@customer.example")
        self.assertEqual((wrong.state, history.state), ("refused", "partly_sent"))
        before = len(self.smtp.taken)
        action = history.with_user(self.clerk).action_correct()
        wizard = self.env["message.correct"].with_user(self.clerk).browse(action["res_id"])
        self.assertEqual(wizard.line_ids.address, "bob@customer.example")
        wizard.line_ids.new_address = "bob@right.example"
        wizard.action_apply()
        self.assertEqual(self.send_queue(), 1)
        self.assertEqual((wrong.state, wrong.address, history.state), ("accepted", "bob@right.example", "sent"))
        (_sender, recipients, sent), = self.smtp.taken[before:]
        self.assertEqual(list(recipients), ["bob@right.example"])
        self.assertIn("bob@right.example", sent["Cc"])
        self.assertNotIn("bob@customer.example", str(sent["Cc"]))
        self.assertEqual(sent["Message-ID"], history.message_uid)

    def test_the_failed_attempt_stays_on_record(self):
        history = self.refused_answer()
        wrong = history.delivery_ids.filtered(lambda one: one.state == "refused")
        wrong.with_user(self.clerk).action_send_again()
        self.assertEqual(wrong.state, "queued", "a try again that doesn't try is a defect")
        self.assertEqual(wrong.attempt_ids.mapped("state"), ["refused"])
        self.assertIn("No such user", wrong.attempt_ids.server_reply)

    def test_a_wrong_correction(self):
        history = self.refused_answer()
        action = history.with_user(self.clerk).action_correct()
        wizard = self.env["message.correct"].with_user(self.clerk).browse(action["res_id"])
        wizard.line_ids.new_address = "still wrong"
        with self.assertRaisesRegex(UserError, "no e-mail address"):
            wizard.action_apply()

    def test_correct_the_contact_too(self):
        bob = self.env["res.partner"].create({"name": "Bob", "email": "bob@customer.example"})
        self.clerk.group_ids += self.env.ref("base.group_partner_manager")
        history = self.refused_answer()
        action = history.with_user(self.clerk).action_correct()
        wizard = self.env["message.correct"].with_user(self.clerk).browse(action["res_id"])
        wizard.line_ids.write({"new_address": "bob@right.example", "on_contact": True})
        wizard.action_apply()
        self.assertEqual(bob.email, "bob@right.example")

    def test_a_failed_answer_comes_back_to_the_desk(self):
        history = self.refused_answer()
        self.env["message.conversation"]._settle()
        history.conversation_id.invalidate_recordset()
        self.assertEqual((history.conversation_id.state, history.conversation_id.failed_count), ("open", 1))

