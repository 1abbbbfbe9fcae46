import os
import tempfile

from ..lib.transport import IncomingMessage
from .common import MessageCase, build_mail


class TestIntake(MessageCase):
    """Raw messages become rows, whatever is in them, and no message twice."""

    def store(self, *messages, **options):
        return self.env["message.intake"]._store_chunk(self.channel, messages, self.folder, **options)

    def incoming(self, raw, external_id="INBOX/1/1", **values):
        return IncomingMessage(external_id, raw, len(raw), **values)

    # Content ----------------------------------------------------------------------------------

    def test_the_original_is_kept_byte_by_byte(self):
        raw = build_mail() + bytes(range(256))
        message = self.receive(raw)
        self.assertEqual(self.env["message.raw"]._read(message.ids), {message.id: raw})
        self.assertEqual(message.size, len(raw))

    def test_a_large_original_goes_to_the_file_store(self):
        raw = build_mail("x" * 70 + "\r\n" + ("y" * 70 + "\r\n") * 5000)
        message = self.receive(raw)
        self.env.cr.execute("SELECT content, store_name FROM message_raw WHERE history_id = %s", [message.id])
        content, name = self.env.cr.fetchone()
        self.assertTrue(content is None and name)
        self.addCleanup(self.env["message.raw"]._store().remove, name)
        self.assertEqual(self.env["message.raw"]._read(message.ids), {message.id: raw})
        self.assertState(message, "processed")

    def test_a_file_of_the_transport_is_taken_over(self):
        store = self.env["message.raw"]._store()
        path = os.path.join(self.tmp_dir(), "spooled.eml")
        raw = build_mail()
        with open(path, "wb") as handle:
            handle.write(raw)
        stored = self.store(IncomingMessage("INBOX/1/1", None, len(raw), path=path))
        self.assertEqual(self.env["message.raw"]._read(stored.new_ids), {stored.new_ids[0]: raw})
        self.assertFalse(os.path.exists(path))
        self.env.cr.execute("SELECT store_name FROM message_raw WHERE history_id = %s", stored.new_ids)
        store.remove(self.env.cr.fetchone()[0])

    def tmp_dir(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        return folder.name

    def test_nul_surrogates_and_endless_ids_harm_nobody(self):
        bad = [
            build_mail("before\x00after", subject="N\u0000L"),
            build_mail().replace(b"Subject: A question", b"Subject: \xed\xa0\x80 \xff\xfe lone surrogates"),
            build_mail(message_id=f"<{'x' * 3000}@example.com>"),
            build_mail().replace(b"Message-ID: <", b"Message-ID: <\x00"),
            b"\x00" * 100, b"\xff" * 5000, b"From: nobody", b"\r\n\r\n",
        ]
        self.store(self.incoming(b"", "nothing"))  # no server hands that over, but a mail gate may
        messages = self.ledger() | self.receive(*bad, build_mail(subject="A good one"))
        self.assertEqual(len(messages), len(bad) + 2)
        self.assertState(messages[1:5] | messages[-1], "processed")
        self.assertFalse(messages.filtered(lambda message: message.state in ("received", "failed", "given_up")))
        self.assertEqual(self.document(messages[-1]).name, "A good one")

    def test_a_reply_finds_the_mail_with_an_endless_id(self):
        endless = f"<{'x' * 3000}@example.com>"
        first = self.receive(build_mail(message_id="<short@x>").replace(b"<short@x>", endless.encode()))
        reply = self.receive(build_mail(references="<short@x>").replace(b"<short@x>", endless.encode()))
        self.assertEqual(reply.conversation_id, first.conversation_id)

    # The same message -------------------------------------------------------------------------

    def test_the_same_external_id_never_enters_twice(self):
        message = self.incoming(build_mail())
        self.assertEqual(len(self.store(message).new_ids), 1)
        again = self.store(message, self.incoming(build_mail(), "INBOX/1/2"))
        self.assertEqual((len(again.new_ids), again.known), (1, 1))

    def test_the_same_external_id_on_two_channels_is_two_messages(self):
        other, _server = self.make_channel("Sales")
        message = self.incoming(build_mail())
        self.store(message)
        stored = self.env["message.intake"]._store_chunk(other, [message], other.folder_ids)
        self.assertEqual(len(stored.new_ids), 1)

    def test_external_ids_of_any_length_and_alphabet(self):
        odd = ["x" * 5000, "x" * 5001, "a\x00b", "caf\udce9", "Entwürfe/7/1"]
        stored = self.store(*(self.incoming(build_mail(), odd_id) for odd_id in odd))
        self.assertEqual(len(stored.new_ids), len(odd))
        known = self.env["message.intake"]._known_external_ids(self.channel, [*odd, "new"])
        self.assertEqual(known, set(odd))

    def test_a_mail_moved_to_another_watched_folder_is_known(self):
        raw = build_mail()
        first = {"folder": "INBOX", "uidvalidity": 1, "uid": 7}
        moved = {"folder": "Done", "uidvalidity": 3, "uid": 1}
        done = self.folder.copy({"name": "Done"})
        stored = self.store(self.incoming(raw, "INBOX/1/7", names=first))
        again = self.env["message.intake"]._store_chunk(
            self.channel, [self.incoming(raw, "Done/3/1", names=moved)], done)
        self.assertFalse(again.new_ids)
        message = self.env["message.history"].browse(stored.new_ids)
        self.assertEqual((message.external_id, message.names, message.folder_id), ("Done/3/1", moved, done))
        back = self.store(self.incoming(raw, "INBOX/1/7", names=first))
        self.assertFalse(back.new_ids, "the old name is remembered")

    def test_a_new_numbering_brings_nothing_twice(self):
        self.receive(*(build_mail(subject=f"Mail {number}") for number in range(5)))
        self.server.uidvalidity += 1
        report = self.fetch()
        self.assertEqual((report.received, report.known), (0, 5))
        self.assertEqual({message.names["uidvalidity"] for message in self.ledger()}, {2})
        self.assertEqual(len(self.receive(build_mail())), 1)

    def test_two_equal_mails_in_one_folder_stay_two(self):
        raw = build_mail()
        self.assertEqual(len(self.receive(raw, raw)), 2)

    def test_two_equal_mails_of_a_mailbox_without_folders_stay_two(self):
        raw = build_mail()
        stored = [self.store(self.incoming(raw, uidl, names={"uidl": uidl})) for uidl in ("a1", "b2")]
        self.assertEqual([len(one.new_ids) for one in stored], [1, 1])

    def test_a_numbering_that_began_anew_brings_nothing_twice(self):
        raw = build_mail()
        self.store(self.incoming(raw, "INBOX/1/7", names={"folder": "INBOX", "uidvalidity": 1, "uid": 7}))
        again = self.store(self.incoming(
            raw, "INBOX/1+1/1", names={"folder": "INBOX", "uidvalidity": 1, "uid": 1}, relocated=True))
        self.assertFalse(again.new_ids)

    def test_the_ids_of_pruned_rows_are_kept(self):
        message = self.receive(build_mail())
        self.env["message.history"]._forget(message.ids)
        self.assertFalse(self.ledger())
        report = self.fetch(reconcile=True)
        self.assertEqual((report.received, report.known), (0, 1))

    # Size and direction -------------------------------------------------------------------------

    def test_what_is_too_large_is_held_and_fetched_on_demand(self):
        self.channel.max_message_mb = 1
        raw = build_mail(attachments=[("plan.pdf", os.urandom(1024 * 1024))])
        message = self.receive(raw)
        self.assertState(message, "held")
        self.assertEqual((message.failure_type, message.truncated), ("too_large", True))
        self.assertIn("Too large", message.state_reason)
        message.with_user(self.member).action_fetch_anyway()
        self.assertFalse(self.fetch().error)
        self.work()
        self.assertState(message, "processed")
        self.assertFalse(message.truncated)
        self.assertEqual(message.attachment_count, 1)
        self.assertIn("plan.pdf", self.document(message).message_ids.attachment_ids.mapped("name"))

    def test_a_folder_with_sent_mail_is_recorded_as_outgoing(self):
        self.folder.copy({"name": "Sent", "role": "sent", "model_id": False})
        self.server.folders["Sent"] = {}
        partners = self.env["res.partner"].search_count([])
        message = self.receive(build_mail(sender="office@example.net", to="ann@example.com"), folder="Sent")
        self.assertEqual((message.direction, message.state, message.recipients), ("out", "sent", "ann@example.com"))
        self.assertEqual(self.env["res.partner"].search_count([]), partners)
        self.assertIn("Sent", message.state_reason)

    def test_the_workers_are_woken(self):
        crons = self.env["message.worker"]._scheduled_actions()
        self.assertGreaterEqual(len(crons), 4, "and those of addons that send")
        triggers = self.env["ir.cron.trigger"].search_count([("cron_id", "in", [cron.id for cron in crons])])
        self.store(self.incoming(build_mail()))
        self.assertGreater(
            self.env["ir.cron.trigger"].search_count([("cron_id", "in", [cron.id for cron in crons])]), triggers)
