"""What to do about a header that is not as it should be, one function for each kind.

A mender gets the source value of a header and what the standard library made of it (None where
that raised). It returns the text that the header should have, or None if the header is good as it
is. What is good stays exactly what the standard library made.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from email.message import Message
from email.utils import getaddresses
from functools import lru_cache
from typing import Any, Protocol

from .addresses import MAX_ADDRESS, MAX_ADDRESSES, MAX_NAME, format_address, parse_addresses
from .charsets import find_codec, python_knows
from .dates import format_date, parse_date
from .digest import MAX_MESSAGE_ID, normalise_message_id, split_message_ids
from .mime_params import mend_content_type, mend_disposition, parse_params
from .text import clean_filename, clean_line, is_clean_line
from .words import decode_words

MAX_SUBJECT = 998
MAX_VALUE = 64 * 1024

_ADDRESS_HEADERS = (
    *("from", "to", "cc", "bcc", "reply-to", "sender"),
    *("resent-to", "resent-cc", "resent-bcc", "resent-from", "resent-sender"),
)
_UNSTRUCTURED_ADDRESSES = frozenset(["delivered-to", "return-path", "x-original-to"])
_ID_HEADERS = frozenset(
    ["message-id", "in-reply-to", "references", "x-microsoft-original-message-id"]
)
_DATE_HEADERS = frozenset(["date", "resent-date", "orig-date"])
_ENCODINGS = frozenset(
    {"", "7bit", "8bit", "binary", "quoted-printable", "base64"}
    | {"x-uuencode", "uuencode", "uue", "x-uue"}
)
_ENCODING_LETTERS = {
    "7bit": "7bit",
    "8bit": "8bit",
    "binary": "binary",
    "base64": "base64",
    "b64": "base64",
    "quotedprintable": "quoted-printable",
    "quotedprintible": "quoted-printable",
    "qp": "quoted-printable",
    "uuencode": "x-uuencode",
    "xuuencode": "x-uuencode",
}
_ENCODED_WORD = re.compile(r"=\?[^?\s]{1,80}\?[bBqQ]\?")
#: One plain address, or a name without specials and an address: what the standard parser gives
#: back character by character.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=^_`{|}~-]+"
_PLAIN_ADDRESS = re.compile(rf"\A{_ATOM}(?:\.{_ATOM})*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\Z")
#: One that is never closed reaches to the end, as for the standard parser.
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"?')
_PLAIN_TEXT = re.compile(r"[!-<>-~]+(?: [!-<>-~]+)*")


class Mail(Protocol):
    """What a mender may know of the mail, and where it says what it did."""

    hint: str | None
    fallback_date: Callable[[], str]

    def note(self, code: str) -> None:
        """Remember that something of this kind was mended."""


def _mend_text(mail: Mail, lowered: str, value: str, header: Any) -> str | None:
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
    mended = clean_line(decode_words(value, mail.hint), limit)
    if (
        header is not None
        and mended.count("\ufffd") >= text.count("\ufffd")
        and is_clean_line(text)
    ):
        mended = clean_line(text, limit)
    if mended == text and header is not None:
        return None
    mail.note("long_header" if good else "bad_header")
    return mended


def _mend_addresses(mail: Mail, lowered: str, value: str, header: Any) -> str | None:
    """Return an address list in good form, None if the standard reading of it is good."""
    text = _as_it_is(value) if header is None else str(header)
    if (
        text is not None
        and text == value.strip()  # not where the standard reading has dropped the rest
        and (_PLAIN_ADDRESS.fullmatch(text) or not text.strip())
        and len(text) <= MAX_ADDRESS
    ):
        return None
    pairs = parse_addresses(value, hint=mail.hint)
    if text is not None and _addresses_agree(text, pairs):
        return None
    mail.note(_address_fault(value, text))
    if not pairs:
        # a name without an address still says who it was
        return clean_line(decode_words(value, mail.hint), MAX_NAME).replace("@", " ").replace(":", " ")
    return ", ".join(format_address(name, address) for name, address in pairs)


def _as_it_is(value: str) -> str | None:
    """Return a value that the standard parser was not asked about if it has nothing to be decoded, else None."""
    return value.strip() if value.isascii() and "=?" not in value and is_clean_line(value) else None


def _addresses_agree(text: str, pairs: list[tuple[str, str]]) -> bool:
    """Whether what Odoo will read out of a header's text is sound, and all that is in it."""
    if not is_clean_line(text) or "\ufffd" in text or _ENCODED_WORD.search(text):
        return False
    if len(pairs) >= MAX_ADDRESSES or any(mark in text for mark in (";", "((")):
        return False
    if ":" in text and ":" in _QUOTED.sub("", text):
        return False  # groups: core joins the headers of a name, and its parser recurses into each
    try:
        found = getaddresses([text])
    except Exception:  # noqa: BLE001 - the standard parser recurses into comments and groups
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


def _mend_unstructured_address(mail: Mail, lowered: str, value: str, header: Any) -> str | None:
    mended = _mend_text(mail, lowered, value, header)
    text = mended if mended is not None else str(header)
    if _PLAIN_ADDRESS.fullmatch(text.strip(" <>")) or not text.strip(" <>"):
        return mended
    pairs = parse_addresses(text, hint=mail.hint)
    if _addresses_agree(text, pairs):
        return mended
    mail.note("bad_address")
    return ", ".join(format_address(name, address) for name, address in pairs)


def _mend_ids(mail: Mail, lowered: str, value: str, header: Any) -> str | None:
    text = value if header is None else str(header)
    if header is not None and is_clean_line(text) and "\ufffd" not in text:
        # an id that was folded counts whole: core takes the white space out again
        longest = max(map(len, text.split(">")), default=0)
        if len(text) <= MAX_MESSAGE_ID or (lowered != "message-id" and longest < MAX_MESSAGE_ID):
            return None
    # of several the newest stand last (RFC 5322, 3.6.4); Odoo looks at 32
    single = lowered == "message-id"
    mended = normalise_message_id(value) if single else " ".join(split_message_ids(value)[-64:])
    mail.note("bad_message_id")
    return mended


def _mend_date(mail: Mail, lowered: str, value: str, header: Any) -> str | None:
    if (
        header is not None
        and getattr(header, "datetime", None) is not None
        and parse_date(str(header))
    ):
        return None
    if not value.strip():
        return None
    moment = parse_date(value)
    mail.note("bad_date")
    return format_date(moment) if moment else mail.fallback_date()


def _probe(name: str, value: str) -> tuple[str | None, str | None, str | None]:
    """Return file name, charset and boundary as the message class reads them out of a value."""
    message: Message[str, str] = Message()
    message[name] = value
    filename = message.get_filename()
    charset = message.get_param("charset", None, name)
    if isinstance(charset, tuple):
        raise TypeError("charset in the form of RFC 2231, which core can't use")
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
    except Exception:  # noqa: BLE001 - parameters that contradict each other raise anything
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


def _mend_content_type(mail: Mail, lowered: str, value: str, header: Any) -> str | None:
    text = "" if header is None else str(header)
    fault = "bad_content_type" if header is None else _content_type_fault(text)
    if fault is None:
        fault = _lost_parameter(mail, "Content-Type", value, text, ("boundary", "charset", "name"))
    if fault is None:
        return None
    mended = mend_content_type(value, hint=mail.hint)
    if mended == text:
        return None
    mail.note(fault)
    return mended


def _lost_parameter(
    mail: Mail, name: str, value: str, text: str, wanted: tuple[str, ...]
) -> str | None:
    """Return a code if the standard library reads less out of a value than there is in it."""
    if not any(mark in value for mark in ('"', "*", " ", "'")):
        return None
    _head, params = parse_params(value, hint=mail.hint)
    filename, charset, boundary = _probe(name, text)
    seen = {"boundary": boundary, "charset": charset, "name": filename, "filename": filename}
    for key in wanted:
        ours = params.get(key)
        if ours is None or (key == "charset" and find_codec(ours) is None):
            continue
        if (seen[key] or "").strip() != ours.strip():
            return "bad_filename" if key in ("name", "filename") else "bad_content_type"
    return None


def _mend_disposition(mail: Mail, lowered: str, value: str, header: Any) -> str | None:
    text = "" if header is None else str(header)
    good = header is not None and is_clean_line(text)
    fault = None if good else "bad_disposition"
    if good:
        try:
            filename = _probe("Content-Disposition", text)[0]
            fault = None if _is_good_filename(filename) else "bad_filename"
            fault = fault or _lost_parameter(
                mail, "Content-Disposition", value, text, ("filename",)
            )
        except Exception:  # noqa: BLE001 - parameters that contradict each other raise anything
            fault = "bad_disposition"
        word = text.strip()[:10]
        if word != word.lower() and word.lower() == "attachment":
            fault = fault or "bad_disposition"
    if fault is None:
        return None
    mended = mend_disposition(value, hint=mail.hint)
    if mended == text:
        return None
    mail.note(fault)
    return mended


def _mend_transfer_encoding(mail: Mail, lowered: str, value: str, header: Any) -> str | None:
    text = value if header is None else str(header)
    if header is not None and text.lower() in _ENCODINGS:
        return None
    first = re.split(r"[;(,]", value.strip().lower(), maxsplit=1)[0]
    letters = re.sub(r"[^a-z0-9]", "", first)
    mended = _ENCODING_LETTERS.get(letters) or clean_line(text, 100).lower()
    if mended == text:
        return None
    mail.note("bad_transfer_encoding")
    return mended


Mender = Callable[[Mail, str, str, Any], str | None]
_MENDERS: dict[str, Mender] = {
    **dict.fromkeys(_ADDRESS_HEADERS, _mend_addresses),
    **dict.fromkeys(_UNSTRUCTURED_ADDRESSES, _mend_unstructured_address),
    **dict.fromkeys(_ID_HEADERS, _mend_ids),
    **dict.fromkeys(_DATE_HEADERS, _mend_date),
    "content-type": _mend_content_type,
    "content-disposition": _mend_disposition,
    "content-transfer-encoding": _mend_transfer_encoding,
}


def mender_for(lowered: str) -> Mender:
    """Return the mender for a header name in lower case."""
    return _MENDERS.get(lowered, _mend_text)
