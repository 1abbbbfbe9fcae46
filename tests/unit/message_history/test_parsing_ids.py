"""Digests and peeking: the facts that are read before anything is parsed."""

import io
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from odoo.addons.message_history.lib.digest import (
    MAX_MESSAGE_ID,
    address_digest,
    content_digest,
    id_digest,
    normalise_message_id,
    split_message_ids,
)
from odoo.addons.message_history.lib.headers import read_headers
from odoo.addons.message_history.lib.peek import Peek, peek

MAIL = (
    b"Received: from x by y; Sat, 21 Nov 2026 10:00:00 +0100\r\n"
    b"Message-ID: <child@example.com>\r\n"
    b"From: Anna <Anna@Example.com>\r\n"
    b"References: <first@example.com>\r\n\t<second@example.com>\r\n"
    b"In-Reply-To: <second@example.com>\r\n"
    b"Subject: x\r\n\r\nMessage-ID: <body@example.com>\r\n"
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<a@b>", "<a@b>"),
        ("  <a@b>\r\n", "<a@b>"),
        ("a@b", "<a@b>"),
        ("<a@\r\n b>", "<a@b>"),
        ("<a@b> (comment)", "<a@b>"),
        ("<a@b\0>", "<a@b>"),
        ("<A@B>", "<A@B>"),
        ("<>", ""),
        ("", ""),
        (" \t\r\n", ""),
    ],
)
def test_normalised_id(text, expected):
    assert normalise_message_id(text) == expected


def test_a_long_id_is_clipped_to_the_same_short_one_everywhere():
    long = "<" + "x" * 3000 + "@example.com>"
    short = normalise_message_id(long)
    assert len(short) < 100
    assert short == normalise_message_id(short)
    assert split_message_ids(f"<a@b>\r\n {long}") == ["<a@b>", short]
    assert id_digest(long) == id_digest(short)
    assert normalise_message_id("<" + "x" * (MAX_MESSAGE_ID - 4) + "@b>") != short


@given(st.text())
def test_normalising_is_idempotent_and_clean(text):
    once = normalise_message_id(text)
    assert normalise_message_id(once) == once
    assert once == "" or (once[0], once[-1]) == ("<", ">")
    once.encode()
    assert -(2**63) <= id_digest(text) < 2**63


def test_digests():
    assert id_digest("<a@b>") == id_digest(" a@b ") != id_digest("<a@c>")
    assert id_digest("") == 0
    assert address_digest("Anna@Example.com") == address_digest(" anna@example.com ") != 0
    assert address_digest("") == 0
    data = b"x" * 3_000_000
    assert (
        content_digest(data) == content_digest(io.BytesIO(data)) == content_digest(memoryview(data))
    )
    assert len(content_digest(b"")) == 32


def test_peek():
    found = peek(MAIL)
    assert found == Peek(
        sender_key=address_digest("anna@example.com"),
        message_digest=id_digest("<child@example.com>"),
        reference_digests=(id_digest("<first@example.com>"), id_digest("<second@example.com>")),
    )


@pytest.mark.parametrize("line_end", [b"\n", b"\r", b"\r\n"])
def test_peek_whatever_the_line_ends(line_end):
    assert peek(MAIL.replace(b"\r\n", line_end)) == peek(MAIL)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"", Peek(0, None, ())),
        (b"\r\n\r\nFrom: a@b.c", Peek(address_digest("a@b.c"), None, ())),
        (b"no header at all", Peek(0, None, ())),
        (b"Subject: x\r\n\r\nFrom: a@b\r\nMessage-ID: <a@b>\r\n\r\n", Peek(0, None, ())),
        (b"From: Friends: a@b.c, d@e.f;\n\n", Peek(address_digest("a@b.c"), None, ())),
        (b'From: "x@y.z" <a@b.c>\n\n', Peek(address_digest("a@b.c"), None, ())),
        (b"From: =?utf-8?q?J=C3=BCrgen?= <j@b.c>\n\n", Peek(address_digest("j@b.c"), None, ())),
        (b"From: root\nSender: s@b.c\n\n", Peek(address_digest("s@b.c"), None, ())),
        (b"\xef\xbb\xbfFrom: a@b.c\n\n", Peek(address_digest("a@b.c"), None, ())),
        (b"from: a@b.c", Peek(address_digest("a@b.c"), None, ())),
    ],
)
def test_peek_at_odd_mail(raw, expected):
    assert peek(raw) == expected


def test_ids_that_a_provider_replaced():
    raw = (
        b"Message-ID: <new@exchange>\nX-Microsoft-Original-Message-ID: <old@odoo>\n"
        b"In-Reply-To: <parent@odoo>\n\n"
    )
    found = peek(raw)
    assert found.alias_digests == (id_digest("<old@odoo>"),)
    assert set(found.reference_digests) == {id_digest("<old@odoo>"), id_digest("<parent@odoo>")}


def test_the_root_and_the_newest_references_are_kept():
    ids = [f"<{number}@x>" for number in range(100)]
    raw = b"References: " + "\r\n ".join(ids).encode() + b"\r\n\r\n"
    assert peek(raw).reference_digests == tuple(map(id_digest, [ids[0], *ids[-31:]]))
    assert read_headers(raw).references == tuple(ids[-32:])


HEADER_BYTES = st.lists(
    st.one_of(
        st.binary(max_size=20),
        st.sampled_from(
            [
                b"\r\n",
                b"\n",
                b"\r",
                b"From: ",
                b"Message-ID: ",
                b"References: ",
                b"<a@b>",
                b'"',
                b"(",
                b"\x00",
                b"=?utf-8?q?",
                b"?=",
                b" ",
                b"\t",
                b":",
                b";",
                b",",
                b"\xff",
                b"In-Reply-To: ",
                b"<",
            ]
        ),
    ),
    max_size=40,
).map(b"".join)


@given(HEADER_BYTES)
def test_peek_and_headers_never_raise(raw):
    found, headers = peek(raw), read_headers(raw)
    assert len(found.reference_digests) <= 32
    for text in (headers.message_id, headers.subject, headers.sender_name, headers.sender_address):
        text.encode()
        assert "\0" not in text
        assert "\n" not in text


@given(st.binary(max_size=300))
def test_peek_and_headers_never_raise_on_any_bytes(raw):
    peek(raw)
    read_headers(raw)


def test_peek_does_not_look_at_the_body():
    large = MAIL + b"x" * 30_000_000
    started = time.perf_counter()
    assert peek(memoryview(large)) == peek(MAIL)
    assert time.perf_counter() - started < 0.1


def test_peek_is_fast():
    """A few dozen microseconds; the bound is generous, for machines under load."""
    started = time.process_time()
    for _ in range(1000):
        peek(MAIL)
    assert time.process_time() - started < 0.3
