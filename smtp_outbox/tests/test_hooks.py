from datetime import timedelta

from odoo import fields

from ..hooks import post_init_hook, uninstall_hook
from .common import OutboxCase


class TestHooks(OutboxCase):
    """Taking over from Odoo's own queue, and handing back to it."""

    def test_every_server_gets_its_channel(self):
        self.server.channel_id = False
        post_init_hook(self.env)
        self.assertEqual(self.server.channel_id.channel_type, "smtp")

    def test_only_what_is_owed_stays_on_core_s_queue(self):
        self.smtp.answers |= {"bob": (451, "4.2.0 later"), "dan": (550, "5.1.1 no such user")}
        partners = self.env["res.partner"].create([
            {"name": name, "email": f"{name}@example.com"} for name in ("bob", "cid", "dan")])
        mail = self.mail("ann@example.com", "bobby@example.com", partners=partners)
        self.send_queue()
        untouched = self.mail("eve@example.com")
        uninstall_hook(self.env)
        self.assertEqual(mail.state, "outgoing")
        self.assertEqual(mail.recipient_ids.mapped("name"), ["bob"])
        self.assertEqual(mail.email_to, "bobby@example.com")
        self.assertEqual(untouched.state, "outgoing")
        self.assertNotIn("deferred", self.deliveries(mail).mapped("state"))

    def test_what_is_in_doubt_is_not_sent_by_core(self):
        self.smtp.lose_after = 0
        mail = self.mail("ann@example.com")
        self.send_queue()
        uninstall_hook(self.env)
        self.assertEqual(mail.state, "exception")

    def test_what_was_held_is_not_sent_by_core(self):
        mail = self.mail("ann@example.com", outgoing_since=fields.Datetime.now() - timedelta(days=3))
        self.env.cr.execute("UPDATE mail_mail SET create_date = now() - interval '3 days' WHERE id = %s", [mail.id])
        self.env.invalidate_all()
        self.expand()
        self.assertEqual(mail.outbox_state, "held")
        uninstall_hook(self.env)
        self.assertEqual(mail.state, "cancel")
