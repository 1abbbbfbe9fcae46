"""Which mail systems can know what became of a message for a recipient."""

from __future__ import annotations

import re
from collections.abc import Collection

from .authentication import aligned

#: The names that mail systems keep for themselves (RFC 2142, RFC 5321 4.5.1, Exchange).
_SYSTEM = re.compile(r"mailer-daemon|postmaster|microsoftexchange[0-9a-f]{32}")
#: Domains of one and the same mail system.
_SAME = {"googlemail.com": "gmail.com", "google.com": "gmail.com"}


def took_part(sender: str, recipient: str, own_domains: Collection[str]) -> bool:
    """Return whether a sender is the mail system of a recipient, or our own.

    :param sender: an address that is shown to be the sender's; people's own are none
    :param own_domains: whose mail system is ours
    """
    local, _at, domain = sender.lower().rpartition("@")
    if not domain or not _SYSTEM.fullmatch(local):
        return False
    theirs = recipient.lower().rpartition("@")[2]
    domain = _SAME.get(domain, domain)
    return any(aligned(domain, _SAME.get(one, one)) for one in (theirs, *own_domains))
