"""Header objects for Odoo's parser: the standard library's, cached, and mended where it fails.

The standard library parses a header anew at every look and raises on some of what arrives.
:class:`TolerantHeaders` stands in for its registry. For a header that is well-formed it gives
exactly what the registry gives; only where that raises, or the result holds what no database or
mail header may hold, it writes the header again in good form and notes what it did.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from email.headerregistry import BaseHeader, HeaderRegistry
from email.message import Message
from email.utils import getaddresses
from functools import lru_cache
from typing import Any

from .addresses import MAX_ADDRESS, MAX_ADDRESSES, MAX_NAME, format_address, parse_addresses
from .charsets import decode_header_bytes, find_codec, python_knows
from .dates import format_date, parse_date
from .digest import MAX_MESSAGE_ID, normalise_message_id, split_message_ids
from .mime_params import mend_content_type, mend_disposition, parse_params
from .text import clean_filename, clean_line, has_surrogates, is_clean_line
from .words import decode_words

MAX_SUBJECT = 998
MAX_VALUE = 64 * 1024
#: The standard parser takes quadratic time, so longer values of these kinds are read by ours.
MAX_STANDARD = 16 * 1024

_ADDRESS_HEADERS = frozenset(
    ["from", "to", "cc", "bcc", "reply-to", "sender"]
    + ["resent-to", "resent-cc", "resent-bcc", "resent-from", "resent-sender"]
)
_UNSTRUCTURED_ADDRESSES = frozenset(["delivered-to", "return-path", "x-original-to"])
_ID_HEADERS = frozenset(
    ["message-id", "in-reply-to", "references", "x-microsoft-original-message-id"]
)
_DATE_HEADERS = frozenset(["date", "resent-date", "orig-date"])
#: Headers whose values repeat from mail to mail and may be shared between them.
_SHARED = frozenset(
    ["content-type", "content-transfer-encoding", "content-disposition", "mime-version"]
)
_ENCODINGS = frozenset(
    [
        "7bit",
        "8bit",
        "binary",
        "quoted-printable",
        "base64",
        "x-uuencode",
        "uuencode",
        "uue",
        "x-uue",
        "",
    ]
)
_ENCODING_LETTERS = {
    "7bit": "7bit", "8bit": "8bit", "binary": "binary", "base64": "base64", "b64": "base64",
    "quotedprintable": "quoted-printable", "qp": "quoted-printable", "quotedprintible": "quoted-printable",
    "uuencode": "x-uuencode", "xuuencode": "x-uuencode",
}  # fmt: skip
_ENCODED_WORD = re.compile(r"=\?[^?\s]{1,80}\?[bBqQ]\?")
#: One plain address, or a name without specials and an address: what the standard parser gives
#: back character by character.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=^_`{|}~-]+"
_PLAIN_ADDRESS = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")
_PLAIN_TEXT = re.compile(r"[!-<>-~]+(?: [!-<>-~]+)*")


class PlainHeader(str):
    """A header that no parser of the standard library makes: cleaned text, and its name."""

    name: str
    defects: tuple[Any, ...] = ()
    groups: tuple[Any, ...] = ()
    addresses: tuple[Any, ...] = ()
    datetime = None
    max_count = None

    @classmethod
    def make(cls, name: str, text: str) -> PlainHeader:
        """Return the header ``name`` with the text given."""
        header = cls(text)
        header.name = name
        return header

    def fold(self, *, policy: Any) -> str:
        """Return the header as a line of a message; text that is not ASCII as one encoded word."""
        from email.header import Header

        return f"{self.name}: {Header(str(self), 'utf-8').encode(linesep=policy.linesep)}{policy.linesep}"


@lru_cache(maxsize=2048)
def _shared_header(name: str, value: str) -> Any:
    return _STANDARD(name, value)


class _CachedRegistry(HeaderRegistry):
    """The standard registry, which makes a new class at every look, told to remember them."""

    def __init__(self) -> None:
        super().__init__()
        self._classes: dict[str, type[BaseHeader]] = {}

    def __getitem__(self, name: str) -> type[BaseHeader]:
        lowered = name.lower()
        if lowered not in self.registry:
            lowered = ""
        if lowered not in self._classes:
            self._classes[lowered] = super().__getitem__(lowered)
        return self._classes[lowered]


_STANDARD = _CachedRegistry()


class TolerantHeaders:
    """A header factory for one mail. ``repairs`` holds the codes of what was mended so far.

    :param hint: charset of the mail's text, to be tried for raw bytes in headers
    :ivar fallback_date: gives what to put in place of a Date that names no moment
    """

    registry = _STANDARD.registry

    def __init__(self, hint: str | None = None) -> None:
        self.hint = hint
        self.fallback_date: Callable[[], str] = str
        self.repairs: dict[str, None] = {}
        self._cache: dict[tuple[str, str], Any] = {}

    def __getitem__(self, name: str) -> type[BaseHeader]:
        return _STANDARD[name]

    def __call__(self, name: str, value: str) -> Any:
        """Return the header object for a name and an unfolded source value."""
        key = (name, value)
        header = self._cache.get(key)
        if header is None:
            header = self._cache[key] = self._make(name, value)
        return header

    def note(self, code: str) -> None:
        """Remember that something of this kind was mended."""
        self.repairs[code] = None

    def _make(self, name: str, value: str) -> Any:
        lowered = name.lower()
        source = value
        if len(value) > MAX_VALUE:
            value = value[:MAX_VALUE]
            self.note("long_header")
        if has_surrogates(value):
            data = value.encode("utf-8", "surrogateescape")
            value = decode_header_bytes(data, self.hint)
            if "\ufffd" in value or value.encode("utf-8") != data:
                self.note("raw_8bit_header")
        header = self._standard(lowered, name, value)
        mended = _MENDERS.get(lowered, _mend_text)(self, lowered, value, header)
        if mended is None:
            return PlainHeader.make(name, source) if header is None else header
        again = self._standard("", name, mended)
        return (
            again if again is not None and str(again) == mended else PlainHeader.make(name, mended)
        )

    def _standard(self, lowered: str, name: str, value: str) -> Any:
        """Return what the standard library makes of a value, None if it fails."""
        if len(value) > MAX_STANDARD:
            return None
        try:
            if lowered in _SHARED and len(value) < 200 and "boundary" not in value:
                return _shared_header(name, value)
            return _STANDARD(name, value)
        except Exception:  # the standard parser raises anything, RecursionError included
            return None


def _mend_text(headers: TolerantHeaders, lowered: str, value: str, header: Any) -> str | None:
    """Return better text for an unstructured header, None if the standard one is good."""
    text = value if header is None else str(header)
    good = (
        header is not None
        and "\ufffd" not in text
        and is_clean_line(text)
        and not _ENCODED_WORD.search(text)
    )
    limit = MAX_SUBJECT if lowered == "subject" else MAX_VALUE
    if good and len(text) <= limit:
        return None
    mended = clean_line(decode_words(value, headers.hint), limit)
    if (
        header is not None
        and mended.count("\ufffd") >= text.count("\ufffd")
        and is_clean_line(text)
    ):
        mended = clean_line(text, limit)
    if mended == text and header is not None:
        return None
    headers.note("long_header" if good else "bad_header")
    return mended


def _mend_addresses(headers: TolerantHeaders, lowered: str, value: str, header: Any) -> str | None:
    """Return an address list in good form, None if the standard reading of it is good."""
    text = None if header is None else str(header)
    if (
        text is not None
        and (_PLAIN_ADDRESS.fullmatch(text) or not text.strip())
        and len(text) <= MAX_ADDRESS
    ):
        return None
    pairs = parse_addresses(value, hint=headers.hint)
    if text is not None and _addresses_agree(text, pairs):
        return None
    headers.note(_address_fault(value, text))
    if not pairs:
        # a name without an address still says who it was
        return clean_line(decode_words(value, headers.hint), MAX_NAME).replace("@", " ")
    return ", ".join(format_address(name, address) for name, address in pairs)


def _addresses_agree(text: str, pairs: list[tuple[str, str]]) -> bool:
    """Whether what Odoo will read out of a header's text is sound, and all that is in it."""
    if not is_clean_line(text) or "\ufffd" in text or _ENCODED_WORD.search(text):
        return False
    if len(pairs) >= MAX_ADDRESSES or any(mark in text for mark in (";", "((")):
        return False
    try:
        found = getaddresses([text])
    except Exception:  # recursion in the standard parser
        return False
    seen = [address.strip().lower() for _name, address in found if "@" in address]
    if any(len(name) > MAX_NAME for name, _address in found) or any(
        len(one) > MAX_ADDRESS for one in seen
    ):
        return False
    return sorted(seen) == sorted(address.lower() for _name, address in pairs)


def _address_fault(value: str, text: str | None) -> str:
    if ":" in value and ";" in value:
        return "address_group"
    if text is not None and ("\ufffd" in text or _ENCODED_WORD.search(text)):
        return "unknown_charset"
    return "bad_address"


def _mend_unstructured_address(
    headers: TolerantHeaders, lowered: str, value: str, header: Any
) -> str | None:
    mended = _mend_text(headers, lowered, value, header)
    text = mended if mended is not None else str(header)
    if _PLAIN_ADDRESS.fullmatch(text.strip(" <>")) or not text.strip(" <>"):
        return mended
    pairs = parse_addresses(text, hint=headers.hint)
    if _addresses_agree(text, pairs):
        return mended
    headers.note("bad_address")
    return ", ".join(format_address(name, address) for name, address in pairs)


def _mend_ids(headers: TolerantHeaders, lowered: str, value: str, header: Any) -> str | None:
    text = value if header is None else str(header)
    if header is not None and is_clean_line(text) and len(text) <= MAX_MESSAGE_ID:
        return None
    if lowered == "message-id":
        mended = normalise_message_id(value)
    else:
        # the newest stand last (RFC 5322, 3.6.4); Odoo looks at 32
        mended = " ".join(split_message_ids(value)[-64:])
    unfolded = clean_line(text)
    if (
        header is not None
        and unfolded == text
        and all(len(word) <= MAX_MESSAGE_ID for word in text.split())
    ):
        return None
    headers.note("bad_message_id")
    return mended


def _mend_date(headers: TolerantHeaders, lowered: str, value: str, header: Any) -> str | None:
    if (
        header is not None
        and getattr(header, "datetime", None) is not None
        and parse_date(str(header))
    ):
        return None
    if not value.strip():
        return None
    moment = parse_date(value)
    headers.note("bad_date")
    return format_date(moment) if moment else headers.fallback_date()


def _probe(name: str, value: str) -> tuple[str | None, str | None, str | None]:
    """Return file name, charset and boundary as the message class reads them out of a value."""
    message: Message[str, str] = Message()
    message[name] = value
    filename = message.get_filename()
    charset = message.get_param("charset", None, name)
    if isinstance(charset, tuple):
        raise ValueError("charset in the form of RFC 2231, which core can't use")
    message.get_params(header=name)
    return filename, charset, message.get_boundary() if name == "Content-Type" else None


def _is_good_filename(text: str | None) -> bool:
    if text is None:
        return True
    return "\ufffd" not in text and "=?" not in text and clean_filename(text) == text


@lru_cache(maxsize=2048)
def _content_type_fault(text: str) -> str | None:
    """Return the code of what is wrong with the text of a Content-Type header, None if nothing."""
    if not is_clean_line(text):
        return "bad_content_type"
    try:
        filename, charset, _boundary = _probe("Content-Type", text)
    except Exception:  # TypeError, ValueError, UnicodeError: parameters that contradict each other
        return "bad_content_type"
    if charset is not None and not (python_knows(charset) and charset == charset.strip()):
        return "unknown_charset"
    if not _is_good_filename(filename):
        return "bad_filename"
    kind = text.partition(";")[0].strip().lower()
    if (
        kind.count("/") != 1
        or kind in {"plain/text", "text/text", "html/text"}
        or " " in kind
        or kind[0] == "/"
    ):
        return "bad_content_type"
    return None if not kind.endswith("/") else "bad_content_type"


def _mend_content_type(
    headers: TolerantHeaders, lowered: str, value: str, header: Any
) -> str | None:
    text = "" if header is None else str(header)
    fault = "bad_content_type" if header is None else _content_type_fault(text)
    if fault is None:
        fault = _lost_parameter(
            headers, "Content-Type", value, text, ("boundary", "charset", "name")
        )
    if fault is None:
        return None
    mended = mend_content_type(value, hint=headers.hint)
    if mended == text:
        return None
    headers.note(fault)
    return mended


def _lost_parameter(
    headers: TolerantHeaders, name: str, value: str, text: str, wanted: tuple[str, ...]
) -> str | None:
    """Return a code if the standard library reads less out of a value than there is in it."""
    if not any(mark in value for mark in ('"', "*", " ", "'")):
        return None
    _head, params = parse_params(value, hint=headers.hint)
    filename, charset, boundary = _probe(name, text)
    seen = {"boundary": boundary, "charset": charset, "name": filename, "filename": filename}
    for key in wanted:
        ours = params.get(key)
        if ours is None or (key == "charset" and find_codec(ours) is None):
            continue
        if (seen[key] or "").strip() != ours.strip():
            return "bad_filename" if key in ("name", "filename") else "bad_content_type"
    return None


def _mend_disposition(
    headers: TolerantHeaders, lowered: str, value: str, header: Any
) -> str | None:
    text = "" if header is None else str(header)
    good = header is not None and is_clean_line(text)
    fault = None if good else "bad_disposition"
    if good:
        try:
            filename = _probe("Content-Disposition", text)[0]
            fault = None if _is_good_filename(filename) else "bad_filename"
            fault = fault or _lost_parameter(
                headers, "Content-Disposition", value, text, ("filename",)
            )
        except Exception:  # parameters that contradict each other
            fault = "bad_disposition"
        word = text.strip()[:10]
        if word != word.lower() and word.lower() == "attachment":
            fault = fault or "bad_disposition"
    if fault is None:
        return None
    mended = mend_disposition(value, hint=headers.hint)
    if mended == text:
        return None
    headers.note(fault)
    return mended


def _mend_transfer_encoding(
    headers: TolerantHeaders, lowered: str, value: str, header: Any
) -> str | None:
    text = value if header is None else str(header)
    if header is not None and text.lower() in _ENCODINGS:
        return None
    first = re.split(r"[;(,]", value.strip().lower(), maxsplit=1)[0]
    letters = re.sub(r"[^a-z0-9]", "", first)
    mended = _ENCODING_LETTERS.get(letters) or clean_line(text, 100).lower()
    if mended == text:
        return None
    headers.note("bad_transfer_encoding")
    return mended


_Mender = Callable[[TolerantHeaders, str, str, Any], str | None]
_MENDERS: dict[str, _Mender] = {
    **dict.fromkeys(_ADDRESS_HEADERS, _mend_addresses),
    **dict.fromkeys(_UNSTRUCTURED_ADDRESSES, _mend_unstructured_address),
    **dict.fromkeys(_ID_HEADERS, _mend_ids),
    **dict.fromkeys(_DATE_HEADERS, _mend_date),
    "content-type": _mend_content_type,
    "content-disposition": _mend_disposition,
    "content-transfer-encoding": _mend_transfer_encoding,
}
