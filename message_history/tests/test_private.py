from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..models.message_outbox import ACTS
from ..tools.outgoing import Outgoing, Recipient
from .common import MessageCase, build_mail

SECRET = "https://odoo.example.net/web/reset_password?token=tok3n"
_REPORT = """From: MAILER-DAEMON@mx.example.com
To: office@example.net
Subject: Undelivered Mail Returned to Sender
Message-ID: <bounce@mx.example.com>
Date: Thu, 01 Jan 2026 10:00:00 +0000
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

I could not deliver your message: {secret}
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com

Final-Recipient: rfc822; ann@example.com
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no such user, see {secret}

--b
Content-Type: message/rfc822

From: office@example.net
To: ann@example.com
Subject: Reset
Message-ID: <private@example.net>

{secret}
--b--
"""


@tagged("post_install", "-at_install")
class TestPrivateMail(MessageCase):
    """Passwords, codes, invitations: nobody reads, redirects or sends them again, whoever asks."""

    def setUp(self):
        super().setUp()
        self.history = self.make()
        self.delivery = self.history.delivery_ids
        self.admin = self.env.ref("base.user_admin")

    def make(self, state="queued", **values):
        """Return the ledger's row of a private message to Ann."""
        (history_id,) = self.env["message.enqueue"]._enqueue([Outgoing(
            self.channel.id, f"Subject: Reset\r\n\r\n{SECRET}".encode(), [Recipient("ann@example.com")],
            message_uid="<private@example.net>", private=True,
            values={"subject": "Reset", "body_text": SECRET, "preview": SECRET, "sender_address": "office@example.net",
                    **values})])
        history = self.env["message.history"].browse(history_id)
        history.delivery_ids.write({"state": state, "failure_type": "recipient" if state == "refused" else False})
        self.env.flush_all()
        self.env["message.outbox"]._refresh(history.ids)
        return history

    def kept(self, history):
        """Whether the bytes of a message are still there."""
        return bool(history._with_original())

    def test_no_act_but_cancel(self):
        """Each act on deliveries, each button of a message, as each kind of user and as the superuser."""
        failed = self.make("refused")
        for user in (self.member, self.manager, self.admin, self.env.ref("base.user_root")):
            for act in sorted(set(ACTS) - {"cancel"}):
                for history in (self.history, failed):
                    with self.assertRaises(AccessError, msg=f"{user.login} {act}"):
                        self.env["message.outbox"].with_user(user)._act(history.delivery_ids.with_user(user), act)
            for button in ("action_try_again", "action_send_again", "action_correct", "action_send_now",
                           "action_ignore", "action_other_channel", "action_ignore_sender", "action_put_on_document"):
                for history in (self.history, failed):
                    with self.assertRaises(Exception, msg=f"{user.login} {button}") as caught:
                        getattr(history.with_user(user), button)()
                    self.assertNotIsInstance(caught.exception, AttributeError)
            for button in ("action_correct", "action_other_channel", "action_send_links", "action_mark_arrived"):
                with self.assertRaises(AccessError, msg=f"{user.login} {button}"):
                    getattr(failed.delivery_ids.with_user(user), button)()
        self.assertEqual((self.delivery.address, self.delivery.state), ("ann@example.com", "queued"))
        self.delivery.with_user(self.member).action_cancel()
        self.assertEqual(self.delivery.state, "cancelled")

    def test_the_form_that_corrects_does_not_take_it(self):
        for user in (self.manager, self.admin):
            forms = self.env["message.correct"].with_user(user)
            line = {"delivery_id": self.delivery.id, "new_address": "thief@outside.example"}
            with self.assertRaises(AccessError):
                forms.create({"history_id": self.history.id, "line_ids": [(0, 0, line)]})
            with self.assertRaises(AccessError):
                forms.create({"history_id": self.history.id})
            wizard = forms.create({"history_id": self.receive(build_mail()).id})
            for change in ({"history_id": self.history.id}, {"line_ids": [(0, 0, line)]}):
                with self.assertRaises(UserError), self.env.cr.savepoint():
                    wizard.write(change)
        self.assertEqual(self.delivery.address, "ann@example.com")

    def test_a_form_that_was_open_corrects_nothing_any_more(self):
        """What one may do is asked for when it is done, too."""
        failed = self.make("refused")
        failed.private = False
        wizard = self.env["message.correct"].with_user(self.manager).create({"history_id": failed.id, "line_ids": [
            (0, 0, {"delivery_id": failed.delivery_ids.id, "new_address": "ann@example.org"})]})
        failed.private = True
        self.env.flush_all()
        with self.assertRaises(AccessError):
            wizard.action_apply()
        self.assertEqual((failed.delivery_ids.address, failed.delivery_ids.state), ("ann@example.com", "refused"))

    def test_nothing_is_offered(self):
        failed = self.make("refused")
        self.assertFalse(failed.can_send_again or failed.can_link or failed.can_reroute or failed.raw_kept)
        delivery = failed.delivery_ids
        self.assertFalse(delivery.can_correct or delivery.can_link or delivery.can_reroute or delivery.first_step)
        self.assertIn("private", delivery.advice)

    def test_one_function_opens_originals_and_refuses(self):
        raw, content = self.env["message.raw"], self.env["message.content"]
        with raw._opened_for_people(self.history) as original:
            self.assertIsNone(original)
        self.assertEqual(content._parse(self.history), (None, []))
        self.assertFalse(content._files(self.history) or content._part(self.history, 0))
        self.assertFalse(content._display(self.history).html)
        self.assertFalse(self.history.body_text or self.history.preview)
        self.assertTrue(self.kept(self.history), "the sender still has it")

    def test_documents_do_not_show_it(self):
        partner = self.env["res.partner"].create({"name": "Ann"})
        self.make(model="res.partner", res_id=partner.id)
        self.assertFalse(self.env["message.history"]._for_document(partner))

    def test_codes_in_subjects_and_answers_are_masked(self):
        history = self.make("refused", subject="Your code is 123456")
        history.delivery_ids.server_reply = f"550 5.7.1 spam: {SECRET} or 654321"
        self.env["message.outbox"]._refresh(history.ids)
        self.assertEqual(history.subject, "Your code is …")
        self.assertEqual(history.delivery_ids.server_reply, "550 5.7.1 spam: … or …")
        self.assertNotIn("tok3n", history.state_reason)
        self.assertNotIn("tok3n", str(history.delivery_ids.attempt_ids.mapped("server_reply")))

    def test_its_bytes_go_when_all_is_over(self):
        for state in ("accepted", "refused", "failed", "cancelled", "in_doubt"):
            self.assertFalse(self.kept(self.make(state)), state)

    # What comes back ------------------------------------------------------------------------

    def check_hidden(self, message):
        self.env.invalidate_all()
        self.assertTrue(message.private)
        self.assertFalse(message.body_text or message.preview or message.conversation_id or message.res_id)
        self.assertFalse(self.kept(message) or message.failure_traceback)
        said = str(self.env["mail.message"].search([], order="id desc", limit=20).mapped("body"))
        self.assertNotIn("tok3n", said)

    def test_an_undeliverable_notice_with_the_whole_mail(self):
        self.delivery.state = "accepted"
        message = self.receive(_REPORT.format(secret=SECRET).replace("\n", "\r\n").encode())
        self.check_hidden(message)
        self.assertEqual(message.kind, "bounce")
        self.env["message.outbox"]._settle()
        self.assertNotIn("tok3n", self.delivery.server_reply or "")

    def test_a_machine_that_answers_with_the_text(self):
        self.channel.automatic_mail = "process"
        message = self.receive(build_mail(
            "I am away. You wrote: your code is tok3n", subject="Away", references="<private@example.net>",
            auto_submitted="auto-replied"))
        self.check_hidden(message)
        self.assertEqual(message.state, "ignored")

    def test_a_notice_about_other_mail_is_shown(self):
        raw = _REPORT.format(secret="our s3cret offer").replace("<private@example.net>", "<another@example.net>")
        message = self.receive(raw.replace("\n", "\r\n").encode())
        self.assertFalse(message.private)
        self.assertTrue(message.body_text)
