"""What the ledger keeps of headers, from good and from broken mail."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from odoo.addons.message_history.lib.addresses import format_address, parse_addresses
from odoo.addons.message_history.lib.charsets import decode_text, find_codec
from odoo.addons.message_history.lib.dates import format_date, parse_date
from odoo.addons.message_history.lib.headers import encode_thread_index, read_headers
from odoo.addons.message_history.lib.mime_params import parse_params
from odoo.addons.message_history.lib.text import clean_filename, clean_line
from odoo.addons.message_history.lib.words import decode_words


def test_a_good_mail():
    headers = read_headers(
        b"Message-ID: <a@b>\r\nFrom: =?utf-8?q?J=C3=BCrgen_M?= <J@Example.COM>\r\n"
        b"To: a@x.y, B <b@x.y>\r\nCc: Team: c@x.y, d@x.y;\r\nReply-To: r@x.y\r\n"
        b"Subject: Hello\r\n there\r\nDate: Sat, 21 Nov 2026 10:00:00 +0100\r\n"
        b"Auto-Submitted: Auto-Replied\r\nPrecedence: bulk\r\nReturn-Path: <>\r\n"
        b"X-Priority: 1\r\n\r\n"
    )
    assert headers.message_id == "<a@b>"
    assert (headers.sender_name, headers.sender_address) == ("Jürgen M", "J@example.com")
    assert headers.to == (("", "a@x.y"), ("B", "b@x.y"))
    assert headers.cc == (("", "c@x.y"), ("", "d@x.y"))
    assert headers.reply_to == (("", "r@x.y"),)
    assert headers.subject == "Hello there"
    assert headers.date == datetime(2026, 11, 21, 9)
    assert (headers.auto_submitted, headers.precedence) == ("auto-replied", "bulk")
    assert headers.return_path == ""
    assert headers.x_priority == "1"


def test_an_empty_mail():
    headers = read_headers(b"")
    assert headers == read_headers(b"\r\n\r\nbody")
    assert (headers.message_id, headers.references, headers.date) == ("", (), None)
    assert headers.return_path is None


@pytest.mark.parametrize(
    ("raw", "subject"),
    [
        (b"Subject: \xe4\xf6\xfc", "äöü"),
        (b"Subject: \xc3\xa4", "ä"),
        (b"Content-Type: text/plain; charset=koi8-r\nSubject: \xf0\xd2\xc9", "При"),
        (b"Subject: =?x-unknown?q?caf=E9?=", "café"),
        (b"Subject: =?utf-8?q?a=00b=0D=0Ac?=", "ab c"),
        (b"Subject: =?utf-8?b?w6Q?= =?utf-8?b?w7Y=?=", "äö"),
        (b"Subject: =?utf-8?q?=C3?= =?utf-8?q?=A4?=", "ä"),
        (b"Subject: =?utf-8?q?a b?=", "a b"),
        (b"Subject:\tx\x0b\x1b[0m", "x [0m"),
        (b"\n\n>From x\nSubject: late", "late"),
        (b"Subject: long\nline without indent\nTo: a@b.c\n", "long line without indent"),
        (b"Subject: " + b"x" * 5000, "x" * 998),
    ],
)
def test_subjects(raw, subject):
    assert read_headers(raw).subject == subject


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a@b.c", [("", "a@b.c")]),
        ("<a@b.c>", [("", "a@b.c")]),
        ("A B <a@B.C>", [("A B", "a@b.c")]),
        ('"B, A" <a@b.c>', [("B, A", "a@b.c")]),
        ("B, A <a@b.c>", [("B, A", "a@b.c")]),
        (r'"a \"b\" c" <a@b.c>', [('a "b" c', "a@b.c")]),
        ("a@b.c (Anna)", [("Anna", "a@b.c")]),
        ("a@b.c, d@e.f; g@h.i", [("", "a@b.c"), ("", "d@e.f"), ("", "g@h.i")]),
        ("G: a@b.c, X <d@e.f>;, g@h.i", [("", "a@b.c"), ("X", "d@e.f"), ("", "g@h.i")]),
        ("undisclosed-recipients:;", []),
        ("", []),
        ("root", []),
        ("'a@b.c' <a@b.c>", [("a@b.c", "a@b.c")]),
        ("<mailto:a@b.c>", [("", "a@b.c")]),
        ("<@r.s,@t.u:a@b.c>", [("", "a@b.c")]),
        ("<a@exam\r\n ple.com>", [("", "a@example.com")]),
        ("<a\r\n@b.c>", [("", "a@b.c")]),
        ('"unclosed <a@b.c>, d@e.f', [("unclosed", "a@b.c"), ("", "d@e.f")]),
        ('"first last"@b.c', [("", '"first last"@b.c')]),
        ('<"plain"@b.c>', [("", "plain@b.c")]),
        ("=?utf-8?q?J=C3=BCrgen=2C_X?= <a@b.c>", [("Jürgen, X", "a@b.c")]),
        ("=?x-unknown?q?=E4?= <a@b.c>", [("ä", "a@b.c")]),
        ("J\udce4n <a@b.c>", [("Jän", "a@b.c")]),
        ("=?utf-8?q?a=40b=2Ec?=", [("", "a@b.c")]),
        ("a@b.c a@b.c", [("a@b.c", "a@b.c")]),
        ("x" * 400 + "@b.c", []),
    ],
)
def test_addresses(value, expected):
    assert parse_addresses(value) == expected


@given(st.text(max_size=200))
def test_addresses_never_raise(value):
    for name, address in parse_addresses(value):
        assert "@" in address
        assert len(name) <= 255
        assert clean_line(name) == name
        assert not any(char in address for char in "\r\n\0")


NAMES = st.text(st.characters(categories=["L", "N", "P", "Zs"], max_codepoint=0x2FFF), max_size=30)


@given(NAMES.map(lambda name: clean_line(name).strip(" '\"")).filter(lambda name: "=?" not in name))
def test_a_formatted_address_is_read_back(name):
    assert parse_addresses(format_address(name, "a@b.c")) == [(name, "a@b.c")]


def test_many_addresses_are_bounded():
    value = ", ".join(f"u{number}@example.com" for number in range(5000))
    assert len(parse_addresses(value)) == 1000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Sat, 21 Nov 2026 10:00:00 +0100", datetime(2026, 11, 21, 9)),
        ("21 Nov 2026 10:00 GMT", datetime(2026, 11, 21, 10)),
        ("Sat, 21 Nov 26 10:00:00 EST", datetime(2026, 11, 21, 15)),
        ("Sat, 21 Nov 2026 10:00:00 -0000", datetime(2026, 11, 21, 10)),
        ("Sat, 21 Nov 2026 10:00:00 (CET) +0100", datetime(2026, 11, 21, 9)),
        ("Sat Nov 21 10:00:00 2026", datetime(2026, 11, 21, 10)),
        ("2026-11-21T10:00:00Z", datetime(2026, 11, 21, 10)),
        ("2026-11-21 10:00:00.123 +01:00", datetime(2026, 11, 21, 9)),
        ("21.11.2026 10:00:00", datetime(2026, 11, 21, 10)),
        ("Sa., 21 Okt. 2026 10:00:00 +0200", datetime(2026, 10, 21, 8)),
        ("Mi, 4. Mär 2026 10:00:00 +0100", datetime(2026, 3, 4, 9)),
        ("Wed, Apr 5, 2017 at 5:01 PM", datetime(2017, 4, 5, 17, 1)),
        ("Wednesday, April 05, 2017 12:30 AM", datetime(2017, 4, 5, 0, 30)),
        ("5th April 2017 17:01", datetime(2017, 4, 5, 17, 1)),
        ("Sat, 31 Nov 2026 10:00:00 +0100", None),
        ("Sat, 21 Nov 2026 25:00:00 +0100", None),
        ("Sat, 21 Nov 1801 10:00:00 +0100", None),
        ("99999999999999 Jan 99999999999 10:00", None),
        ("", None),
        ("yesterday", None),
        ("Mon, 0 Foo 0 0:0:0 +999999999999", None),
    ],
)
def test_dates(text, expected):
    assert parse_date(text) == expected


@given(st.text(max_size=60))
def test_dates_never_raise(text):
    parse_date(text)


@given(st.datetimes(datetime(1970, 1, 1), datetime(2199, 1, 1)))
def test_a_formatted_date_is_read_back(moment):
    assert parse_date(format_date(moment)) == moment.replace(microsecond=0)


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("utf-8", "utf-8"),
        ("X-GBK", "gb18030"),
        ("x-mac-cyrillic", "mac_cyrillic"),
        ("charset=us-ascii", "us-ascii"),
        ('"iso-8859-1"', "iso-8859-1"),
        ("cp-850", "cp850"),
        ("ansi_x3.110-1983", "iso8859_1"),
        ("", None),
        ("X-UNKNOWN", None),
        ("a\0b", None),
        ("idna", None),
        ("base64", None),
        ("unicode_escape", None),
        ("x" * 10000, None),
    ],
)
def test_codecs(label, codec):
    assert find_codec(label) == codec


@pytest.mark.parametrize(
    ("data", "label", "expected"),
    [
        ("ä".encode(), "utf-8", ("ä", None)),
        ("ä".encode(), None, ("ä", None)),
        ("ä".encode(), "us-ascii", ("ä", "wrong_charset")),
        (b"\xe4", "us-ascii", ("ä", "wrong_charset")),
        (b"\xe4", "utf-8", ("ä", "wrong_charset")),
        (b"\x93x\x94", "iso-8859-1", ("“x”", "wrong_charset")),
        ("Gruß ä ö ü ".encode() + b"\xff", "utf-8", ("Gruß ä ö ü \ufffd", "wrong_charset")),
        ("你好".encode("gbk"), "gb2312", ("你好", None)),
        ("髙".encode("cp932"), "shift_jis", ("髙", "wrong_charset")),
        (b"x", "X-NOPE", ("x", "unknown_charset")),
    ],
)
def test_texts(data, label, expected):
    assert decode_text(data, label) == expected


@given(
    st.binary(max_size=100),
    st.one_of(
        st.none(),
        st.text(max_size=20),
        st.sampled_from(
            [
                "utf-7",
                "utf-16",
                "iso-2022-jp",
                "hz",
                "gb18030",
                "idna",
                "punycode",
                "cp932",
                "tis-620",
            ]
        ),
    ),
)
def test_texts_never_raise(data, label):
    decode_text(data, label, is_html=True)


@given(st.text(max_size=200))
def test_words_never_raise(value):
    decode_words(value)


@pytest.mark.parametrize(
    ("value", "head", "params"),
    [
        (
            'text/plain; charset="utf-8"; name=a.txt',
            "text/plain",
            {"charset": "utf-8", "name": "a.txt"},
        ),
        ("attachment; filename*=utf-8''%C3%A4.pdf", "attachment", {"filename": "ä.pdf"}),
        ("attachment; filename*0=a; filename*1=b.pdf", "attachment", {"filename": "ab.pdf"}),
        (
            "attachment; filename*1*=%61; filename*0*=utf-8''%C3%A4",
            "attachment",
            {"filename": "äa"},
        ),
        ('attachment; filename="=?utf-8?q?=C3=A4?=.pdf"', "attachment", {"filename": "ä.pdf"}),
        ("attachment; filename=my file.pdf", "attachment", {"filename": "my file.pdf"}),
        ('attachment; filename="a;b.pdf"', "attachment", {"filename": "a;b.pdf"}),
        ('attachment; filename="open', "attachment", {"filename": "open"}),
        ("attachment; filename=a; filename=b", "attachment", {"filename": "a"}),
        ("", "", {}),
    ],
)
def test_parameters(value, head, params):
    assert parse_params(value) == (head, params)


def test_file_names():
    assert clean_filename("a\0b\r\n.pdf") == "ab .pdf"
    assert clean_filename("x\u202efdp.exe") == "xfdp.exe"
    long = clean_filename("x" * 500 + ".pdf")
    assert len(long) == 255
    assert long.endswith(".pdf")


def test_thread_index():
    data = bytes(range(27))
    raw = b"Thread-Index: " + encode_thread_index(data).encode() + b"\n\n"
    assert read_headers(raw).thread_index == data[:22].hex()
    assert read_headers(b"Thread-Index: xx\n\n").thread_index == ""
