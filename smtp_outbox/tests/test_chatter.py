from .common import OutboxCase


class TestChatter(OutboxCase):
    """Chatter's icons and the mails behind them tell what the outbox knows, once, at the end."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.partners = cls.env["res.partner"].create([
            {"name": name.title(), "email": f"{name}@example.com"} for name in ("ann", "bob", "cid")])
        cls.document = cls.env["res.partner"].create({"name": "Document"})

    def post(self, partners=None, **values):
        """Post a message that is mailed to contacts; returns it."""
        return self.document.message_post(
            body="Hello, this is the news.", subject="News", message_type="comment", subtype_xmlid="mail.mt_comment",
            partner_ids=(partners or self.partners).ids, **values)

    def icons(self, message):
        """Return {name: status of the icon}."""
        return {one.res_partner_id.name: one.notification_status for one in message.notification_ids}

    def test_all_arrived(self):
        message = self.post()
        self.assertEqual(set(self.icons(message).values()), {"ready"})
        self.send_queue()
        self.assertEqual(self.icons(message), {"Ann": "sent", "Bob": "sent", "Cid": "sent"})
        self.assertFalse(message.mail_ids, "core deletes what it notified of, and so it does now")
        history = self.env["message.history"].search([("mail_message_id", "=", message.id)])
        self.assertEqual((history.state, history.recipient_count), ("sent", 3))
        self.assertEqual((history.model, history.res_id), ("res.partner", self.document.id))
        self.assertTrue(history.conversation_id)

    def test_each_icon_has_its_own_cause(self):
        self.smtp.answers |= {"bob": (550, "5.1.1 no such user"), "cid": (550, "5.7.1 not from you")}
        message = self.post()
        self.send_queue()
        self.assertEqual(self.icons(message), {"Ann": "sent", "Bob": "exception", "Cid": "exception"})
        causes = {one.res_partner_id.name: one.failure_reason for one in message.notification_ids}
        self.assertIn("no such user", causes["Bob"])
        self.assertIn("not from you", causes["Cid"])

    def test_nothing_is_told_before_all_are_final(self):
        self.smtp.answers["bob"] = (451, "4.7.1 come again")
        message = self.post()
        self.send_queue()
        self.assertEqual(set(self.icons(message).values()), {"ready"})
        self.smtp.answers.clear()
        self.make_due()
        self.send_queue()
        self.assertEqual(set(self.icons(message).values()), {"sent"})
        self.assertEqual(self.smtp.arrived(), {f"{name}@example.com": 1 for name in ("ann", "bob", "cid")})

    def test_postprocessing_runs_once(self):
        self.smtp.answers["bob"] = (451, "4.7.1 come again")
        calls = []
        model = type(self.env["mail.mail"])
        origin = model._postprocess_sent_message

        def note(mails, *args, **kwargs):
            calls.append(mails.ids)
            return origin(mails, *args, **kwargs)

        self.patch(model, "_postprocess_sent_message", note)
        message = self.post()
        mails = message.mail_ids.ids
        self.send_queue()
        self.assertFalse(calls)
        self.smtp.answers.clear()
        self.make_due()
        self.send_queue()
        self.settle()
        self.assertEqual(calls, [mails])

    def test_a_deleted_message_is_not_sent(self):
        message = self.post()
        self.expand()
        message.unlink()
        self.assertEqual(self.send_queue(), 0)
        self.assertFalse(self.smtp.taken)

    def test_many_are_handed_over_together_and_see_nobody_else(self):
        many = self.env["res.partner"].create([
            {"name": f"Reader {number}", "email": f"reader{number}@example.com"} for number in range(250)])
        self.env["ir.config_parameter"].sudo().set_param("mail.batch_size", "1000")
        message = self.post(many)
        self.send_queue()
        self.assertEqual(len(self.smtp.taken), 3, "100, 100 and 50")
        self.assertEqual(len(self.smtp.arrived()), 250)
        for _sender, _recipients, mail in self.smtp.taken:
            self.assertNotIn("@", str(mail["To"]))
            self.assertNotIn("reader", mail.as_string())
            self.assertFalse(mail["Bcc"])
        history = self.env["message.history"].search([("mail_message_id", "=", message.id)])
        self.assertEqual((history.recipient_count, history.arrived_count, history.progress), (250, 250, 100.0))
        self.assertEqual(set(self.icons(message).values()), {"sent"})

    def test_few_get_a_mail_with_their_own_name(self):
        self.post()
        self.send_queue()
        # core adds the others, who may be answered, behind the own name
        self.assertEqual(sorted(str(mail["To"]).split(",")[0] for _s, _r, mail in self.smtp.taken),
                         ["Ann <ann@example.com>", "Bob <bob@example.com>", "Cid <cid@example.com>"])

    def test_copies_share_their_attachments(self):
        attachment = self.env["ir.attachment"].create({"name": "plan.bin", "raw": bytes(range(256)) * 400})
        message = self.post(attachment_ids=attachment.ids)
        self.expand()
        history = self.env["message.history"].search([("mail_message_id", "=", message.id)])
        variants = self.env["message.variant"].search([("history_id", "=", history.id)])
        self.assertEqual(len(variants), 2, "the first copy is the original")
        self.assertTrue(all(variant.shared > 100000 for variant in variants))
        self.send_queue()
        for _sender, _recipients, mail in self.smtp.taken:
            (found,) = [part.get_content() for part in mail.iter_attachments()]
            self.assertEqual(found, bytes(range(256)) * 400)

    def test_a_message_can_be_taken_back_for_a_while(self):
        self.channel.take_back_seconds = 30
        message = self.post()
        self.assertEqual(self.send_queue(), 0)
        history = self.env["message.history"].search([("mail_message_id", "=", message.id)])
        self.assertTrue(history.can_cancel)
        history.with_user(self.manager).action_cancel()
        self.make_due()
        self.assertEqual(self.send_queue(), 0)
        self.assertFalse(self.smtp.taken)
        self.assertEqual(history.state, "cancelled")
        self.assertEqual(set(self.icons(message).values()), {"canceled"})

    def test_then_it_is_sent(self):
        self.channel.take_back_seconds = 30
        message = self.post()
        self.send_queue()
        self.make_due()
        self.send_queue()
        self.assertEqual(set(self.icons(message).values()), {"sent"})
