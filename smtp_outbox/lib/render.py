"""From a message to the bytes that are sent."""

from __future__ import annotations

import io
from email.generator import BytesGenerator
from email.message import EmailMessage
from email.utils import getaddresses
from typing import Any

from .headers import set_boundary


def render(message: EmailMessage, *, utf8: bool = False, token: str) -> bytes:
    """Return the bytes of a message."""
    del message["Bcc"]
    for number, part in enumerate(part for part in message.walk() if part.is_multipart()):
        if part.get_content_maintype() == "multipart":
            set_boundary(part, f"=_{token}_{number}")
    buffer = io.BytesIO()
    policy: Any = message.policy
    policy = policy.clone(utf8=utf8, cte_type="7bit", linesep="\r\n")
    BytesGenerator(buffer, mangle_from_=False, policy=policy).flatten(message)
    return buffer.getvalue()


def needs_utf8(message: EmailMessage, addresses: list[str]) -> bool:
    """Whether an address has letters beyond ASCII before its @."""
    headers = [str(message[name]) for name in ("From", "To", "Cc", "Sender", "Reply-To") if message[name]]
    found = [address for _name, address in getaddresses(headers)] + list(addresses)
    return any(not address.rpartition("@")[0].isascii() for address in found)
