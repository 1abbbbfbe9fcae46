"""What the ledger keeps of a mail's headers: cleaned, clipped, and never a reason to fail."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import datetime

from .addresses import MAX_ADDRESSES, MAX_NAME, Address, parse_addresses
from .charsets import decode_header_bytes
from .dates import parse_date
from .digest import normalise_message_id, split_message_ids
from .rawheaders import MAX_VALUE, Raw, read_section
from .text import clean_line, has_surrogates
from .words import decode_words

MAX_SUBJECT = 998
MAX_REFERENCES = 32
MAX_OTHER = 255
#: Headers in which providers keep the Message-ID that they replaced.
ORIGINAL_ID_HEADERS = (
    "x-microsoft-original-message-id",
    "x-google-original-message-id",
    "x-original-message-id",
)

_CHARSET = re.compile(r"""charset\s*=\s*["']?([A-Za-z0-9_.:\-]{2,40})""", re.IGNORECASE)


@dataclass(frozen=True)
class MailHeaders:
    """The headers of one mail. Every text is one line without control characters.

    :param message_id: as ``digest.normalise_message_id`` gives it; empty if there is none
    :param references: ids of References, then In-Reply-To, each once; the newest 32, newest last
    :param original_ids: ids that this mail had before a provider replaced them
    :param subject: at most 998 characters
    :param sender_name: at most 255 characters; the whole From where that holds no address
    :param sender_address: the domain in lower case; empty if there is none
    :param to: (name, address) pairs, groups flattened, at most 1,000; likewise ``cc``, ``reply_to``
    :param date: naive UTC; None if the mail names no possible moment
    :param return_path: the envelope's sender, empty for a bounce, None without such a header
    :param thread_index: Outlook's conversation (the first 22 bytes of Thread-Index, in hex), which
        stays the same through a conversation even where References are dropped
    """

    message_id: str = ""
    references: tuple[str, ...] = ()
    original_ids: tuple[str, ...] = ()
    subject: str = ""
    sender_name: str = ""
    sender_address: str = ""
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    date: datetime | None = None
    auto_submitted: str = ""
    precedence: str = ""
    list_id: str = ""
    return_path: str | None = None
    x_priority: str = ""
    thread_index: str = ""


class _Fields:
    """The unfolded header values of a section, by name in lower case."""

    def __init__(self, fields: tuple[tuple[str, str], ...]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in fields:
            self._values.setdefault(name.lower(), []).append(value[:MAX_VALUE])
        match = _CHARSET.search(self.first("content-type"))
        self.hint = match[1] if match else None

    def first(self, name: str) -> str:
        return self._values.get(name, [""])[0].replace("\r", "").replace("\n", "")

    def all(self, name: str) -> list[str]:
        return [value.replace("\r", "").replace("\n", "") for value in self._values.get(name, ())]

    def text(self, name: str, limit: int = MAX_OTHER) -> str:
        return clean_line(decode_words(self.first(name), self.hint), limit)

    def addresses(self, name: str) -> tuple[Address, ...]:
        found: list[Address] = []
        for value in self.all(name)[:20]:
            found += parse_addresses(value, hint=self.hint, limit=MAX_ADDRESSES - len(found))
            if len(found) >= MAX_ADDRESSES:
                break
        return tuple(found)

    def ids(self, name: str) -> list[str]:
        return [one for value in self.all(name)[:20] for one in split_message_ids(_plain(value))]


def read_headers(raw: Raw) -> MailHeaders:
    """Read the headers of a raw mail. Never raises; what can't be read is empty."""
    fields = _Fields(read_section(raw, 0, len(raw), top=True).fields)
    sender = fields.addresses("from") or fields.addresses("sender")
    return_path = fields.all("return-path")
    return MailHeaders(
        message_id=normalise_message_id(_plain(fields.first("message-id"))),
        references=newest_references(fields.ids("references"), fields.ids("in-reply-to")),
        original_ids=tuple(one for name in ORIGINAL_ID_HEADERS for one in fields.ids(name)[:4]),
        subject=fields.text("subject", MAX_SUBJECT),
        sender_name=sender[0][0] if sender else fields.text("from", MAX_NAME),
        sender_address=sender[0][1] if sender else "",
        to=fields.addresses("to"),
        cc=fields.addresses("cc"),
        reply_to=fields.addresses("reply-to"),
        date=parse_date(decode_words(fields.first("date"))),
        auto_submitted=fields.text("auto-submitted").lower(),
        precedence=fields.text("precedence").lower(),
        list_id=fields.text("list-id"),
        return_path=clean_line(return_path[0], MAX_OTHER).strip("<> ") if return_path else None,
        x_priority=fields.text("x-priority"),
        thread_index=_thread_index(fields.first("thread-index")),
    )


def newest_references(references: list[str], in_reply_to: list[str]) -> tuple[str, ...]:
    """Return the ids that a mail refers to, each once, oldest first, the newest 32 of them."""
    ordered = dict.fromkeys(references)
    for one in in_reply_to:
        # References name the parent last; In-Reply-To adds what a program left out of them
        ordered.setdefault(one)
    return tuple(ordered)[-MAX_REFERENCES:]


def _plain(value: str) -> str:
    """Return an id header's text, raw bytes in it decoded the same way everywhere."""
    return (
        decode_header_bytes(value.encode("utf-8", "surrogateescape"))
        if has_surrogates(value)
        else value
    )


def _thread_index(value: str) -> str:
    try:
        data = binascii.a2b_base64("".join(value.split())[:400])
    except (binascii.Error, ValueError):
        return ""
    return data[:22].hex() if len(data) >= 22 else ""


def encode_thread_index(data: bytes) -> str:
    """Return 22 bytes or more as a Thread-Index header's value (the other way round, for tests)."""
    return base64.b64encode(data).decode("ascii")
