from contextlib import suppress
from unittest.mock import patch

from odoo.addons.message_history.lib.errors import (
    AuthenticationError,
    ConfigurationError,
    ConnectionFailed,
    MessageRefused,
)
from odoo.addons.message_history.tools import locks
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..copier import copier
from ..copier.helper import CopyHelper
from .common import SentCopyCase


@tagged("post_install", "-at_install")
class TestSentCopy(SentCopyCase):
    def raw(self, message):
        return self.env["message.raw"]._read(message.ids)[message.id]

    # What is copied -------------------------------------------------------------------------

    def test_what_was_sent_is_copied_as_it_was(self):
        message = self.sent("ann@example.com", "bob@example.com")
        self.assertEqual(message.sent_copy, "wanted")
        self.assertEqual(self.copies._due_servers(), self.account.ids)
        before = [(one.state, one.write_date, one.settled) for one in message.delivery_ids]
        self.assertEqual(self.copy_due().done, 1)
        self.assertEqual(self.box.copies, [("Sent", self.raw(message), ("\\Seen",), message.date)])
        self.assertEqual((message.sent_copy, message.sent_copy_reason, message.sent_copy_next), ("done", False, False))
        self.assertEqual([(one.state, one.write_date, one.settled) for one in message.delivery_ids], before)
        self.assertEqual((self.copy_due().done, len(self.box.copies)), (0, 1))
        self.assertFalse(self.box.looks, "what was never tried needs no search")
        self.assertFalse(self.copies._due_servers())

    def test_large_ones_come_from_the_file_store(self):
        attachment = self.env["ir.attachment"].create({"name": "plan.bin", "raw": bytes(range(256)) * 2048})
        message = self.sent(attachment_ids=[(6, 0, attachment.ids)])
        self.env.cr.execute("SELECT store_name FROM message_raw WHERE history_id = %s", message.ids)
        self.assertTrue(self.env.cr.fetchone()[0])
        self.copy_due()
        self.assertEqual(self.box.copies[0][1], self.raw(message))

    def test_no_copies_of_secrets(self):
        self.sent(subject="Your code", auto_delete=True, is_notification=False)
        message = self.env["message.history"].search([("subject", "=", "Your code")])
        self.assertEqual((message.private, message.state, message.sent_copy), (True, "sent", False))

    def test_no_copy_of_what_nobody_took(self):
        self.smtp.answers["ann"] = (550, "5.1.1 no such user")
        self.assertFalse(self.sent().sent_copy)

    def test_a_copy_of_what_somebody_took_when_all_are_final(self):
        self.smtp.answers = {"ann": (550, "5.1.1 no such user"), "cid": (451, "4.7.1 come again")}
        message = self.sent("ann@example.com", "bob@example.com", "cid@example.com")
        self.assertFalse(message.sent_copy, "one of them may still get it")
        self.smtp.answers.pop("cid")
        self.make_due()
        self.send_queue()
        self.assertEqual(message.sent_copy, "wanted")

    def test_sending_again_makes_no_second_copy(self):
        self.smtp.answers["bob"] = (550, "5.7.1 not today")
        message = self.sent("ann@example.com", "bob@example.com")
        self.copy_due()
        self.smtp.answers.clear()
        message.with_user(self.manager).action_send_again()
        self.send_queue()
        self.assertEqual((message.state, message.sent_copy), ("sent", "done"))
        self.copy_due()
        self.assertEqual(len(self.box.copies), 1)

    def test_without_an_account_there_are_no_copies(self):
        self.server.sent_server_id = False
        self.assertFalse(self.sent().sent_copy)

    def test_the_scheduled_action_is_triggered(self):
        cron = self.env.ref("smtp_outbox_fetchmail.ir_cron_sent_copies")
        cron.active = True
        triggers = self.env["ir.cron.trigger"]
        before = triggers.search_count([("cron_id", "=", cron.id)])
        self.sent()
        self.assertGreater(triggers.search_count([("cron_id", "=", cron.id)]), before)

    # Where to -------------------------------------------------------------------------------

    def test_the_folder(self):
        self.assertEqual(self.copied_to(), "Sent", "made where there is none")
        self.box.folders |= {"Gesendet": {}, "Archiv": {}}
        self.box.roles["Gesendet"] = "sent"
        self.assertEqual(self.copied_to(), "Gesendet", "what the server names so")
        self.server.sent_folder = "Odoo/Sent"
        self.assertEqual(self.copied_to(), "Odoo/Sent", "what the administrator says")

    def copied_to(self):
        self.sent()
        self.copy_due()
        return self.box.copies[-1][0]

    def test_only_imap(self):
        pop = self.make_account("pop", server_type="pop")
        with self.assertRaises(ValidationError):
            self.server.sent_server_id = pop

    def test_each_channel_its_account(self):
        other = self.env["ir.mail_server"].create({
            "name": "Other", "smtp_host": "mail.example.net", "sent_server_id": self.make_account("other").id})
        mail = self.mail("ann@example.com", mail_server_id=other.id)
        self.send_queue(other.channel_id)
        self.assertEqual(mail.history_ids.sent_copy, "wanted")
        self.copy_due()
        self.assertFalse(self.box.copies)
        self.copy_due(other.sent_server_id)
        self.assertEqual(mail.history_ids.sent_copy, "done")

    def test_a_paused_account_waits(self):
        message = self.sent()
        self.account.channel_id.paused = True
        self.assertFalse(self.copies._due_servers())
        self.copies._give_up()
        self.assertEqual(message.sent_copy, "wanted")
        self.pass_time(message, hours=49)
        self.copies._give_up()
        self.assertEqual(message.sent_copy, "wanted", "it may have been switched on this minute")
        message.sent_copy_next = "2020-01-01 00:00:00"
        self.copies._give_up()
        self.assertEqual(message.sent_copy, "failed")
        self.assertIn("paused", message.sent_copy_reason)

    # What goes wrong --------------------------------------------------------------------------

    def test_a_lost_answer_makes_no_second_copy(self):
        message = self.sent()
        self.box.lose_answer = ConnectionFailed("The connection broke.")
        self.assertTrue(self.copy_due().error)
        self.assertEqual((message.sent_copy, message.sent_copy_tried), ("wanted", True))
        self.pass_time(message)
        self.assertEqual(self.copy_due().done, 1)
        self.assertEqual((len(self.box.copies), self.box.looks), (1, [message.message_uid]))

    def test_a_crash_makes_no_second_copy(self):
        messages = self.sent() + self.sent() + self.sent()
        appended = []

        def die(name):
            if name == "append":
                appended.append(name)
                if len(appended) == 3:
                    raise KeyboardInterrupt

        self.box.on_call = die
        with patch.object(type(self.copies), "_note_done", lambda _self, _id: None), suppress(KeyboardInterrupt):
            self.copy_due()  # a dead process notes nothing
        self.env.invalidate_all()
        self.assertEqual(len(self.box.copies), 2)
        self.assertEqual(set(messages.mapped("sent_copy")), {"wanted"})
        self.box.on_call = lambda name: None
        self.assertEqual(self.copy_due().done, 0, "not before the next attempt is due")
        self.pass_time(messages)
        self.assertEqual(self.copy_due().done, 3)
        self.assertEqual(len(self.box.copies), 3)

    def test_the_delays_grow_to_a_hard_end(self):
        message = self.sent()
        self.failing(ConnectionFailed("imap.example.net refuses connections."))
        delays = []
        for hours in (0, 0.5, 2, 30):
            self.pass_time(message, hours=0)
            self.env.cr.execute("UPDATE message_history SET sent_copy_since = now() at time zone 'UTC' "
                                "- make_interval(secs => %s) WHERE id = %s", [hours * 3600, message.id])
            self.assertTrue(self.copy_due().error)
            delays.append(self.delay(message))
        self.assertEqual([round(delay / 60) for delay in delays], [1, 30, 60, 60])
        self.assertIn("refuses connections", message.sent_copy_reason)
        self.pass_time(message, hours=self.channel.send_hours)
        self.copy_due()
        self.assertEqual((message.sent_copy, message.sent_copy_next), ("failed", False))
        self.assertIn("refuses connections", message.sent_copy_reason)
        self.assertEqual((message.state, set(message.delivery_ids.mapped("state"))), ("sent", {"accepted"}))

    def test_all_of_an_account_wait_together(self):
        messages = self.sent() + self.sent()
        self.box.failures["folders"] = AuthenticationError("The server refused the login.")
        self.copy_due()
        self.assertTrue(all(self.delay(message) >= 50 for message in messages))
        self.assertFalse(any(messages.mapped("sent_copy_tried")), "nothing was begun")
        self.assertFalse(self.copies._due_servers())

    def test_one_refused_message_stops_no_other(self):
        refused, fine = self.sent(subject="Strange"), self.sent(subject="Usual")
        self.box.failures["Strange"] = MessageRefused("refused", server_reply="NO I don't like it")
        self.assertFalse(self.copy_due().error)
        self.assertEqual((refused.sent_copy, fine.sent_copy), ("wanted", "done"))
        self.assertIn("NO I don't like it", refused.sent_copy_reason)

    def test_a_broken_folder_stops_no_other_channel(self):
        other = self.env["ir.mail_server"].create({
            "name": "Other", "smtp_host": "mail.example.net", "sent_server_id": self.account.id, "sent_folder": "Fine"})
        broken = self.sent()
        mail = self.mail("ann@example.com", mail_server_id=other.id)
        self.send_queue(other.channel_id)
        self.box.failures["folders"] = ConfigurationError("no such folder", field="folder")
        self.copy_due()
        self.assertEqual((broken.sent_copy, mail.history_ids.sent_copy), ("wanted", "done"))

    def test_an_original_that_is_gone(self):
        message = self.sent()
        self.env["message.raw"]._drop(message.ids)
        self.copy_due()
        self.assertEqual(message.sent_copy, "failed")
        self.assertIn("no longer kept", message.sent_copy_reason)
        with self.assertRaises(UserError):
            message.with_user(self.manager).action_copy_again()

    def test_failed_copies_can_be_tried_again(self):
        message = self.sent()
        self.failing(ConnectionFailed("down"))
        self.pass_time(message, hours=100)
        self.copy_due()
        self.assertEqual(message.sent_copy, "failed")
        self.failing(None)
        message.with_user(self.manager).action_copy_again()
        self.copy_due()
        self.assertEqual((message.sent_copy, len(self.box.copies)), ("done", 1))

    def test_one_process_at_a_time(self):
        self.sent()
        with locks.AdvisoryLocks(self.env.cr.dbname) as held:
            self.assertTrue(held.try_lock(copier.ACCOUNT, self.account.id))
            self.assertTrue(self.copy_due().busy)
            self.assertFalse(self.box.copies)
        self.assertEqual(self.copy_due().done, 1)

    def test_the_listener_of_the_account_does_not_stop_it(self):
        self.sent()
        with locks.AdvisoryLocks(self.env.cr.dbname) as held:
            self.assertTrue(held.try_lock(locks.CHANNEL, self.account.channel_id.id))
            self.assertEqual(self.copy_due().done, 1)

    def test_stopping_leaves_the_rest_for_later(self):
        messages = self.sent() + self.sent()
        self.env.flush_all()
        report = copier.Copier(self.env, self.account.id, lambda: bool(self.box.copies)).run()
        self.env.invalidate_all()
        self.assertEqual(report.done, 1)
        self.assertEqual(sorted(messages.mapped("sent_copy")), ["done", "wanted"])

    # The rest ---------------------------------------------------------------------------------

    def test_workers_have_it_as_a_helper(self):
        helpers = self.env["message.worker"]._helpers(None)
        helper = next(one for one in helpers if isinstance(one, CopyHelper))
        self.assertFalse(helper.busy)
        helper.close()

    def test_the_scheduled_action(self):
        message = self.sent()
        with mute_logger("odoo.sql_db"):
            self.patch(type(self.env["ir.cron"]), "_commit_progress", lambda *args, **kwargs: 100.0)
            self.copies._cron_copy()
        self.env.invalidate_all()
        self.assertEqual(message.sent_copy, "done")

    def test_forms(self):
        server_form = self.env["ir.mail_server"].get_view(view_type="form")["arch"]
        self.assertIn("sent_server_id", server_form)
        self.assertIn("sent_folder", server_form)
        self.assertIn("sent_copy_reason", self.env["message.history"].get_view(view_type="form")["arch"])

    def test_a_deleted_account_takes_no_server_along(self):
        self.account.unlink()
        self.assertFalse(self.server.sent_server_id)
        self.assertFalse(self.sent().sent_copy)
