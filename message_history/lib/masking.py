"""What a server says about a private message, without what it may quote of it."""

import re

#: Addresses of pages, long words as tokens are, numbers as codes are.
_SECRETS = re.compile(r"https?://[^\s<>\"]+|[\w+/=-]{20,}|\d{5,}", re.ASCII)
MASK = "…"


def masked(text: str) -> str:
    """Return a text without links, tokens and codes; each is replaced by :data:`MASK`."""
    return _SECRETS.sub(MASK, text)
