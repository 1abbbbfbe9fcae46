from ..lib.errors import ConnectionFailed, MessageRefused
from .common import MessageCase, build_mail


class TestRemoteActions(MessageCase):
    """What is done on a server afterwards is done to the ledger's own original, or not at all."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.folder.afterwards = "delete"

    def inbox(self):
        return list(self.server.folders["INBOX"].values())

    def replace(self, message, raw):
        """Give the number of a message on the server to another one."""
        self.server.folders["INBOX"][message.names["uid"]] = raw

    def assertStays(self, message, words):
        """It was left alone, once and for all, and its row says why."""
        message.invalidate_recordset()
        self.assertFalse(message.remote_action)
        self.assertIn(words, message.state_reason)
        self.assertEqual(message.state, "processed")

    # Another message in its place ---------------------------------------------------------------

    def test_another_message_under_its_number_is_received_and_not_deleted_unread(self):
        message = self.receive(build_mail(subject="First"))
        other = build_mail(subject="Second")
        self.replace(message, other)
        self.assertFalse(self.fetch().error)
        self.assertEqual(self.inbox(), [other])
        self.assertStays(message, "another message in its place")
        new = self.ledger() - message
        self.assertEqual((new.direction, new.folder_id), ("in", self.folder))
        self.assertEqual(new.names, {**message.names, "changed": True})
        self.work()
        self.assertState(new, "processed")
        self.assertEqual(new.subject, "Second")
        self.fetch()
        self.assertEqual(self.inbox(), [other], "a number that changed its meaning is not believed again")
        self.assertEqual(len(self.ledger()), 2)

    def test_another_message_that_the_ledger_has_makes_no_second_row(self):
        """The folder was made again with its numbers, in another order."""
        first, second = (self.receive(build_mail(subject=word), process=False) for word in ("First", "Second"))
        numbers = self.server.folders["INBOX"]
        one, two = first.names["uid"], second.names["uid"]
        numbers[one], numbers[two] = numbers[two], numbers[one]
        self.work()
        for _number in range(3):
            self.assertFalse(self.fetch().error)
        self.assertEqual(self.ledger(), first | second)
        self.assertState(first | second, "processed")

    def test_moving_is_as_careful(self):
        self.folder.write({"afterwards": "move", "afterwards_folder": "Done"})
        message = self.receive(build_mail(subject="First"))
        other = build_mail(subject="Second")
        self.replace(message, other)
        self.fetch()
        self.assertEqual(self.inbox(), [other])
        self.assertFalse(self.server.folders.get("Done"))
        self.work()
        self.fetch()
        self.assertEqual(self.inbox(), [other])
        self.assertEqual(len(self.ledger()), 2)

    def test_what_can_not_be_read_again_stays(self):
        message = self.receive(build_mail())
        self.replace(message, b"")
        self.assertFalse(self.fetch().error)
        self.assertStays(message, "could not hand it over whole again")
        self.assertEqual(self.inbox(), [b""])
        self.assertEqual(self.ledger(), message)

    # Without an original ------------------------------------------------------------------------

    def test_without_its_original_nothing_is_deleted(self):
        message = self.receive(build_mail())
        self.env["message.raw"]._drop(message.ids)
        self.assertFalse(self.fetch().error)
        self.assertStays(message, "no longer kept")
        self.assertEqual(len(self.inbox()), 1)

    def test_with_a_damaged_original_nothing_is_deleted(self):
        message = self.receive(build_mail())
        self.env.cr.execute("UPDATE message_raw SET content = 'x' WHERE history_id = %s", [message.id])
        self.fetch()
        self.assertStays(message, "no longer kept")
        self.assertEqual(len(self.inbox()), 1)

    def test_with_a_lost_file_nothing_is_deleted(self):
        message = self.receive(build_mail(attachments=[("plan.pdf", bytes(range(256)) * 2000)]))
        self.env.cr.execute("SELECT store_name FROM message_raw WHERE history_id = %s", [message.id])
        ((name,),) = self.env.cr.fetchall()
        store = self.env["message.raw"]._store()
        content = store.read(name)
        store.remove(name)
        self.fetch()
        self.assertStays(message, "no longer kept")
        self.assertEqual(self.inbox(), [content])

    def test_the_header_of_a_large_message_is_no_original(self):
        self.channel.max_message_mb = 1
        message = self.receive(build_mail(attachments=[("plan.pdf", b"x" * 1024 * 1024)]))
        message.write({"state": "processed", "remote_action": "delete"})
        self.fetch()
        self.assertStays(message, "no longer kept")
        self.assertEqual(len(self.inbox()), 1)

    def test_what_was_fetched_whole_afterwards_is_an_original(self):
        self.channel.max_message_mb = 1
        raw = build_mail(attachments=[("plan.pdf", b"x" * 1024 * 1024)])
        message = self.receive(raw)
        message.with_user(self.member).action_fetch_anyway()
        self.fetch()
        self.work()
        self.assertState(message, "processed")
        self.assertEqual(message.size, len(raw))
        self.fetch()
        self.assertEqual(self.inbox(), [])

    # Fetching whole -----------------------------------------------------------------------------

    def large(self, subject):
        return build_mail(subject=subject, attachments=[("plan.pdf", b"x" * 1024 * 1024)])

    def test_another_message_is_not_taken_for_the_rest_of_a_large_one(self):
        self.channel.max_message_mb = 1
        message = self.receive(self.large("First"))
        self.replace(message, self.large("Second"))
        message.with_user(self.member).action_fetch_anyway()
        self.assertFalse(self.fetch().error)
        self.work()
        self.assertState(message, "held")
        self.assertTrue(message.truncated)
        self.assertIn("another message in its place", message.state_reason)
        new = self.ledger() - message
        self.assertState(new, "processed")
        self.assertEqual(new.subject, "Second")

    def test_one_that_can_not_be_had_whole_stops_no_other(self):
        self.channel.max_message_mb = 1
        message = self.receive(self.large("First"))
        message.with_user(self.member).action_fetch_anyway()
        self.server.failures["fetch_one"] = MessageRefused("no longer there")
        self.server.deliver(build_mail())
        report = self.fetch()
        self.assertFalse(report.error)
        self.assertEqual(report.received, 1)
        self.assertState(message, "held")
        self.assertIn("no longer there", message.state_reason)
        self.assertFalse(message.remote_action)

    def test_a_refusal_to_delete_stops_no_mail(self):
        message = self.receive(build_mail())
        self.server.failures["delete"] = MessageRefused("not now")
        self.server.deliver(build_mail())
        report = self.fetch()
        self.assertEqual((report.received, str(report.error)), (1, "not now"))
        message.invalidate_recordset()
        self.assertEqual(message.remote_action, "delete", "and is tried again, later")
        self.server.failures["delete"] = ConnectionFailed("cut")
        self.assertTrue(self.fetch().error)

    # Names --------------------------------------------------------------------------------------

    def test_a_number_that_is_not_told_is_not_the_old_one(self):
        """A server without UIDPLUS says only that it moved a message, not where it is found now."""
        self.folder.write({"afterwards": "move", "afterwards_folder": "Done"})
        message = self.receive(build_mail())
        self.server.knows_numbers = False
        self.fetch()
        message.invalidate_recordset()
        self.assertEqual(message.names, {"folder": "Done"})

    # What no server hands over ------------------------------------------------------------------

    def test_a_message_without_bytes_is_told_of_once_and_comes_when_it_is_mended(self):
        self.server.deliver(build_mail(subject="Good"), b"")
        domain = [("res_model", "=", "message.channel"), ("res_id", "=", self.channel.id)]
        tasks = self.env["mail.activity"].search_count(domain)
        said = []
        for _number in range(5):
            report = self.fetch()
            self.assertFalse(report.error)
            self.assertEqual(report.refused, 1)
            said.append(self.env["mail.activity"].search_count(domain) - tasks)
        people = len(self.env["message.alarm"]._people(self.channel))
        self.assertEqual(said, [0, 0, people, people, people])
        task = self.env["mail.activity"].search(domain, order="id desc", limit=1)
        self.assertIn("can't be read on the server", task.summary)
        self.assertIn("&lt;b&gt;", str(task.note), "the server's words are words")
        self.assertEqual(len(self.ledger()), 1, "nothing empty is recorded as a message")
        self.work()
        self.fetch()
        self.assertEqual(self.inbox(), [b""])
        mended = build_mail(subject="Mended")
        self.server.folders["INBOX"][2] = mended
        self.assertEqual(self.fetch().received, 1)
        self.work()
        self.assertEqual(self.ledger().mapped("subject"), ["Good", "Mended"])

    # The door of the ledger ---------------------------------------------------------------------

    def test_only_whole_and_unharmed_originals_are_confirmed(self):
        raws = [build_mail(subject=word) for word in ("kept", "pruned", "damaged", "forgotten")]
        kept, pruned, damaged, forgotten = self.receive(*raws)
        self.env["message.raw"]._drop(pruned.ids)
        self.env.cr.execute("UPDATE message_raw SET content = 'x' WHERE history_id = %s", [damaged.id])
        ids = [row.external_id for row in (kept, pruned, damaged, forgotten)]
        self.env["message.history"]._forget(forgotten.ids)
        with self.at_work():
            request = self.env["message.fetcher"]._prepare_request(self.channel, self.folder, {})
            self.assertEqual(request.known_ids(ids), set(ids))
            self.assertEqual(list(request.kept(ids)), [ids[0]])
            self.assertEqual(request.kept([]), {})
