from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, TransactionCase, tagged

from .common_views import MessageScene


@tagged("post_install", "-at_install")
class TestMessageLink(MessageScene, TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.set_scene()
        cls.document = cls.env["res.partner"].create({"name": "The right document"})
        cls.failed = cls.receive(1, channel=cls.lost_channel, subject="Where do I belong?")

    def _wizard(self, messages, user=None, **values):
        action = messages.with_user(user or self.clerk).action_put_on_document()
        wizards = self.env["message.link"].with_user(user or self.clerk)
        return wizards.with_context(**action["context"]).create(values)

    def test_on_a_document_that_exists(self):
        self.assertEqual(self.failed.state, "failed")
        wizard = self._wizard(self.failed, document=f"res.partner,{self.document.id}")
        action = wizard.action_apply()
        self.assertEqual((action["res_model"], action["res_id"]), ("res.partner", self.document.id))
        self.assertRecordValues(self.failed, [{
            "state": "processed", "model": "res.partner", "res_id": self.document.id,
            "failure_type": False, "next_attempt": False}])
        posted = self.document.message_ids.filtered(lambda message: message.message_type == "email")
        self.assertEqual(len(posted), 1)
        self.assertIn("Hello", posted.body)
        self.assertEqual(self.failed.mail_message_id, posted)

    def test_an_answer_follows_its_message_to_the_document(self):
        self._wizard(self.failed, document=f"res.partner,{self.document.id}").action_apply()
        answer = self.receive(2, channel=self.lost_channel, subject="Re: Where do I belong?",
                              In_Reply_To="<1@customer.example>")
        self.assertEqual((answer.state, answer.res_id), ("processed", self.document.id))

    def test_a_new_document(self):
        wizard = self._wizard(self.failed, mode="new", new_model="res.partner")
        action = wizard.action_apply()
        self.assertEqual(action["res_id"], self.failed.res_id)
        self.assertTrue(self.env["res.partner"].browse(self.failed.res_id).exists())
        self.assertEqual(self.failed.state, "processed")

    def test_what_a_client_puts_into_the_context_is_no_value_of_the_document(self):
        """It is made as superuser; Odoo leaves a context's defaults behind where one becomes it."""
        system = self.env.ref("base.group_system").id
        wizard = self._wizard(self.failed, mode="new", new_model="res.partner").with_context(
            default_ref="evil", default_company_id=987654, default_user_ids=[(0, 0, {
                "login": "evil", "name": "evil", "group_ids": [(4, system)]})],
            message_gateway_slim_fields=True, tracking_disable=True)
        wizard.action_apply()
        made = self.env["res.partner"].browse(self.failed.res_id)
        self.assertEqual((made.ref, made.user_ids), (False, self.env["res.users"]))
        self.assertFalse(self.env["res.users"].search([("login", "=", "evil")]))

    def test_several_on_one_new_document_or_on_one_each(self):
        for together in (True, False):
            messages = self.failed.browse()
            for number in range(3):
                messages |= self.receive(100 * together + 10 + number, channel=self.lost_channel,
                                         sender=f"{number} <{together}{number}@customer.example>")
            self._wizard(messages, mode="new", new_model="res.partner", together=together).action_apply()
            self.assertEqual(len(set(messages.mapped("res_id"))), 1 if together else 3)
            self.assertEqual(set(messages.mapped("state")), {"processed"})

    def test_the_form_offers_what_the_user_may_use(self):
        wizards = self.env["message.link"].with_user(self.clerk)
        existing = [name for name, _label in wizards._selection_existing()]
        self.assertIn("res.partner", existing)
        self.assertNotIn("message.conversation", existing)
        self.assertNotIn("mail.blacklist", existing)
        self.assertFalse([name for name, _label in wizards.with_user(self.stranger)._selection_new()
                          if name == "res.partner"])
        with Form(wizards.with_context(default_history_ids=self.failed.ids)) as form:
            form.mode = "new"
            form.new_model = "res.partner"
        form.save().action_apply()
        self.assertEqual(self.failed.state, "processed")

    def test_nothing_chosen(self):
        for values in ({}, {"mode": "new"}):
            with self.assertRaises(UserError):
                self._wizard(self.failed, **values).action_apply()
        self.assertEqual(self.failed.state, "failed")

    def test_the_document_must_be_writable(self):
        self.lost_channel.member_ids = [(4, self.stranger.id)]
        wizard = self._wizard(self.failed, self.stranger)
        wizard.sudo().document = f"res.partner,{self.document.id}"
        with self.assertRaises(AccessError):
            wizard.action_apply()
        self.assertEqual(self.failed.state, "failed")

    def test_messages_of_other_channels_are_out_of_reach(self):
        with self.assertRaises(AccessError):
            self.failed.with_user(self.stranger).action_put_on_document()
        wizard = self.env["message.link"].with_user(self.stranger).sudo().create({
            "history_ids": [(6, 0, self.failed.ids)], "document": f"res.partner,{self.document.id}"})
        with self.assertRaises(UserError):
            wizard.with_user(self.stranger).sudo(False).action_apply()
        self.assertEqual(self.failed.state, "failed")

    def test_an_original_that_is_gone_is_said_so(self):
        self.env["message.raw"]._drop(self.failed.ids)
        wizard = self._wizard(self.failed, document=f"res.partner,{self.document.id}")
        with self.assertRaises(UserError):
            wizard.action_apply()
        self.assertEqual(self.failed.state, "failed")
