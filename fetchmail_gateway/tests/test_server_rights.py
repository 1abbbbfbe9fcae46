from odoo.exceptions import AccessError
from odoo.tests import new_test_user

from .common import FetchmailCase


class TestServerRights(FetchmailCase):
    """Folders on a server's form are written with the rights that folders ask for."""

    def test_who_may_change_servers_but_no_channels_changes_no_folder_through_them(self):
        admin = new_test_user(self.env, "rights_system", groups="base.group_user,base.group_system")
        server = self.mail_server.with_user(admin)
        server.port = 1143
        for command in ((1, self.folder.id, {"default_values": "{'ref': 'evil'}"}), (2, self.folder.id),
                        (0, 0, {"name": "evil"})):
            with self.subTest(command=command), self.assertRaises(AccessError), self.env.cr.savepoint():
                server.folder_ids = [command]
                self.env.flush_all()

    def test_a_manager_reaches_no_server_by_its_channel(self):
        channel = self.channel.with_user(self.manager)
        for command in ((1, self.mail_server.id, {"server": "evil.example"}), (2, self.mail_server.id),
                        (0, 0, {"name": "evil", "server": "evil.example"}), (4, self.mail_server.id)):
            with self.subTest(command=command), self.assertRaises(AccessError), self.env.cr.savepoint():
                channel.fetchmail_server_ids = [command]

    def test_who_changes_the_rule_by_the_server_answers_for_it(self):
        both = new_test_user(
            self.env, "rights_both", groups="base.group_user,base.group_system,message_history.group_manager")
        server = self.mail_server.with_user(both)
        server.folder_ids = [(1, self.folder.id, {"default_values": "{'ref': 'X'}"})]
        self.assertEqual(self.folder.set_by_id, both)
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            server.folder_ids = [(1, self.folder.id, {"default_values": "{'user_ids': [(4, 2)]}"})]

    def test_core_s_kind_of_document_is_set_by_the_administrator(self):
        admin = new_test_user(self.env, "rights_system", groups="base.group_user,base.group_system")
        self.folder.model_id = False
        self.mail_server.with_user(admin).object_id = self.env["ir.model"]._get("res.partner")
        self.assertEqual((self.folder.model_name, self.folder.set_by_id), ("res.partner", admin))
