from odoo.addons.message_history.tests.channel_contract import ChannelContractMixin

from ..lib.imap import ImapTransport
from .common import FetchmailCase


class TestFetchmailChannelContract(ChannelContractMixin, FetchmailCase):
    """The contract on the channel of a mail server."""

    def contract_secrets(self):
        return [(self.mail_server, "password")]

    def contract_real_transport(self):
        transport = self.real_transport_of(self.mail_server)
        self.assertIsInstance(transport, ImapTransport)
        return transport
