import base64
import contextlib
import json
import socket
from unittest.mock import patch

from odoo.addons.message_history.lib.errors import OutOfReach
from odoo.addons.message_history.lib.reach import Reach, read_networks
from odoo.addons.message_history.models.message_login_try import LIMIT
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, TransactionCase, new_test_user, tagged
from odoo.tools import mute_logger

from .mail_trap import BANNER, MailTrap

SECRET = "s3cret-of-the-form"


@tagged("post_install", "-at_install")
class SetupCase(TransactionCase):
    """A manager who is no system administrator, an administrator, and small servers on loopback."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = new_test_user(cls.env, "setup_manager", groups="message_history.group_manager")
        cls.admin = new_test_user(cls.env, "setup_admin", groups="message_history.group_manager,base.group_system")

    def trap(self, kind, security="none", password=None, **options):
        """Return a small server that ends with the test."""
        trap = MailTrap(kind, security, password, **options)
        self.addCleanup(trap.close)
        return trap

    def form(self, user, trap=None, host="127.0.0.1", **values):
        """Return a set-up form of a user for one server."""
        kind = trap.kind if trap else "imap"
        sends = kind == "smtp" or values.get("sends", False)
        port, security = (trap.port, trap.security) if trap else (993, "ssl")
        side = ({"out_host": host, "out_port": port, "out_security": security} if sends else
                {"in_type": "pop" if kind == "pop" else "imap", "in_host": host, "in_port": port, "in_security": security})
        return self.env["message.setup"].with_user(user).create({
            "kind": "mail", "name": "Office", "address": "office@lamps.example", "user_name": "office",
            "secret": SECRET, "receives": not sends, "sends": sends, **side, **values})

    def let_reach(self, *ports, networks="127.0.0.0/8"):
        """Let managers reach loopback, and there these ports."""
        near = Reach(ports=frozenset(ports), public_only=True, networks=read_networks(networks))
        self.patch(type(self.env["message.channel"]), "_reach_of_others", lambda _self: near)

    def assertSaidNothing(self, trap):
        """Neither user nor password was said, in any encoding of the protocols."""
        words = [SECRET, base64.b64encode(SECRET.encode()).decode(), base64.b64encode(b"office").decode(),
                 base64.b64encode(f"\0office\0{SECRET}".encode()).decode(), "LOGIN office", "USER office"]
        heard = trap.heard.decode("utf-8", "replace")
        for word in words:
            self.assertNotIn(word, heard)


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
            for side in ({"in_host": host, "in_port": port, "in_security": "none"},
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
        names = ("127.0.0.1", "localhost", "LOCALHOST", "LocalHost", "127.1", " 127.0.0.1", "2130706433", "::ffff:127.0.0.1")
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
        same = {frozenset(keys("x", [(0, 0, 0, (address, 25))])) for address in ("8.8.8.8", "::ffff:8.8.8.8", "64:ff9b::808:808")}
        self.assertEqual(len(same), 1)
        self.assertEqual(keys("x", [(0, 0, 0, ("2a00::1", 25))]), keys("x", [(0, 0, 0, ("2a00::2:ffff", 25, 0, 0))]))

    def test_many_servers_are_counted_together(self):
        for number in range(3 * LIMIT):
            self.form(self.manager, in_host=f"host{number}.invalid").action_test()
        with self.assertRaises(UserError):
            self.form(self.manager, in_host="one-more.invalid").action_test()


class TestSetupCertificates(SetupCase):
    """A server that nobody vouches for hears neither user nor password."""

    def test_a_certificate_of_another_name_hears_no_password(self):
        for kind in ("smtp", "imap", "pop"):
            for security in ("ssl", "starttls"):
                for user in (self.admin, self.manager):
                    with self.subTest(kind=kind, security=security, user=user.login):
                        trap = self.trap(kind, security, password=SECRET)
                        self.let_reach(trap.port)
                        setup = self.form(user, trap)
                        setup.action_test()
                        self.assertGreater(trap.connections, 0)
                        self.assertFalse(setup.works)
                        self.assertSaidNothing(trap)
                        self.assertIn("certificate", setup.report)
                        self.assertEqual(setup.wrong_field, "verify" if user == self.admin else False)
                        refused = user == self.manager and kind == "smtp"
                        with self.assertRaises(UserError) if refused else contextlib.nullcontext():
                            setup.action_apply()
                        self.assertSaidNothing(trap)
                        self.assertFalse(self.env["fetchmail.server"].search([("server", "=", "127.0.0.1"),
                                                                              ("port", "=", trap.port)]))

    def test_administrators_may_trust_it_and_nobody_else(self):
        for kind in ("smtp", "imap", "pop"):
            for security in ("ssl", "starttls"):
                with self.subTest(kind=kind, security=security):
                    trap = self.trap(kind, security, password=SECRET)
                    setup = self.form(self.admin, trap, verify="none")
                    setup.action_test()
                    self.assertTrue(setup.works, setup.report)
                    self.let_reach(trap.port)
                    with self.assertRaises(AccessError):
                        self.form(self.manager, trap, verify="none")
                    with self.assertRaises(AccessError):
                        self.env["message.setup"].with_user(self.manager).with_context(default_verify="none").create({})
                    form = self.form(self.manager, trap, secret="theirs-s3cret")
                    form.sudo().verify = "none"  # whatever way it got there
                    form.action_test()
                    self.assertFalse(form.works)
                    self.assertNotIn(b"theirs", trap.heard)

    def test_the_servers_that_are_made_verify_certificates(self):
        for security, wanted in (("starttls", "starttls_strict"), ("ssl", "ssl_strict")):
            for verify in ("system", "none"):
                setup = self.form(self.admin, sends=True, out_host="smtp.lamps.example", out_security=security,
                                  out_port=465, receives=True, in_host="imap.lamps.example", in_security=security,
                                  in_port=993, verify=verify)
                channel = setup._apply_parts()
                server = self.env["ir.mail_server"].search([("smtp_host", "=", "smtp.lamps.example")], order="id desc",
                                                           limit=1)
                self.assertEqual(server.smtp_encryption, wanted if verify == "system" else security)
                self.assertEqual(channel.sudo().fetchmail_server_ids.verify, verify)

    def test_a_made_server_says_nothing_to_another_certificate(self):
        for security in ("starttls", "ssl"):
            trap = self.trap("smtp", security, password=SECRET)
            setup = self.form(self.admin, trap)
            server = setup._apply_parts().sudo().mail_server_ids
            with patch.object(type(self.env["ir.mail_server"]), "_disable_send", classmethod(lambda _cls: False)):
                with self.assertRaises(Exception) as caught:
                    self.env["ir.mail_server"]._connect__(mail_server_id=server.id)
            self.assertIn("certificate", str(caught.exception).lower())
            self.assertSaidNothing(trap)


class TestSetupSecret(SetupCase):
    """The password goes to the server that it was typed for, and nowhere else."""

    #: Changes after which a stored password would go to somebody else, or over the wire for all to read.
    CHANGES = [{"in_host": "127.0.0.2"}, {"in_port": 2525}, {"in_security": "none"}, {"in_security": "ssl"},
               {"user_name": "somebody"}, {"in_type": "pop"},
               {"sends": True, "out_host": "127.0.0.1"}, {"receives": False, "sends": True, "out_host": "127.0.0.1"},
               {"user_name": False}, {"in_host": False}]

    def test_any_change_of_where_it_goes_forgets_it(self):
        for change in self.CHANGES:
            with self.subTest(change=change):
                setup = self.form(self.manager, in_host="127.0.0.1", in_port=143, in_security="starttls")
                self.assertEqual(setup._get_password__(), SECRET)
                setup.write(change)
                self.assertEqual(setup._get_password__(), "")
                self.assertFalse(setup.sudo().password)
                # nor does it come back when the change is taken back
                setup.write({"in_host": "127.0.0.1", "in_port": 143, "in_security": "starttls", "user_name": "office",
                             "in_type": "imap", "receives": True, "sends": False})
                self.assertEqual(setup._get_password__(), "")

    def test_every_field_of_the_sending_half_counts(self):
        for change in ({"out_host": "127.0.0.2"}, {"out_port": 25}, {"out_security": "none"}, {"user_name": "somebody"},
                       {"receives": True, "in_host": "127.0.0.1"}):
            with self.subTest(change=change):
                setup = self.form(self.admin, sends=True, out_host="127.0.0.1", out_port=587, out_security="starttls")
                self.assertEqual(setup._get_password__(), SECRET)
                setup.write(change)
                self.assertEqual(setup._get_password__(), "")
                self.assertFalse(setup.sudo().password)
        quiet = self.form(self.admin, sends=True, out_host="127.0.0.1", out_login=False)
        quiet.write({"out_login": True})
        self.assertEqual(quiet._get_password__(), "")

    def test_what_does_not_send_it_elsewhere_keeps_it(self):
        setup = self.form(self.admin, in_host="127.0.0.1", sends=True, receives=True, out_host="127.0.0.1")
        for change in ({"name": "Another"}, {"address": "b@lamps.example"}, {"in_host": "127.0.0.1"}, {"sends": False},
                       {"member_ids": [(6, 0, [])]}, {"verify": "none"}):
            setup.write(change)
            self.assertEqual(setup._get_password__(), SECRET, change)

    def test_a_new_password_goes_with_the_new_server(self):
        setup = self.form(self.manager, in_host="127.0.0.1")
        setup.write({"in_host": "127.0.0.2", "secret": "another-s3cret"})
        self.assertEqual(setup._get_password__(), "another-s3cret")

    def test_changed_past_write_it_is_not_said_either(self):
        setup = self.form(self.manager, in_host="127.0.0.1", in_port=143)
        self.env.flush_all()
        self.env.cr.execute("UPDATE message_setup SET in_host = '127.0.0.2' WHERE id = %s", [setup.id])
        self.env.invalidate_all()
        self.assertTrue(setup.sudo().password)
        self.assertEqual(setup._get_password__(), "")

    def test_the_button_with_other_values_says_nothing(self):
        """As the browser does it: the fields are written and the button pressed in one go."""
        trap, thief = self.trap("imap", password=SECRET), self.trap("imap")
        self.let_reach(trap.port, thief.port)
        setup = self.form(self.manager, trap)
        setup.action_test()
        self.assertTrue(setup.works)
        for attempt in (
                lambda: (setup.web_save({"in_port": thief.port}, {}), setup.action_test()),
                lambda: setup.with_context(default_in_port=thief.port).copy().action_test(),
                lambda: setup.copy({"in_port": thief.port}).action_test(),
                lambda: self.env["message.setup"].with_user(self.manager).with_context(
                    default_password=setup.sudo().password, default_password_places=setup.sudo().password_places).create(
                    {"kind": "mail", "address": "office@lamps.example", "user_name": "office", "receives": True,
                     "sends": False, "in_host": "127.0.0.1", "in_port": trap.port, "in_security": "none"}).action_test()):
            with self.assertRaises(UserError):
                attempt()
        self.assertSaidNothing(thief)
        values = {"in_port": thief.port}
        setup.onchange(values, ["in_port"], {"in_port": {}, "secret": {}, "report": {}})
        self.assertSaidNothing(thief)
        self.assertEqual(thief.connections, 0)

    def test_the_form_asks_for_it_again(self):
        setup = self.form(self.admin, in_host="127.0.0.1")
        with Form(setup) as form:
            form.in_host = "127.0.0.2"
        with self.assertRaisesRegex(UserError, "Enter the password"):
            setup.action_test()

    def test_it_is_gone_once_the_channel_is_made(self):
        trap = self.trap("imap", password=SECRET)
        self.let_reach(trap.port)
        setup = self.form(self.manager, trap)
        setup.action_apply()
        self.env.flush_all()
        self.env.cr.execute("SELECT row_to_json(m) FROM message_setup m WHERE id = %s", [setup.id])
        self.assertNotIn(SECRET, json.dumps(self.env.cr.fetchone()[0], default=str))

    def test_a_server_that_repeats_it_does_not_get_it_shown_or_logged(self):
        coded = {SECRET, base64.b64encode(SECRET.encode()).decode(), base64.b64encode(f"\0office\0{SECRET}".encode()).decode()}
        for kind in ("imap", "pop", "smtp"):
            for user_name in ("office", "office@lamps.example"):
                with self.subTest(kind=kind, user_name=user_name), self.assertLogs(level="DEBUG") as logs:
                    trap = self.trap(kind, echo=True)
                    setup = self.form(self.admin, trap, user_name=user_name)
                    setup.action_test()
                    self.assertIn("•••", setup.report, "the rest of the answer is shown")
                    server = setup._apply_parts()
                    with mute_logger("odoo.sql_db"), contextlib.suppress(Exception), self.enter_registry_test_mode():
                        self.env["message.fetcher"]._fetch_channel(server)
                    self.env.flush_all()
                    self.env.cr.execute("SELECT array_agg(last_error_text) FROM message_channel_status")
                    texts = [setup.report, repr(self.env.cr.fetchone()), *map(repr, logs.records),
                             *(record.getMessage() for record in logs.records if record.name != "odoo.sql_db")]
                    for word in coded | {base64.b64encode(f"\0{user_name}\0{SECRET}".encode()).decode()}:
                        self.assertNotIn(word, "\n".join(texts))
