"""Where the set-up form connects, what it tells of it, and how often it may be tried."""

import socket
from unittest.mock import patch

from odoo.addons.message_history.lib.errors import OutOfReach
from odoo.addons.message_history.lib.reach import Reach
from odoo.addons.message_history.models.message_login_try import LIMIT
from odoo.exceptions import AccessError, UserError
from odoo.tools import mute_logger

from .common_setup import SECRET, SetupCase
from .mail_trap import BANNER


class TestSetupReach(SetupCase):
    """Managers reach mail servers on the internet, and learn of nothing else."""

    def test_managers_connect_to_no_private_address_and_to_no_other_port(self):
        for kind in ("imap", "pop", "smtp"):
            trap = self.trap(kind)
            setup = self.form(self.manager, trap)
            setup.action_test()
            self.assertFalse(setup.works)
            with patch.object(type(self.env["message.channel"]), "_reach_of_others",
                              lambda _self, port=trap.port: Reach(frozenset({port}), public_only=True)):
                setup.action_test()  # the port would do now, the address does not
            self.assertFalse(setup.works)
            self.assertEqual(trap.connections, 0)

    def test_open_and_closed_and_missing_are_told_apart_by_nothing(self):
        trap = self.trap("other")
        with socket.create_server(("127.0.0.1", 0)) as closed:
            shut = closed.getsockname()[1]
        said = set()
        for host, port in (("127.0.0.1", trap.port), ("127.0.0.1", shut), ("no-such-name.invalid", shut),
                           ("169.254.169.254", shut), ("localhost", trap.port), ("::1", shut)):
            self.patch(type(self.env["message.channel"]), "_reach_of_others",
                       lambda _self, ports=(trap.port, shut): Reach(frozenset(ports), public_only=True))
            for side in (
                    {"in_host": host, "in_port": port, "in_security": "none"},
                    {"out_host": host, "out_port": port, "out_security": "none", "sends": True, "receives": False}):
                setup = self.form(self.manager, **side)
                setup.action_test()
                said.add(setup.report.split("\n", 1)[1].replace("Outgoing", "Incoming"))
                self.env["message.login.try"].search([]).unlink()
        self.assertEqual(len(said), 1, said)
        self.assertEqual(trap.connections, 0)

    def test_listed_networks_may_be_used_and_what_answers_is_said_in_our_words(self):
        for kind in ("imap", "pop", "smtp", "other"):
            trap = self.trap(kind, password="another-s3cret")
            self.let_reach(trap.port)
            for values in ({}, {"in_type": "pop"}) if kind == "other" else ({},):
                setup = self.form(self.manager, trap, **values)
                setup.action_test()
                self.assertGreater(trap.connections, 0)
                self.assertFalse(setup.works)
                for word in ("banner", "7.4", "internal", "535", "SSH", "127.0.0.1", SECRET):
                    self.assertNotIn(word, setup.report, kind)
                self.assertIn("No mail server answers there." if kind == "other" else "The server refused the login.",
                              setup.report)
        trap = self.trap("imap", password=SECRET)
        self.let_reach(trap.port)
        setup = self.form(self.manager, trap)
        setup.action_test()
        self.assertTrue(setup.works, setup.report)

    def test_system_administrators_may_connect_anywhere_and_read_what_was_said(self):
        for kind in ("imap", "pop", "smtp"):
            trap = self.trap(kind, password="another-s3cret")
            setup = self.form(self.admin, trap)
            setup.action_test()
            self.assertGreater(trap.connections, 0)
            self.assertIn(BANNER, setup.report)
            self.assertEqual(setup.wrong_field, "secret")

    def test_what_a_manager_set_up_stays_within_his_reach(self):
        trap = self.trap("imap", password=SECRET)
        self.let_reach(trap.port)
        setup = self.form(self.manager, trap)
        channel = self.env["message.channel"].browse(setup.action_apply()["res_id"])
        server = channel.sudo().fetchmail_server_ids
        self.assertTrue(server.public_only)
        self.assertEqual(server._get_password__(), SECRET)
        with server._get_transport__() as transport:
            self.assertTrue(transport.check().ok)
        # the network is listed no longer, or the name means something else now
        self.let_reach(trap.port, networks="")
        before = trap.connections
        with server._get_transport__() as transport:
            self.assertIsInstance(transport.check().error, OutOfReach)
        with self.assertRaises(OutOfReach):
            server._connect__()
        self.assertEqual(trap.connections, before)
        with mute_logger("odoo.addons.message_history.models.message_fetcher"), self.enter_registry_test_mode():
            report = self.env["message.fetcher"]._fetch_channel(channel)
        self.assertIsInstance(report.error, OutOfReach)
        self.assertTrue(report.error.retryable, "it heals by itself when the network is listed again")
        self.assertEqual(trap.connections, before)

    def test_what_a_manager_of_one_company_sets_up_is_that_company_s(self):
        """Without a company it would be every company's, and so would be what comes in."""
        self.env["res.company"].create({"name": "Second"})
        trap = self.trap("imap", password=SECRET)
        self.let_reach(trap.port)
        channel = self.env["message.channel"].browse(self.form(self.manager, trap).action_apply()["res_id"])
        self.assertEqual(channel.company_id, self.manager.company_id)

    def test_what_administrators_set_up_works_anywhere(self):
        trap = self.trap("imap", password=SECRET)
        setup = self.form(self.admin, trap)
        server = self.env["message.channel"].browse(setup.action_apply()["res_id"]).sudo().fetchmail_server_ids
        self.assertFalse(server.public_only)
        own = self.env["fetchmail.server"].create({
            "name": "Own", "server_type": "imap", "server": "127.0.0.1", "port": trap.port, "user": "office",
            "password": SECRET, "is_ssl": False})
        for one in (server, own):
            with one._get_transport__() as transport:
                self.assertTrue(transport.check().ok)

    def test_managers_lift_no_limit(self):
        trap = self.trap("imap", password=SECRET)
        self.let_reach(trap.port)
        channel = self.env["message.channel"].browse(self.form(self.manager, trap).action_apply()["res_id"])
        as_manager = channel.with_user(self.manager)
        server = channel.sudo().fetchmail_server_ids
        for attempt in (
                lambda: server.with_user(self.manager).write({"public_only": False}),
                lambda: as_manager.write({"fetchmail_server_ids": [(1, server.id, {"server": "10.0.0.1"})]}),
                lambda: self.env["ir.config_parameter"].with_user(self.manager).set_param(
                    "message_history.private_networks", "0.0.0.0/0"),
                lambda: self.env["res.config.settings"].with_user(self.manager).create(
                    {"message_private_networks": "0.0.0.0/0"}).execute()):
            with self.assertRaises(AccessError):
                attempt()
        self.assertTrue(server.public_only)

    def test_networks_are_listed_in_the_settings(self):
        settings = self.env["res.config.settings"].with_user(self.admin)
        with self.assertRaises(UserError):
            settings.create({"message_private_networks": "the office"})
        settings.create({"message_private_networks": "10.1.0.0/16"}).execute()
        near = self.env["message.channel"]._reach_of(self.manager)
        self.assertTrue(near.permits("10.1.2.3"))
        self.assertFalse(near.permits("10.2.2.3"))
        self.assertTrue(self.env["message.channel"]._reach_of(self.admin).permits("10.2.2.3"))
        self.env["ir.config_parameter"].set_param("message_history.private_networks", "0.0.0.0/0, rubbish")
        with mute_logger("odoo.addons.message_history.models.message_channel_reach"):
            self.assertFalse(self.env["message.channel"]._reach_of(self.manager).permits("10.1.2.3"))

    def test_only_administrators_add_a_server_for_sending(self):
        trap = self.trap("smtp", password=SECRET)
        self.let_reach(trap.port)
        setup = self.form(self.manager, trap)
        before = self.env["ir.mail_server"].search_count([])
        with self.assertRaises(UserError):
            setup.action_apply()
        self.assertEqual(trap.connections, 0)
        self.assertEqual(self.env["ir.mail_server"].search_count([]), before)

    def test_who_is_set_up_as_a_member_sees_no_mail_of_the_server_for_sending(self):
        trap = self.trap("smtp", password=SECRET)
        with patch.object(type(self.env["ir.mail_server"]), "_disable_send", classmethod(lambda _cls: False)):
            channel = self.env["message.channel"].browse(self.form(self.admin, trap).action_apply()["res_id"])
        self.assertEqual(channel.channel_type, "smtp")
        self.assertFalse(channel.member_ids)


class TestSetupTries(SetupCase):
    """Logins are tried so often and no more."""

    def test_tries_are_counted_by_whatever_name_the_server_is_called(self):
        trap = self.trap("imap", password=SECRET)
        self.let_reach(trap.port)
        names = ("127.0.0.1", "localhost", "LOCALHOST", "LocalHost", "127.1", " 127.0.0.1", "2130706433",
                 "::ffff:127.0.0.1")
        setup = self.form(self.manager, trap)
        for number in range(LIMIT):
            setup.write({"in_host": names[number % len(names)], "secret": f"wrong{number}"})
            setup.action_test()
            self.assertFalse(setup.works)
        before = trap.connections
        self.assertEqual(before, LIMIT)
        for name in names:
            other = self.form(self.manager, trap, host=name)  # another form makes no difference
            with self.assertRaises(UserError):
                other.action_test()
            with self.assertRaises(UserError):
                other.action_apply()
        self.assertEqual(trap.connections, before, "the right password would have been told otherwise")
        self.form(self.admin, trap).action_test()

    def test_another_protocol_or_half_does_not_begin_anew(self):
        trap = self.trap("imap", password=SECRET)
        sending = self.trap("smtp", password=SECRET)
        self.let_reach(trap.port, sending.port)
        for _number in range(LIMIT):
            self.form(self.manager, trap).action_test()
        for values in ({"in_type": "pop"}, {"in_security": "starttls"}, {"in_port": sending.port}):
            with self.assertRaises(UserError):
                self.form(self.manager, trap, **values).action_test()
        with self.assertRaises(UserError):
            self.form(self.manager, sending).action_test()
        self.assertEqual(sending.connections, 0)

    def test_both_halves_of_one_test_are_one_try(self):
        trap, sending = self.trap("imap", password=SECRET), self.trap("smtp", password=SECRET)
        self.let_reach(trap.port, sending.port)
        setup = self.form(self.manager, trap, sends=True, receives=True, in_host="127.0.0.1", in_port=trap.port,
                          in_security="none", out_host="127.0.0.1", out_port=sending.port, out_security="none")
        setup.action_test()
        self.assertTrue(setup.works, setup.report)
        (tries,) = self.env["message.login.try"].search([("server", "=", "127.0.0.1")]).mapped("tries")
        self.assertEqual(tries, 1)

    def test_an_hour_later_it_begins_anew(self):
        trap = self.trap("imap", password=SECRET)
        self.let_reach(trap.port)
        for _number in range(LIMIT):
            self.form(self.manager, trap).action_test()
        with self.assertRaises(UserError):
            self.form(self.manager, trap).action_test()
        self.env.cr.execute("UPDATE message_login_try SET since = since - interval '61 minutes'")
        self.form(self.manager, trap).action_test()

    def test_names_are_counted_however_they_are_written(self):
        keys = self.env["message.login.try"]._keys_for
        self.assertEqual(keys("Mail.Example.COM.", []), keys(" mail.example.com", []))
        same = {frozenset(keys("x", [(0, 0, 0, (address, 25))]))
                for address in ("8.8.8.8", "::ffff:8.8.8.8", "64:ff9b::808:808")}
        self.assertEqual(len(same), 1)
        self.assertEqual(keys("x", [(0, 0, 0, ("2a00::1", 25))]), keys("x", [(0, 0, 0, ("2a00::2:ffff", 25, 0, 0))]))

    def test_many_servers_are_counted_together(self):
        for number in range(3 * LIMIT):
            self.form(self.manager, in_host=f"host{number}.invalid").action_test()
        with self.assertRaises(UserError):
            self.form(self.manager, in_host="one-more.invalid").action_test()
