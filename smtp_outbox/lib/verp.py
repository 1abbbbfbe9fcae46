"""Return addresses for one delivery (VERP)."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import re
from collections.abc import Iterable

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_FORM = re.compile(
    r"(?<![^\s<>,;:\"@])([^\s<>,;:\"@]{1,64})\+([0-9a-z]{1,13})-([0-9a-f]{10})@([^\s<>,;:\"@]{1,255})"
)
#: Addresses of one mail whose signatures are checked.
_MOST = 50


def _sign(name: str, secret: bytes) -> str:
    return hmac.new(secret, f"verp:{name}".encode(), hashlib.sha256).hexdigest()[:10]


def encode(bounce: str, delivery_id: int, secret: bytes) -> str:
    """Return the return address of a delivery."""
    name, rest = "", delivery_id
    while rest:
        rest, digit = divmod(rest, 36)
        name = _DIGITS[digit] + name
    local, _at, domain = bounce.rpartition("@")
    return f"{local}+{name}-{_sign(name, secret)}@{domain}"


def decode(address: str, secret: bytes) -> tuple[str, int] | None:
    """Return the bounce address and the delivery of a return address that we made.

    Only whoever got that delivery's mail has seen it: it is signed with the delivery's number.
    """
    found = _FORM.fullmatch(address.strip().lower())
    if not secret or not found or not hmac.compare_digest(_sign(found[2], secret), found[3]):
        return None
    return f"{found[1]}@{found[4]}", int(found[2], 36)


def find(texts: Iterable[str], secret: bytes) -> list[int]:
    """Return the deliveries whose return addresses stand in some header values, each once."""
    forms = (match[0] for text in texts for match in _FORM.finditer(text.lower()))
    decoded = (decode(one, secret) for one in itertools.islice(forms, _MOST))
    return list(dict.fromkeys(one[1] for one in decoded if one))
