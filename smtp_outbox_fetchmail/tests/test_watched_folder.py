from odoo.addons.message_history.tests.common import DISPATCHER, build_mail
from odoo.addons.message_history.tools import locks
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import SentCopyCase


@tagged("post_install", "-at_install")
class TestWatchedFolder(SentCopyCase):
    """The folder with the copies is fetched, too."""

    def setUp(self):
        super().setUp()
        self.patch(locks, "hold_work", lambda cr, space, keys: None)
        self.incoming = self.account.channel_id
        self.incoming.folder_ids.active = False

    def watch(self, role):
        self.incoming.folder_ids = [(0, 0, {
            "name": "Sent", "role": role, "start": "all", "model_id": self.env["ir.model"]._get_id("res.partner")})]

    def fetch(self):
        """Fetch and process; returns the new rows of the incoming channel."""
        domain = [("channel_id", "=", self.incoming.id)]
        before = self.env["message.history"].search(domain)
        report = self.env["message.fetcher"]._fetch_channel(self.incoming)
        self.assertFalse(report.error or report.unusable or report.busy, report.error_text)
        with mute_logger(DISPATCHER), locks.AdvisoryLocks(self.env.cr.dbname) as held:
            while self.env["message.worker"]._process_batch(held):
                pass
        self.env.invalidate_all()
        return self.env["message.history"].search(domain, order="id") - before

    def check_copy(self, role):
        self.watch(role)
        partner = self.env["res.partner"].create({"name": "Document"})
        message = self.sent(model="res.partner", res_id=partner.id)
        self.copy_due()
        partners = self.env["res.partner"].search_count([])
        posted = self.env["mail.message"].search_count([])
        conversation = message.conversation_id
        copied = self.fetch()
        self.assertEqual((copied.state, copied.same_as_id), ("ignored", message), copied.state_reason)
        self.assertIn("Office", copied.state_reason)
        self.assertFalse(copied.conversation_id)
        self.assertFalse(copied.res_id)
        self.assertEqual(self.env["res.partner"].search_count([]), partners)
        self.assertEqual(self.env["mail.message"].search_count([]), posted)
        self.assertEqual(conversation.history_ids, message)
        self.assertEqual((message.state, message.sent_copy), ("sent", "done"))

    def test_in_a_folder_of_sent_mail(self):
        self.check_copy("sent")

    def test_in_a_folder_like_any_other(self):
        self.check_copy("inbox")

    def test_a_person_can_have_it_processed_after_all(self):
        self.check_copy("inbox")
        copied = self.env["message.history"].search([("channel_id", "=", self.incoming.id)])
        copied.with_user(self.manager).action_try_again()
        self.fetch()
        self.assertNotEqual(copied.state_reason, "A copy of what was sent through Office.")

    def test_what_a_provider_put_there_itself_and_rewrote(self):
        self.server.sent_server_id = False
        self.watch("sent")
        message = self.sent()
        raw = self.env["message.raw"]._read(message.ids)[message.id]
        self.box.deliver(b"X-Provider: 1\r\n" + raw, folder="Sent")
        copied = self.fetch()
        self.assertEqual((copied.state, copied.same_as_id), ("ignored", message))

    def test_what_comes_back_changed_is_no_copy(self):
        """It came through a mailing list or a forwarder: the usual rules decide."""
        self.server.sent_server_id = False
        self.watch("inbox")
        message = self.sent()
        raw = self.env["message.raw"]._read(message.ids)[message.id]
        self.box.deliver(b"Received: from elsewhere\r\n" + raw, folder="Sent")
        self.assertNotEqual(self.fetch().same_as_id, message)

    def test_what_was_sent_elsewhere_stays_what_it_is(self):
        self.watch("sent")
        self.sent()
        self.copy_due()
        self.box.deliver(build_mail(sender="sales@example.net", to="ann@example.com"), folder="Sent")
        copied, other = self.fetch()
        self.assertEqual((copied.state, other.state), ("ignored", "sent"))
        self.assertFalse(other.same_as_id)
        self.assertTrue(other.conversation_id)
