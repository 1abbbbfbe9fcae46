from base64 import b64encode
from datetime import timedelta
from email import message_from_bytes, policy

from odoo import fields
from odoo.addons.message_history.lib.transport import IncomingMessage
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user

from .common import OutboxCase

QUESTION = """\
From: Clara Jansen <clara@customer.example>
To: info@example.net, Bob <bob@customer.example>
Cc: carol@customer.example
Reply-To: Orders <orders@customer.example>
Subject: AW: Offer for 40 lamps
Message-ID: <{number}@customer.example>
Date: Fri, 20 Nov 2026 10:00:00 +0000
Content-Type: text/plain; charset=utf-8

How much are 40 lamps?
"""


class DraftCase(OutboxCase):
    """A mailbox whose messages stay in the inbox, and two clerks who answer them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.colleague = new_test_user(cls.env, "desk_colleague", groups="message_history.group_user",
                                      email="colleague@example.net")
        cls.stranger = new_test_user(cls.env, "desk_stranger", groups="message_history.group_user")
        cls.server.from_filter = "example.net"
        cls.mailbox = cls.env["message.channel"].create({
            "name": "Inquiries", "channel_type": "local", "address": "info@example.net",
            "member_ids": [(6, 0, (cls.clerk + cls.colleague).ids)],
            "folder_ids": [(0, 0, {"name": "INBOX", "without_document": "inbox"})]})

    def receive(self, number, raw=QUESTION, model=None):
        """Let a mail come in; returns its row of the ledger."""
        self.mailbox.folder_ids.model_id = self.env["ir.model"]._get_id(model) if model else False
        content = raw.format(number=number).replace("\n", "\r\n").encode()
        stored = self.env["message.intake"]._store_chunk(
            self.mailbox, [IncomingMessage(f"INBOX/1/{number}", content, len(content),
                                           names={"folder": "INBOX", "uidvalidity": 1, "uid": number})],
            self.mailbox.folder_ids)
        self.env["message.dispatcher"]._dispatch_batch(stored.new_ids)
        self.env["message.conversation"]._settle()
        return self.env["message.history"].browse(stored.new_ids)

    def drafts(self, user=None):
        return self.env["message.draft"].with_user(user or self.clerk)

    def draft_for(self, conversation, mode="reply", body="<p>They are 900 euros.</p>", user=None, **values):
        """Return a stored draft, begun with what is suggested."""
        drafts = self.drafts(user)
        begun = drafts.open(conversation.id, mode)
        stored = drafts.store({**begun, "body": body, **values})
        return drafts.browse(stored["id"])

    def built(self, history):
        """Return what is sent, parsed."""
        with self.env["message.raw"]._opened(history.id) as content:
            return message_from_bytes(bytes(content), policy=policy.default)

    def send(self, draft, **options):
        outcome = draft.send(options)
        self.env.flush_all()
        return outcome, self.env["message.history"].browse(outcome.get("history_id"))


class TestMessageDraft(DraftCase):
    def test_what_an_answer_begins_with(self):
        conversation = self.receive(1).conversation_id
        begun = self.drafts().open(conversation.id, "reply")
        self.assertEqual(begun["subject"], "Re: Offer for 40 lamps")
        self.assertEqual([one["address"] for one in begun["recipients"]], ["orders@customer.example"], "Reply-To")
        self.assertEqual(begun["copies"], [])
        self.assertEqual(begun["senders"][0]["address"], "info@example.net")
        self.assertIsNone(begun["id"], "nothing is kept until something is written")

    def test_reply_all_honours_reply_to(self):
        conversation = self.receive(1).conversation_id
        begun = self.drafts().open(conversation.id, "reply_all")
        self.assertEqual([one["address"] for one in begun["recipients"]], ["orders@customer.example"])
        self.assertEqual([one["address"] for one in begun["copies"]],
                         ["bob@customer.example", "carol@customer.example"], "without our own address")

    def test_it_says_when_odoo_changes_the_sender(self):
        conversation = self.receive(1).conversation_id
        self.assertFalse(self.drafts().open(conversation.id, "reply")["senders"][0]["sent_as"])
        self.server.from_filter = "elsewhere.example"
        self.assertEqual(self.drafts().open(conversation.id, "reply")["senders"][0]["sent_as"],
                         self.alias_domain.default_from_email)

    def test_a_draft_is_kept_for_its_place(self):
        conversation, other = self.receive(1).conversation_id, self.receive(
            2, QUESTION.replace("40 lamps", "chairs")).conversation_id
        self.draft_for(conversation, body="<p>An answer</p>")
        self.draft_for(conversation, mode="note", body="<p>For us</p>")
        self.assertIn("An answer", self.drafts().open(conversation.id, "reply")["body"])
        self.assertIn("For us", self.drafts().open(conversation.id, "note")["body"])
        self.assertNotIn("answer", self.drafts().open(other.id, "reply")["body"])
        self.assertNotIn("answer", self.drafts(self.colleague).open(conversation.id, "reply")["body"])
        self.assertTrue(conversation.with_user(self.clerk).has_draft)
        self.assertFalse(conversation.with_user(self.colleague).has_draft)

    def test_a_draft_is_its_writers_alone(self):
        draft = self.draft_for(self.receive(1).conversation_id)
        with self.assertRaises(AccessError):
            draft.with_user(self.colleague).send({})
        with self.assertRaises(AccessError):
            self.drafts(self.stranger).open(draft.conversation_id.id, "reply")

    # Sending ------------------------------------------------------------------------------------

    def test_what_is_answered_brings_no_header_along(self):
        """Its Message-ID, subject and names, as encoded words with line breaks in them, also twice encoded."""
        word = f"=?utf-8?B?{b64encode(b'x' + bytes([13, 10]) + b'Bcc: evil@evil.example').decode()}?="
        twice = f"=?utf-8?B?{b64encode(word.encode()).decode()}?="
        for number, (old, new) in enumerate((
                ("<{number}@customer.example>", word), ("<{number}@customer.example>", f"<{word}>"),
                ("Clara Jansen", word), ("Clara Jansen", twice), ("Orders", twice), ("AW: Offer", twice),
                ("Subject:", f"References: <a@b.example> {word}\nSubject:")), 10):
            conversation = self.receive(number, QUESTION.replace(old, new)).conversation_id
            for mode in ("reply_all", "forward"):
                draft = self.draft_for(conversation, mode, recipients=[
                    {"name": word, "address": "ann@customer.example", "partner_id": None}])
                _outcome, history = self.send(draft, force=True)
                built = self.built(history)
                self.assertNotIn("bcc", [name.lower() for name, _value in built.items()], f"{new} {mode}")
                self.assertTrue(built.get_body().get_content(), f"{new} {mode}")

    def test_an_answer(self):
        question = self.receive(1)
        conversation = question.conversation_id
        outcome, history = self.send(self.draft_for(conversation, mode="reply_all"))
        self.assertEqual((outcome["sent"], outcome["seconds"]), (True, 10))
        self.assertEqual(history.conversation_id, conversation)
        self.assertEqual({one.address: one.state for one in history.delivery_ids}, {
            "orders@customer.example": "deferred", "bob@customer.example": "deferred",
            "carol@customer.example": "deferred"})
        built = self.built(history)
        self.assertEqual(built["From"].addresses[0].addr_spec, "info@example.net")
        self.assertEqual(built["Reply-To"].addresses[0].addr_spec, "info@example.net")
        self.assertEqual(built["To"], "Orders <orders@customer.example>")
        self.assertIn("carol@customer.example", built["Cc"])
        self.assertEqual(built["In-Reply-To"], "<1@customer.example>")
        self.assertEqual(built["References"].split()[0], "<1@customer.example>")
        html = built.get_body(("html",)).get_content()
        self.assertIn("They are 900 euros.", html)
        self.assertIn("How much are 40 lamps?", html, "what is answered goes below")
        conversation.invalidate_recordset()
        self.assertEqual((conversation.state, conversation.last_direction), ("waiting", "out"))
        self.assertEqual(conversation.channel_id, self.mailbox, "not the server that it went out by")
        self.assertTrue(history.is_answer)

    def test_it_arrives_after_the_time_to_take_it_back(self):
        conversation = self.receive(1).conversation_id
        _outcome, history = self.send(self.draft_for(conversation))
        self.assertEqual(self.send_queue(), 0)
        self.make_due()
        self.assertEqual(self.send_queue(), 1)
        self.assertEqual(history.state, "sent")
        self.env["message.conversation"]._settle()
        conversation.desk_change({"name": "reopen"})
        history.settled = False
        self.env["message.conversation"]._settle()
        conversation.invalidate_recordset()
        self.assertEqual(conversation.state, "open", "an answer ends it once, not at every news of its delivery")

    def test_send_now(self):
        draft = self.draft_for(self.receive(1).conversation_id)
        self.send(draft)
        draft.send_now()
        self.assertEqual(self.send_queue(), 1)

    def test_send_later(self):
        moment = fields.Datetime.now() + timedelta(days=3)
        draft = self.draft_for(self.receive(1).conversation_id)
        outcome, history = self.send(draft, at=fields.Datetime.to_string(moment))
        self.assertEqual((outcome["seconds"], outcome["text"]), (0, "Will be sent later"))
        self.assertEqual(history.delivery_ids.next_attempt, moment)
        self.assertGreater(history.delivery_ids.expires, moment)

    def test_send_and_done(self):
        conversation = self.receive(1).conversation_id
        self.send(self.draft_for(conversation), done=True)
        conversation.invalidate_recordset()
        self.assertEqual(conversation.state, "done")

    def test_attachments_and_forward(self):
        raw = QUESTION.replace("Content-Type: text/plain; charset=utf-8", (
            "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x")).replace(
            "How much are 40 lamps?\n",
            "--x\nContent-Type: text/plain\n\nThe plan\n--x\nContent-Type: application/pdf; name=plan.pdf\n"
            "Content-Disposition: attachment; filename=plan.pdf\nContent-Transfer-Encoding: base64\n\n"
            "JVBERg==\n--x--\n")
        conversation = self.receive(1, raw).conversation_id
        begun = self.drafts().open(conversation.id, "forward")
        self.assertEqual((begun["subject"], begun["recipients"]), ("Fwd: Offer for 40 lamps", []))
        draft = self.draft_for(conversation, mode="forward", body="<p>See below</p>",
                           recipients=[{"name": "", "address": "dave@partner.example"}])
        draft._attach("own.txt", b"mine")
        draft.add_original_files()
        _outcome, history = self.send(draft)
        built = self.built(history)
        self.assertEqual({part.get_filename() for part in built.iter_attachments()}, {"own.txt", "plan.pdf"})
        self.assertIn("Forwarded message", built.get_body(("html",)).get_content())
        self.assertEqual(history.conversation_id, conversation)

    def test_a_new_message(self):
        drafts = self.drafts()
        stored = drafts.store({"mode": "new", "sender_id": self.mailbox.id, "subject": "Hello", "body": "<p>Hi</p>",
                               "recipients": [{"name": "Eve", "address": "eve@customer.example"}]})
        outcome, history = self.send(drafts.browse(stored["id"]))
        self.assertEqual(history.subject, "Hello")
        self.assertTrue(history.conversation_id)
        self.assertEqual(outcome["conversation_id"], history.conversation_id.id)

    def test_on_the_document(self):
        question = self.receive(1, model="res.partner")
        document = self.env["res.partner"].browse(question.res_id)
        clerk = self.clerk
        clerk.group_ids += self.env.ref("base.group_partner_manager")
        known = self.env["res.partner"].create({"name": "Orders", "email": "orders@customer.example"})
        _outcome, history = self.send(self.draft_for(question.conversation_id))
        self.assertEqual((history.model, history.res_id), ("res.partner", document.id))
        message = history.mail_message_id
        self.assertIn("900 euros", str(message.body))
        self.assertNotIn("How much", str(message.body), "the chatter has the question already")
        self.assertEqual(message.notification_ids.res_partner_id, known)
        self.make_due()
        self.send_queue()
        self.assertEqual(message.notification_ids.notification_status, "sent")

    # What must not happen -------------------------------------------------------------------------

    def test_a_note_reaches_nobody_outside(self):
        conversation = self.receive(1).conversation_id
        before = self.env["message.delivery"].search_count([])
        draft = self.draft_for(conversation, mode="note", body="<p>Don't tell them</p>",
                           recipients=[{"name": "", "address": "orders@customer.example"}])
        draft._attach("secret.txt", b"secret")
        outcome = draft.send({})
        self.env.flush_all()
        self.assertTrue(outcome["sent"])
        self.assertEqual(self.send_queue(), 0)
        self.assertEqual(self.env["message.delivery"].search_count([]), before)
        self.assertFalse(self.env["mail.mail"].search([("body_html", "ilike", "tell them")]))
        note = conversation.message_ids[0]
        self.assertTrue(note.is_internal or note.subtype_id.internal)
        self.assertEqual(conversation.state, "open", "a note answers nothing")

    def test_the_second_answer_is_stopped(self):
        question = self.receive(1)
        conversation = question.conversation_id
        mine = self.draft_for(conversation)
        self.send(self.draft_for(conversation, user=self.colleague, body="<p>I was quicker</p>"),
                  last_message_id=question.id)
        outcome, _history = self.send(mine, last_message_id=question.id)
        self.assertNotIn("sent", outcome)
        self.assertEqual((outcome["collision"]["name"], outcome["collision"]["incoming"]), (self.colleague.name, False))
        self.assertEqual(mine.state, "draft")
        outcome, _history = self.send(mine, last_message_id=question.id, force=True)
        self.assertTrue(outcome["sent"])

    def test_news_stop_an_answer(self):
        question = self.receive(1)
        mine = self.draft_for(question.conversation_id)
        self.receive(2, QUESTION.replace("Date:", "In-Reply-To: <1@customer.example>\nDate:"))
        outcome, _history = self.send(mine, last_message_id=question.id)
        self.assertTrue(outcome["collision"]["incoming"])

    def test_incomplete(self):
        conversation = self.receive(1).conversation_id
        for values, words in (({"recipients": []}, "recipient"), ({"body": "", "quote": False}, "Write something"),
                              ({"recipients": [{"name": "", "address": "no address"}]}, "no address")):
            draft = self.draft_for(conversation, **values)
            with self.subTest(words), self.assertRaisesRegex(UserError, words):
                draft.send({})
            draft.discard()

    def test_nothing_goes_to_a_half_typed_recipient(self):
        """What the browser stored of an address that was not finished may look like one."""
        half = {"name": "", "address": "clara@customer.exam", "partner_id": None, "pending": True}
        conversation = self.receive(1).conversation_id
        whole = self.drafts().open(conversation.id, "reply")["recipients"]
        draft = self.draft_for(conversation, recipients=[*whole, half])
        self.assertEqual(draft._describe()["recipients"][-1], half, "it comes back to be finished")
        with self.assertRaisesRegex(UserError, "clara@customer.exam"):
            draft.send({})

    def test_umlauts_in_a_domain(self):
        draft = self.draft_for(self.receive(1).conversation_id, recipients=[
            {"name": "Jörg", "address": "J.Lang@Müller.example", "partner_id": None}])
        _outcome, history = self.send(draft)
        self.assertEqual(history.delivery_ids.mapped("address"), ["j.lang@xn--mller-kva.example"])

    def test_not_from_a_foreign_address(self):
        foreign = self.mailbox.copy({"name": "Board", "address": "board@example.net", "member_ids": False})
        conversation = self.receive(1).conversation_id
        with self.assertRaises(AccessError):
            self.draft_for(conversation, sender_id=foreign.id)
        draft = self.draft_for(conversation)
        draft.sudo().sender_id = foreign
        with self.assertRaisesRegex(UserError, "You can't send from Board"):
            draft.send({})

    # Taking back ----------------------------------------------------------------------------------

    def test_take_back(self):
        conversation = self.receive(1).conversation_id
        draft = self.draft_for(conversation)
        file = draft._attach("offer.txt", b"offer")
        _outcome, history = self.send(draft)
        message = history.mail_message_id
        described = draft.take_back()
        self.assertIn("900 euros", described["body"])
        self.assertEqual([one["id"] for one in described["attachments"]], [file["id"]])
        self.assertFalse((history.exists(), message.exists()) != (history.browse(), message.browse()))
        conversation.invalidate_recordset()
        self.assertEqual((conversation.state, conversation.history_count), ("open", 1))
        self.assertEqual(self.send_queue(), 0)
        outcome, _history = self.send(draft)
        self.assertTrue(outcome["sent"], "and it can be sent again, with its file")

    def test_take_back_a_new_message(self):
        drafts = self.drafts()
        stored = drafts.store({"mode": "new", "sender_id": self.mailbox.id, "subject": "Hello", "body": "<p>Hi</p>",
                               "recipients": [{"name": "Eve", "address": "eve@customer.example"}]})
        draft = drafts.browse(stored["id"])
        outcome, _history = self.send(draft)
        draft.take_back()
        self.assertFalse(self.env["message.conversation"].browse(outcome["conversation_id"]).exists())
        self.assertFalse(draft.conversation_id)

    def test_too_late(self):
        draft = self.draft_for(self.receive(1).conversation_id)
        self.send(draft)
        self.make_due()
        self.send_queue()
        with self.assertRaisesRegex(UserError, "too late"):
            draft.take_back()

    def test_a_reply_to_a_desk_answer_joins(self):
        conversation = self.receive(1).conversation_id
        _outcome, history = self.send(self.draft_for(conversation))
        self.mailbox.folder_ids.without_document = "fail"
        reply = self.receive(3, QUESTION.replace("Date:", f"In-Reply-To: {history.message_uid}\nDate:"))
        self.assertEqual((reply.state, reply.conversation_id), ("processed", conversation))

    def test_merged_drafts_are_kept(self):
        first, second = self.receive(1).conversation_id, self.receive(
            2, QUESTION.replace("40 lamps", "chairs")).conversation_id
        self.draft_for(first, body="<p>First</p>")
        other = self.draft_for(second, body="<p>Second</p>")
        (first + second).with_user(self.clerk).desk_merge()
        self.assertEqual((other.mode, other.conversation_id.id), ("new", False))
        self.assertIn("First", self.drafts().open(first.id, "reply")["body"])
