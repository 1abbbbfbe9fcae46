"""Connecting to IMAP servers that misbehave: what the error is, and what it points at."""

import time

import pytest
from odoo.addons.fetchmail_gateway.lib.imap import ImapTransport
from odoo.addons.message_history.lib import errors
from odoo.addons.message_history.lib.transport import FolderRequest, StartPolicy

from dev.servers.broken_imap import BrokenImap

ALL = FolderRequest("INBOX", start=StartPolicy.ALL)
MAILS = {1: b"Subject: one\r\n\r\n", 2: b"Subject: two\r\n\r\n"}

CONNECTION = [
    ("silent", errors.ConnectionFailed, None),
    ("bye", errors.ConnectionFailed, None),
    ("full", errors.Throttled, None),
    ("http", errors.ProtocolError, "port"),
    ("cut_login", errors.ConnectionFailed, None),
    ("hang_login", errors.ConnectionFailed, None),
    ("no_login", errors.AuthenticationError, "password"),
    ("busy_login", errors.ConnectionFailed, None),
    ("throttled_login", errors.Throttled, None),
    ("not_connected", errors.ConnectionFailed, None),
    ("hang_select", errors.ConnectionFailed, None),
    ("no_uidvalidity", errors.ConfigurationError, "folder"),
]


@pytest.mark.parametrize(("fault", "kind", "field"), CONNECTION)
def test_connection_faults(settings_for, fault, kind, field):
    with BrokenImap(MAILS, fault=fault) as server:
        settings = settings_for(server, timeout=0.5)
        with ImapTransport(settings) as transport:
            began = time.monotonic()
            with pytest.raises(errors.ChannelError) as caught:
                list(transport.fetch(ALL))
            assert type(caught.value) is kind
            assert caught.value.field == field
            assert time.monotonic() - began < 8
            report = transport.check()
            assert type(report.error) is kind
            assert not report.ok
            assert not report.steps[-1].ok
            assert "secret" not in str(caught.value) + repr(settings)


def test_connection_is_made_again_after_a_fault(settings_for):
    with (
        BrokenImap(MAILS, fault="hang_select") as server,
        ImapTransport(settings_for(server, timeout=0.3)) as transport,
    ):
        with pytest.raises(errors.ConnectionFailed):
            list(transport.fetch(ALL))
        server.fault = ""
        assert sum(len(chunk.messages) for chunk in transport.fetch(ALL)) == 2


def test_nobody_listens(settings_for):
    with BrokenImap() as server:
        pass
    with pytest.raises(errors.ConnectionFailed) as caught:
        ImapTransport(settings_for(server)).folders()
    assert caught.value.field == "port"
    assert caught.value.retryable


def test_starttls_not_offered(settings_for):
    with BrokenImap() as server, pytest.raises(errors.ConfigurationError) as caught:
        ImapTransport(settings_for(server, security="starttls")).folders()
    assert caught.value.field == "encryption"


def test_tls_to_a_plain_port(settings_for):
    with BrokenImap() as server, pytest.raises(errors.ConnectionFailed) as caught:
        ImapTransport(settings_for(server, security="ssl")).folders()
    assert caught.value.field == "encryption"


def test_login_disabled(settings_for):
    with BrokenImap(capabilities="IMAP4rev1 LOGINDISABLED") as server:
        with pytest.raises(errors.ConfigurationError) as caught:
            ImapTransport(settings_for(server)).folders()
        assert not [line for line in server.lines if b"secret" in line]
    assert caught.value.field == "encryption"
