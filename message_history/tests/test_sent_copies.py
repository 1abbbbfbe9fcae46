from odoo.tests import tagged

from ..tools.outgoing import Outgoing, Recipient
from .common import MessageCase, build_mail


@tagged("post_install", "-at_install")
class TestSentCopies(MessageCase):
    """A copy of what went out from here is found in a folder that is fetched."""

    def setUp(self):
        super().setUp()
        self.raw = build_mail(sender="office@example.net", to="ann@example.com", message_id="<offer@example.net>")
        channel, _server = self.make_channel("Outgoing", receives=False, sends=True)
        (history_id,) = self.env["message.enqueue"]._enqueue([Outgoing(
            channel.id, self.raw, [Recipient("ann@example.com")], message_uid="<offer@example.net>")])
        self.message = self.env["message.history"].browse(history_id)

    def check_copy(self, copied):
        self.assertState(copied, "ignored")
        self.assertEqual(copied.same_as_id, self.message)
        self.assertFalse(copied.conversation_id or copied.res_id)

    def test_the_same_bytes_are_a_copy(self):
        before = self.env["res.partner"].search_count([])
        self.check_copy(self.receive(self.raw))
        self.assertEqual(self.env["res.partner"].search_count([]), before)

    def test_among_others(self):
        first, copied, last = self.receive(build_mail(), self.raw, build_mail())
        self.check_copy(copied)
        self.assertState(first + last, "processed")

    def test_large_ones(self):
        large = build_mail(message_id="<large@example.net>", attachments=[("a.bin", b"x" * 400_000)])
        (history_id,) = self.env["message.enqueue"]._enqueue([Outgoing(
            self.message.channel_id.id, large, [Recipient("ann@example.com")], message_uid="<large@example.net>")])
        copied = self.receive(large)
        self.assertState(copied, "ignored")
        self.assertEqual(copied.same_as_id.id, history_id)

    def test_the_same_id_alone_is_no_copy(self):
        changed = self.receive(b"Received: from elsewhere\r\n" + self.raw)
        self.assertState(changed, "processed")
        self.assertFalse(changed.same_as_id)

    def test_in_a_folder_of_sent_mail_the_id_is_enough(self):
        self.folder.role = "sent"
        self.check_copy(self.receive(b"X-Provider: 1\r\n" + self.raw))

    def test_what_was_sent_elsewhere_is_no_copy_of_itself(self):
        self.folder.role = "sent"
        raw = build_mail(sender="office@example.net", to="bob@example.com")
        first, again = self.receive(raw, b"X-Provider: 1\r\n" + raw)
        self.assertState(first + again, "sent")

    def test_a_person_has_it_processed_after_all(self):
        copied = self.receive(self.raw)
        copied.with_user(self.manager).action_try_again()
        self.work()
        self.assertState(copied, "processed")
