"""IMAP's notation."""

import contextlib
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from odoo.addons.fetchmail_gateway.lib import imap_parse
from odoo.addons.fetchmail_gateway.lib.spool import Received
from odoo.addons.message_history.lib.errors import ConfigurationError, ProtocolError

BODY = Received(5, b"hello")

TOKENS = [
    ([b"(UID 7 FLAGS (\\Seen $Junk))\r\n"], [[b"UID", b"7", b"FLAGS", [b"\\Seen", b"$Junk"]]]),
    ([b"(UID 7 BODY[] {5}\r\n", BODY, b")\r\n"], [[b"UID", b"7", b"BODY[]", BODY]]),
    ([b"(BODY[] {5}\r\n", BODY, b" UID 7)\r\n"], [[b"BODY[]", BODY, b"UID", b"7"]]),
    (
        [b"(BODY[HEADER.FIELDS (SUBJECT TO)] NIL)\r\n"],
        [[b"BODY[HEADER.FIELDS (SUBJECT TO)]", None]],
    ),
    ([b"(BODY[]<0> {5}\r\n", BODY, b")\r\n"], [[b"BODY[]<0>", BODY]]),
    ([b'() "/" "a \\"b\\" \\\\c"\r\n'], [[], b"/", b'a "b" \\c']),
    ([b'(\\HasNoChildren) "/" [Gmail]/Sent\r\n'], [[b"\\HasNoChildren"], b"/", b"[Gmail]/Sent"]),
    ([b"(odd[flag) nil NIL\r\n"], [[b"odd[flag"], None, None]),
    ([b"\r\n"], []),
]


@pytest.mark.parametrize(("segments", "expected"), TOKENS)
def test_tokens(segments, expected):
    assert imap_parse.tokens(segments) == expected


@pytest.mark.parametrize("text", [b"(UID 7", b"UID 7)", b'(UID "7)', b"((a)", b'FLAGS (\\Seen "x'], ids=repr)
def test_unreadable(text):
    with pytest.raises(ProtocolError):
        imap_parse.tokens([text + b"\r\n"])


@given(st.binary(max_size=200))
def test_tokens_of_strangers(data):
    """Whatever comes: parsed, or a ProtocolError; nothing else."""
    with contextlib.suppress(ProtocolError):
        imap_parse.tokens([data])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"17-Jul-1996 02:44:25 -0700", datetime(1996, 7, 17, 9, 44, 25)),
        (b" 7-Feb-2026 10:00:00 +0100", datetime(2026, 2, 7, 9, 0, 0)),
        (b"07-FEB-2026 10:00:60 +0000", datetime(2026, 2, 7, 10, 0, 59)),
        (b"31-Feb-2026 10:00:00 +0000", None),
        (b"01-Foo-2026 10:00:00 +0000", None),
        (b"01-Jan-0001 00:00:00 +1400", None),
        (b"yesterday", None),
        (b"", None),
    ],
)
def test_internaldate(text, expected):
    assert imap_parse.parse_internaldate(text) == expected


@pytest.mark.parametrize(
    ("numbers", "text"),
    [([], ""), ([5], "5"), ([1, 2, 3], "1:3"), ([9, 1, 2, 7], "1:2,7,9"), ([3, 3, 4], "3:4")],
)
def test_to_set(numbers, text):
    assert imap_parse.to_set(numbers) == text


def test_from_set_keeps_the_order():
    """COPYUID names the new UIDs in the order of the old ones."""
    assert imap_parse.from_set("7,3:5,9:8") == [7, 3, 4, 5, 9, 8]


@given(st.sets(st.integers(1, 10_000)))
def test_sets_there_and_back(numbers):
    assert imap_parse.from_set(imap_parse.to_set(numbers)) == sorted(numbers)


@pytest.mark.parametrize(
    ("name", "coded"),
    [
        ("Entwürfe", "Entw&APw-rfe"),
        ("A&B", "A&-B"),
        ("台北", "&U,BTFw-"),
        ("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
        ("😀", "&2D3eAA-"),
        ("plain", "plain"),
    ],
)
def test_folder_names(name, coded):
    assert imap_parse.to_utf7(name) == coded
    assert imap_parse.from_utf7(coded.encode()) == name


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_folder_names_there_and_back(name):
    assert imap_parse.from_utf7(imap_parse.to_utf7(name).encode()) == name


def test_folder_name_in_utf8():
    """Servers with UTF8=ACCEPT habits send it though nobody enabled it."""
    assert imap_parse.from_utf7("Entwürfe".encode()) == "Entwürfe"
    assert imap_parse.from_utf7(b"broken &AP- name") == "broken &AP- name"


def test_folder_name_can_not_smuggle_a_command():
    with pytest.raises(ConfigurationError) as caught:
        imap_parse.quote("INBOX\r\nX LOGOUT")
    assert caught.value.field == "folder"
    assert imap_parse.encode_folder('a"b\\c') == '"a\\"b\\\\c"'
    assert imap_parse.encode_folder("inbox") == '"INBOX"'


def test_search_date_is_english():
    assert imap_parse.search_date(datetime(2026, 3, 5)) == "5-Mar-2026"
