from odoo.exceptions import AccessError
from odoo.tests import new_test_user

from .common import OutboxCase


class TestServerRights(OutboxCase):
    """A server's form shows settings of its channel: written there with the rights that the channel asks for."""

    def settings(self):
        names = self.server._channel_settings()
        self.assertIn("rate_minute", names)
        return names

    def test_who_may_change_servers_but_no_channels_changes_none_through_them(self):
        admin = new_test_user(self.env, "rights_system", groups="base.group_user,base.group_system")
        server = self.server.with_user(admin)
        server.smtp_port = 2525
        for name in self.settings():
            before = self.server[name]
            value = before if before else {"boolean": True, "integer": 7, "char": "evil"}.get(
                self.server._fields[name].type, False)
            with self.subTest(field=name), self.assertRaises(AccessError), self.env.cr.savepoint():
                server.write({name: value})
            self.assertEqual(self.server[name], before)

    def test_a_manager_changes_no_server_and_no_link_to_one(self):
        for name in self.settings():
            with self.subTest(field=name), self.assertRaises(AccessError), self.env.cr.savepoint():
                self.server.with_user(self.manager).write({name: self.server[name]})
        channel = self.server.channel_id.with_user(self.manager)
        channel.verp = True
        for values in ({"mail_server_ids": [(1, self.server.id, {"smtp_host": "evil.example"})]},
                       {"mail_server_ids": [(0, 0, {"name": "evil", "smtp_host": "evil.example"})]},
                       {"channel_type": "none"}):
            with self.subTest(values=values), self.assertRaises(AccessError), self.env.cr.savepoint():
                channel.write(values)

    def test_who_may_both_changes_both(self):
        both = new_test_user(
            self.env, "rights_both", groups="base.group_user,base.group_system,message_history.group_manager")
        self.server.with_user(both).rate_minute = 7
        self.assertEqual(self.server.channel_id.rate_minute, 7)

    def test_only_channels_of_the_same_kind_take_over(self):
        other = self.env["message.channel"].create({"name": "Other kind"})
        with self.assertRaisesRegex(Exception, "same kind"), self.env.cr.savepoint():
            self.server.channel_id.fallback_ids = other
