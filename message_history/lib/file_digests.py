"""What is attached to a mail, as far as two arrivals of one mail must agree in it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from email.message import Message

from .repair import ParsedMail

#: Parts that are looked at; the parser makes no more of a mail.
_MAX_PARTS = 2000


def file_digests(parsed: ParsedMail) -> list[bytes]:
    """Return the SHA-256 of everything in a mail beside its own texts, sorted. Never raises.

    Of the decoded contents, so that a server on the way may have changed the encoding.
    """
    found = [hashlib.sha256(part.decode()).digest() for part in parsed.cut_parts]
    for part in _files(parsed.message):
        content = part.get_payload(decode=True)
        if isinstance(content, bytes) and content:
            found.append(hashlib.sha256(content).digest())
    return sorted(found)


def _files(message: Message) -> Iterator[Message]:
    """Yield the parts that are no text of the mail itself; texts of a mail within are files, too."""
    queue = [(message, False)]
    for _count in range(_MAX_PARTS):
        if not queue:
            return
        part, is_inside = queue.pop()
        payload = part.get_payload()
        if isinstance(payload, list):
            is_inside = is_inside or part.get_content_maintype() == "message"
            queue += [(child, is_inside) for child in payload if isinstance(child, Message)]
        elif is_inside or part.get_filename() or part.get_content_type() not in ("text/plain", "text/html"):
            yield part
