"""Header fields as they came over the wire, decoded without ever raising."""

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP, compat32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from odoo.addons.message_history.lib import raw_headers

POLICIES = pytest.mark.parametrize("policy", [compat32, SMTP], ids=["compat32", "EmailPolicy"])


def parse(raw, policy=compat32):
    return message_from_bytes(raw + b"\n\nbody\n", policy=policy)


@POLICIES
@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"Subject: hello", "hello"),
        (b"Subject: a\n b\n\tc", "a b c"),
        (b"Subject: gr\xc3\xbc\xc3\x9fe", "grüße"),
        (b"Subject: gr\xfc\xdfe", "grüße"),
        (b"Subject: =?utf-8?q?gr=C3=BC=C3=9Fe?=", "grüße"),
        (b"Subject: =?utf-8?q?gr=C3=BC?= =?utf-8?q?=C3=9Fe?=", "grüße"),
        (b"Subject: =?x-unknown?q?abc?=", "abc"),
        (b"Subject: =?utf-8?b?!!!?=", "=?utf-8?b?!!!?="),
        (b"Subject: a\x00b\x07", "ab"),
        (b"Subject:", ""),
        (b"X-Other: 1", ""),
    ],
)
def test_decoded(raw, text, policy):
    assert raw_headers.decoded(parse(raw, policy), "subject") == text


@POLICIES
def test_values_keep_the_order(policy):
    message = parse(b"X: 1\nY: 2\nx: 3", policy)
    assert raw_headers.values(message, "X") == ["1", "3"]
    assert raw_headers.value(message, "x") == "1"
    assert raw_headers.has(message, "y")
    assert not raw_headers.has(message, "z")


def test_a_message_made_by_a_program():
    message = EmailMessage()
    message["Subject"] = "grüße"
    message["To"] = "Ann <ann@example.org>"
    assert raw_headers.decoded(message, "Subject") == "grüße"
    assert raw_headers.addresses(message, "To") == ("ann@example.org",)


@POLICIES
@pytest.mark.parametrize(
    ("raw", "found"),
    [
        (b"To: ann@example.org", [("", "ann@example.org")]),
        (b'To: "Ann, of us" <Ann@Example.org>, bob@x.example',
         [("Ann, of us", "ann@example.org"), ("", "bob@x.example")]),
        (b"To: =?utf-8?q?=C3=84nn?= <ann@example.org>", [("Änn", "ann@example.org")]),
        (b"To: team: ann@example.org, bob@x.example;",
         [("", "ann@example.org"), ("", "bob@x.example")]),
        (b"To: undisclosed-recipients:;", []),
        (b"To: Ann <ann@example.org", [("Ann", "ann@example.org")]),
        (b"To: <>", []),
        (b"To: Postmaster", []),
        (b"To: \xc3\xa4nn@ex\xc3\xa4mple.org", [("", "änn@exämple.org")]),
    ],
)  # fmt: skip
def test_address_list(raw, found, policy):
    assert raw_headers.address_list(parse(raw, policy), "To") == found


def test_comments_without_end():
    message = parse(b"To: " + b"(" * 15000 + b" ann@example.org")
    assert raw_headers.addresses(message, "To") == ("ann@example.org",)


def test_addresses_come_once():
    message = parse(b"To: a@x.example, A@x.example\nCc: b@x.example, a@x.example")
    assert raw_headers.addresses(message, "To", "Cc") == ("a@x.example", "b@x.example")


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("Ann <ann@example.org>", "ann@example.org"),
        ("mailto:ann@example.org?subject=x", "ann@example.org"),
        ("ann.@example.org.", "ann.@example.org"),
        ("'ann@example.org'", "ann@example.org"),
        ("ann@localhost", "ann@localhost"),
        ("nobody", ""),
        ("@example.org", ""),
        ("", ""),
    ],
)
def test_bare_address(text, address):
    assert raw_headers.bare_address(text) == address


@POLICIES
@settings(max_examples=150, deadline=None)
@given(value=st.binary(max_size=200))
def test_nothing_raises(value, policy):
    message = parse(b"To: " + value.replace(b"\n", b"\n "), policy)
    raw_headers.address_list(message, "To")
    assert "\n" not in raw_headers.decoded(message, "To")
