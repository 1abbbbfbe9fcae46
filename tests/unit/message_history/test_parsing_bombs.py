"""Hostile mail costs no more than seconds, and is never unreadable."""

import time

import pytest
from odoo.addons.message_history.lib.mime_tree import MAX_DEPTH, MAX_PARTS
from odoo.addons.message_history.lib.repair import parse_mail

from tests.unit.message_history.parsing_help import MULTIPART, read_everything


def _deep(levels):
    opened = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (level, level)
        for level in range(levels)
    )
    return opened + b"Content-Type: text/plain\r\n\r\ninside\r\n"


BOMBS = {
    "nested multiparts": _deep(5000),
    "nested messages": b"Content-Type: message/rfc822\r\n\r\n" * 20000,
    "one boundary": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" * 5000,
    "parts": MULTIPART + b"--x\r\n\r\na\r\n" * 100_000,
    "empty parts": MULTIPART + b"--x\r\n" * 200_000,
    "report blocks": b"Content-Type: message/delivery-status\r\n\r\n" + b"A: b\r\n\r\n" * 100_000,
    "headers": b"X-A: b\r\n" * 200_000,
    "one header": b"Subject: " + b"b " * 1_000_000,
    "folds": b"Subject: b" + b"\r\n b" * 300_000,
    "stray lines": b"Subject: a\r\n" + b"stray line\r\nX-B: c\r\n" * 20_000,
    "dashes": MULTIPART + b"--\r\n" * 500_000,
    "half delimiters": MULTIPART + b"--x y\r\n" * 200_000,
    "no boundary": b"Content-Type: multipart/mixed\r\n\r\n" + (b"\n--" + b" " * 190) * 10_000,
    "parameters": b"Content-Type: text/plain" + b";" * 60_000,
    "parameter names": b"Content-Type: text/plain" + b"".join(b"; a*%d=b" % n for n in range(1500)),
    "recipients": b"To: " + b", ".join(b"U%d <u%d@example.com>" % (n, n) for n in range(20_000)),
    **{
        f"{name.decode()} of {text!r}": name + b": " + text * (40_000 // len(text))
        for name in (b"From", b"Subject", b"Content-Type", b"Content-Disposition", b"References")
        for text in (b"(", b'"', b"<", b":", b"=?", b"a:", b"=?a?q?", b"@", b"a@b ", b"\xe4", b"'")
    },
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_cost_no_more_than_seconds(name):
    started = time.process_time()
    parsed = parse_mail(BOMBS[name])
    read_everything(parsed.message)
    assert time.process_time() - started < 5
    assert "unreadable" not in parsed.repairs
    assert sum(1 for _part in parsed.message.walk()) <= MAX_PARTS + 2 * MAX_DEPTH
