"""A mail server of Odoo whose mailbox is in memory."""

from odoo.addons.message_history.tests.common import MessageCase
from odoo.addons.message_history.tests.fake_transport import FakeServer, FakeTransport


class FetchmailCase(MessageCase):
    """``self.mail_server`` (a confirmed IMAP server), its ``channel``, ``folder`` and ``server``."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._mailboxes = {}
        cls.mail_server = cls.make_server("Support", user="support@example.net", password="top s3cret")
        cls.channel, cls.server = cls.mail_server.channel_id, cls._mailboxes[cls.mail_server.id]
        cls.channel.member_ids = cls.member
        cls.folder = cls.channel.folder_ids
        cls.folder.start = "all"

    @classmethod
    def make_server(cls, name, **values):
        """Return a mail server that makes contacts, with a mailbox in memory."""
        mail_server = cls.env["fetchmail.server"].create({
            "name": name, "server_type": "imap", "server": "imap.example.net", "port": 143, "is_ssl": False,
            "state": "done", "object_id": cls.env["ir.model"]._get_id("res.partner"), **values})
        cls._mailboxes[mail_server.id] = FakeServer()
        if mail_server.channel_id:
            cls._servers[mail_server.channel_id.id] = cls._mailboxes[mail_server.id]
        return mail_server

    def patch_transports(self):
        mailboxes, original = self._mailboxes, type(self.env["fetchmail.server"])._get_transport__
        self.real_transport_of = original

        def get_transport(mail_server):
            mailbox = mailboxes.get(mail_server.id)
            return FakeTransport(mailbox) if mailbox is not None else original(mail_server)

        self.patch(type(self.env["fetchmail.server"]), "_get_transport__", get_transport)
