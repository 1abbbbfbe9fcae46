from urllib.parse import quote

from odoo.addons.message_history.tests.common import MessageCase, build_mail
from odoo.addons.message_history.tools.outgoing import Outgoing, Recipient
from odoo.tests import new_test_user


class TestAccountLinks(MessageCase):
    """A machine's mail is kept from everybody only where it brings a link that sets a password here, now."""

    def setUp(self):
        super().setUp()
        user = new_test_user(self.env, "linked", email="linked@example.com")
        user.partner_id.signup_prepare(signup_type="reset")
        self.link = user.partner_id._get_signup_url_for_action()[user.partner_id.id]
        self.token = self.link.partition("token=")[2].partition("&")[0]

    def machine(self, text, **headers):
        return self.receive(build_mail(text, **{"auto_submitted": "auto-generated", **headers}))

    def test_what_somebody_wrote_into_a_machine_s_mail_makes_nothing_vanish(self):
        words = "The news of your ticket:\nMallory: see {link}\nAnn: our order is 4711.\n"
        for link in ("https://odoo.example.net/web/reset_password?token=tok3n",
                     "https://other.example/web/signup?db=x&token=" + "A" * 200,
                     "https://x.example/web/signup?token=" + self.token[:-4] + "AAAA",
                     "/web/reset_password?", "/web/signup?token=" + quote("\N{SNOWMAN}" * 30)):
            message = self.machine(words.format(link=link))
            self.assertFalse(message.private, link)
            self.assertState(message, "processed")
            self.assertIn("4711", message.body_text)
            self.assertTrue(message._with_original())

    def test_a_link_that_works_is_kept_from_everybody(self):
        at = self.link.index(self.token) + 30
        for text in (self.link, "> " + self.link[:at] + "\n> " + self.link[at:] + "\n> Regards",
                     self.link.replace("&", "&amp;")):
            message = self.machine(f"You wrote:\n{text}\n")
            self.assertTrue(message.private, text)
            self.assertFalse(message.body_text or message._with_original(), text)

    def test_a_machine_elsewhere_that_names_a_private_message_makes_nothing_vanish(self):
        self.env["message.enqueue"]._enqueue([Outgoing(
            self.channel.id, b"Subject: Code\r\n\r\n123456", [Recipient("Ann <ann@example.com>")],
            message_uid="<code@example.net>", private=True, values={"subject": "Code"})])
        ticket = self.machine("News of your ticket: 4711", sender="tickets@supplier.example",
                              references="<code@example.net>")
        self.assertIn("4711", ticket.body_text)
        self.assertTrue(self.machine("I am away: 123456", references="<code@example.net>").private)
