import contextlib
import subprocess
import sys
import xmlrpc.client

import psycopg2
from odoo.tests import HttpCase, tagged
from odoo.tools import config, file_path, mute_logger

from .common import DISPATCHER, MessageCase, build_mail


class TestProcessInside(MessageCase):
    """``message_process`` called by code inside Odoo: as ever, and entered."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.local = cls.env["message.local"]._get_channel()

    def process(self, raw, model="res.partner", **options):
        return self.env["mail.thread"].message_process(model, raw, **options)

    def entered(self):
        return self.ledger(self.local)[-1:]

    def test_success(self):
        raw = build_mail(message_id="<in@example.com>")
        res_id = self.process(raw, custom_values={"ref": "X"})
        self.assertEqual(self.env["res.partner"].browse(res_id).ref, "X")
        entry = self.entered()
        self.assertState(entry, "processed")
        self.assertEqual((entry.model, entry.res_id, entry.subject), ("res.partner", res_id, "A question"))
        self.assertEqual(entry.mail_message_id.message_id, "<in@example.com>")
        self.assertEqual(self.env["message.raw"]._read(entry.ids), {entry.id: raw})

    def test_text_bytes_and_binary(self):
        for message in (build_mail("Grüße ☃").decode(), build_mail(), xmlrpc.client.Binary(build_mail())):
            with self.subTest(kind=type(message).__name__):
                before = self.entered()
                self.assertTrue(self.process(message))
                self.assertNotEqual(self.entered(), before)

    def test_a_mail_that_raises_is_kept(self):
        with self.failing("res.partner", "message_new", ValueError("not today")), \
                self.assertRaisesRegex(ValueError, "not today"):
            self.process(build_mail(subject="Precious"))
        entry = self.entered()
        self.assertState(entry, "given_up")
        self.assertEqual(entry.subject, "Precious")
        self.assertIn("not today", entry.state_reason)
        self.assertTrue(entry.raw_kept)
        entry.with_user(self.manager).action_try_again()

    def test_an_unroutable_mail_is_kept(self):
        with self.assertRaises(ValueError):
            self.process(build_mail(subject="Lost"), model=None)
        self.assertState(self.entered(), "given_up")

    def test_what_odoo_drops_is_recorded_as_ignored(self):
        raw = build_mail(message_id="<twice@example.com>")
        self.process(raw)
        self.assertFalse(self.process(raw))
        self.assertState(self.entered(), "ignored")

    def test_a_conflict_is_the_callers(self):
        before = self.entered()
        with self.failing("res.partner", "message_new", psycopg2.errors.SerializationFailure("again")), \
                self.assertRaises(psycopg2.errors.SerializationFailure):
            self.process(build_mail())
        self.assertEqual(self.entered(), before, "the caller starts anew and enters it then")

    def test_without_the_channel_it_works_as_ever(self):
        self.env.ref("message_history.message_channel_local").unlink()
        self.assertTrue(self.process(build_mail()))


@tagged("post_install", "-at_install")
class TestProcessFromOutside(MessageCase, HttpCase):
    """The mail gate script and remote calls: recorded first, kept when they fail, answered."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager.group_ids += (cls.env.ref("message_history.group_mailgate")
                                  + cls.env.ref("base.group_partner_manager"))

    @contextlib.contextmanager
    def at_work(self):
        self.env.flush_all()
        yield  # an HttpCase is in the registry's test mode from its start
        self.env.invalidate_all()

    def setUp(self):
        super().setUp()
        self.local = self.env["message.local"]._get_channel()
        self.before = self.ledger(self.local)

    def call(self, raw, model=False, **options):
        with mute_logger(DISPATCHER):
            result = self.xmlrpc_object.execute_kw(
                self.cr.dbname, self.manager.id, "history_manager", "mail.thread", "message_process",
                [model, xmlrpc.client.Binary(raw)], options)
        self.env.invalidate_all()
        return result

    def entered(self):
        return self.ledger(self.local) - self.before

    def test_success_returns_the_document(self):
        res_id = self.call(build_mail(), model="res.partner", custom_values={"ref": "RPC"})
        self.assertState(self.entered(), "processed")
        self.assertEqual((self.entered().res_id, self.env["res.partner"].browse(res_id).ref), (res_id, "RPC"))

    def test_a_failing_mail_is_kept_and_the_caller_may_forget_it(self):
        with self.failing("res.partner", "message_new", ValueError("not today")):
            self.assertFalse(self.call(build_mail(subject="Precious"), model="res.partner"))
        entry = self.entered()
        self.assertState(entry, "failed")
        self.assertIn("not today", entry.state_reason)
        self.make_due(entry)
        self.work()
        self.assertState(entry, "processed")
        self.assertEqual(self.document(entry).name, "Precious", "its options were kept too")

    def test_an_unroutable_mail_is_kept(self):
        self.assertFalse(self.call(build_mail()))
        self.assertState(self.entered(), "failed")
        self.assertEqual(self.entered().failure_type, "unroutable")

    def test_save_original_and_strip_attachments(self):
        raw = build_mail(attachments=[("plan.pdf", b"%PDF")])
        original = self.call(raw, model="res.partner", save_original=True)
        stripped = self.call(build_mail(attachments=[("plan.pdf", b"%PDF")]), model="res.partner",
                             strip_attachments=True)
        names = [self.env["res.partner"].browse(res_id).message_ids.attachment_ids.mapped("name")
                 for res_id in (original, stripped)]
        self.assertEqual(sorted(names[0]), ["original_email.eml", "plan.pdf"])
        self.assertEqual(names[1], [])

    def test_a_given_document(self):
        partner = self.env["res.partner"].create({"name": "Ann"})
        self.env.flush_all()
        self.assertEqual(self.call(build_mail(), model="res.partner", thread_id=partner.id), partner.id)
        self.assertIn("this is the text", partner.message_ids[0].body)

    def test_the_mail_gate_script(self):
        self.env["mail.alias"].create({
            "alias_name": "gate", "alias_model_id": self.env["ir.model"]._get_id("res.partner"),
            "alias_domain_id": self.alias_domain.id, "alias_contact": "everyone"})
        self.env.flush_all()
        script = file_path("mail/static/scripts/odoo-mailgate.py")
        command = [sys.executable, script, "-d", self.cr.dbname, "-u", str(self.manager.id), "-p", "history_manager",
                   "--host", config["http_interface"] or "127.0.0.1", "--port", str(self.http_port())]
        for raw, state in ((build_mail(to=f"gate@{self.alias_domain.name}"), "processed"), (build_mail(), "failed")):
            with self.allow_requests(all_requests=True), mute_logger(DISPATCHER):
                done = subprocess.run(command, input=raw, capture_output=True, timeout=30, check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.env.invalidate_all()
            self.assertState(self.entered()[-1], state)
