"""Real answers of real servers, and what they mean for what is to be done next."""

import pytest
from odoo.addons.message_history.lib import errors
from odoo.addons.smtp_outbox.lib.replies import (
    Phase,
    classify,
    is_too_many_recipients,
    one_line,
)


@pytest.mark.parametrize(("code", "text", "phase", "kind", "retryable", "wait"), [
    (550, "5.1.1 no such user", Phase.RCPT, errors.RecipientRefused, False, None),
    (450, "4.2.0 greylisted", Phase.RCPT, errors.RecipientRefused, True, None),
    (451, "4.7.1 Greylisting in action, please come back in 300 seconds", Phase.RCPT,
     errors.RecipientRefused, True, 300.0),
    (450, "4.7.1 try again after 5 minutes", Phase.RCPT, errors.RecipientRefused, True, 300.0),
    (452, "4.5.3 too many recipients", Phase.RCPT, errors.RecipientRefused, True, None),
    (550, "5.7.1 sender not allowed", Phase.MAIL, errors.MessageRefused, False, None),
    (452, "4.3.1 insufficient system storage", Phase.MAIL, errors.MessageRefused, True, None),
    (552, "5.3.4 Message size exceeds fixed limit", Phase.MAIL, errors.MessageTooLarge, False, None),
    (552, "message too large", Phase.CONTENT, errors.MessageTooLarge, False, None),
    (554, "5.7.1 looks like spam", Phase.CONTENT, errors.MessageRefused, False, None),
    (451, "4.3.0 local error", Phase.CONTENT, errors.MessageRefused, True, None),
    (421, "4.7.0 try again later", Phase.MAIL, errors.ConnectionFailed, True, None),
    (421, "closing", Phase.RCPT, errors.ConnectionFailed, True, None),
    (450, "4.7.28 unusual rate of mail", Phase.RCPT, errors.Throttled, True, None),
    (451, "4.7.500 server busy, try again in 2 min", Phase.CONTENT, errors.Throttled, True, 120.0),
    (452, "too many messages, wait 1 hour", Phase.MAIL, errors.Throttled, True, 3600.0),
    (530, "5.7.0 authentication required", Phase.MAIL, errors.AuthenticationError, False, None),
    (535, "5.7.8 bad credentials", Phase.AUTH, errors.AuthenticationError, False, None),
    (454, "4.7.0 temporary authentication failure", Phase.AUTH, errors.ConnectionFailed, True, None),
    (554, "no SMTP service here", Phase.GREETING, errors.ConnectionFailed, True, None),
])
def test_classes(code, text, phase, kind, retryable, wait):
    error = classify(code, text, phase)
    assert type(error) is kind
    assert (error.retryable, error.retry_after) == (retryable, wait)
    assert error.server_reply == f"{code} {text}"


def test_too_many_recipients():
    assert is_too_many_recipients(classify(452, "4.5.3 Too many recipients", Phase.RCPT))
    assert is_too_many_recipients(classify(452, "too many recipients", Phase.RCPT))
    assert not is_too_many_recipients(classify(452, "4.2.2 mailbox full", Phase.RCPT))
    assert not is_too_many_recipients(errors.RecipientRefused("no reply at all"))


def test_a_reply_is_one_clean_line():
    assert one_line(550, "first\r\nsecond\x00 third") == "550 first second third"
    assert len(one_line(550, "x" * 5000)) == 500
