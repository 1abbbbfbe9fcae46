from odoo.addons.message_history.lib.errors import AuthenticationError, ConnectionFailed
from odoo.addons.message_history.tests.common import build_mail

from ..lib.connection import GatewayConnection
from .common import FetchmailCase


class TestFetching(FetchmailCase):
    """Core's button and scheduled action fetch into the ledger, and say what came of it."""

    def fetch_mail(self, servers=None, method="_fetch_mail"):
        with self.at_work(), self.env.registry.cursor() as cr:
            result = getattr((servers or self.mail_server).with_env(self.env(cr=cr)), method)()
            cr.commit()  # pylint: disable=invalid-commit
        return result

    def test_the_scheduled_action(self):
        self.server.deliver(build_mail(), build_mail())
        self.assertIsNone(self.fetch_mail())
        self.assertEqual(self.ledger().mapped("state"), ["received"] * 2)
        self.assertTrue(self.mail_server.date)
        self.work()
        self.assertState(self.ledger(), "processed")

    def test_the_button_says_what_came(self):
        self.server.deliver(build_mail(), build_mail())
        said = self.fetch_mail(method="fetch_mail")["params"]
        self.assertEqual((said["type"], said["message"]), ("success", "2 new messages."))
        self.assertEqual(self.fetch_mail(method="fetch_mail")["params"]["message"], "Nothing new.")

    def test_the_button_says_what_is_wrong(self):
        self.server.failures["fetch"] = AuthenticationError("LOGIN failed", server_reply="NO [AUTH] wrong password")
        said = self.fetch_mail(method="fetch_mail")["params"]
        self.assertEqual(said["type"], "danger")
        self.assertIn("The server refused the login. NO [AUTH] wrong password", said["message"])

    def test_cores_fields_about_the_last_error_stay_true(self):
        self.server.failures["fetch"] = ConnectionFailed("no route to host")
        self.assertIsInstance(self.fetch_mail(), ConnectionFailed)
        self.assertIn("no route to host", self.mail_server.error_message)
        since = self.mail_server.error_date
        self.assertTrue(since)
        self.fetch_mail()
        self.assertEqual(self.mail_server.error_date, since, "since when it fails")
        self.server.failures.clear()
        self.fetch_mail()
        self.assertFalse(self.mail_server.error_date or self.mail_server.error_message)

    def test_one_bad_mailbox_stops_no_other(self):
        other = self.make_server("Other")
        other.folder_ids.start = "all"
        self.server.failures["fetch"] = ConnectionFailed("no route to host")
        self._mailboxes[other.id].deliver(build_mail())
        self.fetch_mail(self.mail_server | other)
        self.assertEqual(len(self.ledger(other.channel_id)), 1)

    def test_a_connection_put_in_place_by_another_addon_enters_the_ledger_too(self):
        """The way of core's own tests: an object with four methods."""
        class Connection:
            mails = [build_mail(subject="Through core")]
            handled = []

            def check_unread_messages(self):
                return len(self.mails)

            def retrieve_unread_messages(self):
                yield from enumerate(self.mails)

            def handled_message(self, num):
                self.handled.append(num)

            def disconnect(self):
                pass

        self.patch(type(self.mail_server), "_connect__", lambda server, **options: Connection())
        self.assertFalse(self.mail_server._uses_gateway())
        self.fetch_mail()
        self.assertEqual(Connection.handled, [0])
        entry = self.env["message.history"].search([("subject", "=", "Through core")])
        self.assertState(entry, "processed")
        self.assertEqual(entry.model, "res.partner")

    def test_cores_four_methods_over_our_transport(self):
        raws = [build_mail(), build_mail()]
        self.server.deliver(*raws)
        connection = self.mail_server._connect__()
        self.assertIsInstance(connection, GatewayConnection)
        self.assertEqual(connection.check_unread_messages(), 2)
        fetched = list(connection.retrieve_unread_messages())
        self.assertEqual([raw for _number, raw in fetched], raws)
        for number, _raw in fetched:
            connection.handled_message(number)
        self.assertEqual(self.server.acknowledged, [number for number, _raw in fetched])
        connection.disconnect()

    # Options of the server ----------------------------------------------------------------------

    def attachments_of(self, raw):
        return sorted(self.document(self.receive(raw)).message_ids.attachment_ids.mapped("name"))

    def test_keep_attachments_and_original(self):
        raw = build_mail(attachments=[("plan.pdf", b"%PDF")])
        self.assertEqual(self.attachments_of(raw), ["plan.pdf"])
        self.mail_server.attach = False
        self.assertEqual(self.attachments_of(build_mail(attachments=[("plan.pdf", b"%PDF")])), [])
        self.mail_server.write({"attach": True, "original": True})
        self.assertEqual(self.attachments_of(build_mail(attachments=[("plan.pdf", b"%PDF")])),
                         ["original_email.eml", "plan.pdf"])

    def test_the_message_names_its_server(self):
        message = self.receive(build_mail())
        mails = self.env["mail.mail"].sudo().search([("mail_message_id", "=", message.mail_message_id.id)])
        self.assertEqual(self.env["mail.thread"].with_context(
            **self.channel._get_dispatch_context()).env.context["default_fetchmail_server_id"], self.mail_server.id)
        self.assertFalse(mails - mails.filtered(lambda mail: mail.fetchmail_server_id == self.mail_server))

    # Recovery -------------------------------------------------------------------------------------

    def test_recovery_tries_again_what_failed(self):
        self.channel.grace_minutes = 0
        with self.failing("res.partner", "message_new", ValueError("no")):
            message = self.receive(build_mail())
        message.write({"next_attempt": "2099-01-01 00:00:00", "last_attempt": "2020-01-01 00:00:00"})
        said = self.fetch_mail(method="action_recover")["params"]["message"]
        self.assertIn("1 to be tried again", said)
        message.invalidate_recordset()
        self.assertLess(str(message.next_attempt), "2098")
        self.make_due(message)
        self.work()
        self.assertState(message, "processed")

    def test_recovery_leaves_a_fresh_failure_alone(self):
        self.channel.grace_minutes = 2
        with self.failing("res.partner", "message_new", ValueError("no")):
            message = self.receive(build_mail())
        planned = message.next_attempt
        self.fetch_mail(method="_recover")
        message.invalidate_recordset()
        self.assertEqual(message.next_attempt, planned)

    def test_recovery_picks_up_what_was_missed(self):
        self.receive(build_mail())
        status = self.env["message.channel.status"].search([("folder_id", "=", self.folder.id)])
        self.server.deliver(build_mail())
        status.cursor = {"uidvalidity": 1, "last_uid": 99}
        self.assertEqual(self.fetch().received, 0, "the cursor is beyond it")
        self.fetch_mail(method="_cron_recover")
        self.assertEqual(len(self.ledger()), 2)

    def test_recovery_of_one_server_stops_no_other(self):
        other = self.make_server("Other")
        other.folder_ids.start = "all"
        self._mailboxes[other.id].deliver(build_mail())
        self.server.failures["fetch"] = ConnectionFailed("no route to host")
        self.fetch_mail(method="_cron_recover")
        self.assertEqual(len(self.ledger(other.channel_id)), 1)

    def test_what_came_in_through_the_server(self):
        message = self.receive(build_mail())
        action = self.mail_server.action_view_history()
        self.assertEqual(self.env[action["res_model"]].search(action["domain"]), message)
        self.mail_server.invalidate_recordset()
        self.assertEqual((self.mail_server.received_today, self.mail_server.failed_count), (1, 0))
