"""Takes the attachments out of a mail that is built already, and puts links to them into its text."""

from __future__ import annotations

from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import cast

_POLICY = policy.SMTP.clone(cte_type="7bit")


@dataclass(frozen=True)
class File:
    """One attachment, as it is in the mail."""

    name: str
    mimetype: str
    content: bytes


def attachments_of(content: bytes) -> list[File]:
    """Return the attachments of a mail: what has a disposition of that name, at the mail's outermost level."""
    message = _parse(content)
    return [File(part.get_filename() or f"file{index + 1}", part.get_content_type(), _bytes(part))
            for index, part in enumerate(_attached(message))]


def with_links(content: bytes, html: str, text: str) -> bytes:
    """Return a mail without its attachments; its headers stay, byte by byte.

    :param content: the mail, lines end with CRLF
    :param html: what is put at the end of the HTML text
    :param text: what is put at the end of the plain text
    """
    head, separator, _body = content.partition(b"\r\n\r\n")
    message = _parse(content)
    attached = _attached(message)
    if not attached:
        return content
    message.set_payload([part for part in _parts(message) if part not in attached])
    for part in message.walk():
        kind = part.get_content_type()
        if kind in ("text/plain", "text/html"):
            written = part.get_content().rstrip()
            added = _inside(written, html) if kind == "text/html" else f"{written}\n\n{text}\n"
            part.set_content(added, subtype=kind[5:], charset="utf-8", cte="quoted-printable")
    _new_head, _separator, body = message.as_bytes().partition(b"\r\n\r\n")
    return head + separator + body


def _parse(content: bytes) -> EmailMessage:
    return message_from_bytes(content, policy=_POLICY)


def _parts(message: EmailMessage) -> list[EmailMessage]:
    return cast("list[EmailMessage]", message.get_payload()) if message.is_multipart() else []


def _attached(message: EmailMessage) -> list[EmailMessage]:
    if message.get_content_type() != "multipart/mixed":
        return []
    return [part for part in _parts(message) if part.get_content_disposition() == "attachment"]


def _bytes(part: EmailMessage) -> bytes:
    if part.is_multipart():  # an attached mail has no payload of its own
        return _parts(part)[0].as_bytes()
    return cast(bytes, part.get_payload(decode=True))


def _inside(written: str, html: str) -> str:
    """Put HTML before the end of a body, where there is one."""
    end = written.lower().rfind("</body>")
    return f"{written}{html}" if end < 0 else f"{written[:end]}{html}{written[end:]}"
