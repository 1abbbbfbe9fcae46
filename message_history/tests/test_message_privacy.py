import io
import json
import zipfile

from odoo.exceptions import AccessError, UserError
from odoo.tests import TransactionCase, tagged

from .common_views import MessageScene

PERSON = "Clarissa <clarissa@person.example>"
#: What stands in the messages below and must be nowhere after an erasure.
SECRETS = ("clarissa@person.example", "Clarissa", "Lumbago", "hidden pain")


@tagged("post_install", "-at_install")
class TestMessagePrivacy(MessageScene, TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.set_scene()
        cls.written = cls.receive(1, sender=PERSON, subject="Lumbago", text="It is a hidden pain.")
        cls.answered = cls.receive(2, sender=PERSON, subject="Re: Lumbago", text="A hidden pain still.",
                                   References="<1@customer.example>")
        cls.copied = cls.receive(3, sender="Bob <bob@customer.example>", subject="Offer for two",
                                 to="info@lamps.example, Clarissa <clarissa@person.example>")
        cls.other = cls.receive(4, sender="Joan <joclarissa@person.example>", subject="Not hers")
        cls.failed = cls.receive(5, channel=cls.lost_channel, sender=PERSON, subject="Lumbago again")

    def _look_up(self, user=None, **values):
        wizard = self.env["message.privacy"].with_user(user or self.manager).create(
            {"address": "Clarissa <Clarissa@Person.example>", **values})
        wizard.action_look_up()
        return wizard

    def _found(self, wizard):
        return self.env["message.history"].browse(wizard._find_scope_ids())

    def test_finds_by_address_alone_and_whole(self):
        wizard = self._look_up()
        self.assertEqual(self._found(wizard), self.written + self.answered + self.copied + self.failed)
        self.assertRecordValues(wizard, [{
            "address": "clarissa@person.example", "sent_count": 3, "received_count": 1,
            "original_count": 4, "busy_count": 0, "found": True}])
        wizard.scope = "sent"
        self.assertEqual(self._found(wizard), self.written + self.answered + self.failed)

    def test_finds_by_contact(self):
        by_contact = self.receive(6, sender="Clarissa <clarissa@person.example>")
        by_contact.sender_address = "c.jansen@old.example"
        self.assertTrue(by_contact.partner_id)
        wizard = self._look_up(partner_id=by_contact.partner_id.id, address="clarissa@person.example")
        self.assertIn(by_contact, self._found(wizard))

    def test_finds_recipients_of_outgoing_messages(self):
        sent = self.env["message.history"].create({
            "channel_id": self.channel.id, "direction": "out", "state": "sent", "external_id": "out/1",
            "delivery_ids": [(0, 0, {"channel_id": self.channel.id, "address": "Clarissa@Person.example"})]})
        self.assertIn(sent, self._found(self._look_up()))

    def test_finds_recipients_that_the_ledger_clipped(self):
        message = self.receive(7, sender="Bob <bob@customer.example>", subject="To hundreds",
                               to="info@lamps.example, clarissa@person.example")
        message.recipients = "info@lamps.example"
        self.assertTrue(message.mail_message_id)
        self.assertIn(message, self._found(self._look_up()))

    def test_shows_the_messages(self):
        wizard = self._look_up()
        action = wizard.action_view_messages()
        self.assertEqual(self.env[action["res_model"]].search_count(action["domain"]), 4)

    def test_needs_an_address(self):
        for address in (False, "", " ", "x"):
            with self.assertRaises(UserError):
                self.env["message.privacy"].create({"address": address}).action_look_up()

    def test_only_managers(self):
        for user in (self.clerk, self.employee):
            with self.assertRaises(AccessError):
                self.env["message.privacy"].with_user(user).create({"address": "clarissa@person.example"})
        wizard = self._look_up()
        for method in ("action_look_up", "action_view_messages", "action_export", "action_erase"):
            with self.assertRaises(AccessError):
                getattr(wizard.with_user(self.clerk), method)()

    def test_export(self):
        self.env["message.raw"]._drop(self.answered.ids)
        buffer = io.BytesIO()
        self._look_up()._write_archive(buffer)
        with zipfile.ZipFile(buffer) as archive:
            entries = {entry["subject"]: entry for entry in json.loads(archive.read("messages.json"))}
            self.assertEqual(set(entries), {"Lumbago", "Re: Lumbago", "Offer for two", "Lumbago again"})
            self.assertEqual(entries["Lumbago"]["text"].strip(), "It is a hidden pain.")
            self.assertIsNone(entries["Re: Lumbago"]["original"])
            original = archive.read(entries["Lumbago"]["original"])
            self.assertEqual(original, self.env["message.raw"]._read(self.written.ids)[self.written.id])
            self.assertEqual(len(archive.namelist()), 5)
            self.assertEqual(json.loads(archive.read("drafts.json")), [])

    def _leave_traces(self):
        """Have the person in whatever hangs on messages: a failed attempt, a link, a draft, trusted pictures."""
        delivery = self.env["message.delivery"].create({
            "history_id": self.answered.id, "channel_id": self.channel.id, "address": "clarissa@person.example",
            "state": "refused", "attempt_date": "2026-01-01", "server_reply": "550 clarissa@person.example unknown"})
        self.env.flush_all()
        self.env["message.attempt"]._note(self.answered.ids)
        self.env["ir.attachment"].create({
            "name": "clarissa.pdf", "raw": b"hers", "res_model": "message.history", "res_id": self.answered.id})
        drafts = self.env["message.draft"].with_user(self.manager)
        drafts.store({"mode": "new", "subject": "Dear", "body": "<p>Your hidden pain</p>",
                      "recipients": [{"name": "Clarissa", "address": "clarissa@person.example"}]})
        drafts.store({"mode": "new", "subject": "To somebody else", "body": "<p>Hello</p>",
                      "recipients": [{"name": "Joan", "address": "joan.clarissa@person.example"}]})
        self.env["message.picture.sender"].with_user(self.manager).trust("clarissa@person.example")
        return delivery

    def test_export_of_what_hangs_on_messages(self):
        self._leave_traces()
        buffer = io.BytesIO()
        self._look_up()._write_archive(buffer)
        with zipfile.ZipFile(buffer) as archive:
            draft, = json.loads(archive.read("drafts.json"))
            self.assertEqual((draft["subject"], draft["user"]), ("Dear", self.manager.name))
            replies = [attempt["server_reply"] for entry in json.loads(archive.read("messages.json"))
                       for delivery in entry["deliveries"] for attempt in delivery["attempts"]]
            self.assertEqual(replies, ["550 clarissa@person.example unknown"])

    def test_erase_what_hangs_on_messages(self):
        for mode in ("content", "rows"):
            with self.subTest(mode=mode), self.env.cr.savepoint() as savepoint:
                self._leave_traces()
                self._erase(erase_mode=mode)
                self.env.flush_all()
                for table in ("message_attempt", "message_delivery", "message_picture_sender"):
                    self.env.cr.execute(f"SELECT t::text FROM {table} t")
                    self.assertNotIn("clarissa@person", str(self.env.cr.fetchall()), table)
                self.assertFalse(self.env["ir.attachment"].search(
                    [("res_model", "=", "message.history"), ("res_id", "=", self.answered.id)]))
                self.assertEqual(self.env["message.draft"].search([]).mapped("subject"), ["To somebody else"])
                savepoint.rollback()
                self.env.invalidate_all()

    def _assert_gone(self, *secrets):
        """Look into the tables themselves: what is erased is in no column."""
        self.env.flush_all()
        for table in ("message_history", "message_conversation", "message_delivery", "message_answer",
                      "message_sender_rule", "message_raw"):
            self.env.cr.execute(f"SELECT t::text FROM {table} t")
            rows = " ".join(row for (row,) in self.env.cr.fetchall())
            for secret in secrets:
                self.assertNotIn(secret, rows, table)
                self.assertNotIn(secret.encode().hex(), rows, table)

    def _erase(self, **values):
        self.env["message.sender.rule"].create({"pattern": "clarissa@person.example"})
        self.env["message.answer"].create(
            {"folder_id": self.channel.folder_ids.id, "address": "clarissa@person.example", "period": 1})
        wizard = self._look_up(**values)
        wizard.confirmation = "clarissa@person.example"
        wizard.action_erase()
        self.assertTrue(wizard.result)
        self.assertFalse(wizard.found)

    def test_erase_the_content(self):
        conversation = self.written.conversation_id
        self.other.sender_address = "joan@customer.example"  # else her address contains the other
        self.env["message.raw"]._drop(self.other.ids)
        self._erase()
        self._assert_gone(*SECRETS)
        self.assertRecordValues(self.written + self.failed, [
            {"state": "processed", "sender_address": False, "subject": False, "external_id": "INBOX/1/1"},
            {"state": "ignored", "sender_address": False, "subject": False, "external_id": "INBOX/1/5"}])
        self.assertRecordValues(conversation, [{
            "subject": False, "preview": False, "sender": False, "partner_id": False, "history_count": 2}])
        self.assertEqual(self.other.subject, "Not hers")
        self.assertFalse(self._found(self._look_up()))

    def test_notices_on_the_channel_go_too(self):
        notice = self.channel.message_post(body="A message of clarissa@person.example was given up")
        activity = self.channel.activity_schedule(
            "mail.mail_activity_data_todo", summary="clarissa@person.example", user_id=self.manager.id)
        other = self.channel.message_post(body="All is well again.")
        self._erase()
        self.assertFalse(notice.exists())
        self.assertFalse(activity.exists())
        self.assertTrue(other.exists())

    def test_what_is_erased_does_not_come_in_again(self):
        for mode in ("content", "rows"):
            self._erase(erase_mode=mode)
            again = self.receive(
                1, process=False, sender=PERSON, subject="Lumbago", text="It is a hidden pain.")
            self.assertFalse(again)

    def test_remove_the_rows(self):
        ids = (self.written + self.answered + self.copied + self.failed).ids
        conversations = self.written.conversation_id + self.failed.conversation_id
        self._erase(erase_mode="rows")
        self.assertFalse(self.env["message.history"].browse(ids).exists())
        self.assertFalse(conversations.exists())
        self.assertFalse(self.env["message.raw"]._read(ids))
        self.assertTrue(self.other.exists())

    def test_a_conversation_keeps_what_others_wrote(self):
        reply = self.receive(8, sender="Bob <bob@customer.example>", subject="Thanks from Bob",
                             text="Bob was here", References="<1@customer.example>")
        self.assertEqual(reply.conversation_id, self.written.conversation_id)
        self._erase(scope="sent")
        self.assertRecordValues(reply.conversation_id, [{
            "subject": "Thanks from Bob", "preview": "Bob was here", "sender": "Bob", "history_count": 3}])
        self.assertEqual(self.copied.subject, "Offer for two")

    def test_what_is_under_way_is_left_and_counted(self):
        waiting = self.receive(9, process=False, sender=PERSON)
        waiting.write({"sender_address": "clarissa@person.example"})
        wizard = self._look_up()
        self.assertEqual(wizard.busy_count, 1)
        wizard.confirmation = "clarissa@person.example"
        wizard.action_erase()
        self.assertTrue(self.env["message.raw"]._read(waiting.ids))

    def test_erasing_needs_the_address_typed(self):
        wizard = self._look_up()
        for typed in (False, "", "bob@customer.example"):
            wizard.confirmation = typed
            with self.assertRaises(UserError):
                wizard.action_erase()
        self.assertEqual(self.written.subject, "Lumbago")
