from odoo.exceptions import AccessError
from odoo.tests import TransactionCase, tagged

from .common_views import MessageScene


@tagged("post_install", "-at_install")
class TestAccess(MessageScene, TransactionCase):
    """Who may see what, as the browser would ask."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.set_scene()
        cls.message = cls.receive(1)
        cls.conversation = cls.message.conversation_id

    def _sees(self, user, record):
        found = record.with_user(user).search([("id", "=", record.id)])
        self.assertEqual(bool(found), record.with_user(user).has_access("read"),
                         "a search and the rules must agree")
        return bool(found)

    def test_members_and_managers_see_a_channel_and_its_messages(self):
        for record in (self.message, self.conversation, self.channel):
            self.assertTrue(self._sees(self.clerk, record), record)
            self.assertTrue(self._sees(self.manager, record), record)
            self.assertFalse(self._sees(self.stranger, record), record)

    def test_others_are_refused(self):
        for record in (self.message, self.conversation, self.channel):
            with self.assertRaises(AccessError):
                record.with_user(self.employee).search([])
            with self.assertRaises(AccessError):
                record.with_user(self.employee).check_access("read")

    def test_who_is_responsible_sees_the_conversation(self):
        self.conversation.assignee_id = self.stranger
        self.env.flush_all()
        self.assertTrue(self._sees(self.stranger, self.conversation))
        self.assertTrue(self._sees(self.stranger, self.message))

    def test_who_follows_sees_the_conversation(self):
        self.env["message.conversation.member"].create({
            "conversation_id": self.conversation.id, "user_id": self.stranger.id, "follows": True})
        self.assertTrue(self._sees(self.stranger, self.conversation))
        self.assertTrue(self._sees(self.stranger, self.message))

    def test_nobody_writes_the_ledger(self):
        for user in (self.clerk, self.manager):
            for operation in ("write", "create", "unlink"):
                self.assertFalse(self.message.with_user(user).has_access(operation), operation)

    def test_clerks_do_not_set_up_channels(self):
        for method in ("action_pause", "action_continue", "action_confirm_database", "action_fetch_now",
                       "action_test_connection"):
            with self.assertRaises(AccessError):
                getattr(self.channel.with_user(self.clerk), method)()
        self.assertTrue(self.channel.with_user(self.manager).has_access("write"))

    def test_originals_are_read_through_no_call(self):
        for user in (self.clerk, self.manager, self.env.ref("base.user_admin")):
            for model in ("message.raw", "message.reference", "message.known"):
                with self.assertRaises(AccessError):
                    self.env[model].with_user(user).search([])

    def test_actions_need_the_message_to_be_seen(self):
        for method in ("action_try_again", "action_ignore", "action_ignore_sender", "action_put_on_document",
                       "action_download"):
            with self.assertRaises(AccessError):
                getattr(self.message.with_user(self.stranger), method)()

    def test_traceback_is_not_read_by_clerks(self):
        with self.assertRaises(AccessError):
            self.message.with_user(self.clerk).read(["failure_traceback"])
        self.message.with_user(self.manager).read(["failure_traceback"])

    def test_the_setting_database_is_not_read_by_managers_of_messages(self):
        with self.assertRaises(AccessError):
            self.channel.with_user(self.manager).read(["database_uuid"])

    def test_marking_as_seen_is_each_users_own(self):
        self.conversation.with_user(self.clerk).action_mark_seen()
        self.assertFalse(self.conversation.with_user(self.clerk).unread)
        self.assertTrue(self.conversation.with_user(self.manager).unread)
        rows = self.env["message.conversation.member"].with_user(self.manager).search([])
        self.assertFalse(rows.filtered(lambda row: row.user_id == self.clerk))
