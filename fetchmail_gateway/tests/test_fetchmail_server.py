import psycopg2
from odoo.addons.message_history.lib.errors import (
    AuthenticationError,
    ConfigurationError,
    ConnectionFailed,
    ProtocolError,
)
from odoo.addons.message_history.tests.common import build_mail
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, new_test_user
from odoo.tools import mute_logger

from ..lib.imap import ImapTransport
from ..lib.pop3 import Pop3Transport
from .common import FetchmailCase

PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----"


class TestFetchmailServer(FetchmailCase):
    """The form of a mail server, and the channel that belongs to it."""

    # Connection -------------------------------------------------------------------------------

    def test_each_kind_has_its_transport(self):
        pop = self.make_server("Pop", server_type="pop", port=110)
        self.assertIsInstance(self.real_transport_of(self.mail_server), ImapTransport)
        self.assertIsInstance(self.real_transport_of(pop), Pop3Transport)
        self.assertTrue(self.mail_server.uses_folders)
        self.assertFalse(pop.uses_folders)
        self.assertTrue(pop.folder_ids._is_pop3())

    def test_the_settings_of_the_connection(self):
        settings = self.mail_server._get_settings__()
        self.assertEqual((settings.host, settings.port, settings.user, settings.password),
                         ("imap.example.net", 143, "support@example.net", "top s3cret"))
        self.assertEqual((settings.security, settings.verify, settings.timeout), ("none", "system", 60))
        self.assertNotIn("top s3cret", repr(settings))
        self.mail_server.write({"is_ssl": True, "verify": "ca", "ca_certificate": PEM, "timeout_seconds": 5})
        settings = self.mail_server._get_settings__()
        self.assertEqual((settings.security, settings.verify, settings.ca_pem, settings.timeout),
                         ("ssl", "ca", PEM, 5))
        self.mail_server.write({"is_ssl": False, "starttls": True})
        self.assertEqual(self.mail_server._get_settings__().security, "starttls")

    def test_settings_that_contradict_each_other(self):
        with self.assertRaises(ValidationError):
            self.mail_server.write({"is_ssl": True, "starttls": True})
        for certificate in (False, "nonsense"):
            with self.assertRaises(ValidationError):
                self.mail_server.write({"verify": "ca", "ca_certificate": certificate})

    def test_choosing_starttls_keeps_the_port_of_plain_connections(self):
        self.mail_server.port = 993
        with Form(self.mail_server) as form:
            form.starttls = True
            self.assertEqual(form.port, 143)
        self.assertTrue(self.mail_server.starttls)

    def test_the_test_of_the_connection_names_the_field(self):
        cases = [
            (AuthenticationError("LOGIN failed", field="password"), "secret", "refused the login"),
            (AuthenticationError("no such user", field="user"), "user", "refused the login"),
            (ConnectionFailed("name not found", field="server"), "server", "No connection"),
            (ConnectionFailed("connection refused", field="port"), "port", "No connection"),
            (ConnectionFailed("self-signed certificate", field="verify"), "verify", "self-signed certificate"),
            (ConfigurationError("no STARTTLS", field="encryption"), "is_ssl", "A setting is wrong"),
            (ConfigurationError("no such folder", field="folder"), "folder_ids", "A setting is wrong"),
        ]
        for error, field, words in cases:
            with self.subTest(field=field):
                self.mail_server.state = "draft"
                self.server.failures["check"] = error
                with self.assertRaises(UserError) as caught:
                    self.mail_server.button_confirm_login()
                label = self.mail_server._fields[field]._description_string(self.env)
                self.assertIn(f"look at the field “{label}”", str(caught.exception))
                self.assertIn(words, str(caught.exception))
                self.assertIn("✘", str(caught.exception))
                self.assertEqual(self.mail_server.state, "draft")
                self.assertNotIn("top s3cret", str(caught.exception))

    def test_an_error_of_no_field(self):
        self.server.failures["check"] = ProtocolError("garbage")
        with self.assertRaises(UserError) as caught:
            self.mail_server.button_confirm_login()
        self.assertNotIn("look at the field", str(caught.exception))

    def test_a_connection_that_works_is_confirmed(self):
        self.mail_server.write({"state": "draft", "error_message": "old"})
        self.mail_server.button_confirm_login()
        self.assertEqual((self.mail_server.state, self.mail_server.error_message), ("done", False))

    # Password ---------------------------------------------------------------------------------

    def test_the_password_is_written_and_never_read(self):
        administrator = new_test_user(self.env, "gateway_admin", groups="base.group_system")
        mine = self.mail_server.with_user(administrator)
        mine.password = "another one"
        self.assertEqual(self.mail_server._get_settings__().password, "another one")
        with self.assertRaises(AccessError):
            mine.read(["password"])
        self.assertNotIn("another one", str(mine.read()))
        self.assertNotIn("another one", str(mine.export_data(["name", "secret"])))
        self.assertNotIn("password", mine.fields_get())

    # Channel ----------------------------------------------------------------------------------

    def test_each_server_has_a_channel_of_its_own(self):
        other = self.make_server("Other", user="other@example.net")
        self.assertNotEqual(other.channel_id, self.channel)
        self.assertEqual((self.channel.name, self.channel.address), ("Support", "support@example.net"))
        self.assertEqual(self.folder.model_id.model, "res.partner")
        with mute_logger("odoo.sql_db"), self.assertRaises(psycopg2.IntegrityError), self.cr.savepoint():
            other.channel_id = self.channel
            self.env.flush_all()

    def test_a_copy_has_a_channel_of_its_own(self):
        copy = self.mail_server.copy()
        self.assertTrue(copy.channel_id)
        self.assertNotEqual(copy.channel_id, self.channel)

    def test_what_changes_on_the_server_changes_on_the_channel(self):
        self.mail_server.write({"name": "Help", "user": "help@example.net",
                                "object_id": self.env["ir.model"]._get_id("message.conversation")})
        self.assertEqual((self.channel.name, self.channel.address), ("Help", "help@example.net"))
        self.assertEqual(self.folder.model_id.model, "message.conversation")

    def test_a_server_that_is_not_confirmed_is_not_fetched(self):
        for values in ({"state": "draft"}, {"state": "done", "active": False}):
            with self.subTest(values=values):
                self.mail_server.write(values)
                self.server.deliver(build_mail())
                self.assertTrue(self.fetch().unusable)
                self.assertFalse(self.server.calls)

    def test_deleting_a_server_keeps_the_proof(self):
        message = self.receive(build_mail())
        self.mail_server.unlink()
        self.assertTrue(message.exists())
        self.assertEqual((self.channel.active, self.channel.channel_type), (False, "none"))

    def test_deleting_a_server_without_messages_leaves_nothing(self):
        channel = self.make_server("Short").channel_id
        channel.fetchmail_server_ids.unlink()
        self.assertFalse(channel.exists())

    def test_a_server_that_is_not_fetched_has_no_channel(self):
        local = self.make_server("Script", server_type="local")
        self.assertFalse(local.channel_id)
        self.assertFalse(local._uses_gateway())
        local.write({"server_type": "imap", "server": "imap.example.net"})
        self.assertEqual(local.channel_id.channel_type, "fetchmail")
        local.write({"server_type": "local"})
        self.assertFalse(local.channel_id._is_usable())

    # Folders ----------------------------------------------------------------------------------

    def pick_folders(self, **values):
        self.server.folders.update({"Sent": {}, "Orders": {1: build_mail(), 2: build_mail()}})
        wizard = self.env["fetchmail.folder.wizard"].with_context(active_id=self.mail_server.id).create(values)
        return wizard, {line.name: line for line in wizard.line_ids}

    def test_the_folders_come_from_the_server(self):
        wizard, lines = self.pick_folders()
        self.assertEqual(set(lines), {"INBOX", "Sent", "Orders"})
        self.assertEqual((lines["INBOX"].watched, lines["Orders"].watched), (True, False))
        lines["Orders"].selected = True
        wizard.action_count()
        self.assertEqual((lines["Orders"].counted, lines["Orders"].matching), (True, 2))
        self.assertFalse(lines["Sent"].counted)
        self.assertFalse(self.ledger(), "counting fetches nothing")

    def test_chosen_folders_are_watched(self):
        wizard, lines = self.pick_folders(start="all")
        lines["Orders"].selected = lines["Sent"].selected = True
        lines["INBOX"].selected = False
        wizard.action_apply()
        folders = {folder.name: folder for folder in self.channel.with_context(active_test=False).folder_ids}
        self.assertEqual(folders["Orders"].start, "all")
        self.assertEqual(folders["Orders"].model_id, self.mail_server.object_id)
        self.assertEqual((folders["Sent"].role, folders["Sent"].model_id.id), ("sent", False))
        self.assertFalse(folders["INBOX"].active, "left alone, not forgotten")
        self.assertEqual(self.fetch().received, 2)

    def test_a_server_out_of_reach_says_so(self):
        self.server.failures["folders"] = ConnectionFailed("no route to host")
        with self.assertRaisesRegex(UserError, "no route to host"):
            self.pick_folders()
