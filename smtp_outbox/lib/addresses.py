"""Addresses as they go over the wire."""

from __future__ import annotations

import re

import idna
from odoo.addons.message_history.lib.errors import RecipientRefused

_BAD = re.compile(r"[\x00-\x20\x7f<>]")


def is_ascii(address: str) -> bool:
    """Whether an address needs no SMTPUTF8."""
    return address.isascii()


def wire_address(address: str) -> str:
    """Return an address as it is given to a server."""
    address = address.strip()
    local, at, domain = address.rpartition("@")
    if not at or not local or not domain or _BAD.search(address) or len(address.encode()) > 254:
        raise RecipientRefused(f"This is not a valid address: {address[:100]!r}")
    if not domain.isascii():
        try:
            encoded = idna.encode(domain, uts46=True).decode()
        except idna.IDNAError as error:
            raise RecipientRefused(f"This is not a valid domain: {domain[:100]!r}") from error
        domain = encoded if local.isascii() else domain
    return f"{local}@{domain}"
