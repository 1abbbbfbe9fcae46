"""Sending as in production, to an SMTP server in memory, and an IMAP account in memory for the copies."""

import re

from odoo.addons.message_history.lib.errors import ChannelError
from odoo.addons.message_history.lib.transport import FolderInfo
from odoo.addons.message_history.tests.fake_transport import FakeServer, FakeTransport
from odoo.addons.smtp_outbox.tests.common import OutboxCase

from ..copier.copier import Copier

_MESSAGE_ID = re.compile(rb"(?mi)^Message-Id: *(\S+)")


class SentServer(FakeServer):
    """An IMAP account.

    :ivar roles: {folder: role}
    :ivar copies: [(folder, content, flags, date)] in the order in which they were appended
    :ivar looks: Message-IDs that were looked for
    :ivar lose_answer: the next message is taken, and the connection breaks before the answer
    """

    def __init__(self):
        super().__init__()
        self.roles, self.copies, self.looks = {}, [], []
        self.lose_answer = None


class SentTransport(FakeTransport):
    """What the copier asks of an IMAP transport."""

    def folders(self):
        self.server.reach("folders")
        return [FolderInfo(name, self.server.roles.get(name, "")) for name in self.server.folders]

    def append(self, folder, content, flags=(), date=None):
        self.server.reach("append")
        subject = content.partition(b"Subject: ")[2].partition(b"\r\n")[0].decode()
        if error := self.server.failures.get(subject):
            raise error
        self.server.deliver(content, folder=folder)
        self.server.copies.append((folder, content, tuple(flags), date))
        if error := self.server.lose_answer:
            self.server.lose_answer = None
            raise error
        return folder

    def has_message(self, folder, message_id, since=None):
        self.server.reach("has_message")
        self.server.looks.append(message_id)
        contents = self.server.folders.get(folder, {}).values()
        return any(found[1].decode() == message_id for found in map(_MESSAGE_ID.search, contents) if found)


class SentCopyCase(OutboxCase):
    """``self.account`` is where the copies of ``self.channel`` go, ``self.box`` what is there."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.account = cls.make_account("office")
        cls.server.sent_server_id = cls.account
        cls.copies = cls.env["message.sent.copy"]

    @classmethod
    def make_account(cls, name, **values):
        """Return a confirmed IMAP account."""
        return cls.env["fetchmail.server"].create({
            "name": name, "server_type": "imap", "server": "imap.example.net", "user": f"{name}@example.net",
            "password": "s3cret", "state": "done", **values})

    def setUp(self):
        super().setUp()
        self.boxes = {self.account.id: SentServer()}
        self.box = self.boxes[self.account.id]
        self.patch(type(self.env["fetchmail.server"]), "_get_transport__",
                   lambda server: SentTransport(self.boxes.setdefault(server.id, SentServer())))

    def sent(self, *to, **values):
        """Send a mail; returns its ledger row."""
        mail = self.mail(*to or ("ann@example.com",), **values)
        self.send_queue()
        return mail.history_ids

    def copy_due(self, account=None):
        """Put the copies that are due where they belong; returns the report."""
        self.env.flush_all()
        report = Copier(self.env, (account or self.account).id).run()
        self.env.invalidate_all()
        return report

    def pass_time(self, messages, hours=0):
        """Let the time until the next attempt pass, and some hours since the copy was wanted."""
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE message_history SET sent_copy_next = now() at time zone 'UTC' - interval '1 second', "
            "sent_copy_since = sent_copy_since - make_interval(hours => %s) WHERE id = ANY(%s) "
            "AND sent_copy = 'wanted'", [hours, messages.ids])
        self.env.invalidate_all()

    def delay(self, message):
        """Return the seconds until the next attempt."""
        return (message.sent_copy_next - self.env.cr.now().replace(microsecond=0)).total_seconds()

    def failing(self, error):
        """Let every attempt to append fail; None: no more."""
        self.assertTrue(error is None or isinstance(error, ChannelError))
        self.box.failures.pop("append", None)
        if error:
            self.box.failures["append"] = error
