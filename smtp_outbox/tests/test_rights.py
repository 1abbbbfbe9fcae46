from odoo.exceptions import AccessError
from odoo.tests import new_test_user

from .common import OutboxCase

#: Core's public methods of ``mail.mail`` that the addon overrides, and how they are called.
MAIL_CALLS = {
    "send": lambda mails: mails.send(),
    "send to the end": lambda mails: mails.send(raise_exception=True),
    "send_after_commit": lambda mails: mails.send_after_commit(),
    "process_email_queue": lambda mails: mails.process_email_queue(),
    "process_email_queue of some": lambda mails: mails.process_email_queue(mails.ids),
    "cancel": lambda mails: mails.cancel(),
    "mark_outgoing": lambda mails: mails.mark_outgoing(),
    "action_release": lambda mails: mails.action_release(),
    "action_discard_held": lambda mails: mails.action_discard_held(),
    "action_view_deliveries": lambda mails: mails.action_view_deliveries(),
    "unlink": lambda mails: mails.unlink(),
    "write": lambda mails: mails.write({"outbox_state": False}),
    "of nothing": lambda mails: mails.browse().send(),
}


class TestRights(OutboxCase):
    """Whoever calls a method is asked first whether he may; what core asks for, we ask for."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.portal = new_test_user(cls.env, "outbox_portal", groups="base.group_portal")
        cls.plain = new_test_user(cls.env, "outbox_plain", groups="base.group_user")
        cls.admin = new_test_user(cls.env, "outbox_admin", groups="base.group_system")
        cls.others = (cls.portal, cls.plain, cls.clerk, cls.manager)

    def setUp(self):
        super().setUp()
        self.patch(type(self.env["mail.expander"]), "_cron_send", lambda _model: self.fail("the sender ran"))

    def held(self):
        """Return a mail that waits until somebody releases it."""
        mail = self.mail("ann@example.com")
        mail.outbox_state = "held"
        self.env.flush_all()
        return mail

    def test_mails_are_the_administrator_s(self):
        mail = self.held()
        for user in self.others:
            for name, call in MAIL_CALLS.items():
                with self.assertRaises(AccessError, msg=f"{user.login} {name}"):
                    call(mail.with_user(user))
                # what a client writes into its context changes nothing
                with self.assertRaises(AccessError, msg=f"{user.login} {name}"):
                    call(mail.with_user(user).with_context(message_gateway=True, mailing_test_mail=True))
        self.assertEqual((mail.state, mail.outbox_state), ("outgoing", "held"))
        self.assertFalse(self.smtp.taken)

    def test_the_administrator_s_own_calls_work(self):
        mail = self.held()
        self.assertTrue(mail.with_user(self.admin).send())
        self.assertFalse(mail.outbox_state)
        self.send_queue()
        self.assertEqual(self.smtp.arrived(), {"ann@example.com": 1})
        self.held().with_user(self.admin).send_after_commit()
        kept = self.held()
        kept.with_user(self.admin).action_release()
        kept.with_user(self.admin).cancel()
        self.assertEqual(kept.state, "cancel")

    def test_servers_are_the_administrator_s(self):
        for user in self.others:
            for name in ("action_send_test_mail", "action_pause", "action_continue", "action_view_outbox",
                         "action_view_sent", "action_view_problems"):
                with self.assertRaises(AccessError, msg=f"{user.login} {name}"):
                    getattr(self.server.with_user(user), name)()

    def test_requests_are_their_author_s(self):
        request_id = self.env["message.request"].with_user(self.plain).post_request(
            False, "ann@example.com", "Hello", "A text.")
        requests = self.env["message.request"]
        with self.assertRaises(AccessError):
            requests.with_user(self.portal).post_request(False, "ann@example.com", "Hello", "A text.")
        for call in (lambda: requests.with_user(self.portal).cancel_request(request_id),
                     lambda: requests.browse(request_id).with_user(self.portal).action_cancel(),
                     lambda: requests.browse(request_id).with_user(self.portal).action_view_deliveries(),
                     lambda: requests.browse(request_id).with_user(self.clerk).action_cancel()):
            with self.assertRaises(AccessError):
                call()
        self.assertEqual(requests.browse(request_id).state, "waiting")
        self.assertTrue(requests.with_user(self.plain).cancel_request(request_id))

    def test_releasing_an_address_is_a_manager_s_act(self):
        entry = self.env["message.suppression"].create(
            {"address": "ann@example.com", "company_id": self.env.company.id})
        for user in (self.portal, self.plain, self.clerk):
            with self.assertRaises(AccessError):
                entry.with_user(user).action_release()
            with self.assertRaises(AccessError):
                self.env["message.suppression"].with_user(user).create({"address": "bob@example.com"})
        self.assertTrue(entry.active)
        entry.with_user(self.manager).action_release()
        self.assertFalse(entry.active)

    def test_the_set_up_form_makes_nobody_a_member_of_what_sends(self):
        """Members see what goes out by a server: everybody's mail."""
        setup = self.env["message.setup"].create({
            "kind": "mail", "address": "office@lamps.example", "receives": False, "sends": True, "name": "Lamps",
            "out_host": "smtp.lamps.example", "out_login": False, "member_ids": [(6, 0, self.clerk.ids)]})
        channel = setup._apply_parts()
        self.assertEqual(channel.channel_type, "smtp")
        self.assertFalse(channel.member_ids)

    def test_scheduled_actions_call_no_public_method_of_ours(self):
        crons = self.env["ir.cron"].with_context(active_test=False).search([("model_id.model", "like", "message.%")])
        crons |= self.env.ref("smtp_outbox.ir_cron_send")
        for cron in crons:
            self.assertRegex(cron.code.strip(), r"^model\._\w+\(.*\)$")

    def test_what_a_contact_got_is_for_who_handles_messages(self):
        partner = self.env["res.partner"].create({"name": "Ann"})
        self.assertTrue(partner.with_user(self.clerk).action_view_deliveries())
        for user in (self.portal, self.plain):
            with self.assertRaises(AccessError):
                partner.with_user(user).action_view_deliveries()
