"""Core's contract of a mail connection, spoken by our transports.

Odoo's ``fetchmail.server._connect__()`` returns an object with four methods. Addons that use them
get one too, over a connection whose certificate was verified; the ledger itself does not use it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from odoo.addons.message_history.lib.transport import (
    Chunk,
    FolderRequest,
    IncomingMessage,
    StartPolicy,
    Transport,
)


class GatewayConnection:
    """``check_unread_messages``, ``retrieve_unread_messages``, ``handled_message``, ``disconnect``.

    :param transport: an IMAP or POP3 transport; logged in at once, so that a caller who only
        wants to know whether the settings are right gets the error here
    """

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self._request = FolderRequest(
            name="INBOX", start=StartPolicy.UNSEEN, mark_seen=True, delete_after_fetch=True)
        self._fetched: dict[str, IncomingMessage] = {}
        self._unread = transport.first_look(self._request).matching

    def check_unread_messages(self) -> int:
        """Return how many messages are new."""
        return self._unread

    def retrieve_unread_messages(self) -> Iterator[tuple[str, bytes]]:
        """Yield (number, raw message) of every new message."""
        for chunk in self.transport.fetch(self._request):
            for message in chunk.messages:
                self._fetched[message.external_id] = message
                yield message.external_id, _content(message)

    def handled_message(self, num: str) -> None:
        """Mark a message as read (IMAP) or delete it (POP3), as core does."""
        message = self._fetched.pop(num)
        self.transport.acknowledge(self._request, Chunk(messages=(message,), cursor={}))

    def disconnect(self) -> None:
        """Close the connection."""
        self.transport.close()


def _content(message: IncomingMessage) -> bytes:
    if message.content is not None:
        return message.content
    return Path(message.path or "").read_bytes()
