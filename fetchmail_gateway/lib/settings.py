"""What is needed to reach one mailbox."""

from __future__ import annotations

import imaplib
from collections.abc import Callable
from dataclasses import dataclass

from odoo.addons.message_history.lib.connect import Endpoint


@dataclass(frozen=True)
class ServerSettings(Endpoint):
    """Settings of one mailbox on an IMAP or POP3 server; all times are in seconds.

    :param login: logs an IMAP connection in instead of ``user`` and ``password``. It gets an
        :class:`imaplib.IMAP4` object, as Odoo's ``_imap_login__`` does, and may leave a folder
        selected. Exceptions of imaplib are translated, others pass through unchanged.
    :param idle_renew: IDLE is begun anew after this time; RFC 2177 allows 29 minutes, but many
        firewalls forget a silent connection earlier
    :param poll_interval: how often folders are looked at where the server can't push
    :param spool_limit: messages above this many bytes go to a temporary file, not into memory
    :param spool_folder: where these files are made; None for the system's folder
    """

    user: str = ""
    password: str = ""
    login: Callable[[imaplib.IMAP4], object] | None = None
    idle_renew: float = 540.0
    poll_interval: float = 60.0
    spool_limit: int = 4 * 1024 * 1024
    spool_folder: str | None = None

    def __repr__(self) -> str:
        """Show neither password nor login."""
        return f"ServerSettings({self.user}@{self.host}:{self.port}, {self.security})"
