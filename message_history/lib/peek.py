"""The few facts by which received mail is put in order, before anything of it is parsed.

Runs on every mail between fetching and the first commit, so it looks at the header section only,
at most 256 KiB, in a few dozen microseconds, and it may not raise on any bytes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .addresses import parse_addresses
from .charsets import decode_header_bytes
from .digest import address_digest, id_digest, normalise_message_id, split_message_ids
from .headers import MAX_REFERENCES, ORIGINAL_ID_HEADERS
from .rawheaders import MAX_SECTION, MAX_VALUE, Raw

_SIMPLE_SENDER = re.compile(
    rb'\A(?:[^@<>",:;()\x80-\xff]*<([\w.+=-]+@[\w.-]+)>\s*|([\w.+=-]+@[\w.-]+)\s*)\Z', re.ASCII
)
_MAX_REPEATS = 4


@dataclass(frozen=True)
class Peek:
    """Facts about one raw mail; all numbers are signed 64-bit digests (see ``digest``).

    :param sender_key: of the sender's address, 0 if there is none
    :param message_digest: of the Message-ID, None if there is none
    :param reference_digests: of the ids it refers to and of ``alias_digests``, at most 32, the
        newest last; of more, the first and the newest
    :param alias_digests: of the ids it had before a provider replaced them
    """

    sender_key: int
    message_digest: int | None
    reference_digests: tuple[int, ...]
    alias_digests: tuple[int, ...] = ()


def peek(raw: Raw) -> Peek:
    """Return what a raw mail's headers say about its place among others. Never raises."""
    section = _header_section(raw)
    lowered = section.lower()
    ids = _ids(section, lowered, b"message-id")
    references = _ids(section, lowered, b"references") + _ids(section, lowered, b"in-reply-to")
    originals: list[str] = []
    if b"original-message-id:" in lowered:
        originals = [
            one for name in ORIGINAL_ID_HEADERS for one in _ids(section, lowered, name.encode())[:4]
        ]
    aliases = tuple(map(id_digest, dict.fromkeys(originals)))
    ordered = _bounded(list(dict.fromkeys(references)), MAX_REFERENCES - len(aliases))
    return Peek(
        sender_key=_sender_key(section, lowered),
        message_digest=id_digest(ids[0]) if ids else None,
        reference_digests=tuple(dict.fromkeys((*aliases, *map(id_digest, ordered)))),
        alias_digests=aliases,
    )


def _bounded(references: list[str], room: int) -> list[str]:
    """Return the root of the thread and the newest ids, which is what RFC 5537 keeps too."""
    return references if len(references) <= room else [references[0], *references[1 - room :]]


def _header_section(raw: Raw) -> bytes:
    """Return the header section with a line break in front, every line ending with LF or CRLF."""
    # most sections end within this, and most mails are much larger
    head = bytes(raw[:8192])
    end = _end_of_section(head)
    if end < 0 and len(raw) > 8192:
        head = bytes(raw[:MAX_SECTION])
        end = _end_of_section(head)
    head = b"\n" + (head[:end] if end >= 0 else head).lstrip(b"\xef\xbb\xbf\r\n\t ")
    return head.replace(b"\r", b"\n") if b"\r" in head and b"\n" not in head[1:] else head


def _end_of_section(head: bytes) -> int:
    start = len(head) - len(head.lstrip(b"\xef\xbb\xbf\r\n\t "))
    ends = [
        end
        for end in (head.find(mark, start) for mark in (b"\n\n", b"\n\r\n", b"\r\r"))
        if end >= 0
    ]
    return min(ends) if ends else -1


def _values(section: bytes, lowered: bytes, name: bytes) -> list[bytes]:
    """Return the source values of a header, folds included."""
    found: list[bytes] = []
    mark = b"\n" + name + b":"
    position = lowered.find(mark)
    while position >= 0 and len(found) < _MAX_REPEATS:
        begin = position + len(mark)
        end = section.find(b"\n", begin)
        while end >= 0 and section[end + 1 : end + 2] in (b" ", b"\t"):
            end = section.find(b"\n", end + 1)
        end = end if end >= 0 else len(section)
        found.append(section[begin : min(end, begin + MAX_VALUE)])
        position = lowered.find(mark, end)
    return found


def _ids(section: bytes, lowered: bytes, name: bytes) -> list[str]:
    values = _values(section, lowered, name)
    if not values:
        return []
    if name == b"message-id":
        one = normalise_message_id(decode_header_bytes(values[0]))
        return [one] if one else []
    return [one for value in values for one in split_message_ids(decode_header_bytes(value))]


def _sender_key(section: bytes, lowered: bytes) -> int:
    for name in (b"from", b"sender"):
        for value in _values(section, lowered, name):
            stripped = value.strip()
            if simple := _SIMPLE_SENDER.fullmatch(stripped):
                return address_digest((simple[1] or simple[2]).decode("ascii"))
            text = (
                stripped.replace(b"\r", b"").replace(b"\n", b"").decode("utf-8", "surrogateescape")
            )
            if pairs := parse_addresses(text, limit=1):
                return address_digest(pairs[0][1])
    return 0
