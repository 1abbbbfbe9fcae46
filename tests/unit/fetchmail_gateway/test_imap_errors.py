"""What a server's refusal means."""

import pytest
from odoo.addons.fetchmail_gateway.lib.imap_errors import folder_refused, login_refused
from odoo.addons.message_history.lib import errors

LOGIN = [
    (
        "[AUTHENTICATIONFAILED] Invalid credentials (Failure)",
        errors.AuthenticationError,
        "password",
    ),
    ("LOGIN failed.", errors.AuthenticationError, "password"),
    ("[AUTHORIZATIONFAILED] no such shared mailbox", errors.AuthenticationError, "user"),
    ("[EXPIRED] change your password", errors.AuthenticationError, "password"),
    ("[PRIVACYREQUIRED] not in plain text", errors.ConfigurationError, "encryption"),
    ("[UNAVAILABLE] Temporary authentication failure", errors.ConnectionFailed, None),
    ("[AUTHENTICATIONFAILED] Temporary server error", errors.ConnectionFailed, None),
    ("[INUSE] locked", errors.Throttled, None),
    ("[ALERT] Too many simultaneous connections. (Failure)", errors.Throttled, None),
    ("[AUTHENTICATIONFAILED] Too many login attempts", errors.Throttled, None),
    ("Account exceeded command or bandwidth limits", errors.Throttled, None),
    ("User is authenticated but not connected.", errors.ConnectionFailed, None),
]


@pytest.mark.parametrize(("text", "kind", "field"), LOGIN)
def test_login(text, kind, field):
    error = login_refused(text)
    assert type(error) is kind
    assert error.field == field
    assert error.server_reply == text
    assert text in str(error)


def test_only_a_wrong_password_is_final():
    """A busy server must not lead to a mailbox that is switched off."""
    final = {text for text, _kind, _field in LOGIN if not login_refused(text).retryable}
    assert final == {text for text, kind, _ in LOGIN if kind.failure_type in (
        "authentication", "configuration")}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "kind", "field"),
    [
        ("[NONEXISTENT] Mailbox doesn't exist: x", errors.ConfigurationError, "folder"),
        ("Unknown mailbox", errors.ConfigurationError, "folder"),
        ("[NOPERM] Access denied", errors.ConfigurationError, "folder"),
        ("[SERVERBUG] Internal error", errors.ProtocolError, None),
        ("[OVERQUOTA] full", errors.ConnectionFailed, "folder"),
        ("", errors.ConfigurationError, "folder"),
    ],
)
def test_folder(text, kind, field):
    error = folder_refused(text, "x")
    assert type(error) is kind
    assert error.field == field
