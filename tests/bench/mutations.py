"""Real mails, damaged at random: what a mail server, a gateway or a mischievous person may make of them."""

from __future__ import annotations

import os
import random
import re
from collections.abc import Callable
from pathlib import Path

from dev import paths

CORPUS = Path(os.environ.get("CORPUS_DIR") or paths.REPO.parent / "shared" / "corpus" / "mail")
MOST = 1024 * 1024
_NO_MAIL = (".json", ".golden", ".png", "LICENSE", "README.md")
_CHARSETS = (b"utf-7", b"utf-16", b"iso-2022-jp", b"x-unknown", b"us-ascii", b"gb2312", b"", b'"utf-8', b"hz")
_ENCODINGS = (b"base64", b"quoted-printable", b"x-uuencode", b"8bit", b"binary", b"7bit", b"nonsense")
_TYPES = (b"text/html", b"text/plain", b"multipart/mixed", b"message/rfc822", b"multipart/report", b"text/calendar",
          b"application/octet-stream", b"message/delivery-status", b"multipart/alternative", b"/", b"a/b/c")


def corpus() -> list[bytes]:
    """Return the mails of the corpus up to a mebibyte, in the order of their names."""
    files = sorted(path for path in CORPUS.rglob("*") if path.is_file() and not path.name.endswith(_NO_MAIL))
    return [path.read_bytes() for path in files if 0 < path.stat().st_size <= MOST]


def _flip(raw: bytearray, dice: random.Random) -> bytearray:
    for _count in range(dice.choice((1, 3, 30))):
        raw[dice.randrange(len(raw))] ^= 1 << dice.randrange(8)
    return raw


def _cut(raw: bytearray, dice: random.Random) -> bytearray:
    start = dice.randrange(len(raw))
    return raw[:start] if dice.random() < 0.5 else raw[:start] + raw[start + dice.randrange(1, 2000) :]


def _headers(raw: bytearray, dice: random.Random) -> bytearray:
    """Shuffle the header lines, or give some of them twice."""
    head, blank, body = bytes(raw).partition(b"\n\n" if b"\r\n\r\n" not in raw else b"\r\n\r\n")
    lines = re.split(rb"\r?\n(?![ \t])", head)
    if dice.random() < 0.5:
        dice.shuffle(lines)
    else:
        lines += dice.choices(lines, k=dice.choice((1, 5, 40)))
    return bytearray(b"\r\n".join(lines) + (blank or b"\r\n\r\n") + body)


def _exchange(pattern: bytes, others: tuple[bytes, ...]) -> Callable[[bytearray, random.Random], bytearray]:
    def change(raw: bytearray, dice: random.Random) -> bytearray:
        return bytearray(re.sub(pattern, lambda match: match[1] + dice.choice(others), bytes(raw), flags=re.IGNORECASE))

    return change


def _boundaries(raw: bytearray, dice: random.Random) -> bytearray:
    found = re.findall(rb'boundary="?([^"\s;]{1,70})', bytes(raw), re.IGNORECASE)
    if not found:
        return _flip(raw, dice)
    one = dice.choice(found)
    other = dice.choice([*found, one[:-1], one + b"--", b""])
    return bytearray(bytes(raw).replace(one, other, dice.choice((1, 2, 100))))


def _insert(raw: bytearray, dice: random.Random) -> bytearray:
    what = dice.choice((b"\0", b"\xed\xa0\x80", b"\xff\xfe", b"\x80\x81", b"\r", b"\n\n", b"\x1b$B", b"=?utf-8?b?",
                        b"<", b"&#",
                        b"=\r\n", b"\xc3", b'"', b"(", b"--", b"\xf0\x9f\x92\xa9", b"\\", b"%00", b"{{", b"\x7f" * 50))
    for _count in range(dice.choice((1, 5, 100))):
        at = dice.randrange(len(raw) if dice.random() < 0.5 else min(len(raw), 2000))
        raw[at:at] = what
    return raw


def _repeat(raw: bytearray, dice: random.Random) -> bytearray:
    start = dice.randrange(len(raw))
    piece = raw[start : start + dice.choice((2, 20, 400))]
    return raw[:start] + piece * dice.choice((2, 50, 500)) + raw[start:]


_CHANGES = (
    _flip, _cut, _headers, _boundaries, _insert, _repeat,
    _exchange(rb'(charset\s*=\s*"?)[\w-]+', _CHARSETS), _exchange(rb"(content-transfer-encoding:\s*)\S+", _ENCODINGS),
    _exchange(rb"(content-type:\s*)[\w/-]+", _TYPES), _exchange(rb"(date:\s*)[^\r\n]+", (b"", b"x", b"99 Foo 99999")),
    _exchange(rb"(from:\s*)[^\r\n]+", (b"", b"@", b"<>", b'"', b"a@b, c@d", b"=?utf-8?q?=00?= <a@b.example>")),
)


def mutate(mails: list[bytes], seed: int) -> bytes:
    """Return one of the mails with one to four changes; the same for the same seed."""
    dice = random.Random(seed)
    raw = bytearray(dice.choice(mails))
    for _count in range(dice.choice((1, 1, 2, 4))):
        raw = dice.choice(_CHANGES)(raw, dice) or bytearray(b"\r\n")
    return bytes(raw[:MOST]) or b"\r\n"
