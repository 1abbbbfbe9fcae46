"""Encoded words in headers (RFC 2047), as broken senders write them."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator

from .charsets import decode_header_bytes, decode_text
from .text import has_surrogates

_OPENING = re.compile(r"=\?([^?\s]{0,80})\?([bBqQ])\?")
_CLOSING = re.compile(r"\?=(?![0-9A-Fa-f]{2})")
#: Words of a value in whose bytes an unknown charset is looked for; guessing is dear.
_MOST_GUESSED = 50
#: Characters of the text inside one word.
_MAX_WORD = 2000
_Q_BYTE = re.compile(rb"=([0-9A-Fa-f]{2})")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")


def decode_words(value: str, hint: str | None = None) -> str:
    """Decode the encoded words and raw 8-bit bytes of a header value into text.

    Neighbouring words of one charset are joined before decoding, since many senders split a word
    in the middle of a character. Unknown charsets, wrong padding and spaces inside are borne.

    :param value: source text; raw bytes in it are lone surrogates
    :param hint: a charset to try for raw bytes that are not UTF-8 (that of the body)
    """
    if has_surrogates(value):
        value = decode_header_bytes(value.encode("utf-8", "surrogateescape"), hint)
    if "=?" not in value:
        return value
    pieces: list[str] = []
    pending, pending_charset, position = b"", "", 0
    for match, text, end in _words(value):
        between = value[position : match.start()]
        charset = match[1].partition("*")[0].lower()
        if pending and (between.strip() or charset != pending_charset):
            pieces.append(_word_text(pending, pending_charset, len(pieces) < _MOST_GUESSED))
            pending = b""
        # white space between two encoded words is not part of the text
        if between.strip() or position == 0:
            pieces.append(between)
        pending += _word_bytes(match[2], text)
        pending_charset, position = charset, end
    if pending:
        pieces.append(_word_text(pending, pending_charset, len(pieces) < _MOST_GUESSED))
    return "".join(pieces) + value[position:]


def _words(value: str) -> Iterator[tuple[re.Match[str], str, int]]:
    """Yield the opening of each encoded word, its text, and where it ends.

    Openings and ends are looked for once each, so that a header full of the one costs no more than its length.
    """
    ends = (match.start() for match in _CLOSING.finditer(value))
    closing = next(ends, -1)
    position = 0
    for match in _OPENING.finditer(value):
        while 0 <= closing < match.end():
            closing = next(ends, -1)
        if closing < 0:
            return
        if match.start() < position or closing - match.end() > _MAX_WORD:
            continue
        text = value[match.end() : closing]
        if "\r" not in text and "\n" not in text:
            position = closing + 2
            yield match, text, position


def _word_bytes(encoding: str, text: str) -> bytes:
    data = text.encode("utf-8", "surrogateescape")
    if encoding in "qQ":
        return _Q_BYTE.sub(lambda match: bytes.fromhex(match[1].decode()), data.replace(b"_", b" "))
    bare = _NOT_BASE64.sub(b"", data)
    # a single left-over character holds no byte
    bare = bare[: len(bare) - (len(bare) % 4 == 1)]
    try:
        return binascii.a2b_base64(bare + b"=" * (-len(bare) % 4))
    except binascii.Error:
        return data


def _word_text(data: bytes, charset: str, guess: bool) -> str:
    return decode_text(data, charset, guess=guess)[0]
