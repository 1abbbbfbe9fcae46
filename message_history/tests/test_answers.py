import ast
from datetime import timedelta

from odoo import fields
from odoo.exceptions import ValidationError

from .common import MessageCase, build_mail

ANSWER_LOGGER = "odoo.addons.message_history.models.message_answer"


class TestAnswers(MessageCase):
    """The automatic answer: to the sender alone, once, marked, and never at the mail's cost."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.template = cls.env["mail.template"].create({
            "name": "Thanks", "model_id": cls.env["ir.model"]._get_id("res.partner"),
            "subject": "We got it", "body_html": "<p>Thank you.</p>", "email_to": "boss@example.net",
            "email_cc": "copy@example.net"})
        cls.action = cls.env["ir.actions.server"].create({
            "name": "Thank", "model_id": cls.template.model_id.id, "state": "mail_post",
            "mail_post_method": "email", "template_id": cls.template.id})
        cls.folder.write({"answer_action_id": cls.action.id, "answer_days": 1})

    def answers(self):
        return self.env["mail.mail"].search([("subject", "=", "We got it")])

    def test_the_sender_gets_it_and_nobody_else(self):
        message = self.receive(build_mail(message_id="<q@example.com>", reply_to="ann.private@example.com"))
        answer = self.answers()
        self.assertEqual(len(answer), 1)
        self.assertEqual(answer.email_to, "ann.private@example.com")
        self.assertFalse(answer.recipient_ids or answer.email_cc)
        self.assertEqual((answer.model, answer.res_id), (message.model, message.res_id))

    def test_it_is_marked_as_automatic(self):
        self.receive(build_mail(message_id="<q@example.com>"))
        answer = self.answers()
        headers = ast.literal_eval(answer.headers)
        self.assertEqual(headers["Auto-Submitted"], "auto-replied")
        self.assertEqual(headers["In-Reply-To"], "<q@example.com>")
        self.assertIn("<q@example.com>", answer.references)

    def test_once_per_sender_and_period(self):
        self.receive(build_mail(), build_mail(subject="Another"), build_mail(sender="bob@example.com"))
        self.assertEqual(sorted(self.answers().mapped("email_to")), ["ann@example.com", "bob@example.com"])
        for given in self.env["message.answer"].search([("folder_id", "=", self.folder.id)]):
            given.period -= 1
        self.receive(build_mail(subject="The next day"))
        self.assertEqual(len(self.answers()), 3)

    def test_the_period_is_counted_in_days(self):
        self.folder.answer_days = 7
        self.receive(build_mail())
        given = self.env["message.answer"].search([("folder_id", "=", self.folder.id)])
        self.assertEqual(given.period % 7, 0)
        today = (fields.Date.today() - fields.Date.to_date("1970-01-01")).days
        self.assertLess(today - given.period, 7)
        self.assertLess(fields.Datetime.now() - given.date, timedelta(minutes=1))

    def test_never_to_machines_and_lists(self):
        silent = [
            {"auto_submitted": "auto-generated"}, {"precedence": "bulk"}, {"list_id": "<l.example.com>"},
            {"return_path": "<>"}, {"x_auto_response_suppress": "All"}, {"sender": "no-reply@example.com"},
            {"sender": "MAILER-DAEMON@example.com"},
        ]
        self.channel.automatic_mail = "process"
        for headers in [*silent, {"auto_submitted": "auto-replied"}]:
            with self.subTest(headers=headers):
                self.receive(build_mail(**headers))
                self.assertFalse(self.answers())

    def test_never_to_ourselves(self):
        self.channel.address = "office@example.net"
        self.env["mail.alias"].create({
            "alias_name": "team", "alias_model_id": self.env["ir.model"]._get_id("res.partner"),
            "alias_domain_id": self.alias_domain.id})
        self.receive(build_mail(sender="Office@Example.net"),
                     build_mail(sender=f"team@{self.alias_domain.name}", subject="Other"))
        self.assertFalse(self.answers())

    def test_a_reply_is_not_answered(self):
        self.receive(build_mail(message_id="<q@example.com>"))
        self.receive(build_mail(sender="bob@example.com", references="<q@example.com>"))
        self.assertEqual(len(self.answers()), 1)

    def test_an_action_that_raises_does_not_fail_the_mail(self):
        with self.failing("ir.actions.server", "run", ValueError("no")), self.assertLogs(ANSWER_LOGGER) as logged:
            message = self.receive(build_mail())
        self.assertIn("Thank", logged.output[0])
        self.assertState(message, "processed")
        self.assertFalse(self.answers())
        self.assertFalse(self.env["message.answer"].search([("folder_id", "=", self.folder.id)]),
                         "the next mail is answered, once the action is mended")

    def test_an_action_that_posts_reaches_the_sender_alone_and_once(self):
        self.action.mail_post_method = "comment"
        followers = self.env["res.partner"].create([
            {"name": "Carl", "email": "carl@example.com"}, {"name": "Dora", "email": "dora@example.com"}])
        followers |= self.other.partner_id  # employees get a mail of their own, with other buttons
        original = type(self.env["res.partner"]).message_new

        def follow(records, msg_dict, custom_values=None):
            record = original(records, msg_dict, custom_values)
            record.message_subscribe(followers.ids)
            return record

        self.patch(type(self.env["res.partner"]), "message_new", follow)
        before = self.env["mail.mail"].search([])
        self.receive(build_mail())
        made = self.env["mail.mail"].search([]) - before
        answers = made.filtered(lambda mail: mail.message_type == "auto_comment")
        self.assertEqual(answers.mapped("email_to"), ["ann@example.com"])
        self.assertFalse(answers.recipient_ids)
        self.assertEqual(ast.literal_eval(answers.headers)["Auto-Submitted"], "auto-replied")
        told = answers.mail_message_id.notification_ids.filtered(lambda note: note.notification_type == "email")
        self.assertFalse(told.res_partner_id, "nobody else is said to have it")

    def test_other_notices_are_not_redirected_to_the_sender(self):
        """An answer's action may set off more: what that tells colleagues is not for the sender."""
        original = type(self.env["ir.actions.server"]).run

        def run(action):
            record = self.env[action.env.context["active_model"]].browse(action.env.context["active_id"])
            record.with_env(action.env).message_notify(
                body="internal", subject="Only for us", partner_ids=self.other.partner_id.ids)
            return original(action)

        self.patch(type(self.env["ir.actions.server"]), "run", run)
        self.receive(build_mail())
        internal = self.env["mail.mail"].search([("subject", "=", "Only for us")])
        self.assertEqual(internal.recipient_ids, self.other.partner_id)
        self.assertFalse(internal.email_to)
        self.assertEqual(self.answers().email_to, "ann@example.com")

    def test_the_answer_belongs_to_the_type_of_the_folder(self):
        with self.assertRaises(ValidationError):
            self.folder.model_id = self.env["ir.model"]._get("message.conversation")

    def test_a_channel_without_an_answer_is_silent(self):
        self.folder.answer_action_id = False
        self.receive(build_mail())
        self.assertFalse(self.answers())
