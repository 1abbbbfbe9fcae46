"""What the set-up form does with the password, and to whom it says it."""

import base64
import contextlib
import json
import ssl
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import Form
from odoo.tools import mute_logger

from .common_setup import SECRET, SetupCase


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
            with patch.object(type(self.env["ir.mail_server"]), "_disable_send", classmethod(lambda _cls: False)), \
                    self.assertRaises(ssl.SSLCertVerificationError):
                self.env["ir.mail_server"]._connect__(mail_server_id=server.id)
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
                    default_password=setup.sudo().password,
                    default_password_places=setup.sudo().password_places).create(
                    {"kind": "mail", "address": "office@lamps.example", "user_name": "office", "receives": True,
                     "sends": False, "in_host": "127.0.0.1", "in_port": trap.port,
                     "in_security": "none"}).action_test()):
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
        coded = {SECRET, *(base64.b64encode(one.encode()).decode() for one in (SECRET, f"\0office\0{SECRET}"))}
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
