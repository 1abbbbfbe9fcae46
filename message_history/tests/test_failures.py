from datetime import timedelta

import psycopg2
from odoo import fields
from odoo.exceptions import AccessError, UserError

from .common import MessageCase, build_mail


class TestFailures(MessageCase):
    """A message that can't be processed: kept, tried again, given up visibly."""

    def receive_failing(self, *raws, error=None, **options):
        with self.failing("res.partner", "message_new", error or ValueError("no such team")):
            return self.receive(*(raws or [build_mail()]), **options)

    def test_a_failure_says_why_and_leaves_nothing_half_done(self):
        partners = self.env["res.partner"].search_count([])
        message = self.receive_failing()
        self.assertState(message, "failed")
        self.assertIn("no such team", message.state_reason)
        self.assertEqual((message.failure_type, message.attempts), ("document", 1))
        self.assertIn("Traceback", message.failure_traceback)
        self.assertFalse(message.res_id)
        self.assertEqual(self.env["res.partner"].search_count([]), partners)
        self.assertTrue(message.advice)

    def test_the_traceback_is_for_managers(self):
        message = self.receive_failing()
        with self.assertRaises(AccessError):
            message.with_user(self.member).read(["failure_traceback"])
        self.assertIn("ValueError", message.with_user(self.manager).failure_traceback)

    def test_it_is_left_alone_first_and_then_tried_again(self):
        self.channel.grace_minutes = 2
        message = self.receive_failing()
        self.assertAlmostEqual(
            message.next_attempt, fields.Datetime.now() + timedelta(minutes=2), delta=timedelta(seconds=20))
        self.work()
        self.assertEqual(message.attempts, 1, "not before its time")
        self.make_due(message)
        self.work()
        self.assertState(message, "processed")
        self.assertEqual(message.attempts, 2)
        self.assertFalse(message.state_reason or message.failure_type or message.failure_traceback)

    def test_the_second_wait_is_the_setting(self):
        self.channel.retry_minutes = 45
        message = self.receive_failing()
        self.make_due(message)
        with self.failing("res.partner", "message_new", ValueError("still")):
            self.work()
        self.assertAlmostEqual(
            message.next_attempt, fields.Datetime.now() + timedelta(minutes=45), delta=timedelta(seconds=20))

    def make_old(self, message, hours=25):
        self.env.cr.execute(
            "UPDATE message_history SET create_date = %s WHERE id = %s",
            [fields.Datetime.now() - timedelta(hours=hours), message.id])
        message.invalidate_recordset()

    def fail_for_the_last_time(self, *raws):
        message = self.receive_failing(*raws)
        self.make_old(message)
        self.make_due(message)
        with self.failing("res.partner", "message_new", ValueError("still no team")):
            self.work()
        self.assertState(message, "given_up")
        return message

    def test_after_a_day_it_is_given_up_and_the_members_are_told(self):
        message = self.fail_for_the_last_time()
        self.assertFalse(message.next_attempt)
        activities = self.channel.activity_ids.filtered(lambda activity: activity.user_id == self.member)
        self.assertEqual(len(activities), 1)
        self.assertIn("ann@example.com", activities.summary)
        self.assertIn("still no team", str(activities.note))
        self.assertFalse(self.env["mail.mail"].search([("email_to", "ilike", "ann@example.com")]),
                         "no alias, no notice")

    def test_the_sender_of_an_alias_is_told_once(self):
        self.env["mail.alias"].create({
            "alias_name": "team", "alias_model_id": self.env["ir.model"]._get_id("res.partner"),
            "alias_domain_id": self.alias_domain.id, "alias_contact": "everyone"})
        message = self.fail_for_the_last_time(build_mail(to=f"team@{self.alias_domain.name}"))
        notices = self.env["mail.mail"].search([("email_to", "ilike", "ann@example.com")])
        self.assertEqual(len(notices), 1)
        message.with_user(self.member).action_try_again()
        with self.failing("res.partner", "message_new", ValueError("never")):
            self.work()
        self.assertEqual(self.env["mail.mail"].search_count([("email_to", "ilike", "ann@example.com")]), 1)

    def test_automatic_mail_that_is_given_up_is_answered_by_nobody(self):
        self.channel.automatic_mail = "process"
        self.env["mail.alias"].create({
            "alias_name": "team", "alias_model_id": self.env["ir.model"]._get_id("res.partner"),
            "alias_domain_id": self.alias_domain.id, "alias_contact": "everyone"})
        self.fail_for_the_last_time(
            build_mail(to=f"team@{self.alias_domain.name}", auto_submitted="auto-replied"))
        self.assertFalse(self.env["mail.mail"].search([("email_to", "ilike", "ann@example.com")]))

    def test_a_conflict_with_another_transaction_is_no_failure(self):
        original = type(self.env["res.partner"]).message_new
        calls = []

        def collide(records, msg_dict, custom_values=None):
            calls.append(msg_dict["subject"])
            if len(calls) < 3:
                raise psycopg2.errors.SerializationFailure("could not serialize access")
            return original(records, msg_dict, custom_values)

        self.patch(type(self.env["res.partner"]), "message_new", collide)
        messages = self.receive(*(build_mail(subject=f"Mail {number}") for number in range(3)))
        self.assertState(messages, "processed")
        self.assertEqual(set(messages.mapped("attempts")), {1})
        self.assertEqual(len(set(messages.mapped("res_id"))), 3)

    # What people do -----------------------------------------------------------------------------

    def test_try_again(self):
        message = self.receive_failing()
        message.with_user(self.member).action_try_again()
        self.assertState(message, "received")
        self.work()
        self.assertState(message, "processed")

    def test_a_processed_message_is_not_tried_again(self):
        message = self.receive(build_mail())
        with self.assertRaises(UserError):
            message.with_user(self.member).action_try_again()

    def test_try_again_begins_a_new_day(self):
        message = self.fail_for_the_last_time()
        message.with_user(self.member).action_try_again()
        with self.failing("res.partner", "message_new", ValueError("no")):
            self.work()
        self.assertState(message, "failed")

    def test_ignore(self):
        message = self.receive_failing()
        message.with_user(self.member).action_ignore()
        self.assertState(message, "ignored")
        self.assertIn(self.member.name, message.state_reason)
        self.make_due(message)
        self.work()
        self.assertState(message, "ignored")

    def test_a_stranger_can_do_neither(self):
        message = self.receive_failing()
        for action in ("action_try_again", "action_ignore", "action_ignore_sender", "action_download"):
            with self.subTest(action=action), self.assertRaises(AccessError):
                getattr(message.with_user(self.other), action)()

    def test_without_its_original_it_is_given_up_with_a_reason(self):
        message = self.receive_failing()
        self.env["message.raw"]._drop(message.ids)
        message.with_user(self.member).action_try_again()
        self.work()
        self.assertState(message, "given_up")
        self.assertIn("no longer kept", message.state_reason)

    def test_access_errors_have_a_cause_of_their_own(self):
        message = self.receive_failing(error=AccessError("You may not create contacts"))
        self.assertEqual(message.failure_type, "access")

    # On the server --------------------------------------------------------------------------------

    def test_it_is_moved_to_the_folder_for_failed_mail_and_back(self):
        self.channel.failed_folder = "Failed"
        message = self.receive_failing()
        self.assertEqual(message.remote_action, "failed")
        self.fetch()
        message.invalidate_recordset()
        self.assertEqual(message.names["folder"], "Failed")
        self.assertFalse(self.server.folders["INBOX"])
        self.assertFalse(message.remote_action)
        message.with_user(self.member).action_try_again()
        self.work()
        self.fetch()
        message.invalidate_recordset()
        self.assertState(message, "processed")
        self.assertEqual(message.names["folder"], "INBOX")
        self.assertEqual(len(self.ledger()), 1, "coming back it was recognised")

    def test_afterwards_move_and_delete(self):
        self.folder.write({"afterwards": "move", "afterwards_folder": "Done"})
        message = self.receive(build_mail())
        self.fetch()
        self.assertEqual(len(self.server.folders["Done"]), 1)
        self.folder.write({"afterwards": "delete"})
        message = self.receive(build_mail())
        self.fetch()
        self.assertFalse(self.server.folders["INBOX"])
        self.assertState(message, "processed")
