"""Values of headers without what would end a header.

The standard library decodes encoded words (RFC 2047) in whatever a header is given, also in a text that
only looks like one, and writes the line breaks in them as they are (CVE-2024-6923). What others wrote
reaches our headers as text (the subject, names, Message-IDs of what is answered), so words with anything
else than text in them are taken out here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from typing import Any

from odoo.addons.message_history.lib.raw_headers import decode_words

# With what str.splitlines takes for the end of a line.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
# As far as the standard library takes something for an encoded word.
_WORD = re.compile(r"=\?[^?]*\?[^?]*\?[^?]*\?=")
_BREAK = re.compile(r"[\r\n](?![\r\n \t])")
_NAME = re.compile(r"[!-9;-~]{1,76}")


def clean_text(value: str) -> str:
    """Return a text on one line, which is nothing but text: encoded words in it are decoded."""
    for _nested in range(3):
        if "=?" not in value:
            break
        value = decode_words(value)
    return _CONTROL.sub(" ", value.replace("=?", "= ?"))


def clean_address(value: str) -> str:
    """Return addresses with names on one line; names may be encoded words that hold text alone."""
    return _CONTROL.sub(" ", _WORD.sub(_kept_word, value) if "=?" in value else value)


def _kept_word(found: re.Match[str]) -> str:
    text = decode_words(found[0])
    plain = text != found[0] and "=?" not in text and text.isprintable()
    return found[0] if plain and not _has_controls(found[0]) else " "  # or what is left becomes another one


def _has_controls(word: str) -> bool:
    """Whether an encoded word hides control characters; ``decode_words`` takes them out."""
    try:
        pieces = decode_header(word)
    except (HeaderParseError, ValueError):
        return True
    raw = b"".join(
        piece if isinstance(piece, bytes) else piece.encode("utf-8", "replace") for piece, _charset in pieces)
    charset = next((charset for _piece, charset in pieces if charset), "ascii")
    try:
        return bool(_CONTROL.search(raw.decode(charset)))
    except (LookupError, ValueError):
        return True


def has_broken_header(message: Message) -> bool:
    """Whether a built message has a header that would not stay one, whatever it came by."""
    if any(_BREAK.search(str(value)) for value in message.values()):
        return True
    parts = message.get_payload() if message.get_content_maintype() == "multipart" else ()
    return any(has_broken_header(part) for part in parts if isinstance(part, Message))


def clean_filename(name: Any) -> str:
    """Return a file name on one line."""
    return clean_text(_CONTROL.sub("_", str(name or ""))).strip() or "attachment"


def clean_header_name(name: str) -> str | None:
    """Return a header's name if it is one (RFC 5322 ftext)."""
    return name if _NAME.fullmatch(name) else None


def clean_headers(headers: Mapping[Any, Any]) -> dict[str, str]:
    """Return headers that are nothing but these headers."""
    return {name: clean_text(str(value)) for name, value in headers.items()
            if value is not None and value is not False and isinstance(name, str) and clean_header_name(name)}


def clean_mimetype(value: Any) -> str:
    """Return a MIME type, or that of plain bytes."""
    text = str(value or "").strip().lower()
    return text if re.match(r"\A[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+\Z", text) else "application/octet-stream"


def clean_message_id(value: str) -> str:
    """Return a Message-ID on one line."""
    return _CONTROL.sub("", value).replace("=?", "").strip()


def clean_references(value: str) -> str:
    """Return References on one line; ids that could be taken for encoded words are none."""
    return " ".join(one for one in _CONTROL.sub(" ", value).split() if "=?" not in one)
