"""Machine-readable reports: RFC 3464, 8098, 5965, and what real systems make of them."""

import pytest
from odoo.addons.message_history.lib.bounce_fields import (
    delivery_status,
    disposition,
    feedback,
    merge,
    parse_groups,
    typed_address,
)
from odoo.addons.message_history.lib.bounce_types import (
    BouncedRecipient,
    RecipientKind,
    ReportKind,
)

MESSAGE = "Reporting-MTA: dns; mx.example.net\nArrival-Date: Mon, 2 Mar 2026 10:00:00 +0100\n"


def status_of(text, notice=""):
    found = delivery_status([text], notice)
    return found and [(one.address, one.kind.value, one.status) for one in found.recipients]


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("rfc822; ann@example.org", "ann@example.org"),
        ("RFC822;<Ann@Example.ORG>", "ann@example.org"),
        ("rfc822; <ann@example.org> (Ann)", "ann@example.org"),
        ("ann@example.org", "ann@example.org"),
        ("rfc822;\tann+40example.org", "ann@example.org"),
        ("rfc822; ann+2Bshop@example.org", "ann+shop@example.org"),
        ("utf-8; \\x{E4}nne@example.org", "änne@example.org"),
        ("utf-8; änne@exämple.org", "änne@exämple.org"),
        ("rfc822; =?utf-8?q?ann=40example=2Eorg?=", "ann@example.org"),
        ("LOCAL;<ann>", ""),
        ("system;<>", ""),
        ("x400; /G=Ann/S=Example/O=Org/", ""),
        ("rfc822; IMCEAEX-_O=ORG_OU=SITE_CN=ANN@example.org", ""),
        ("rfc822;/var/mail/ann", ""),
        ("", ""),
    ],
)
def test_typed_address(value, address):
    assert typed_address(value) == address


@pytest.mark.parametrize(
    ("action", "status", "kind"),
    [
        ("failed", "5.1.1", "permanent"),
        ("Failed", "5.0.0 (permanent failure)", "permanent"),
        ("failed", "", "permanent"),
        ("failed", "4.4.7", "temporary"),
        ("failed", "5.2.2", "temporary"),
        ("delayed", "4.4.1", "delayed"),
        ("delivered", "2.0.0", "delivered"),
        ("relayed", "2.6.0", "delivered"),
        ("expanded", "2.0.0", "delivered"),
        ("", "5.1.1", "permanent"),
        ("", "4.2.0", "delayed"),
        ("", "2.0.0", "delivered"),
        ("failed (bad destination)", "5.1.2", "permanent"),
    ],
)
def test_action_and_status_make_the_kind(action, status, kind):
    lines = [f"Action: {action}"] * bool(action) + [f"Status: {status}"] * bool(status)
    text = MESSAGE + "\nFinal-Recipient: rfc822; ann@example.org\n" + "\n".join(lines) + "\n"
    assert [one[1] for one in status_of(text)] == [kind]


TWO = [("ann@example.org", "permanent", "5.1.1"), ("bob@example.org", "delayed", "4.4.1")]
ANN = "Final-Recipient: rfc822; ann@example.org\nAction: failed\nStatus: 5.1.1\n"
BOB = "Final-Recipient: rfc822; bob@example.org\nAction: delayed\nStatus: 4.4.1\n"


@pytest.mark.parametrize(
    "text",
    [
        f"{MESSAGE}\n{ANN}\n{BOB}",
        f"{MESSAGE}{ANN}{BOB}",
        f"{ANN}\n\n\n{BOB}",
        f"{MESSAGE}\n{ANN}\n{BOB}".replace("\n", "\r\n"),
        f"{MESSAGE}\n{ANN}\nDiagnostic-Code: smtp; 550 after a blank line\n\n{BOB}",
        (f"{MESSAGE}\nAction: failed\nStatus: 5.1.1\nFinal-Recipient: rfc822; ann@example.org\n"
        "\nAction: delayed\nStatus: 4.4.1\nFinal-Recipient: rfc822; bob@example.org\n"),
        f"{MESSAGE}\n{ANN}\nOriginal-Recipient: rfc822; bob@example.org\n\n{BOB}",
        f"This is no field\n{MESSAGE}\nnor is this\n{ANN}\n: nor this\n{BOB}",
    ],
    ids=["as it should be", "no blank lines", "no message block", "CRLF", "a blank line within",
         "another order", "a torn block", "noise"],
)  # fmt: skip
def test_groups(text):
    assert status_of(text) == TWO


def test_folded_fields_and_details():
    found = delivery_status(
        [
            MESSAGE + "\nOriginal-Recipient: rfc822;info@ours.example\nFinal-Recipient: rfc822;\n"
            " ann@example.org\nAction: failed\nStatus: 5.0.0\nRemote-MTA: dns; mx.example.org\n"
            "Diagnostic-Code: smtp; 550 5.7.26 this mail\n has been\n\tblocked\n"
        ],
        "",
    )
    (one,) = found.recipients
    assert one.address == "info@ours.example"
    assert one.aliases == ("ann@example.org",)
    assert one.status == "5.7.26"
    assert one.diagnostic == "550 5.7.26 this mail has been blocked"
    assert one.remote_mta == "mx.example.org"
    assert found.reporting_mta == "mx.example.net"


def test_no_status_at_all():
    assert delivery_status(["nothing: here\n"], "") is None
    assert delivery_status([], "") is None


def test_a_recipient_without_an_address_is_left_to_the_words():
    found = delivery_status([MESSAGE + "\nFinal-Recipient: LOCAL;<ann>\nAction: failed\n"], "")
    assert found is not None
    assert found.recipients == ()


def test_long_words_are_clipped_and_cleaned():
    text = f"{MESSAGE}\n{ANN}Diagnostic-Code: smtp; 550\x00 " + "x" * 5000 + "\n"
    (one,) = delivery_status([text], "").recipients
    assert len(one.diagnostic) == 500
    assert "\x00" not in one.diagnostic


def test_many_lines_are_bounded():
    message, groups = parse_groups("Final-Recipient: rfc822; a@b.example\n" * 100_000)
    assert message == {}
    assert len(groups) <= 4000


def test_merge_keeps_the_one_that_explains():
    bare = BouncedRecipient("ann@example.org", RecipientKind.PERMANENT)
    told = BouncedRecipient("ann@example.org", RecipientKind.PERMANENT, diagnostic="550 no")
    assert merge([bare, told]) == (told,)
    assert merge([told, bare]) == (told,)


@pytest.mark.parametrize(
    ("value", "notice", "kind"),
    [
        ("manual-action/MDN-sent-manually; displayed", "", ReportKind.READ),
        ("automatic-action/MDN-sent-automatically; displayed", "", ReportKind.READ),
        ("manual-action/MDN-sent-manually; deleted", "", ReportKind.NOT_READ),
        ("automatic-action/MDN-sent-automatically; deleted", "was deleted without being read",
         ReportKind.NOT_READ),
        ("automatic-action/MDN-sent-automatically; deleted", "wurde ungelesen gelöscht",
         ReportKind.NOT_READ),
        ("automatic-action/MDN-sent-automatically; deleted", "was automatically rejected: no",
         ReportKind.BOUNCE),
        ("automatic-action/MDN-sent-automatically; dispatched", "", ReportKind.DELIVERED),
        ("manual-action/MDN-sent-manually; failed", "", ReportKind.BOUNCE),
        ("manual-action/MDN-sent-manually; processed/error", "", ReportKind.DELIVERED),
        ("", "", ReportKind.DELIVERED),
    ],
)  # fmt: skip
def test_disposition(value, notice, kind):
    text = (
        "Reporting-UA: mua.example.org; Mua\nFinal-Recipient: rfc822;ann@example.org\n"
        f"Original-Message-ID: <order-77@shop.example>\nDisposition: {value}\n"
    )
    found = disposition([text], notice, "subject")
    assert found.kind is kind
    assert found.message_ids == ("<order-77@shop.example>",)
    assert found.recipients[0].address == "ann@example.org"


def test_a_disposition_without_fields_is_none():
    assert disposition(["Content-Type: x\n"], "", "") is None


@pytest.mark.parametrize("kind", ["abuse", "Fraud", "virus", "other", "opt-out"])
def test_complaints(kind):
    found = feedback(
        [
            (
                f"Feedback-Type: {kind}\nUser-Agent: X/1\nVersion: 1\nReported-Domain: "
                f"ours.example\n"
                "Original-Rcpt-To: <ann@example.org>\nOriginal-Rcpt-To: bob@example.org\n"
            )
        ]
    )
    assert found.kind is ReportKind.COMPLAINT
    assert [one.address for one in found.recipients] == ["ann@example.org", "bob@example.org"]


@pytest.mark.parametrize("kind", ["not-spam", "auth-failure", "dmarc", ""])
def test_other_feedback_complains_about_nobody(kind):
    assert feedback([f"Feedback-Type: {kind}\nOriginal-Rcpt-To: ann@example.org\n"]) is None
