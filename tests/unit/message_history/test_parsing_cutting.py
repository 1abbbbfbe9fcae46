"""Large parts stay in the source until they are wanted."""

import base64
import email
import email.policy
import mmap
import tracemalloc
from typing import NamedTuple

import pytest
from odoo.addons.message_history.lib.repair import parse_mail, restore_cut_parts

from tests.unit.message_history.parsing_help import MULTIPART, read_everything, tree


class Attachment(NamedTuple):
    """As core's tuple of the same name."""

    fname: str
    content: object
    info: dict


def _with_attachment(
    content, *, encoding="base64", headers=b"Content-Disposition: attachment; filename=a.bin"
):
    if encoding == "base64":
        content = base64.encodebytes(content).replace(b"\n", b"\r\n")
    return b"".join(
        [
            MULTIPART,
            b"--x\r\nContent-Type: text/plain\r\n\r\nhello\r\n",
            b"--x\r\nContent-Type: application/pdf\r\nContent-ID: <cid1>\r\n",
            b"Content-Transfer-Encoding: " + encoding.encode() + b"\r\n" + headers + b"\r\n\r\n",
            content,
            b"\r\n--x\r\nContent-Type: text/html\r\n\r\n<p>bye</p>\r\n--x--\r\n",
        ]
    )


def test_a_large_part_is_cut_and_restored():
    content = bytes(range(256)) * 2000
    parsed = parse_mail(_with_attachment(content))
    (part,) = parsed.cut_parts
    assert (part.filename, part.content_type, part.content_id) == (
        "a.bin",
        "application/pdf",
        "cid1",
    )
    assert (part.disposition, part.transfer_encoding) == ("attachment", "base64")
    assert part.decode() == content
    text, placeholder, html = read_everything(parsed.message)
    assert (text, html) == ("hello", "<p>bye</p>")
    assert placeholder == b""
    attachments = [Attachment("z", b"other", {}), Attachment("a.bin", placeholder, {"cid": "cid1"})]
    restored = restore_cut_parts(attachments, parsed.cut_parts)
    assert restored == [attachments[0], Attachment("a.bin", content, {"cid": "cid1"})]
    assert type(restored[1]) is Attachment
    assert [*parsed.message.walk()][2].get_payload(decode=True) == content


@pytest.mark.parametrize("encoding", ["8bit", "quoted-printable", "x-uuencode", "base64"])
def test_a_cut_part_is_decoded_like_a_small_one(encoding):
    content = {
        "8bit": b"a\xffb\r\n" * 100,
        "quoted-printable": b"a=3Db=\r\nc\r\n" * 100,
        "x-uuencode": b"begin 644 x\r\n" + b"#0V%T\r\n" * 100 + b"`\r\nend\r\n",
        "base64": b"cut \xff" * 100,
    }[encoding]
    raw = _with_attachment(content, encoding=encoding)
    (part,) = parse_mail(raw, cut_above=100).cut_parts
    standard = [*email.message_from_bytes(raw, policy=email.policy.SMTP).walk()][2]
    assert part.decode() == standard.get_payload(decode=True)


@pytest.mark.parametrize("damage", [b"", b"=", b"==", b"!", b"A", b"\r\n.\r\n"])
def test_damaged_base64_is_decoded_as_far_as_it_goes(damage):
    raw = _with_attachment(base64.encodebytes(b"x" * 999) + damage, encoding="base64")
    raw = raw.replace(base64.encodebytes(base64.encodebytes(b"x" * 999) + damage), b"")
    (part,) = parse_mail(raw, cut_above=100).cut_parts
    assert part.decode()


def test_texts_of_the_body_are_never_cut():
    raw = MULTIPART + b"--x\r\nContent-Type: text/html\r\n\r\n" + b"<p>x</p>" * 1000 + b"\r\n--x--"
    parsed = parse_mail(raw, cut_above=100)
    assert parsed.cut_parts == ()
    assert read_everything(parsed.message) == ["<p>x</p>" * 1000]


def test_a_forwarded_message_with_a_cut_part_comes_back_whole():
    inner = _with_attachment(b"\0" * 5000)
    raw = MULTIPART + b"--x1\r\nContent-Type: message/rfc822\r\n\r\n" + inner + b"\r\n--x1--\r\n"
    raw = raw.replace(b"boundary=x\r\n", b"boundary=x1\r\n", 1)
    parsed = parse_mail(raw, cut_above=1000)
    contents = read_everything(parsed.message)
    restored = restore_cut_parts([("m.eml", contents[0], {})], parsed.cut_parts)
    assert restored == [("m.eml", inner, {})]


def test_a_mapped_file(tmp_path):
    path = tmp_path / "mail"
    content = b"\x01\x02" * 300_000
    path.write_bytes(_with_attachment(content))
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        parsed = parse_mail(mapped)
        assert parsed.cut_parts[0].decode() == content
        with memoryview(mapped) as view:
            other = parse_mail(view)
            assert tree(other.message) == tree(parsed.message)
            del other


def test_memory_for_a_large_attachment():
    """Parsing costs next to nothing, decoding about the content's own size."""
    content = bytes(range(256)) * 32768  # 8 MiB
    raw = _with_attachment(content)
    tracemalloc.start()
    try:
        parsed = parse_mail(raw)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
        decoded = parsed.cut_parts[0].decode()
        assert tracemalloc.get_traced_memory()[1] < 1.2 * len(content) + (1 << 20)
    finally:
        tracemalloc.stop()
    assert decoded == content
