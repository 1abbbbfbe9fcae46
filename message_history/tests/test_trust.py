from odoo.exceptions import AccessError, UserError, ValidationError

from ..wizard.message_setup import Part
from .common import MessageCase, build_mail

PASSED = "mx.example.net; dmarc=pass header.from=example.com"


class TestTrust(MessageCase):
    """A sender is confirmed only by servers that are named on the channel."""

    def trusted(self, raw, names="mx.example.net", hops=0):
        self.channel.write({"authserv_ids": names, "authserv_hops": hops})
        message = self.receive(raw)
        return message.authenticated, message.authentication

    def test_nobody_is_confirmed_where_no_server_is_named(self):
        for results in (PASSED, "evil.example; dmarc=fail header.from=example.com",
                        "dmarc=pass header.from=example.com"):
            with self.subTest(results):
                self.assertEqual(self.trusted(build_mail(authentication_results=results), False), ("unknown", False))

    def test_the_named_server_confirms(self):
        for names in ("mx.example.net", "MX.example.NET", "a.example, mx.example.net", "*.example.net"):
            with self.subTest(names):
                found = self.trusted(build_mail(authentication_results=PASSED), names)
                self.assertEqual(found, ("pass", "DMARC pass (example.com)"))

    def test_what_came_with_the_mail_is_said_to_be_forged(self):
        forged = b"Received: from evil.example by mx.example.net; Fri, 02 Jan 2026 10:00:00 +0000\r\n"
        lie = f"Authentication-Results: {PASSED}\r\n".encode()
        state, said = self.trusted(forged + lie + build_mail())
        self.assertEqual(state, "unknown")
        self.assertIn("forged result in the name of mx.example.net", said)
        truth = b"Authentication-Results: mx.example.net; dmarc=fail header.from=example.com\r\n"
        state, said = self.trusted(truth + forged + lie + build_mail())
        self.assertEqual(state, "fail")
        self.assertIn("forged result in the name of mx.example.net", said)

    def test_who_is_not_confirmed_gets_no_pictures_where_servers_are_named(self):
        self.env["message.picture.sender"].with_user(self.member).trust("ann@example.com")
        senders = self.env["message.picture.sender"].with_user(self.member)
        plain, passed = self.receive(build_mail(), build_mail(authentication_results=PASSED))
        self.assertTrue(senders._is_trusted(plain))
        self.channel.authserv_ids = "mx.example.net"
        plain, passed = self.receive(build_mail(), build_mail(authentication_results=PASSED))
        self.assertFalse(senders._is_trusted(plain))
        self.assertTrue(senders._is_trusted(passed))

    def test_names_must_be_names(self):
        for names in ("*.com", "*", "mx example <net>", "a;b=c", "mx.example.net, *"):
            with self.subTest(names), self.assertRaises(ValidationError):
                self.channel.authserv_ids = names
        self.channel.authserv_ids = "*.example.net, mx, -"

    # Learning -----------------------------------------------------------------------------------

    def ask(self):
        """Send the test mail; returns its subject."""
        self.channel.address = "office@example.net"
        self.channel.with_user(self.manager).action_learn_authserv()
        return self.env["mail.mail"].sudo().search([], order="id desc", limit=1).subject

    def test_the_name_is_learned_from_a_mail_to_oneself(self):
        subject = self.ask()
        raw = build_mail(subject=subject, authentication_results="mx.example.net; none")
        message = self.receive(b"Received: from a by store.example.net\r\n" + raw)
        self.assertState(message, "ignored")
        self.assertEqual((self.channel.authserv_found, self.channel.authserv_found_hops), ("mx.example.net", 1))
        self.assertFalse(self.channel.authserv_ids, "a manager confirms it")
        self.channel.with_user(self.manager).action_use_authserv()
        self.assertEqual((self.channel.authserv_ids, self.channel.authserv_hops), ("mx.example.net", 1))
        self.assertEqual(self.trusted(b"Received: from a by store.example.net\r\n" + build_mail(
            authentication_results=PASSED), self.channel.authserv_ids, 1)[0], "pass")

    def test_the_set_up_form_sends_the_test_mail(self):
        self.channel.address = "office@example.net"
        setups = self.env["message.setup"].with_user(self.env.ref("base.user_admin"))
        self.patch(type(setups), "_check_complete", lambda setup: None)
        self.patch(type(setups), "_check_parts", lambda setup, admitted: [Part("Receiving works", True, [])])
        self.patch(type(setups), "_apply_parts", lambda setup: self.channel.with_user(self.manager))
        for sends in (False, True):
            self.assertFalse(self.channel.sudo().authserv_token)
            setups.create({"address": "office@example.net", "sends": sends}).action_apply()
        mail = self.env["mail.mail"].sudo().search([], order="id desc", limit=1)
        self.assertIn(self.channel.sudo().authserv_token, mail.subject)
        self.assertEqual(mail.email_to, "office@example.net")

    def test_nobody_else_teaches_a_name(self):
        subject = self.ask()
        lie = {"authentication_results": "evil.example; none"}
        for guess in ("Test of the channel Office", subject.replace(subject[-9:-1], "00000000")):
            self.receive(build_mail(subject=guess, **lie))
            self.assertFalse(self.channel.authserv_found)
        other, _server = self.make_channel("Other")
        self.receive(build_mail(subject=subject, **lie), channel=other)
        self.assertFalse(self.channel.authserv_found or other.authserv_found)
        self.receive(build_mail(subject=subject, authentication_results="mx.example.net; none"))
        self.receive(build_mail(subject=subject, **lie))
        self.assertEqual(self.channel.authserv_found, "mx.example.net", "a token is good for one mail")

    def test_an_old_test_mail_teaches_nothing(self):
        subject = self.ask()
        self.channel.sudo().authserv_asked = "2020-01-01"
        self.receive(build_mail(subject=subject, authentication_results="mx.example.net; none"))
        self.assertFalse(self.channel.authserv_found)

    def test_the_last_messages_must_agree_and_be_of_many(self):
        look = self.channel.with_user(self.manager).action_look_up_authserv
        ours = {"authentication_results": "mx.example.net; none"}
        self.receive(*(build_mail(sender=f"a@evil{n % 4}.example", authentication_results="evil.example; none")
                       for n in range(20)))
        with self.assertRaises(UserError):
            look()
        self.receive(*(build_mail(sender=f"a@domain{n}.example", **ours) for n in range(19)))
        with self.assertRaises(UserError):
            look()
        self.receive(build_mail(sender="a@last.example", **ours))
        look()
        self.assertEqual((self.channel.authserv_found, self.channel.authserv_found_hops), ("mx.example.net", 0))
        self.assertFalse(self.channel.authserv_ids)
        self.receive(build_mail(sender="a@plain.example"))
        with self.assertRaises(UserError):
            look()

    def test_only_managers_name_and_learn_servers(self):
        self.channel.address = "office@example.net"
        channel = self.channel.with_user(self.member)
        for act in (channel.action_learn_authserv, channel.action_look_up_authserv, channel.action_use_authserv,
                    lambda: channel.write({"authserv_ids": "evil.example"})):
            with self.assertRaises(AccessError):
                act()
        with self.assertRaises(AccessError):
            self.channel.with_user(self.manager).read(["authserv_token"])
