"""Whole reports: where the recipients come from, which message is meant, what is no report."""

import base64
import time
from email import message_from_bytes, message_from_string
from email.policy import SMTP, compat32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from odoo.addons.message_history.lib.bounce import RecipientKind, ReportKind, read_bounce

STATUS = (
    "Reporting-MTA: dns; mx.example.net\n\nFinal-Recipient: rfc822; ann@example.org\n"
    "Action: failed\n"
    "Status: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 unknown\n"
)
RETURNED = (
    "Received: from a by b; Mon, 2 Mar 2026 10:00:00 +0100\nMessage-ID: <order-77@shop.example>\n"
    "From: shop@ours.example\nTo: ann@example.org\nSubject: "
    "=?utf-8?q?Bestellung_f=C3=BCr_Ann?=\n\nHi\n"
)


def report(*parts, subtype="report; report-type=delivery-status", **headers):
    """Build a multipart mail of (content type, body) pairs."""
    fields = {
        "From": "MAILER-DAEMON@mx.example.net",
        "To": "shop@ours.example",
        "Subject": "Undelivered Mail Returned to Sender",
        "Content-Type": f'multipart/{subtype}; boundary="QQ"',
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    lines = [f"{name}: {value}" for name, value in fields.items()]
    body = "".join(f"--QQ\nContent-Type: {kind}\n\n{text}\n" for kind, text in parts)
    return message_from_string("\n".join(lines) + f"\n\n{body}--QQ--\n")


NOTICE = ("text/plain", "Your message could not be delivered.\n")


def test_rfc_3464():
    found = read_bounce(
        report(NOTICE, ("message/delivery-status", STATUS), ("message/rfc822", RETURNED))
    )
    assert found.kind is ReportKind.BOUNCE
    assert found.is_report
    assert found.source == "rfc3464"
    assert found.failed_addresses == ("ann@example.org",)
    assert found.original_message_ids == ("<order-77@shop.example>",)
    assert found.original_subject == "Bestellung für Ann"
    assert found.reporting_mta == "mx.example.net"


@pytest.mark.parametrize(
    "kind", ["text/rfc822-headers", "message/rfc822-headers", "message/global"]
)
def test_the_returned_headers_alone(kind):
    found = read_bounce(report(NOTICE, ("message/delivery-status", STATUS), (kind, RETURNED)))
    assert found.original_message_ids == ("<order-77@shop.example>",)


@pytest.mark.parametrize(
    "status_type",
    ["message/delivery-status", "message/global-delivery-status", "text/plain; name=status.txt"],
)
@pytest.mark.parametrize("subtype", ["report; report-type=delivery-status", "mixed", "report"])
def test_wrongly_labelled_parts(status_type, subtype):
    found = read_bounce(report(NOTICE, (status_type, STATUS), subtype=subtype))
    assert found.failed_addresses == ("ann@example.org",)
    assert found.source == "rfc3464"


def test_a_status_part_in_base64():
    coded = base64.encodebytes(STATUS.encode()).decode()
    part = ("message/delivery-status\nContent-Transfer-Encoding: base64", coded)
    assert read_bounce(report(NOTICE, part)).failed_addresses == ("ann@example.org",)


def test_a_boundary_that_never_comes():
    mail = report(NOTICE, ("message/delivery-status", STATUS))
    text = mail.as_string().replace('boundary="QQ"', 'boundary="another"')
    assert read_bounce(message_from_string(text)).failed_addresses == ("ann@example.org",)


def test_delivered_and_failed_in_one_report_is_a_bounce():
    more = "\nFinal-Recipient: rfc822; bob@example.org\nAction: delivered\nStatus: 2.0.0\n"
    found = read_bounce(report(NOTICE, ("message/delivery-status", STATUS + more)))
    assert found.kind is ReportKind.BOUNCE
    assert found.failed_addresses == ("ann@example.org",)
    assert [one.kind for one in found.recipients] == [
        RecipientKind.PERMANENT,
        RecipientKind.DELIVERED,
    ]


def test_a_delivery_receipt_is_no_bounce():
    text = STATUS.replace("failed", "delivered").replace("5.1.1", "2.0.0")
    found = read_bounce(report(("text/plain", "Delivered."), ("message/delivery-status", text)))
    assert found.kind is ReportKind.DELIVERED
    assert found.failed == ()


def test_a_read_receipt():
    text = (
        "Final-Recipient: rfc822; ann@example.org\n"
        "Disposition: manual-action/MDN-sent-manually; displayed\n"
    )
    found = read_bounce(
        report(
            ("text/plain", "Your message was read."),
            ("message/disposition-notification", text + "Original-Message-ID: <a@b.example>\n"),
            subtype="report; report-type=disposition-notification",
            Subject="Gelesen: Angebot 5",
            From="Ann <ann@example.org>",
        )
    )
    assert found.kind is ReportKind.READ
    assert found.original_message_ids == ("<a@b.example>",)
    assert found.original_subject == "Angebot 5"


def test_a_complaint_names_the_recipient_of_the_returned_message():
    fields = "Feedback-Type: abuse\nUser-Agent: X\nVersion: 1\n"
    found = read_bounce(
        report(
            ("text/plain", "This is an email abuse report."),
            ("message/feedback-report", fields),
            ("message/rfc822", RETURNED),
            subtype="report; report-type=feedback-report",
            From="feedback@isp.example",
            Subject="FW: Your order",
        )
    )
    assert found.kind is ReportKind.COMPLAINT
    assert [one.address for one in found.recipients] == ["ann@example.org"]
    assert found.original_message_ids == ("<order-77@shop.example>",)


def test_an_authentication_failure_report_is_none():
    fields = "Feedback-Type: auth-failure\nUser-Agent: X\nVersion: 1\n"
    parts = (("text/plain", "DMARC"), ("message/feedback-report", fields))
    mail = report(*parts, subtype="report; report-type=feedback-report", From="x@isp.example")
    assert read_bounce(mail) is None


def test_x_failed_recipients():
    mail = message_from_string(
        "From: someone@example.net\nTo: shop@ours.example\nSubject: hm\n"
        "X-Failed-Recipients: ann@example.org,\n bob@example.org\n\n"
        "  ann@example.org\n    550 5.1.1 no such user\n"
    )
    found = read_bounce(mail)
    assert found.source == "header"
    assert found.failed_addresses == ("ann@example.org", "bob@example.org")
    assert found.recipients[0].status == "5.1.1"


@pytest.mark.parametrize(
    ("address", "recipient"),
    [
        ("bounce+ann=example.org@ours.example", "ann@example.org"),
        ("<bounce+ann=example.org@ours.example>", "ann@example.org"),
        ("list-bounces+ann.b=example.co.uk@ours.example", "ann.b@example.co.uk"),
        ("bounces-ann=example.org@ours.example", "ann@example.org"),
        ("bounces+12345-ab12-ann=example.org@em.ours.example", "ann@example.org"),
        ("SRS0=HHH=TT=example.org=ann@ours.example", None),
        ("prvs=1234abc=shop@ours.example", None),
        ("bounce+token42@ours.example", None),
    ],
)
def test_verp(address, recipient):
    mail = message_from_string(
        f"Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.net\nTo: {address}\n"
        "Subject: Delivery failure\n\nSorry, your message could not be delivered.\n"
    )
    found = read_bounce(mail)
    assert found.failed_addresses == ((recipient,) if recipient else ())


def test_the_recipient_of_the_returned_message_is_the_last_resort():
    found = read_bounce(report(NOTICE, ("message/rfc822", RETURNED), subtype="mixed"))
    assert found.source == "original"
    assert found.failed_addresses == ("ann@example.org",)


def test_a_machine_that_returns_the_message():
    words = ("text/plain", "Could not be delivered to: <ann@example.org>\nThe mailbox is full.\n")
    fields = {"From": "no-reply@isp.example", "Subject": "To you"}
    found = read_bounce(report(words, ("message/rfc822", RETURNED), subtype="mixed", **fields))
    assert found.failed_addresses == ("ann@example.org",)
    fields["From"] = "Ann <ann@example.org>"
    person = report(words, ("message/rfc822", RETURNED), subtype="mixed", **fields)
    assert read_bounce(person) is None


def test_a_list_returned_does_not_blame_everybody():
    many = RETURNED.replace(
        "To: ann@example.org", "To: a@x.example, b@x.example, c@x.example, d@x.example"
    )
    found = read_bounce(report(NOTICE, ("message/rfc822", many), subtype="mixed"))
    assert found.kind is ReportKind.BOUNCE
    assert found.recipients == ()


def test_a_report_inside_a_report():
    inner = report(
        NOTICE, ("message/delivery-status", STATUS), ("message/rfc822", RETURNED)
    ).as_string()
    outer = report(
        ("text/plain", "See below."), ("message/rfc822", inner.replace("QQ", "RR")), subtype="mixed"
    )
    found = read_bounce(outer)
    assert found.failed_addresses == ("ann@example.org",)
    assert found.original_message_ids == ("<order-77@shop.example>",)


def test_ids_from_the_report_itself():
    """Exchange returns no message, but answers to it; its own header keeps our id."""
    mail = report(NOTICE, ("message/delivery-status", STATUS), Message_ID="<ndr-1@x.example>",
                  In_Reply_To="<rewritten@prod.example>",
                  References="<first@x.example> <last@x.example>",
                  X_Microsoft_Original_Message_ID="<order-77@shop.example>")  # fmt: skip
    assert read_bounce(mail).original_message_ids == (
        "<order-77@shop.example>",
        "<rewritten@prod.example>",
        "<last@x.example>",
        "<first@x.example>",
    )


@pytest.mark.parametrize(
    ("subject", "original"),
    [
        ("Undeliverable: Offer 5", "Offer 5"),
        ("Unzustellbar: Angebot 5", "Angebot 5"),
        ("Non remis : Offre 5", "Offre 5"),
        ("Undelivered Mail Returned to Sender", ""),
        ("Returned mail: User unknown", ""),
        ("DELIVERY FAILURE: User ann not listed in Domino Directory", ""),
    ],
)
def test_the_subject_from_the_subject(subject, original):
    found = read_bounce(report(NOTICE, ("message/delivery-status", STATUS), Subject=subject))
    assert found.original_subject == original


def plain(body, **headers):
    fields = {
        "From": "Ann <ann@example.org>",
        "To": "shop@ours.example",
        "Subject": "Hello",
        **headers,
    }
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
    return message_from_string("\n".join(lines) + f"\n\n{body}\n")


@pytest.mark.parametrize(
    "mail",
    [
        plain("Hi, my last mail could not be delivered. Is bob@example.org still your address?"),
        plain("Please see below.\n\n> 550 5.1.1 <bob@example.org> user unknown\n",
              Subject="Re: Undeliverable: Your order"),
        plain("Der Kunde sagt, die Mail an bob@example.org sei unzustellbar.",
              Subject="Adresse falsch?"),
        plain("Delivery failed, the parcel came back. Write to me at ann2@example.org.",
              Subject="Delivery problem with order 77"),
        plain("Leider konnte Ihr Paket nicht zugestellt werden. Fragen? hilfe@parcel.example",
              From="noreply@parcel.example", Subject="Zustellung fehlgeschlagen",
              Auto_Submitted="auto-generated"),
        plain("Our server rejects mail: 550 5.7.1 <x@y.example>", Subject="Fwd: Delivery failure",
              List_Id="<admins.example.org>"),
        plain("Wir sind im Urlaub.", Subject="Abwesenheitsnotiz", Auto_Submitted="auto-replied"),
        plain("Your invoice 4.5.2 is due, 550 EUR to bank@example.org", Subject="Invoice"),
        plain("How to fix 'undelivered mail returned to sender' in 5 steps",
              Subject="Newsletter: mail errors",
              List_Unsubscribe="<https://x.example>"),
        plain("Kind regards", From="postmaster@example.org", Subject="New mail server on Monday"),
        plain("", Subject=""),
    ],
    ids=["speaks of one", "answers one", "asks in German", "parcels", "Pakete", "a list about mail",
         "vacation",
         "codes", "newsletter", "a postmaster", "nothing"],
)  # fmt: skip
def test_no_bounce(mail):
    assert read_bounce(mail) is None


def test_a_bounce_that_a_person_forwards_is_none():
    inner = report(NOTICE, ("message/delivery-status", STATUS)).as_string().replace("QQ", "RR")
    mail = report(("text/plain", "What does this mean?"), ("message/rfc822", inner),
                  subtype="mixed", From="Ann <ann@example.org>",
                  Subject="Fwd: could you look?")  # fmt: skip
    assert read_bounce(mail) is None


@pytest.mark.parametrize("policy", [compat32, SMTP], ids=["compat32", "EmailPolicy"])
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_damaged_reports_never_raise(policy, data):
    raw = report(
        NOTICE, ("message/delivery-status", STATUS), ("message/rfc822", RETURNED)
    ).as_bytes()
    for _count in range(data.draw(st.integers(1, 6))):
        start = data.draw(st.integers(0, len(raw)))
        end = min(len(raw), start + data.draw(st.integers(0, 40)))
        raw = raw[:start] + data.draw(st.binary(max_size=12)) + raw[end:]
    read_bounce(message_from_bytes(raw, policy=policy))


@pytest.mark.parametrize(
    "body",
    [
        "could not be delivered " + "a" * 100_000 + "@ " + "x@y.example " * 20_000,
        "-" * 100_000,
        "konnte " + "x " * 50_000,
        ("a." * 60 + "@") * 2000,
        "could not " * 20_000,
        "Final-Recipient: rfc822; " + "a" * 100_000,
    ],
    ids=["addresses", "dashes", "words", "dots", "failures", "status"],
)
def test_a_huge_line_takes_no_time(body):
    began = time.monotonic()
    read_bounce(plain(body, From="MAILER-DAEMON@x.example", Subject="failure notice"))
    assert time.monotonic() - began < 2
