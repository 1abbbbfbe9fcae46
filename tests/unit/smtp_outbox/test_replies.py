"""Real answers of real servers, and what they mean."""

import pytest
from odoo.addons.message_history.lib import errors
from odoo.addons.smtp_outbox.lib.replies import (
    Phase,
    classify,
    is_bad_address,
    is_too_many_recipients,
    one_line,
    status_of,
)

DEAD = [
    "550 5.1.1 The email account that you tried to reach does not exist. Please try double-checking",
    "550-5.1.1 The email account that you tried to reach does not exist.",
    "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
    "550 5.1.1 <bob@example.com>: Recipient address rejected: User unknown in virtual mailbox table",
    "550 5.1.1 <bob@example.com>: Recipient address rejected: User unknown in local recipient table",
    "550 5.1.1 <bob@example.com>... User unknown",
    "550 Unknown user",
    "550 unknown local part",
    "550 Unrouteable address",
    "550 No such user here",
    "553 5.3.0 <bob@example.com>... No such user here",
    "554 delivery error: dd This user doesn't have a yahoo.com account: user does not exist [-5]",
    "550 5.1.1 User does not exist",
    "550 Requested action not taken: mailbox unavailable",
    "511 sorry, no mailbox here by that name (#5.1.1)",
    "550 5.2.1 The email account that you tried to reach is disabled.",
    "550 5.2.1 Mailbox disabled for this recipient",
    "550 5.1.2 Host unknown (Name server: host not found)",
    "550 5.1.3 Invalid address format",
    "550 5.1.6 Recipient no longer on server",
    "550 invalid recipient",
    "550 5.1.1 Benutzer existiert nicht",
    "550 Empfänger unbekannt",
    "550 recipient not found",
    "551 User not local; unknown user",
]
ALIVE = [
    "550 5.7.1 Message rejected as spam by Content Filtering.",
    "550 5.7.1 Unable to relay for bob@example.com",
    "550 5.7.1 Service unavailable, Client host [192.0.2.1] blocked using Spamhaus",
    "550 5.7.26 This mail is unauthenticated, which poses a security risk",
    "550 5.7.509 Access denied, sending domain does not pass DMARC verification",
    "552 5.2.2 The email account that you tried to reach is over quota.",
    "552 5.2.2 mailbox full",
    "550 5.2.3 Message too large",
    "552 5.3.4 Message size exceeds fixed limit",
    "554 5.7.1 <bob@example.com>: Relay access denied",
    "550 5.4.1 Recipient address rejected: Access denied.",
    "554 Transaction failed. Reject due to policy restrictions.",
    "550 Requested action not taken: mailbox unavailable. Reject due to policy restrictions",
    "550 SPF check failed",
    "521 5.2.1 (CON:B1) blocked",
    "550 Message refused",
    "451 4.7.1 user unknown for the moment",
    "250 2.1.5 ok",
    "",
]


@pytest.mark.parametrize("reply", DEAD)
def test_dead_addresses(reply):
    assert is_bad_address(reply)


@pytest.mark.parametrize("reply", ALIVE)
def test_addresses_that_only_refuse(reply):
    assert not is_bad_address(reply)


@pytest.mark.parametrize(("code", "text", "phase", "kind", "retryable", "wait"), [
    (550, "5.1.1 no such user", Phase.RCPT, errors.RecipientRefused, False, None),
    (450, "4.2.0 greylisted", Phase.RCPT, errors.RecipientRefused, True, None),
    (451, "4.7.1 Greylisting in action, please come back in 300 seconds", Phase.RCPT,
     errors.RecipientRefused, True, 300.0),
    (450, "4.7.1 try again after 5 minutes", Phase.RCPT, errors.RecipientRefused, True, 300.0),
    (452, "4.5.3 too many recipients", Phase.RCPT, errors.RecipientRefused, True, None),
    (550, "5.7.1 sender not allowed", Phase.MAIL, errors.MessageRefused, False, None),
    (452, "4.3.1 insufficient system storage", Phase.MAIL, errors.MessageRefused, True, None),
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


def test_status_codes():
    assert status_of("550 5.1.1 x") == "5.1.1"
    assert status_of("550 x (#5.7.509)") == "5.7.509"
    assert status_of("550 host 5.1.1.4 said no") == ""
    assert status_of("550 no") == ""


def test_a_reply_is_one_clean_line():
    assert one_line(550, "first\r\nsecond\x00 third") == "550 first second third"
    assert len(one_line(550, "x" * 5000)) == 500
