from unittest.mock import patch

from odoo.tools import mute_logger

from ..models import message_dispatcher
from ..models.message_bounce_proof import Proven
from ..tools import fresh
from .common import MessageCase, build_mail

REPORT = """From: MAILER-DAEMON@mx.example.com
To: office@example.net
Message-ID: <report@mx.example.com>
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

<ann@example.com>: 550 5.1.1 User unknown
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com

Final-Recipient: rfc822; ann@example.com
Action: failed
Status: 5.1.1

--b
Content-Type: text/rfc822-headers

Message-ID: <never-sent@example.net>
Subject: Offer
--b--
""".replace("\n", "\r\n").encode()


class TestSharing(MessageCase):
    """What a batch asks once, it does not get wrong; what fails in it takes nothing along."""

    def gateway(self, model):
        return self.env[model].sudo().with_context(message_gateway=True)

    def documents(self, *names):
        return self.env["res.partner"].search([("name", "in", names)])

    # A batch ------------------------------------------------------------------------------------

    def test_a_message_that_fails_takes_none_of_its_batch_along(self):
        partner, original = self.env.registry["res.partner"], self.env.registry["res.partner"].message_new

        def message_new(records, msg_dict, custom_values=None):
            document = original(records, msg_dict, custom_values)
            if msg_dict["subject"] == "Second":
                raise ValueError("no such thing")
            return document

        with patch.object(partner, "message_new", message_new):
            first, second, third = self.receive(*(build_mail(subject=name) for name in ("First", "Second", "Third")))
        self.assertState(first + third, "processed")
        self.assertState(second, "failed")
        self.assertEqual(second.attempts, 1)
        self.assertEqual(sorted(self.documents("First", "Second", "Third").mapped("name")), ["First", "Third"])

    def test_a_constraint_that_is_looked_at_late_fails_its_own_message(self):
        partner = self.env.registry["res.partner"]
        original = partner.message_new

        def message_new(records, msg_dict, custom_values=None):
            document = original(records, msg_dict, custom_values)
            if msg_dict["subject"] == "Second":
                document.name = False  # the database refuses it when it is written
            return document

        with patch.object(partner, "message_new", message_new), mute_logger("odoo.sql_db"):
            first, second = self.receive(build_mail(subject="First"), build_mail(subject="Second"))
        self.assertState(first, "processed")
        self.assertState(second, "failed")
        self.assertEqual(self.documents("First", "Second").mapped("name"), ["First"])

    def test_a_batch_is_first_processed_without_savepoints(self):
        careful = []
        original = message_dispatcher.MessageDispatcher._dispatch_batch

        def dispatch(records, ids, careful_=True, **kwargs):
            careful.append(kwargs.get("careful", careful_))
            return original(records, ids, **kwargs)

        with patch.object(message_dispatcher.MessageDispatcher, "_dispatch_batch", dispatch):
            self.receive(build_mail(), build_mail())
            with self.failing("res.partner", "message_new", ValueError("no")):
                self.receive(build_mail())
        self.assertEqual(careful, [False, False, True])

    # Within a batch -----------------------------------------------------------------------------

    def test_a_reply_finds_what_came_right_before_it(self):
        first, second = self.receive(
            build_mail(message_id="<first@example.com>"), build_mail(references="<first@example.com>"))
        self.assertEqual((first.model, first.res_id), (second.model, second.res_id))
        self.assertEqual(second.mail_message_id.parent_id, first.mail_message_id)

    def test_who_bounced_a_moment_ago_is_reset_by_the_next_mail(self):
        ann = self.env["res.partner"].create({"name": "Ann", "email": "ann@example.com"})
        self.patch(type(self.env["message.bounce"]), "_prove", lambda bounces, mail, report: [
            Proven("<sent@example.net>", "ann@example.com", report.failed[0], ())])
        self.receive(REPORT)
        self.assertEqual(ann.message_bounce, 1)
        self.receive(REPORT.replace(b"<report@", b"<report2@"), build_mail())
        self.assertEqual(ann.message_bounce, 0)

    def test_who_follows_since_a_moment_is_told(self):
        boss = self.env["res.partner"].create({"name": "Boss", "email": "boss@example.com"})
        partner, original = self.env.registry["res.partner"], self.env.registry["res.partner"].message_new

        def message_new(records, msg_dict, custom_values=None):
            document = original(records, msg_dict, custom_values)
            document.message_subscribe(partner_ids=boss.ids)
            return document

        with patch.object(partner, "message_new", message_new):
            message = self.receive(build_mail())
        self.assertEqual(message.mail_message_id.notification_ids.res_partner_id, boss)

    def test_what_was_written_on_a_new_document_is_the_parent_of_its_mail(self):
        partner, original = self.env.registry["res.partner"], self.env.registry["res.partner"].message_new
        self.patch(partner, "_mail_flat_thread", True)
        notes = []

        def message_new(records, msg_dict, custom_values=None):
            document = original(records, msg_dict, custom_values)
            notes.append(document.message_post(body="Made by mail").id)
            return document

        with patch.object(partner, "message_new", message_new):
            message = self.receive(build_mail())
        self.assertEqual(message.mail_message_id.parent_id.id, notes[-1])

    # Answers ------------------------------------------------------------------------------------

    def test_existence_is_asked_once_and_forgotten_with_the_record(self):
        subtype = self.gateway("mail.message.subtype").create({"name": "Short-lived"})
        subtype.exists()
        with self.assertQueryCount(0):
            self.assertEqual(subtype.exists(), subtype)
        gone = subtype.browse(subtype.id)
        subtype.unlink()
        self.assertFalse(gone.exists())

    def test_outside_a_batch_every_question_is_asked(self):
        subtype = self.env.ref("mail.mt_comment")
        with self.assertQueryCount(2):
            subtype.exists()
            subtype.exists()

    def test_a_message_that_moves_is_found_where_it_is(self):
        old, new = self.env["res.partner"].create([{"name": "Old"}, {"name": "New"}])
        note = old.message_post(body="Hello", message_type="comment")
        note.message_id = "<moving@example.com>"
        self.gateway("mail.message")._share_by_message_id({"<moving@example.com>"})
        partners = self.gateway("res.partner")
        self.assertEqual(partners.browse(old.id)._message_compute_parent_id(note.id), note.id)
        note.sudo().write({"model": "res.partner", "res_id": new.id})
        self.assertEqual(partners.browse(new.id)._message_compute_parent_id(note.id), note.id)
        self.assertNotEqual(partners.browse(old.id)._message_compute_parent_id(note.id), note.id)

    def test_a_document_that_is_gone_is_no_target(self):
        document = self.env["res.partner"].create({"name": "Gone"})
        document.message_post(body="Hello").message_id = "<gone@example.com>"
        self.gateway("mail.message")._share_by_message_id({"<gone@example.com>"})
        self.assertTrue(self.gateway("res.partner").browse(document.id).exists())
        document.with_context(message_gateway=True).sudo().unlink()
        self.assertFalse(self.gateway("res.partner").browse(document.id).exists())
        found = self.gateway("mail.message").search([("message_id", "=", "<gone@example.com>")], limit=1)
        self.assertFalse(found)

    def test_only_documents_of_this_transaction_are_known_to_be_bare(self):
        document = self.gateway("res.partner").create({"name": "Made by hand"})
        self.assertFalse(fresh.has_none(document, "messages"))
        fresh.note_made(document)
        self.assertTrue(fresh.has_none(document, "followers"))
        document.message_subscribe(partner_ids=self.member.partner_id.ids)
        self.assertFalse(fresh.has_none(document, "followers"))
