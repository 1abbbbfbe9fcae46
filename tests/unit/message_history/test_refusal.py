"""Real answers of real servers, and what they say to people."""

import pytest
from odoo.addons.message_history.lib.refusal import is_bad_address, is_full, is_too_large, sharpen, status_of

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


@pytest.mark.parametrize(("cause", "reply", "said"), [
    *(("recipient", reply, "no_address") for reply in DEAD),
    ("recipient", "5.1.1 smtp; 550 5.1.1 user unknown", "no_address"),
    ("recipient", "552 5.2.2 mailbox full", "full"),
    ("recipient", "5.2.2 smtp; over quota", "full"),
    ("recipient", "552 Mailbox is full", "full"),
    ("recipient", "550 Postfach voll", "full"),
    ("message", "552 5.3.4 Message size exceeds fixed limit", "too_large"),
    ("recipient", "550 5.2.3 Message too large", "too_large"),
    ("message", "552 message file size exceeds the limit", "too_large"),
    ("recipient", "550 5.7.1 Message rejected as spam by Content Filtering.", "policy"),
    ("message", "550 5.7.26 This mail is unauthenticated", "policy"),
    ("message", "550 5.1.8 sender not known", "sender"),
    ("message", "550 5.7.27 no mail is taken for the sender's domain", "sender"),
    ("recipient", "550 Message refused", "recipient"),
    ("message", "554 no", "message"),
    ("recipient", "", "recipient"),
    ("authentication", "535 5.7.8 no", "authentication"),
    ("connection", "user unknown", "connection"),
])
def test_what_a_refusal_comes_down_to(cause, reply, said):
    assert sharpen(cause, reply) == said


@pytest.mark.parametrize("reply", ["452 4.5.3 too many recipients", "550 5.7.1 too large a risk", "550 no", ""])
def test_not_every_refusal_is_about_the_size(reply):
    assert not is_too_large(reply)
    assert not is_full(reply)


def test_status_codes():
    assert status_of("550 5.1.1 x") == "5.1.1"
    assert status_of("550 x (#5.7.509)") == "5.7.509"
    assert status_of("550 host 5.1.1.4 said no") == ""
    assert status_of("550 no") == ""
