"""Which senders a mail server may send for: Odoo's ``from_filter``."""

from __future__ import annotations


def allows(from_filter: str, address: str) -> bool:
    """Return whether an address fits a filter.

    :param from_filter: addresses and domains, separated by commas; an empty one fits everybody
    :param address: a bare address
    """
    parts = [part.strip().lower() for part in from_filter.split(",") if part.strip()]
    wanted = address.strip().lower()
    return not parts or any(part == wanted if "@" in part else part == wanted.rpartition("@")[2] for part in parts)
