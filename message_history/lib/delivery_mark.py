"""The mark that each recipient's copy of a mail carries, by which an undeliverable notice proves itself.

Whoever reports on a mail returns its headers (RFC 3462, RFC 5965). The mark in them shows that he
has the copy of that very recipient: the servers on its way and the recipient have, his
co-recipients and everybody else who knows the Message-ID have not. It works like a return address
of its own for each recipient (VERP), but asks nothing of the mailbox that receives notices.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterator
from email.message import Message

from .bounce_parts import part_text
from .digest import normalise_message_id
from .raw_headers import value, values

#: The header field that holds the mark.
HEADER = "X-Delivery-Mark"
#: Parts of a notice that are looked at, and marks that are taken from it.
_MAX_PARTS = 60
_MAX_MARKS = 20
_FORM = re.compile(r"[0-9a-f]{32}")
_LINE = re.compile(rf"{HEADER}:[ \t\r\n]{{0,4}}([0-9a-f]{{32}})", re.IGNORECASE)


def make_mark(secret: bytes, message_id: str, address: str) -> str:
    """Return the mark of one recipient's copy: 128 bits, in hex.

    :param secret: of the database; without one nobody could check, and everybody could make it
    """
    if not secret:
        raise ValueError("a mark needs a secret")
    about = f"mark:{normalise_message_id(message_id)}\x00{address.strip().lower()}"
    return hmac.new(secret, about.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:32]


def is_among(mark: str, marks: frozenset[str]) -> bool:
    """Return whether a mark is among those that a notice carries; takes as long if it is not."""
    return sum(hmac.compare_digest(mark, one) for one in marks) > 0


def find_marks(notice: Message) -> frozenset[str]:
    """Return the marks in what a notice returns: in the headers of parts, or in text. Never raises."""
    found: set[str] = set()
    for part in _parts(notice):
        texts = [one for one in values(part, HEADER) if _FORM.fullmatch(one.lower())]
        found.update(text.lower() for text in texts)
        if not isinstance(part.get_payload(), list) or _is_coded(part):
            found.update(match[1].lower() for match in _LINE.finditer(part_text(part)))
        if len(found) >= _MAX_MARKS:
            break
    return frozenset(sorted(found)[:_MAX_MARKS])


def _is_coded(part: Message) -> bool:
    """Whether a returned message is in base64 and the like, which the parser takes for its text."""
    return value(part, "Content-Transfer-Encoding").lower().startswith(("base64", "quoted"))


def _parts(message: Message) -> Iterator[Message]:
    queue = [message]
    for _count in range(_MAX_PARTS):
        if not queue:
            return
        part = queue.pop()
        payload = part.get_payload()
        if isinstance(payload, list):
            queue += [child for child in reversed(payload) if isinstance(child, Message)]
        yield part
