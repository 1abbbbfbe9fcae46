from odoo.addons.message_history.tests.channel_contract import ChannelContractMixin

from ..lib.imap import ImapTransport
from .common import FetchmailCase


class TestFetchmailChannelContract(ChannelContractMixin, FetchmailCase):
    """The contract on the channel of a mail server."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # of Odoo's own addons for Gmail and Outlook, where they are installed
        cls.tokens = [name for name in cls.mail_server._fields if name.endswith(("refresh_token", "access_token"))]
        cls.mail_server.write({name: f"secret {name}" for name in cls.tokens})

    def contract_secrets(self):
        return [(self.mail_server, name) for name in ("password", *self.tokens)]

    def contract_real_transport(self):
        transport = self.real_transport_of(self.mail_server)
        self.assertIsInstance(transport, ImapTransport)
        return transport
