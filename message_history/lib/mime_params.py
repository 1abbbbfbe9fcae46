"""Content-Type and Content-Disposition out of real mail (RFC 2045, 2183, 2231).

Takes a value apart without ever raising, and writes it again in a form that the standard library
and Odoo read without surprises.
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote_to_bytes

from .charsets import decode_text, find_codec, python_knows
from .text import clean_filename, clean_line
from .words import decode_words

MAX_PARAMS = 50
MAX_LENGTH = 8192
_MAX_PARAM = 1000
_SEPARATORS = re.compile(r" ?;[ ;]*")
_PARAM = re.compile(
    r"""([^\s=;"]{1,100})\s*=\s*("(?:[^"\\]|\\.)*"?|[^;]*)""",
    re.DOTALL,
)
_CONTINUED = re.compile(r"^([^*]+)(?:\*(\d{1,3}))?(\*)?$")
_ESCAPE = re.compile(r'\\(["\\])')
_TOKEN = re.compile(r"^[A-Za-z0-9!#$&+.^_`{|}~-]+$")
_TYPE = re.compile(
    r"""^[\s"'<]*([A-Za-z0-9!#$&+.^_-]{1,100})\s*/\s*([A-Za-z0-9!#$&+.^_-]{1,100})"""
)

#: Types as broken senders write them, and what they mean.
_TYPES = {
    "text": "text/plain",
    "plain": "text/plain",
    "plain/text": "text/plain",
    "text/text": "text/plain",
    "html": "text/html",
    "html/text": "text/html",
    "pdf": "application/pdf",
    "multipart": "multipart/mixed",
    "binary/octet-stream": "application/octet-stream",
    "*/*": "application/octet-stream",
}


def parse_params(value: str, *, hint: str | None = None) -> tuple[str, dict[str, str]]:
    """Return the first word of a value (lower case) and its parameters, decoded and cleaned.

    The first of two parameters of one name wins. Continuations and charsets of RFC 2231, encoded
    words (which RFC 2047 forbids here and most programs write), raw bytes and quotation marks
    that are never closed are understood.
    """
    # runs of separators would cost the expressions below quadratic time
    value = _SEPARATORS.sub(";", re.sub(r"\s+", " ", value[:MAX_LENGTH]))
    head, _separator, rest = value.partition(";")
    if "=" in head and not _TYPE.match(head):  # parameters and no type
        head, rest = "", value
    pieces: dict[str, dict[int, tuple[str, bool]]] = {}
    for count, match in enumerate(_PARAM.finditer(rest)):
        if count >= MAX_PARAMS:
            break
        named = _CONTINUED.match(match[1].lower())
        if not named:
            continue
        text = match[2]
        if text.startswith('"'):
            text = _ESCAPE.sub(
                r"\1", text[1:-1] if len(text) > 1 and text.endswith('"') else text[1:]
            )
        else:
            text = text.strip()
        numbered = pieces.setdefault(named[1], {})
        numbered.setdefault(int(named[2] or 0), (text, bool(named[3])))
    params = {name: _join(numbered, hint) for name, numbered in pieces.items()}
    return clean_line(head, 200).lower(), params


def _join(numbered: dict[int, tuple[str, bool]], hint: str | None) -> str:
    """Put the continuations of one parameter together and decode them."""
    ordered = [numbered[number] for number in sorted(numbered)]
    if not any(encoded for _text, encoded in ordered):
        return clean_line(
            decode_words("".join(text for text, _encoded in ordered), hint), _MAX_PARAM
        )
    charset = ""
    first, encoded = ordered[0]
    if encoded and first.count("'") >= 2:
        charset, _language, first = first.split("'", 2)
        ordered[0] = (first, encoded)
    data = b"".join(
        unquote_to_bytes(text.encode("utf-8", "surrogateescape"))
        if encoded
        else text.encode("utf-8", "surrogateescape")
        for text, encoded in ordered
    )
    return clean_line(decode_text(data, charset)[0], _MAX_PARAM)


def format_params(head: str, params: dict[str, str]) -> str:
    """Write a value that any parser reads: tokens bare, text quoted, the rest by RFC 2231."""
    pieces = [head]
    for name, text in params.items():
        if not _TOKEN.match(name) or sum(map(len, pieces)) > 2 * _MAX_PARAM:
            continue
        if _TOKEN.match(text):
            pieces.append(f"{name}={text}")
        elif text.isascii() and '"' not in text and "\\" not in text and "=?" not in text:
            pieces.append(f'{name}="{text}"')
        else:
            pieces.append(f"{name}*=utf-8''{quote(text, safe='')}")
    return "; ".join(pieces)


def mend_content_type(value: str, *, hint: str | None = None) -> str:
    """Return a Content-Type that says the same in well-formed words."""
    head, params = parse_params(value, hint=hint)
    found = _TYPE.match(head)
    kind = f"{found[1]}/{found[2]}".lower() if found else head.strip(" \"'<>")
    kind = _TYPES.get(
        kind,
        kind if found else "text/plain" if head.startswith("text") else "application/octet-stream",
    )
    if not head:
        kind = "text/plain"
    if "charset" in params:
        codec = find_codec(params["charset"])
        if codec is None:
            del params["charset"]
        elif not python_knows(params["charset"]):
            params["charset"] = codec
    if "name" in params:
        params["name"] = clean_filename(params["name"])
    return format_params(kind, params)


def mend_disposition(value: str, *, hint: str | None = None) -> str:
    """Return a Content-Disposition that says the same in well-formed words."""
    head, params = parse_params(value, hint=hint)
    word = re.split(r"[\s\"'=]", head.strip(" \"'"), maxsplit=1)[0]
    if not _TOKEN.match(word):
        word = "attachment"
    if "filename" in params:
        params["filename"] = clean_filename(params["filename"])
    return format_params(word, params)
