"""Addresses, return addresses, delays, clean headers, filters, connecting."""

import base64
import random
import re
import smtplib
import socket
import ssl
from email import policy
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st
from odoo.addons.message_history.lib import errors
from odoo.addons.message_history.lib.connect import Endpoint
from odoo.addons.message_history.lib.transport import Capability
from odoo.addons.smtp_outbox.lib import clean
from odoo.addons.smtp_outbox.lib.addresses import is_ascii, wire_address
from odoo.addons.smtp_outbox.lib.from_filter import allows
from odoo.addons.smtp_outbox.lib.schedule import next_delay
from odoo.addons.smtp_outbox.lib.transport import SmtpTransport, translate_connect
from odoo.addons.smtp_outbox.lib.verp import decode, encode

from dev.servers.ports import free_ports
from dev.servers.smtp import SmtpSink


@pytest.mark.parametrize(("given_address", "wanted"), [
    ("ann@example.com", "ann@example.com"), (" ann@example.com ", "ann@example.com"),
    ("ann@müller.example", "ann@xn--mller-kva.example"), ("jörg@example.com", "jörg@example.com"),
    ("ann+tag@example.com", "ann+tag@example.com"), ("o'neil@example.com", "o'neil@example.com"),
])
def test_addresses(given_address, wanted):
    assert wire_address(given_address) == wanted
    assert is_ascii(wanted) == wanted.isascii()


@pytest.mark.parametrize("address", [
    "", "ann", "@example.com", "ann@", "ann@x\r\nRCPT TO:<b@c.d>", "a b@c.d", "ann@example.com>", "a" * 300 + "@b.c",
    "ann@example¢¡.com",
])
def test_no_addresses(address):
    with pytest.raises(errors.RecipientRefused):
        wire_address(address)


@given(st.integers(min_value=1, max_value=2**53))
def test_return_addresses(number):
    address = encode("bounce@example.com", number, b"secret")
    assert decode(address, b"secret") == ("bounce@example.com", number)
    assert decode(address.upper(), b"secret") == ("bounce@example.com", number)
    assert decode(address, b"another") is None
    assert len(address.partition("@")[0]) <= 64


@pytest.mark.parametrize("address", [
    "bounce@example.com", "bounce+1@example.com", "bounce+1-0000000000@example.com", "", "bounce+1-xyz@example.com",
])
def test_no_return_addresses(address):
    assert decode(address, b"secret") is None


def test_delays_grow():
    rng = random.Random(1)
    delays = [next_delay(attempts, None, rng) for attempts in range(1, 12)]
    assert 48 <= delays[0] <= 72
    assert delays[:9] == sorted(delays[:9])
    assert max(delays) <= 4 * 3600 * 1.2
    assert next_delay(1, 900.0, rng) == 900.0
    assert next_delay(0, None, rng) <= 72
    spread = {round(next_delay(3, None, rng)) for _time in range(50)}
    assert len(spread) > 10, "not all at the same moment"


@given(st.text())
def test_clean_text_is_one_line(text):
    cleaned = clean.clean_text(text)
    assert not any(ord(letter) < 32 or ord(letter) == 127 for letter in cleaned)
    assert clean.clean_text(cleaned) == cleaned


def test_clean_headers():
    assert clean.clean_headers({
        "X-Good": "1\r\nX-Evil: 2", "X-Bad\r\nBcc": "x", "": "x", "X:Y": "x", "Größe": "x", "X-None": None, 3: "x",
        "X-Number": 5,
    }) == {"X-Good": "1 X-Evil: 2", "X-Number": "5"}


@pytest.mark.parametrize(("name", "wanted"), [
    ("a.pdf", "a.pdf"), ("a\r\nb.pdf", "a_b.pdf"), ("", "attachment"), (None, "attachment"), ("Übersicht.pdf",
                                                                                              "Übersicht.pdf")])
def test_clean_filenames(name, wanted):
    assert clean.clean_filename(name) == wanted


@pytest.mark.parametrize(("value", "wanted"), [
    ("text/plain", "text/plain"), ("TEXT/HTML", "text/html"), ("text/x\r\ny", "application/octet-stream"),
    (None, "application/octet-stream"), ("nonsense", "application/octet-stream")])
def test_clean_mimetypes(value, wanted):
    assert clean.clean_mimetype(value) == wanted


def test_clean_ids():
    assert clean.clean_message_id("<a@b>\r\nX: y") == "<a@b>X: y"
    assert clean.clean_references("<a@b>\r\n <c@d>") == "<a@b> <c@d>"


@pytest.mark.parametrize(("from_filter", "address", "wanted"), [
    ("", "ann@example.com", True), ("example.com", "ann@example.com", True),
    ("example.com", "ann@x.example.com", False),
    ("ann@example.com, other.example", "ann@example.com", True), ("ann@example.com", "bob@example.com", False),
    ("EXAMPLE.com", "Ann@Example.com", True), ("example.com", "", False),
])
def test_filters(from_filter, address, wanted):
    assert allows(from_filter, address) is wanted


@pytest.mark.parametrize(("error", "kind", "retryable"), [
    (ConnectionRefusedError("refused"), errors.ConnectionFailed, True),
    (socket.gaierror(-2, "Name or service not known"), errors.ConnectionFailed, True),
    (TimeoutError("timed out"), errors.ConnectionFailed, True),
    (ssl.SSLError("wrong version number"), errors.ConnectionFailed, True),
    (smtplib.SMTPConnectError(421, b"busy"), errors.ConnectionFailed, True),
    (smtplib.SMTPServerDisconnected("gone"), errors.ConnectionFailed, True),
    (smtplib.SMTPAuthenticationError(535, b"5.7.8 bad credentials"), errors.AuthenticationError, False),
    (smtplib.SMTPAuthenticationError(454, b"4.7.0 later"), errors.ConnectionFailed, True),
    (errors.Throttled("slow"), errors.Throttled, True),
    (ValueError("a setting"), errors.ConfigurationError, False),
])
def test_what_connecting_raises(error, kind, retryable):
    found = translate_connect(error)
    assert type(found) is kind
    assert found.retryable is retryable


def test_checking_a_connection():
    with SmtpSink() as sink:
        transport = SmtpTransport(
            connect=lambda: smtplib.SMTP(sink.host, sink.port, timeout=5), place=Endpoint(sink.host, sink.port),
            sender="a@b.c")
        assert transport.capabilities == {Capability.CHECK}
        assert transport.check().ok
        assert not sink.taken, "a test sends nothing"
    port = free_ports(1)[0]
    broken = SmtpTransport(
        connect=lambda: smtplib.SMTP("127.0.0.1", port, timeout=5), place=Endpoint("127.0.0.1", port), sender="a@b.c")
    report = broken.check()
    assert not report.ok
    assert isinstance(report.error, errors.ConnectionFailed)


def encoded(text, charset="utf-8"):
    return f"=?{charset}?B?{base64.b64encode(text.encode(charset, 'surrogatepass')).decode()}?="


HIDDEN = "Ann\r\nBcc: evil@evil.example\r\n\r\nbody"
SMUGGLED = [
    encoded(HIDDEN), f"<{encoded(HIDDEN)}>", f"Re: {encoded(HIDDEN)} x", "=?utf-8?q?a=0D=0ABcc:_evil@evil.example?=",
    "=?utf-8?Q?a=0ABcc: evil@evil.example?=", encoded(encoded(HIDDEN)), encoded(encoded(encoded(encoded(HIDDEN)))),
    f"={encoded(HIDDEN)}{encoded(HIDDEN)[1:]}", f"=?x{encoded(HIDDEN)}", encoded(HIDDEN, "utf-16"),
    encoded(HIDDEN, "utf-7"),
    "=?utf-8*en?q?a=0D=0ABcc:_x?=", encoded("a\u2028Bcc: x\u2029\x85\x0b\x0c\x1c"),
    '"' + encoded(HIDDEN) + '" <a@b.example>',
    f"{encoded(HIDDEN)} <a@b.example>", f"a@b.example, {encoded(HIDDEN)}", encoded("Ann") + encoded(HIDDEN)]


@pytest.mark.parametrize("value", SMUGGLED)
def test_encoded_words_bring_no_header_along(value):
    """In what others wrote and we put into our headers; the standard library writes what is in them as it is."""
    message = EmailMessage(policy=policy.SMTP)
    message["References"] = clean.clean_references(value)
    message["Message-Id"] = clean.clean_message_id(value)
    message["Subject"] = clean.clean_text(f"Re: {value}")
    message["X-Other"] = clean.clean_headers({"X-Other": value})["X-Other"]
    message["From"] = clean.clean_address(value)
    message.set_content("Hello")
    message.add_attachment(b"x", maintype="a", subtype="b", filename=clean.clean_filename(value))
    assert not clean.has_broken_header(message)
    raw = message.as_bytes(policy=policy.SMTP)
    assert not re.search(rb"(?mi)^(bcc|body)", raw)
    heads = raw.partition(b"\r\n\r\n")[0]
    assert len(re.findall(rb"(?m)^[!-9;-~]+:", heads)) == len(message.keys()) == heads.count(b"\r\n") + 1 - len(
        re.findall(rb"\r\n[ \t]", heads))


def test_what_slips_through_all_the_same_is_seen():
    message = EmailMessage(policy=policy.SMTP)
    message["References"] = f"<{encoded(HIDDEN)}>"
    assert clean.has_broken_header(message)


def test_words_that_hold_text_stay():
    name = encoded("Jürgen Müller")
    assert clean.clean_address(f"{name} <j@example.com>") == f"{name} <j@example.com>"
    assert clean.clean_text("Re: " + encoded("Grüße")) == "Re: Grüße"
    assert clean.clean_text("What =? is") == "What = ? is"
