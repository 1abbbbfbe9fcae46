"""Mails that are made to hold a worker up, of any size."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Callable

HEAD = (
    "From: Mallory <mallory@evil.example>\r\nTo: sales@demo.example\r\nSubject: {}\r\n"
    "Message-ID: <{}@evil.example>\r\n"
)


def _fill(text: str, size: int) -> str:
    return (text * (size // len(text) + 1))[:size]


def _mail(body: str, kind: str = "text/plain; charset=utf-8", headers: str = "") -> str:
    return f"MIME-Version: 1.0\r\nContent-Type: {kind}\r\n{headers}\r\n{body}"


def _html(begin: str, pump: str, end: str = "") -> Callable[[int], str]:
    return lambda size: _mail(begin + _fill(pump, size) + end, "text/html; charset=utf-8")


def _text(pump: str) -> Callable[[int], str]:
    return lambda size: _mail(_fill(pump, size))


def _header(name: str, begin: str, pump: str) -> Callable[[int], str]:
    return lambda size: _mail("x", headers=f"{name}: {begin}{_fill(pump, size)}\r\n")


def _numbered(form: str) -> Callable[[int], str]:
    return lambda size: "".join(form.format(n=number) for number in range(max(1, size // len(form.format(n=99999)))))


def _header_of(name: str, form: str) -> Callable[[int], str]:
    many = _numbered(form)
    return lambda size: _mail("x", headers=f"{name}: {many(size)}x@y.example\r\n")


def _parts(form: str, kind: str = "multipart/mixed") -> Callable[[int], str]:
    return lambda size: _mail(_fill(f"--b\r\n{form}\r\n", size) + "\r\n--b--\r\n", f'{kind}; boundary="b"')


def _bounce(pump: str) -> Callable[[int], str]:
    return lambda size: _mail(_fill(pump, size), headers="Return-Path: <>\r\nAuto-Submitted: auto-replied\r\n")


def _report(pump: str) -> Callable[[int], str]:
    return lambda size: _mail(
        "--b\r\n\r\nfailed\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\n"
        + _fill(pump, size) + "\r\n--b--\r\n", 'multipart/report; report-type=delivery-status; boundary="b"')


def _deep_mime(size: int) -> str:
    levels = range(size // 62)
    return "MIME-Version: 1.0\r\n" + "".join(
        f"Content-Type: multipart/mixed; boundary=b{one}\r\n\r\n--b{one}\r\n" for one in levels) + "\r\ninside\r\n"


def _prefixed_boundaries(size: int) -> str:
    levels = range(min(600, int((2 * size) ** 0.5) // 2))
    return "MIME-Version: 1.0\r\n" + "".join(
        f"Content-Type: multipart/mixed; boundary={'b' * (one + 1)}\r\n\r\n--{'b' * (one + 1)}\r\n" for one in levels)


def _png(points: int, size: int, *, whole: bool = True) -> bytes:
    """A picture of so many points a side in few bytes, or the first half of one with noise in it."""
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    packer, rows = zlib.compressobj(9), bytes(points + 1)
    data = b"".join(packer.compress(rows) for _row in range(points)) + packer.flush()
    head = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", points, points, 8, 0, 0, 0, 0))
    picture = head + chunk(b"IDAT", data) + chunk(b"tEXt", b"x" * max(0, size * 3 // 4 - len(data)))
    return picture + chunk(b"IEND", b"") if whole else picture[: len(head) + len(data) // 2]


def _picture(points: int, *, whole: bool = True) -> Callable[[int], str]:
    def make(size: int) -> str:
        data = base64.encodebytes(_png(points, size, whole=whole)).decode().replace("\n", "\r\n")
        return _mail(f"--b\r\nContent-Type: text/plain\r\n\r\nlook\r\n--b\r\nContent-Type: image/png; name=a.png\r\n"
                     f"Content-Disposition: attachment\r\nContent-Transfer-Encoding: base64\r\n\r\n{data}--b--\r\n",
                     'multipart/mixed; boundary="b"')  # fmt: skip
    return make


def _nested_parts(size: int) -> str:
    levels = [f"Content-Type: multipart/mixed; boundary=b{one}\r\n\r\n--b{one}\r\n" for one in range(60)]
    return "MIME-Version: 1.0\r\n" + "".join(levels) + "\r\n" + _fill("\r\n", size)


def _coded(kind: str, begin: str, pump: str) -> Callable[[int], str]:
    def make(size: int) -> str:
        data = base64.encodebytes((begin + _fill(pump, size * 3 // 4)).encode()).decode().replace("\n", "\r\n")
        return _mail(data, kind, "Content-Transfer-Encoding: base64\r\n")
    return make


#: name -> what makes everything behind From, To, Subject and Message-ID, about so many bytes long
MAILS: dict[str, Callable[[int], str]] = {
    "deep MIME": _deep_mime,
    "boundaries that begin alike": _prefixed_boundaries,
    "nested messages": lambda size: "MIME-Version: 1.0\r\n" + _fill("Content-Type: message/rfc822\r\n\r\n", size),
    "blank lines in sixty multiparts": _nested_parts,
    "a picture of 13,000 points a side": _picture(13_000),
    "a picture of 30,000 points a side": _picture(30_000),
    "half a picture": _picture(2_000, whole=False),
    "deep divisions": _html("", "<div>"),
    "deep tables": _html("", "<table><tr><td>"),
    "deep quotations": _html("", "<blockquote type=cite>"),
    "many tags": _html("", "<b>x</b>"),
    "paragraphs": _html("", "<p>"),
    "forms": _html("", "<form>x</form>"),
    "one tag with many attributes": lambda size: _mail(
        "<p " + _numbered("a{n}=1 ")(size) + ">x</p>", "text/html"),
    "one long style": _html('<p style="', "a", '">x</p>'),
    "expressions in a style": _html('<p style="', "expression(", '">x</p>'),
    "children of a quotation": _html('<div data-o-mail-quote-container="1">', "<p>x</p>", "</div>"),
    "signatures": _html("", "<p>--<br></p>"),
    "rules that quote": _html("", '<hr id="stopSpelling">'),
    "attributes without an end": _html("<a ", "encoding=x "),
    "entities": _html("", "&amp;&lt;&#65;"),
    "huge numbers": _html("&#", "1", ";"),
    "less-than signs": _html("", "<"),
    "ampersands": _html("", "&"),
    "comments without an end": _html("<p>x</p>", "<!--"),
    "style sheets without an end": _html("<p>x</p>", "<style>"),
    "links": _html("", "<a href='http://x.example/'>x</a>"),
    "plain quotations": _text("\n>a\nb"),
    "plain addresses": _text("http://x.example/?a=b "),
    "plain less-than signs": _text("<"),
    "plain lines": _text("\n"),
    "addresses": _header_of("Cc", "U{n} <u{n}@x.example>, "),
    "bare addresses": _header_of("Cc", "u{n}@x.example,"),
    "names in quotes": _header("Reply-To", "", '"a\\"b" <a@b.example>, '),
    "backslashes in an address": _header("Reply-To", "", "\\"),
    "brackets in an address": _header("Reply-To", "", "(a)"),
    "references": lambda size: _mail("x", headers="References:" + _numbered(" <r{n}@x.example>\r\n")(size)),
    "header lines": lambda size: _mail("x", headers=_numbered("X-H{n}: a\r\n")(size)),
    "address headers": lambda size: _mail(
        "x", headers=_fill("Cc: (a)(a)(a)(a)(a)(a)(a)(a)(a)(a) <a@b.example>\r\n", size)),
    "received headers": lambda size: _mail("x", headers=_fill("Received: from (a) by b; x\r\n", size)),
    "verdicts": lambda size: _mail("x", headers=_fill("Authentication-Results: aaaaaaaaaaaaaaaaaaaaaa a=b\r\n", size)),
    "encoded words": _header("Thread-Topic", "", "=?utf-8?q?=C3=A4?= "),
    "words without an end": _header("Thread-Topic", "", "=?utf-8?q?a"),
    "folds": _header("X-Folded", "a", "\r\n b"),
    "parameters": lambda size: _mail("x", "text/plain" + _fill('; a*0="b"', size)),
    "tiny parts": _parts("\r\na"),
    "tiny parts of HTML": _parts("Content-Type: text/html\r\n\r\n<p>a</p>"),
    "parts with hard headers": _parts("Content-Type: text/plain; " + '"' * 500 + "\r\n\r\na"),
    "tiny files": _parts("Content-Disposition: attachment; filename=a.txt\r\n\r\na"),
    "alternatives": _parts("Content-Type: text/html\r\n\r\n<b>a</b>", "multipart/alternative"),
    "HTML in base64": _coded("text/html; charset=utf-8", "", "<i>x</i>"),
    "UTF-7": lambda size: _mail(_fill("+AGEAYg-", size), "text/plain; charset=utf-7"),
    "ISO-2022": lambda size: _mail(_fill("\x1b$B0!\x1b(B", size), "text/plain; charset=iso-2022-jp"),
    "unknown charset": lambda size: _mail(_fill("\xe4\xf6", size // 2), "text/html; charset=x-unknown"),
    "a calendar": lambda size: _mail(
        _fill("BEGIN:VEVENT\r\nSUMMARY:a\r\nEND:VEVENT\r\n", size), "text/calendar; method=REQUEST"),
    "uuencoded": lambda size: _mail(
        "begin 644 a\r\n" + _fill("#86)C\r\n", size), headers="Content-Transfer-Encoding: x-uuencode\r\n"),
    "quoted-printable": lambda size: _mail(
        _fill("=\r\n=3D", size), headers="Content-Transfer-Encoding: quoted-printable\r\n"),
    "words of failure": _bounce("user unknown a@b.example 550 5.1.1 not delivered\r\n"),
    "addresses of failure": _bounce("a@b.cc "),
    "paths of failure": _bounce("mail from" + " " * 400 + "a@b.example\r\n"),
    "groups of failure": _report("Final-Recipient: rfc822; a@b.example\r\nAction: failed\r\n\r\n"),
    "HTML of failure": lambda size: _mail(
        _fill("< " + " " * 300, size), "text/html", "Return-Path: <>\r\nAuto-Submitted: auto-replied\r\n"),
}


def make(name: str, size: int, tag: str = "") -> bytes:
    """Return a whole mail of about so many bytes."""
    subject = "Undelivered Mail Returned to Sender" if "failure" in name else name
    head = HEAD.format(subject, name.replace(" ", "-") + tag)
    return (head + MAILS[name](size)).encode("utf-8", "surrogateescape")
