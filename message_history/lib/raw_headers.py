"""Header fields of a parsed message, read without ever raising.

``message["Subject"]`` runs the message's policy, and the policies of the standard library raise on
some real mail (odd charsets, groups without an end, impossible dates) or answer differently from
one another. What decides about bounces, automatic mail and threads must not depend on that, so it
reads the fields as they came over the wire and decodes them here.
"""

from __future__ import annotations

import binascii
import re
from email.errors import HeaderParseError, MessageError
from email.header import decode_header
from email.message import Message

from .addresses import parse_addresses

# Enough for every field that means something; a longer one is an attack or an accident.
MAX_LENGTH = 16384
# All fields of one name together, and addresses: each is looked at by several readers.
MAX_TOGETHER = 64 * 1024
MAX_ADDRESSES = 1000
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_FOLD = re.compile(r"\r\n?[ \t]*|\n[ \t]*")
_SPACE_BETWEEN_WORDS = re.compile(r"(\?=)\s+(?==\?)")

# Deliberately simple and linear: bounded repeats, letters of any script (RFC 6531).
ADDRESS = re.compile(
    r"(?:\"[^\"\s@]{1,64}\"|[\w!#$%&'*+/=?^`{|}~.-]{1,80})"
    r"@(?:[^\W_](?:[\w-]{0,62})\.){0,12}[^\W_][\w-]{0,62}"
)


def clean(text: str) -> str:
    """Return text without line breaks, control characters and undecodable leftovers."""
    if not text.isascii():
        try:
            raw = text.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:  # halves of pairs, which some "character sets" make (unicode_escape)
            raw = text.encode("utf-8", "replace")
        text = _decode(raw, "utf-8")
    return _CONTROL.sub("", _FOLD.sub(" ", text)).strip()


def _decode(raw: bytes, charset: str) -> str:
    """Decode bytes whatever they are: the given charset, else UTF-8, else Latin-1."""
    for name in (charset, "utf-8"):
        try:
            return raw.decode(name)
        except (LookupError, ValueError):
            # an unknown charset or bytes that are not in it: try the next
            continue
    return raw.decode("latin-1")


def values(message: Message, name: str) -> list[str]:
    """Return every field of that name, topmost first, unfolded, encoded words left as they are."""
    wanted = name.lower()
    found: list[str] = []
    room = MAX_TOGETHER
    for key, value in message.raw_items():
        if key.lower() == wanted and room > 0:
            found.append(clean(str(value)[: min(room, MAX_LENGTH)]))
            room -= len(found[-1]) + 16
    return found


def value(message: Message, name: str) -> str:
    """Return the topmost field of that name, unfolded, or an empty string."""
    found = values(message, name)
    return found[0] if found else ""


def has(message: Message, name: str) -> bool:
    """Return whether there is a field of that name, be it empty."""
    wanted = name.lower()
    return any(key.lower() == wanted for key, _value in message.raw_items())


def decoded(message: Message, name: str) -> str:
    """Return the topmost field of that name with its encoded words (RFC 2047) decoded."""
    return decode_words(value(message, name))


def decode_words(text: str) -> str:
    """Decode the encoded words of a field's text; broken ones stay as they are."""
    if "=?" not in text:
        return text
    try:
        pieces = decode_header(_SPACE_BETWEEN_WORDS.sub(r"\1", text))
    except (HeaderParseError, MessageError, ValueError, binascii.Error):
        return text
    words = [
        piece if isinstance(piece, str) else _decode(piece, charset or "ascii")
        for piece, charset in pieces
    ]
    return clean("".join(words)) or text


def decode_bytes(raw: bytes, charset: str | None) -> str:
    """Decode a body part's bytes; never raises."""
    return _decode(raw, charset or "utf-8")


def bare_address(text: str) -> str:
    """Return the first address in a text, lower-cased, without name and brackets; '' if none."""
    match = ADDRESS.search(text[:MAX_LENGTH])
    return match.group().strip(".").strip("'").lower() if match else ""


def address_list(message: Message, *names: str) -> list[tuple[str, str]]:
    """Return (name, address) of every mailbox in the given fields; addresses are lower-cased.

    Groups are flattened; what has no address is left out.
    """
    texts = [text for name in names for text in values(message, name)]
    found = [(name, address.lower()) for text in texts for name, address in parse_addresses(text)]
    if not found:
        found = [
            ("", match.group().strip(".").lower())
            for text in texts
            for match in ADDRESS.finditer(text)
        ]
    return [pair for pair in found if pair[1]]


def first_address(message: Message, name: str) -> str:
    """Return the first address in the given field, lower-cased; '' if none."""
    return next((address for _name, address in address_list(message, name)), "")


def addresses(message: Message, *names: str) -> tuple[str, ...]:
    """Return the addresses in the given fields, lower-cased, each once, in order."""
    return tuple(dict.fromkeys(address for _name, address in address_list(message, *names)))
