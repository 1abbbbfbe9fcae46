"""Takes what was said at a login out of what the server answered to it.

Servers that don't understand a command like to repeat it ("unknown command: LOGIN ann topsecret"),
and their answer is stored, shown and logged.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable

_SHORTEST = 4  # a shorter secret is none, and would tear ordinary words to pieces
HIDDEN = "•••"
#: Addresses of pages, long words as tokens are, numbers as codes are.
_SECRETS = re.compile(r"https?://[^\s<>\"]+|[\w+/=-]{20,}|\d{5,}", re.ASCII)
MASK = "…"


def mask(text: str, secrets: Iterable[str]) -> str:
    """Return a text without the secrets that it repeats."""
    for secret in sorted({one for one in secrets if len(one) >= _SHORTEST}, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text


def as_said(user: str, password: str) -> list[str]:
    """Return how a password goes over the wire: as it is, quoted, and as AUTH PLAIN and LOGIN code it (RFC 4616)."""
    quoted = password.replace("\\", "\\\\").replace('"', '\\"')
    coded = (password, f"\0{user}\0{password}", f"{user}\0{user}\0{password}")
    return [password, quoted, *(base64.b64encode(one.encode()).decode() for one in coded)] if password else []


def masked(text: str) -> str:
    """Return a text without links, tokens and codes; each is replaced by :data:`MASK`."""
    return _SECRETS.sub(MASK, text)
