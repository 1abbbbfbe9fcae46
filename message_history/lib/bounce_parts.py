"""Take a report apart: what people read, what machines read, and the message that came back.

Follows RFC 3462 (multipart/report) where the sender did, and finds the same three things where he
did not: status fields in an ordinary text part, a returned message pasted below a dashed line,
a status part in base64, a boundary that never comes.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message
from email.parser import HeaderParser
from email.policy import compat32

from .bounce_marks import SEPARATOR
from .markup import unescape, without_hidden
from .raw_headers import clean, decode_bytes

_MAX_TEXT = 128 * 1024
_MAX_PARTS = 60
# No daemon writes as many lines before it returns the message.
_MAX_NOTICE = 400
_STATUS = {"message/delivery-status", "message/global-delivery-status"}
_DISPOSITION = {"message/disposition-notification", "message/global-disposition-notification"}
_RETURNED = {
    "message/rfc822",
    "message/global",
    "text/rfc822-headers",
    "text/rfc822-header",
    "message/rfc822-headers",
    "message/global-headers",
}
_STATUS_LINE = re.compile(r"^(?:Final|Original)-Recipient[ \t]*:", re.IGNORECASE | re.MULTILINE)
# Header lines that open a returned message pasted into the text. A daemon's own summary says
# "From:", "To:" and "Subject:" too, so these are not among them.
_RAW_HEADER = re.compile(
    r"^[>|]?\s?(?:Received|Return-Path|DKIM-Signature|X-Envelope-From|X-Originating-IP"
    r"|X-Failed-Recipients)\s?:\s",
    re.IGNORECASE,
)
_BLOCK_TAG = re.compile(
    r"<[\s/]*(?:br|p|div|tr|li|h[1-6]|table|ul|ol|pre|hr)\b[^<>]*>", re.IGNORECASE
)
_ADDRESS_TAG = re.compile(r"<(?:mailto:)?([^<>\s\"'=@]{1,100}@[^<>\s\"'=]{1,200})>")
_TAG = re.compile(r"<[a-z!/][^<>]*>", re.IGNORECASE)


@dataclass(frozen=True)
class ReportParts:
    """The pieces of a (possible) report.

    :param notice: the words for people, before any returned message
    :param status: texts of delivery status fields (RFC 3464)
    :param disposition: texts of disposition fields (RFC 8098)
    :param feedback: texts of feedback fields (RFC 5965)
    :param original: the returned message or its header section, if there is one
    :param attached: the returned message is a part of its own
    :param declared: the mail says of itself that it is a report
    """

    notice: str
    status: tuple[str, ...] = ()
    disposition: tuple[str, ...] = ()
    feedback: tuple[str, ...] = ()
    original: Message | None = None
    attached: bool = False
    declared: bool = False
    text_after: str = field(default="", repr=False)


def split_report(message: Message) -> ReportParts:
    """Return the pieces of a mail that may be a report; never raises."""
    bins: dict[str, list[str]] = {"status": [], "disposition": [], "feedback": []}
    plain: list[str] = []
    rich: list[str] = []
    original: Message | None = None
    for part in _leaves(message):
        kind = content_type(part)
        if kind in _STATUS:
            bins["status"].append(_flat(part))
        elif kind in _DISPOSITION:
            bins["disposition"].append(_flat(part))
        elif kind == "message/feedback-report":
            bins["feedback"].append(_flat(part))
        elif kind in _RETURNED:
            original = original if original is not None else _returned(part)
        elif kind == "text/html":
            rich.append(html_to_text(part_text(part)))
        elif kind.startswith(("text/", "multipart/")):
            plain.append(part_text(part))
    text = "\n".join(piece for piece in plain if piece.strip())
    if len(text.strip()) < 20 or not any(map(str.isalpha, text)):
        text = "\n".join([text, *rich])
    if not bins["status"] and _STATUS_LINE.search(text):
        bins["status"].append(text)
    notice, after = split_notice(text)
    attached = original is not None
    return ReportParts(
        notice=notice,
        status=tuple(bins["status"]),
        disposition=tuple(bins["disposition"]),
        feedback=tuple(bins["feedback"]),
        original=original if original is not None else _pasted(after),
        attached=attached,
        declared=content_type(message) == "multipart/report",
        text_after=after,
    )


def content_type(part: Message) -> str:
    """Return the lower-cased type of a part; odd ones as ``text/plain`` like the parser does."""
    try:
        return part.get_content_type()
    except (ValueError, AttributeError, IndexError, TypeError):
        # raised by the header parser of some policies on broken Content-Type fields
        return "text/plain"


def _leaves(message: Message) -> Iterator[Message]:
    """Yield the parts without children, never looking inside a message that is attached."""
    queue = [message]
    for _count in range(_MAX_PARTS):
        if not queue:
            return
        part = queue.pop(0)
        children = part.get_payload()
        if isinstance(children, list) and not content_type(part).startswith("message/"):
            queue = [child for child in children if isinstance(child, Message)] + queue
        else:
            yield part


def part_text(part: Message) -> str:
    """Return a part's text, decoded as well as it can be, at most 128 Ki characters."""
    payload = part.get_payload()
    if not isinstance(payload, str):
        return _flat(part)
    payload = payload[: 2 * _MAX_TEXT]
    encoding = _encoding(part)
    try:
        if encoding == "base64":
            raw = binascii.a2b_base64("".join(payload.split()) + "==")
        elif encoding == "quoted-printable":
            raw = binascii.a2b_qp(payload.encode("utf-8", "surrogateescape"))
        else:
            raw = payload.encode("utf-8", "surrogateescape")
    except (binascii.Error, ValueError):
        # not in the encoding it claims: take it as it stands
        raw = payload.encode("utf-8", "surrogateescape")
    text = decode_bytes(raw, _charset(part))[:_MAX_TEXT]
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\xa0", " ")


def _encoding(part: Message) -> str:
    found = [value for key, value in part.raw_items() if key.lower() == "content-transfer-encoding"]
    return str(found[0]).split(";")[0].strip().lower() if found else ""


def _charset(part: Message) -> str | None:
    try:
        return part.get_content_charset()
    except (LookupError, ValueError, AttributeError, TypeError):
        # broken RFC 2231 parameters
        return None


def _flat(part: Message, depth: int = 0) -> str:
    """Return a message/* part as text again, whatever the parser made of its fields."""
    children = part.get_payload()
    if not isinstance(children, list):
        return part_text(part)
    pieces = []
    for child in [one for one in children[:200] if isinstance(one, Message)]:
        lines = [f"{key}: {str(value)[:4000]}" for key, value in child.raw_items()]
        body = _flat(child, depth + 1) if depth < 3 else ""
        pieces.append("\n".join([*lines, "", body]))
    text = "\n".join(pieces)
    if _encoding(part) in ("base64", "quoted-printable") and ":" not in text.split("\n")[0]:
        coded = Message()
        coded["Content-Transfer-Encoding"] = _encoding(part)
        # what is not ASCII is none of the alphabet
        coded.set_payload(text.encode("ascii", "replace").decode("ascii"))
        return part_text(coded)
    return text[:_MAX_TEXT]


def _returned(part: Message) -> Message | None:
    """Return the attached message, or a message made of the attached header section."""
    children = part.get_payload()
    if isinstance(children, list):
        first = children[0] if children else None
        if isinstance(first, Message) and first.keys():
            return first
        return _parse_headers(_flat(part))
    return _parse_headers(part_text(part))


def _parse_headers(text: str) -> Message | None:
    parsed = HeaderParser(policy=compat32).parsestr(text.lstrip("\n "))
    return parsed if len(parsed.keys()) >= 2 else None


def _pasted(text: str) -> Message | None:
    """Return the header section found in the text below the separator, if there is one."""
    lines = [line[1:] if line.startswith(">") else line for line in text.splitlines()[:400]]
    for index, line in enumerate(lines[:60]):
        if re.match(r"[A-Za-z][A-Za-z0-9-]{1,60}\s?:\s", line):
            return _parse_headers("\n".join(lines[index:]))
    return None


def split_notice(text: str) -> tuple[str, str]:
    """Split a text into what the daemon says and the message that it returns below."""
    lines = text.splitlines()
    for index, line in enumerate(lines[:_MAX_NOTICE]):
        if index and SEPARATOR.search(line[:300]):
            return "\n".join(lines[:index]), "\n".join(lines[index + 1 :])
        if index and _RAW_HEADER.match(line):
            return "\n".join(lines[:index]), "\n".join(lines[index:])
    return text, ""


def html_to_text(source: str) -> str:
    """Return the visible words of an HTML text, a line for each block; for matching only."""
    text = without_hidden(source[:_MAX_TEXT])
    text = _ADDRESS_TAG.sub(r"&lt;\1&gt;", text)
    if not _TAG.search(text):
        return unescape(text)
    text = " ".join(line.strip() for line in text.split("\n"))
    text = _TAG.sub(" ", _BLOCK_TAG.sub("\n", text))
    lines = (clean(line) for line in unescape(text).splitlines())
    return "\n".join(re.sub(r"[ \t\xa0]+", " ", line) for line in lines)
