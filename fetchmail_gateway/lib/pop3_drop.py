"""What is in a POP3 mailbox: which message has which lasting name, number and size.

The lasting name is the UIDL. A server without UIDL (it is optional, RFC 1939 7) leaves the header
section as the only thing to know a message by; one without TOP too, the whole message.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from .pop3_wire import Pop3Wire, Refused

_NUMBER = re.compile(r"[0-9]{1,18}")
# What servers themselves add or change from one session to the next.
_MUTABLE = (b"status:", b"x-status:", b"x-uidl:", b"x-keywords:", b"x-mozilla-status")


@dataclass(frozen=True)
class Entry:
    """One message of the session: ``uid`` lasts, ``number`` is the session's."""

    uid: str
    number: int
    size: int


def read_drop(wire: Pop3Wire) -> list[Entry]:
    """List the mailbox, oldest first as the server has it."""
    sizes = dict(_pairs(wire.text("LIST")))
    try:
        uids = [(number, uid) for number, uid in _pairs(wire.text("UIDL")) if number in sizes]
    except Refused:
        uids = _fingerprints(wire, sizes)
    entries: list[Entry] = []
    times: dict[str, int] = {}
    for number, uid in uids:
        # The same name twice is against the rules, and happens: neither message may be lost.
        times[uid] = times.get(uid, 0) + 1
        unique = uid if times[uid] == 1 else f"{uid}#{times[uid]}"
        entries.append(Entry(unique, number, _size(sizes[number])))
    return entries


def headers(wire: Pop3Wire, entries: list[Entry]) -> Iterator[tuple[Entry, bytes]]:
    """Read header sections; empty for a message whose header the server refuses."""
    answers = wire.send_ahead([f"TOP {entry.number} 0" for entry in entries])
    for entry, _line in zip(entries, answers, strict=True):
        try:
            wire.read_status()
        except Refused:
            yield entry, b""
            continue
        yield entry, wire.read_block().content or b""


def date_of(header: bytes) -> datetime | None:
    """When a message was received, by its newest Received line, else by its Date; naive UTC."""
    date = b""
    for line in _unfolded(header):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"received":
            date = value.rpartition(b";")[2]
            break
        if name.strip().lower() == b"date":
            date = value
    try:
        moment = parsedate_to_datetime(date.decode("ascii", "replace").strip())
        if moment.tzinfo is not None:
            moment = moment.astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        return None
    return moment.replace(tzinfo=None)


def _unfolded(header: bytes) -> list[bytes]:
    joined = header.replace(b"\r\n", b"\n").replace(b"\n ", b" ").replace(b"\n\t", b" ")
    return joined.split(b"\n")


def _fingerprints(wire: Pop3Wire, sizes: dict[int, str]) -> list[tuple[int, str]]:
    entries = [Entry("", number, _size(size)) for number, size in sizes.items()]
    found = []
    for entry, header in headers(wire, entries):
        lines = [line for line in header.splitlines() if not line.lower().startswith(_MUTABLE)]
        text = b"\n".join(lines)
        found.append((entry, text))
    return [
        (entry.number, "top:" + _digest(b"%d\n%s" % (entry.size, text)) if text.strip() else
         "all:" + _whole_digest(wire, entry))
        for entry, text in found
    ]  # fmt: skip


def _whole_digest(wire: Pop3Wire, entry: Entry) -> str:
    try:
        wire.command(f"RETR {entry.number}")
    except Refused:
        return _digest(b"%d refused %d" % (entry.number, entry.size))
    return _digest(wire.read_block().content or b"")


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:40]


def _pairs(text: str) -> Iterator[tuple[int, str]]:
    for line in text.splitlines():
        number, _, value = line.strip().partition(" ")
        if _NUMBER.fullmatch(number) and value.strip():
            yield int(number), value.strip()


def _size(value: str) -> int:
    size = value.split(maxsplit=1)[0]
    return int(size) if _NUMBER.fullmatch(size) else 0
