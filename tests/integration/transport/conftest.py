"""Mailboxes on the real Dovecot, and proxies to it."""

import pytest

from dev.servers.proxy import Proxy
from tests.integration.transport.mailboxes import Mailbox


@pytest.fixture
def mailbox(dovecot, tmp_path):
    """A fresh mailbox; at the end no temporary file may be left."""
    spool = tmp_path / "spool"
    spool.mkdir()
    yield Mailbox(dovecot, spool)
    assert not list(spool.iterdir()), "temporary files were left"


@pytest.fixture
def proxy_to():
    """Make proxies to a port; they end with the test."""
    proxies = []

    def make(port, round_trip=0.0):
        proxies.append(Proxy(port, round_trip).start())
        return proxies[-1]

    yield make
    for proxy in proxies:
        proxy.stop()
