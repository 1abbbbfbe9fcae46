"""Odd mail: every reader sees the same sender, no reader raises, and people's mail is no machine's."""

from email.utils import getaddresses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from odoo.addons.message_history.lib.addresses import parse_addresses
from odoo.addons.message_history.lib.automatic import AutomaticKind, answer_address, classify, may_answer
from odoo.addons.message_history.lib.bounce import read_bounce
from odoo.addons.message_history.lib.bounce_marks import DAEMON_VAGUE
from odoo.addons.message_history.lib.bounce_original import original_ids
from odoo.addons.message_history.lib.display import prepare_html, quote_html
from odoo.addons.message_history.lib.headers import read_headers
from odoo.addons.message_history.lib.repair import parse_mail


def _mail(*headers: str, body: str = "Hello") -> bytes:
    return ("\r\n".join(headers) + f"\r\n\r\n{body}\r\n").encode()


def _seen(raw: bytes, name: str) -> list[str]:
    """The addresses that core gets of a header: the standard library's reading of what we hand over."""
    text = str(parse_mail(raw).message[name] or "")
    return [address for _name, address in getaddresses([text]) if "@" in address]


@pytest.mark.parametrize(
    ("field", "addresses"),
    [
        ("boss@bank.example <a@evil.example>", ["a@evil.example"]),
        ("Anna @ Firma <anna@firma.example>", ["anna@firma.example"]),
        ("max@firm.example via Portal <portal@x.example>", ["portal@x.example"]),
        ('"boss@bank.example" <a@evil.example>', ["a@evil.example"]),
        ("=?utf-8?q?boss=40bank=2Eexample?= <a@evil.example>", ["a@evil.example"]),
        ("max@firm.example; desk@shop.example", ["max@firm.example", "desk@shop.example"]),
        ("a@b.example, boss@bank.example <c@d.example>", ["a@b.example", "c@d.example"]),
        ("Max [mailto:max@firm.example]", ["max@firm.example"]),
        ("max..m.@docomo.example", ["max..m.@docomo.example"]),
        ("max@[192.0.2.1]", ["max@[192.0.2.1]"]),
        ("=?utf-8?q?max=40firm=2Eexample?=", ["max@firm.example"]),
        ("plain@firm.example", ["plain@firm.example"]),
    ],
)
def test_all_readers_see_the_same_address(field, addresses):
    for name in ("From", "To", "Cc", "Reply-To"):
        raw = _mail(f"{name}: {field}")
        assert _seen(raw, name) == addresses
        assert [address for _name, address in parse_addresses(field)] == addresses
    raw = _mail(f"From: {field}", "Return-Path: <x@elsewhere.example>")
    assert read_headers(raw).sender_address == addresses[0]
    assert answer_address(parse_mail(raw).message) == addresses[0]


@pytest.mark.parametrize(
    "field",
    [
        "A <=?utf-8?Q?boss=40bank.example=3E?=@evil.example>",
        "A <boss@bank.example>@evil.example>",
        "A <boss(x)@bank.example\x01@evil.example>",
        "max(work)@firm.example",
    ],
)
def test_what_one_reader_would_cut_in_two_is_nobody_else(field):
    raw = _mail(f"From: {field}")
    ours, core = read_headers(raw).sender_address, _seen(raw, "From")
    assert (core or [""])[0] in (ours or "", "")
    assert not [one for one in core if set(one.partition("@")[2]) & set("<>()@,; ")]


@settings(max_examples=300, deadline=None)
@given(st.text("ab@.<>()[]\":;,\\ =?é\t", max_size=40))
def test_an_address_is_one_whoever_reads_it(field):
    for _name, address in parse_addresses(field):
        assert [one for _n, one in getaddresses([address])] == [address], field


def test_a_receipt_without_a_readable_recipient_is_read():
    for recipient in ("", "Final-Recipient: rfc822;/o=ExchangeLabs/ou=x", "Final-Recipient: unknown; max",
                      "Original-Recipient: rfc822;IMCEAEX-x"):  # fmt: skip
        mail = parse_mail(_mail(
            "From: a@b.example", "Content-Type: message/disposition-notification",
            body=f"{recipient}\r\nDisposition: manual-action/MDN-sent-manually; displayed")).message  # fmt: skip
        report = read_bounce(mail)
        assert report is not None
        assert report.recipients == ()
        assert classify(mail).kind is AutomaticKind.RECEIPT


_FIELDS = st.lists(
    st.tuples(
        st.sampled_from((
            "Final-Recipient", "Original-Recipient", "Disposition", "Action", "Status", "Diagnostic-Code", "Remote-MTA",
            "Reporting-MTA", "Original-Message-ID", "Failure", "Feedback-Type", "Arrival-Date", "x")),
        st.text("aä@.;:<>/ 0155=\x00\x85", max_size=20)), max_size=6)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(("message/disposition-notification", "message/delivery-status", "message/feedback-report",
                     "message/rfc822", "text/rfc822-headers", "multipart/report; boundary=é", "message/partial")),
    st.sampled_from(("7bit", "base64", "quoted-printable", "8bit", "x-uuencode", "é")), _FIELDS, _FIELDS)  # fmt: skip
def test_no_report_makes_a_reader_raise(kind, coding, first, second):
    groups = "\n\n".join("\n".join(f"{name}: {value}" for name, value in group) for group in (first, second))
    raw = (f"From: MAILER-DAEMON@b.example\nContent-Type: {kind}\nContent-Transfer-Encoding: {coding}\n\n"
           f"{groups}\n").encode("latin-1")  # fmt: skip
    mail = parse_mail(raw).message
    report = read_bounce(mail)
    classify(mail), may_answer(mail, ()), original_ids(mail, None, (), "")
    assert report is None or isinstance(report.recipients, tuple)
    assert isinstance(mail.as_bytes(), bytes)


def test_a_part_with_a_boundary_beyond_ascii_can_be_written_again():
    mail = parse_mail("Content-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\nContent-Type: message/rfc822\r\n\r\n"
                      "Content-Type: multipart/mixed; boundary=ü\r\n\r\nwords\r\n--B--".encode()).message  # fmt: skip
    assert b"words" in mail.as_bytes()


@pytest.mark.parametrize(
    "source",
    [
        '<p>hi</p><blockquote type="cite">a</blockquote>&#8;x',
        "<p style=\"margin: a&#28;b; background: url('https://x.example/a.png')\">x</p>",
        '<img src="https://x.example/a.png" alt="&#8;x">',
        '<a title="&#1;b" name="&#2;" href="&#3;https://x.example/">x&#11;</a>&#31;',
        "<table width='&#5;3'><tr><td background='https://x.example/&#6;'>&#xffff;x</table>",
        "<!-- &#8; --><p>x&#xfffe;</p>\x08",
    ],
)
def test_a_control_character_keeps_no_mail_shut(source):
    shown = (prepare_html(source, {}).html, quote_html(source), quote_html(source, pictures=True))
    assert all("x" in one for one in shown[:1])
    assert not [one for one in shown for sign in one if sign < " " and sign not in "\t\n\r"]


_NULL = "Return-Path: <>"


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ((_NULL, "From: a@b.example", "Auto-Submitted: auto-replied"), "I am away, ask c@b.example"),
        ((_NULL, "From: a@b.example", "Subject: Automatic reply: Delivery problem"), "Thank you"),
        ((_NULL, "From: a@b.example", "Subject: Automatische Antwort: Zustellung Ihrer Bestellung"), "Danke"),
        ((_NULL, "From: a@b.example", "Subject: my order was not delivered"), "It was not delivered, ask c@d.example"),
        (("From: kunde@firm.example", "Subject: Zustellung fehlgeschlagen"),
         "Meine Mail an sales@shop.example kam mit 550 5.1.1 Postfach unbekannt zurück"),
        (("From: kunde@firm.example", "Subject: Delivery failed"),
         "your server said 550 5.1.1 user unknown for sales@shop.example, what is your mailbox?"),
        (("From: delivery@koch.example", "Subject: Order 7"), "we are not able to process your order. c@koch.example"),
        (("From: Bounce House Rentals <info@bouncy.example>", "Subject: Delivery failed"),
         "we could not deliver your castle to max@firm.example"),
        (("From: bounce@castle.example", "Subject: Delivery failed"), "nobody was at max@firm.example"),
        (("From: mailer-daemon@x.example <kunde@firm.example>", "Subject: Delivery failed"),
         "user unknown max@firm.example"),
    ],
)  # fmt: skip
def test_what_people_and_their_absence_notices_write_is_no_bounce(headers, body):
    mail = parse_mail(_mail(*headers, "Content-Type: text/plain; charset=utf-8", body=body)).message
    assert read_bounce(mail) is None
    assert classify(mail).kind is not AutomaticKind.BOUNCE


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ((_NULL, "From: mx@firm.example"), "<c@d.example>: host mx said: 550 5.1.1 user unknown (in reply to RCPT TO)"),
        (("From: MAILER-DAEMON@d.example", "Subject: failure notice"), "user unknown: c@d.example"),
        (("From: bounces@d.example", "Subject: failure notice", _NULL), "user unknown: c@d.example"),
        (("From: delivery@d.example", "Subject: failure notice"),
         "smtp server said 550 5.1.1 user unknown: c@d.example"),
        (("From: noreply@d.example", "Subject: Undeliverable"),
         "remote server said 550 5.1.1 unknown user c@d.example"),
    ],
)  # fmt: skip
def test_what_mail_systems_write_still_is_one(headers, body):
    report = read_bounce(parse_mail(_mail(*headers, body=body)).message)
    assert report is not None
    assert [one.address for one in report.recipients] == ["c@d.example"]


def test_a_vague_name_is_no_whole_word_of_others():
    assert DAEMON_VAGUE.match("delivery-status")
    assert not DAEMON_VAGUE.match("bouncer")
    assert not DAEMON_VAGUE.match("mtavern")
