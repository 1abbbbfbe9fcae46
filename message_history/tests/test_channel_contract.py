from ..lib.neutral import NeutralTransport
from .channel_contract import ChannelContractMixin
from .common import MessageCase


class TestNeutralChannelContract(ChannelContractMixin, MessageCase):
    """The contract on a channel of the neutral type, whose server is in memory."""

    def contract_real_transport(self):
        return NeutralTransport()

    def test_a_channel_without_a_kind_says_that_it_cannot_fetch(self):
        channel = self.env["message.channel"].create({"name": "None"})
        report = self.fetch(channel)
        self.assertEqual(report.error.failure_type, "configuration")
        self.assertIn("can't fetch", report.words(self.env))
