"""IMAP's notation (RFC 3501 9): tokens, dates, sets of numbers, folder names.

Pure functions on bytes and text; :mod:`.imap_wire` brings the bytes.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta, timezone

from odoo.addons.message_history.lib.errors import ConfigurationError, ProtocolError

from .spool import Received

Token = bytes | Received | None | list["Token"]

_TOKEN = re.compile(
    rb"[ \r\n]*(?:(?P<open>\()|(?P<close>\))"
    rb'|"(?P<quoted>(?:[^"\\]|\\.)*)"'
    rb'|(?P<atom>(?:\[[^\[\]\r\n]*\]|[^ \r\n()"])+))'
)
#: No answer that is asked for has lists in lists in lists.
_MAX_DEPTH = 32
_ESCAPED = re.compile(rb"\\(.)")
LITERAL = re.compile(rb"~?\{(\d{1,18})\+?\}\r?\n$")
#: Of a number, digits; of a set, numbers: a few bytes of a server's answer must not fill the memory.
_NUMBER = re.compile(r"[0-9]{1,20}")
_MOST_NUMBERS = 4_000_000
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_INTERNALDATE = re.compile(
    rb" ?(\d{1,2})-([A-Za-z]{3})-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)$"
)


def tokens(segments: Sequence[bytes | Received]) -> list[Token]:
    """Parse a response into nested lists.

    :param segments: text, literal, text, ...; a text before a literal still ends in ``{size}``
    :raises ProtocolError: when parentheses or quotes don't match
    """
    root: list[Token] = []
    stack = [root]
    for segment in segments:
        if isinstance(segment, Received):
            stack[-1].append(segment)
        else:
            _tokens_of_text(LITERAL.sub(b"", segment), stack)
    if len(stack) != 1:
        raise ProtocolError("A parenthesis is not closed.", server_reply=_excerpt(segments))
    return root


def _tokens_of_text(text: bytes, stack: list[list[Token]]) -> None:
    text = text.rstrip(b"\r\n ")
    position = 0
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None:
            raise ProtocolError("The answer can't be read.", server_reply=_excerpt([text]))
        position = found.end()
        if found["open"]:
            if len(stack) > _MAX_DEPTH:
                raise ProtocolError("Lists are nested too deeply.", server_reply=_excerpt([text]))
            inner: list[Token] = []
            stack[-1].append(inner)
            stack.append(inner)
        elif found["close"]:
            if len(stack) == 1:
                raise ProtocolError("A parenthesis too many.", server_reply=_excerpt([text]))
            stack.pop()
        elif found["atom"] is not None:
            atom = found["atom"]
            stack[-1].append(None if atom.upper() == b"NIL" else atom)
        else:
            stack[-1].append(_ESCAPED.sub(rb"\1", found["quoted"]))


def _excerpt(segments: Sequence[bytes | Received]) -> str:
    text = b"".join(part for part in segments if isinstance(part, bytes))
    return text[:200].decode("utf-8", "replace")


def text_of(token: Token) -> str:
    """A string or atom as text."""
    if isinstance(token, Received):
        token = token.content or b""
    return token.decode("utf-8", "replace") if isinstance(token, bytes) else ""


def number_of(token: Token) -> int:
    """A number; 0 for whatever is none."""
    return whole_number(token.decode("latin-1")) if isinstance(token, bytes) else 0


def whole_number(text: str) -> int:
    """A number of up to 20 digits; 0 for whatever is none."""
    return int(text) if _NUMBER.fullmatch(text) else 0


def parse_internaldate(value: bytes) -> datetime | None:
    """Parse an INTERNALDATE (RFC 3501 2.3.3) into naive UTC; None when it makes no sense."""
    found = _INTERNALDATE.match(value)
    if found is None or found[2].decode().lower() not in _MONTHS:
        return None
    day, year, hour, minute, second = (int(found[index]) for index in (1, 3, 4, 5, 6))
    month = _MONTHS.index(found[2].decode().lower()) + 1
    offset = timedelta(hours=int(found[8]), minutes=int(found[9]))
    try:
        moment = datetime(
            year, month, day, hour, minute, min(second, 59),
            tzinfo=timezone(-offset if found[7] == b"-" else offset),
        )  # fmt: skip
        return moment.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None


def internaldate(moment: datetime) -> str:
    """Write naive UTC as a date-time (RFC 3501 9), whatever the locale."""
    month = _MONTHS[moment.month - 1].capitalize()
    return f"{moment.day:02}-{month}-{moment.year:04} {moment:%H:%M:%S} +0000"


def search_date(moment: datetime) -> str:
    """A date as SEARCH SINCE wants it, whatever the locale."""
    return f"{moment.day}-{_MONTHS[moment.month - 1].capitalize()}-{moment.year}"


def to_set(numbers: Iterable[int]) -> str:
    """Write numbers as a sequence set, e.g. ``1:3,7``; an empty text for none."""
    parts: list[str] = []
    first = last = 0
    for number in sorted(set(numbers)):
        if first and number == last + 1:
            last = number
            continue
        if first:
            parts.append(str(first) if first == last else f"{first}:{last}")
        first = last = number
    if first:
        parts.append(str(first) if first == last else f"{first}:{last}")
    return ",".join(parts)


def from_set(text: str) -> list[int]:
    """Read a sequence set without ``*`` back, in the order written (COPYUID depends on it).

    :raises ProtocolError: when it is none, or holds more numbers than any mailbox has messages
    """
    numbers: list[int] = []
    for part in filter(None, text.split(",")):
        first, _, last = part.partition(":")
        if not _NUMBER.fullmatch(first) or not _NUMBER.fullmatch(last or first):
            raise ProtocolError("A set of numbers can't be read.", server_reply=text[:200])
        low, high = int(first), int(last or first)
        if len(numbers) + abs(high - low) >= _MOST_NUMBERS:
            raise ProtocolError("A set holds too many numbers.", server_reply=text[:200])
        step = 1 if high >= low else -1
        numbers.extend(range(low, high + step, step))
    return numbers


def quote(text: str) -> str:
    """A quoted string (RFC 3501 4.3)."""
    if any(char in text for char in "\r\n\0"):
        raise ConfigurationError("A name may not contain a line break.", field="folder")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def encode_folder(name: str) -> str:
    """A folder's name in modified UTF-7 (RFC 3501 5.1.3), quoted."""
    return quote(to_utf7(canonical_folder(name)))


def canonical_folder(name: str) -> str:
    """``INBOX`` is one folder however it is written (RFC 3501 5.1); others are as they are."""
    return "INBOX" if name.upper() == "INBOX" else name


def to_utf7(name: str) -> str:
    """Encode a name in modified UTF-7."""
    coded: list[str] = []
    for plain, run in re.findall(r"([\x20-\x7e]+)|([^\x20-\x7e]+)", name):
        if plain:
            coded.append(plain.replace("&", "&-"))
        else:
            data = base64.b64encode(run.encode("utf-16-be", "surrogatepass")).decode()
            coded.append("&" + data.rstrip("=").replace("/", ",") + "-")
    return "".join(coded)


def from_utf7(name: bytes) -> str:
    """Decode a name in modified UTF-7; servers that send UTF-8 instead are understood too."""
    if not name.isascii():
        return name.decode("utf-8", "replace")
    return re.sub(r"&([^&-]*)-", _decode_run, name.decode("ascii"))


def _decode_run(found: re.Match[str]) -> str:
    coded = found[1]
    if not coded:
        return "&"
    padded = coded.replace(",", "/") + "=" * (-len(coded) % 4)
    try:
        return base64.b64decode(padded, validate=True).decode("utf-16-be")
    except (binascii.Error, UnicodeDecodeError):
        return found[0]
