"""Puts another address into To and Cc of a mail that is built already."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.utils import formataddr, getaddresses

_POLICY = policy.SMTP.clone(cte_type="7bit")


def readdress(content: bytes, old: str, new: str) -> bytes:
    """Return a mail with an address replaced by another where its headers name it; the body stays, byte by byte.

    :param content: the mail, lines end with CRLF
    """
    head, separator, body = content.partition(b"\r\n\r\n")
    message = message_from_bytes(head + b"\r\n\r\n", policy=_POLICY)
    changed = False
    for name in ("To", "Cc"):
        given = message.get_all(name)
        if not given:
            continue
        people = getaddresses([str(value) for value in given])
        if not any(address.lower() == old.lower() for _name, address in people):
            continue
        changed = True
        replaced = ", ".join(
            formataddr((person, new if address.lower() == old.lower() else address)) for person, address in people)
        del message[name]
        message[name] = replaced
    if not changed:
        return content
    return message.as_bytes().rstrip(b"\r\n") + separator + body
