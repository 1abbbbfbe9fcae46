from odoo.addons.message_history.lib.errors import ConnectionFailed
from odoo.addons.message_history.tests.common import build_mail

from ..hooks import post_init_hook, uninstall_hook
from .common import FetchmailCase

HOOKS_LOGGER = "odoo.addons.fetchmail_gateway.hooks"


class TestAdoption(FetchmailCase):
    """Servers that Odoo fetched so far are taken over and handed back; nothing is fetched twice."""

    def orphan(self, **values):
        """Return a server as it was before the addon: without a channel."""
        mail_server = self.make_server("Old", **values)
        channel = mail_server.channel_id
        mail_server.channel_id = False
        self._servers.pop(channel.id, None)
        channel.unlink()
        return mail_server

    def test_imap_goes_on_with_what_is_unread(self):
        mail_server = self.orphan(password="old s3cret")
        post_init_hook(self.env)
        self.assertEqual(mail_server.channel_id.channel_type, "fetchmail")
        folder = mail_server.folder_ids
        self.assertEqual((folder.name, folder.start, folder.afterwards), ("INBOX", "unseen", "seen"))
        self.assertEqual(folder.model_id, mail_server.object_id)
        self.assertEqual(mail_server.state, "done")
        self.assertEqual(mail_server._get_settings__().password, "old s3cret")

    def test_pop3_goes_on_with_what_is_there_and_deletes_it(self):
        mail_server = self.orphan(server_type="pop")
        post_init_hook(self.env)
        folder = mail_server.folder_ids
        self.assertEqual((folder.start, folder.afterwards), ("all", "delete"))

    def test_archived_and_unconfirmed_servers_are_adopted_too_and_stay_what_they_are(self):
        archived, draft = self.orphan(active=False), self.orphan(state="draft")
        post_init_hook(self.env)
        for mail_server in (archived, draft):
            self.assertTrue(mail_server.channel_id)
            self.assertFalse(mail_server.channel_id._is_usable())

    def test_twice_is_once(self):
        channel = self.mail_server.channel_id
        post_init_hook(self.env)
        self.assertEqual(self.mail_server.channel_id, channel)

    def test_a_new_server_starts_from_now(self):
        self.assertEqual(self.make_server("New").folder_ids.start, "now")

    # Back ------------------------------------------------------------------------------------

    def test_what_was_fetched_is_marked_as_read_for_core(self):
        self.receive(build_mail(), build_mail())
        self.server.acknowledged.clear()
        uninstall_hook(self.env)
        self.assertEqual(sorted(self.server.acknowledged), sorted(self.ledger().mapped("external_id")))
        self.assertEqual(self.mail_server.state, "done")

    def test_a_server_out_of_reach_is_switched_off(self):
        self.receive(build_mail())
        other = self.make_server("Other")
        self.server.failures["acknowledge"] = ConnectionFailed("no route to host")
        with self.assertLogs(HOOKS_LOGGER, "WARNING"):
            uninstall_hook(self.env)
        self.assertEqual((self.mail_server.state, other.state), ("draft", "done"))

    def test_core_finds_the_password_again(self):
        uninstall_hook(self.env)
        self.env.cr.execute("SELECT password FROM fetchmail_server WHERE id = %s", [self.mail_server.id])
        self.assertEqual(self.env.cr.fetchone(), ("top s3cret",))
