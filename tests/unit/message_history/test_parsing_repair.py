"""Mail that is mended: nothing raises, what was done is said, what was meant comes out."""

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from odoo.addons.message_history.lib.mime_policy import CutContent
from odoo.addons.message_history.lib.mime_tree import MAX_DEPTH, MAX_PARTS, MAX_TEXTS
from odoo.addons.message_history.lib.repair import REPAIR_CODES, parse_mail, restore_cut_parts

from tests.unit.message_history.parsing_help import MULTIPART, read_everything


def codes(raw, **options):
    parsed = parse_mail(raw, **options)
    read_everything(parsed.message)
    return set(parsed.repairs)


TOKENS = st.sampled_from(
    [
        b"\r\n",
        b"\n",
        b"\r",
        b"--x\r\n",
        b"--x--",
        b"Content-Type: ",
        b"multipart/mixed; boundary=x\r\n",
        b"message/rfc822\r\n",
        b"message/delivery-status\r\n",
        b"text/rfc822-headers\r\n",
        b"text/html",
        b"Content-Transfer-Encoding: base64\r\n",
        b"Content-Disposition: attachment; ",
        b"filename*=x'y'%ff",
        b"charset=idna\r\n",
        b'charset="\x00"',
        b"charset*=us-ascii''x",
        b"name*1=a; name*0*=b",
        b"; ",
        b'"',
        b"From: ",
        b"To: a:b:c;;",
        b"(",
        b"<a@b>",
        b"=?utf-8?q?=0D=0A?=",
        b"\xe4",
        b"\x00",
        b"Date: 1 Jan 99999",
        b"Message-ID: <" + b"x" * 2000 + b">",
        b"Subject: ",
        b"multipart/report\r\n",
        b"plain/text\r\n",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(TOKENS, st.binary(max_size=10)), max_size=60).map(b"".join))
def test_never_raises(raw):
    parsed = parse_mail(raw, cut_above=20)
    contents = read_everything(parsed.message)
    parsed.message.as_bytes()
    parsed.message.as_string()
    restored = restore_cut_parts([("a", content, {}) for content in contents], parsed.cut_parts)
    assert not any(isinstance(content, CutContent) for _name, content, _info in restored)
    assert set(parsed.repairs) <= set(REPAIR_CODES) - {"unreadable"}


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"Subject: =?utf-8?q?a=00b?=\n\n", "bad_header"),
        (b"Subject: \xe4\n\n", "raw_8bit_header"),
        (b"Subject: " + b"x" * 2000 + b"\n\n", "long_header"),
        (b"From: Team: a@b.c, d@e.f;\n\n", "address_group"),
        (b'From: =?utf-8?q?=0D=0A?= <a@b\r\n .c>, "\n\n', "bad_address"),
        (b"From: =?x-nope?q?=E4?= <a@b.c>\n\n", "unknown_charset"),
        (b"Date: Sat, 31 Nov 2026 10:00:00 +0100\n\n", "bad_date"),
        (b"Message-ID: <" + b"x" * 3000 + b"@y>\n\n", "bad_message_id"),
        (b"Content-Type: text/plain; charset=X-GBK\n\nx", "unknown_charset"),
        (b'Content-Type: text/plain; charset=""\n\nx', "unknown_charset"),
        (b"Content-Type: plain/text\n\nx", "bad_content_type"),
        (
            b"Content-Type: text/plain\nContent-Transfer-Encoding: base 64\n\neA==",
            "bad_transfer_encoding",
        ),
        (b"Content-Type: text/plain; charset=us-ascii\n\n\xe4", "wrong_charset"),
        (b"Content-Type: text/plain\n\na\0b", "control_characters"),
        (b"Content-Type: text/html\n\n" + b"<a " * 500, "hostile_markup"),
        (b"Content-Type: text/html\n\n" + b"<div>" * 300 + b"x", "nested_markup"),
        (b"Content-Type: text/csv\nContent-Disposition: attachment\n\nx", "attached_root"),
        (b"\n\nSubject: x\n\n", "leading_garbage"),
        (b"Subject: x\nstray\nTo: a@b.c\n\n", "broken_header_line"),
        (b"Content-Type: multipart/mixed\n\nhello", "broken_multipart"),
        (
            b"Content-Type: multipart/mixed; boundary=a\n\n--b\nContent-Type: text/html\n\nx",
            "bad_boundary",
        ),
        (
            b"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n"
            + base64.b64encode(b"Subject: inside\n\nhello"),
            "encoded_message",
        ),
        (b"Subject: x\n" + b"X-A: b\n" * 2000 + b"\n", "too_many_headers"),
        (MULTIPART + b"--x\r\n\r\na\r\n" * (MAX_PARTS + 5), "too_many_parts"),
        (MULTIPART + b"--x\r\n\r\na\r\n" * (MAX_TEXTS + 5), "too_many_texts"),
        (b"Content-Type: text/plain\n\n" + b"x" * (9 << 20), "oversize_text"),
        (b"Content-Type: message/rfc822\n\n" * (MAX_DEPTH + 5) + b"x", "too_deep"),
        (
            MULTIPART
            + b"--x\r\nContent-Type: text/csv\r\n"
            + b'Content-Disposition: attachment; filename="\xff"\r\n\r\nx',
            "raw_8bit_header",
        ),
        (
            MULTIPART + b"--x\r\nContent-Disposition: ATTACHMENT; filename=a\r\n\r\nx",
            "bad_disposition",
        ),
        (
            MULTIPART + b'--x\r\nContent-Disposition: attachment; filename="a\tb"\r\n\r\nx',
            "bad_filename",
        ),
        (
            MULTIPART + b"--x\r\nContent-Disposition: attachment; filename=a\r\n\r\n\xe4",
            "attachment_bytes",
        ),
    ],
)
def test_what_was_mended_is_said(raw, code):
    assert code in codes(raw)


def test_every_code_is_explained():
    assert all(text.endswith(".") for text in REPAIR_CODES.values())


def test_a_good_mail_is_not_mended():
    raw = (
        b'From: "M, J" <j@example.com>\r\nTo: a@b.c, B C <d@e.f>\r\nCc: x@y.z (comment)\r\n'
        b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n\tand more\r\n"
        b"Date: Sat, 21 Nov 2026 10:00:00 +0100\r\n"
        b"Message-ID: <a@b>\r\nReferences: <c@d>\r\n <e@f>\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/mixed;\r\n\tboundary="x"\r\n\r\n'
        b"--x\r\nContent-Type: text/plain; charset=UTF-8\r\n"
        b"Content-Transfer-Encoding: 8bit\r\n\r\n\xc3\xa4\r\n"
        b'--x\r\nContent-Type: application/pdf; name="a b.pdf"\r\n'
        b"Content-Transfer-Encoding: base64\r\n"
        b"Content-Disposition: attachment; filename*=utf-8''%C3%A4.pdf\r\n\r\neA==\r\n--x--\r\n"
    )
    assert codes(raw) == set()


def test_the_mended_mail_says_what_was_meant():
    message = parse_mail(
        b'From: Team: "A" <a@b.c>, d@e.f;\nSubject: =?utf-8?q?=C3?= =?utf-8?q?=A4?=\n'
        b"Received: x; Sat, 21 Nov 2026 10:00:00 +0100\nDate: never\n"
        b"Content-Type: text/plain; charset=charset=utf-8\n\n\xc3\xa4"
    ).message
    assert message["From"] == "A <a@b.c>, d@e.f"
    assert message["Subject"] == "ä"
    assert message["Date"] == "Sat, 21 Nov 2026 09:00:00 +0000"
    assert message.get_content() == "ä"


def test_an_attachment_that_is_no_text_keeps_its_bytes():
    raw = MULTIPART + b"--x\r\nContent-Type: text/plain; name=a.bin\r\n\r\n\x00\xff\xfe\r\n--x--"
    assert read_everything(parse_mail(raw).message) == [b"\x00\xff\xfe"]
