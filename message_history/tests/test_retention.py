from datetime import timedelta

from odoo import fields

from .common import MessageCase, build_mail


class TestRetention(MessageCase):
    """Originals, texts and entries go after their time, and never what is still to be dealt with."""

    def age(self, messages, days):
        messages.write({"date": fields.Datetime.now() - timedelta(days=days)})

    def prune(self):
        with self.at_work(), self.env.registry.cursor() as cr:
            self.env(cr=cr)["message.retention"]._cron_retention(batch=2)

    def test_originals(self):
        old, new = self.receive(build_mail(subject="old"), build_mail(subject="new"))
        self.age(old, 31)
        self.channel.keep_raw_days = 30
        self.prune()
        self.assertEqual((old.raw_kept, new.raw_kept), (False, True))
        self.assertTrue(old.body_text)
        self.assertEqual(self.env["message.raw"]._read(old.ids), {})

    def test_texts(self):
        old, new = self.receive(build_mail(subject="old"), build_mail(subject="new"))
        self.age(old, 31)
        self.channel.keep_body_days = 30
        self.prune()
        self.assertFalse(old.body_text or old.preview)
        self.assertTrue(new.body_text)
        self.assertEqual(old.subject, "old")

    def test_entries(self):
        messages = self.receive(*(build_mail(subject=f"Mail {number}") for number in range(5)))
        keep = messages[-1]
        conversations = messages.conversation_id
        documents = self.env["res.partner"].browse(messages.mapped("res_id"))
        self.age(messages[:4], 31)
        self.channel.keep_rows_days = 30
        self.prune()
        self.assertEqual(self.ledger(), keep)
        self.assertEqual(conversations.exists(), keep.conversation_id)
        self.assertEqual(documents.exists(), documents, "documents are nobody's business here")
        self.env.cr.execute(
            "SELECT count(*) FROM message_reference WHERE history_id NOT IN (SELECT id FROM message_history)")
        self.assertEqual(self.env.cr.fetchone(), (0,))
        report = self.fetch(reconcile=True)
        self.assertEqual(report.received, 0, "what was pruned never comes in again")

    def test_what_is_open_stays(self):
        with self.failing("res.partner", "message_new", ValueError("no")):
            failed = self.receive(build_mail())
        waiting = self.receive(build_mail(), process=False)
        self.channel.spam_policy = "hold"
        self.age(failed | waiting, 1000)
        self.channel.write({"keep_raw_days": 1, "keep_body_days": 1, "keep_rows_days": 1})
        self.prune()
        self.assertEqual((failed | waiting).exists(), failed | waiting)
        self.assertEqual(set((failed | waiting).mapped("raw_kept")), {True})

    def test_forever(self):
        message = self.receive(build_mail())
        self.age(message, 10000)
        self.prune()
        self.assertTrue(message.exists() and message.raw_kept)

    def test_each_channel_by_itself(self):
        sales, _server = self.make_channel("Sales", keep_rows_days=1)
        kept = self.receive(build_mail())
        gone = self.receive(build_mail(), channel=sales)
        self.age(kept | gone, 10)
        self.prune()
        self.assertEqual((kept | gone).exists(), kept)

    def test_large_originals_leave_no_file(self):
        message = self.receive(build_mail(("y" * 70 + "\r\n") * 5000))
        self.env.cr.execute("SELECT store_name FROM message_raw WHERE history_id = %s", [message.id])
        name, = self.env.cr.fetchone()
        store = self.env["message.raw"]._store()
        self.addCleanup(store.remove, name)
        self.assertTrue(store.read(name))
        self.env["message.raw"]._drop(message.ids)
        self.assertTrue(store.read(name), "not before the commit")
        self.env.cr.postcommit.run()
        with self.assertRaises(FileNotFoundError):
            store.read(name)
