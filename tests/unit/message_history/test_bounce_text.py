"""Non-delivery reports without machine-readable fields.

The mails in ``data/bounces`` are one sample per family of mail system and language, written for
this test after the shape of what these systems send; names and hosts are made up. The header
``X-Expected-Status`` is the status to be found.
"""

from email import message_from_bytes, message_from_string
from pathlib import Path

import pytest
from odoo.addons.message_history.lib.bounce import RecipientKind, ReportKind, read_bounce
from odoo.addons.message_history.lib.bounce_text import find_local_names, find_recipients, is_delay

SAMPLES = sorted((Path(__file__).resolve().parents[2] / "data" / "bounces").glob("*.eml"))
DAEMON = "Mail Delivery System <MAILER-DAEMON@mx.example.net>"


def mail(sender, subject, body):
    head = f"From: {sender}\nTo: shop@ours.example\nSubject: {subject}\nMIME-Version: 1.0\n"
    kind = "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n"
    return message_from_string(head + kind + body)


def test_there_are_samples():
    assert len(SAMPLES) > 20


@pytest.mark.parametrize("path", SAMPLES, ids=[path.stem for path in SAMPLES])
@pytest.mark.parametrize("header", [b"Return-Path: <>\n", b"Return-Path: <x@example.net>\n", b""])
def test_samples(path, header):
    message = message_from_bytes(header + path.read_bytes())
    report = read_bounce(message)
    assert report is not None
    assert report.kind is ReportKind.BOUNCE
    assert report.failed_addresses == ("ann@example.org",)
    assert report.failed[0].status == message["X-Expected-Status"].strip()
    assert report.failed[0].final
    assert not report.is_report
    assert report.source == "text"
    assert report.original_message_ids[0] == "<order-77@shop.example>"
    assert report.original_subject == "Your order 77"


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("550 5.1.1 no such user", RecipientKind.PERMANENT),
        ("552 5.2.2 mailbox full", RecipientKind.TEMPORARY),
        ("This account is over quota.", RecipientKind.TEMPORARY),
        ("Postfach ist voll", RecipientKind.TEMPORARY),
        ("451 4.4.1 timed out, giving up", RecipientKind.TEMPORARY),
        ("554 5.7.1 rejected as spam", RecipientKind.PERMANENT),
        ("550 unknown user, connection timed out later", RecipientKind.PERMANENT),
        ("552 mailbox is full", RecipientKind.TEMPORARY),
        ("The recipient mailbox has exceeded its disk space limit.", RecipientKind.TEMPORARY),
    ],
)
def test_a_failure_that_may_pass(words, kind):
    body = f"The following addresses failed:\n\n<ann@example.org>:\n{words}\n"
    report = read_bounce(mail(DAEMON, "Mail delivery failed", body))
    assert [(one.address, one.kind) for one in report.recipients] == [("ann@example.org", kind)]


@pytest.mark.parametrize(
    "body",
    [
        (
            "A message that you sent has not yet been delivered to one or more of its "
            "recipients after\n"
            "more than 24 hours on the queue.\nThe address to which the message has not yet "
            "been delivered"
            " is:\n\n  ann@example.org\n\nNo action is required on your part. Delivery "
            "attempts will continue"
            " for\nsome time.\n"
        ),
        (
            "THIS IS A WARNING MESSAGE ONLY.\n\nDelivery to the following recipient has been "
            "delayed:\n\n"
            "   ann@example.org\n\nMessage will be retried for 2 more day(s)\n"
        ),
        (
            "Die Zustellung Ihrer Nachricht an folgende Empfänger wurde verzögert:\n\n  "
            "ann@example.org\n\n"
            "Die Nachricht wurde noch nicht zugestellt. Es wird weiterhin versucht, sie "
            "zuzustellen.\n"
        ),
    ],
)
def test_delays_are_not_failures(body):
    report = read_bounce(mail(DAEMON, "Warning: message delayed 24 hours", body))
    assert report.kind is ReportKind.DELAY
    assert report.failed == ()
    assert [one.address for one in report.recipients] == ["ann@example.org"]
    assert not report.recipients[0].final


def test_no_further_attempts_is_no_delay():
    assert not is_delay("Permanent failure. No further delivery attempts will be made.")
    assert is_delay("Delivery attempts will continue for three days.")


def test_several_recipients_each_with_its_own_reason():
    notice = (
        "Unable to deliver message to the following addresses.\n\n<ann@example.org>:\n"
        "This account is "
        "over quota.\n\n<bob@example.com>:\n550 5.1.1 no such user\n"
    )
    found = find_recipients(notice, ())
    assert [(one.address, one.kind.value) for one in found] == [
        ("ann@example.org", "temporary"),
        ("bob@example.com", "permanent"),
    ]
    assert "over quota" in found[0].diagnostic
    assert "no such user" not in found[0].diagnostic


@pytest.mark.parametrize(
    "line",
    [
        "For assistance contact helpdesk@example.net.",
        "Please send mail to <support@example.net>.",
        "A message from boss@example.net",
        "Generating server: srv@example.net",
        "Message-ID: <20260302.4711@example.net>",
        "MAIL FROM:<someone@example.net>",
        "see http://example.net/why?user=x@example.net",
        "postmaster@example.net",
        "Wenden Sie sich an admin@example.net",
    ],
)
def test_bystanders_have_not_failed(line):
    notice = f"{line}\n\nThe following address failed:\n\n  ann@example.org\n\n{line}\n"
    assert [one.address for one in find_recipients(notice, ())] == ["ann@example.org"]


def test_the_sender_has_not_failed():
    notice = "The following address failed:\n\n  shop@ours.example\n  ann@example.org\n"
    found = find_recipients(notice, ["shop@ours.example"])
    assert [one.address for one in found] == ["ann@example.org"]


def test_local_names_below_words_of_failure():
    notice = (
        "Your mail to the following recipients could not be delivered:\n\n\tann\n\tbob "
        "(User unknown)\n"
        "\nthanks\n"
    )
    assert find_local_names(notice, "example.org") == ("ann@example.org", "bob@example.org")
    assert find_local_names(notice, "") == ()
    assert find_local_names("Regards\n\nAnn\n", "example.org") == ()
