"""Where reading a folder stands: the memory between two fetches, as the ledger keeps it.

``last_uid``: everything up to it is dealt with, except what ``backlog`` and ``pending`` name.
``backlog``: old messages that the start policy chose and that are still to come.
``pending``: messages the server listed and could not hand over, with the number of attempts.

The numbering begins anew when UIDVALIDITY changes (RFC 3501 2.3.1.1), or when UIDNEXT falls below
what was read, which it never should: then ``epoch`` grows, since the same number now means another
message. After either, messages up to ``relocated_to`` may be in the ledger under another id. Those
that were old when watching began (received before ``since``) stay out of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from odoo.addons.message_history.lib.transport import FolderRequest, StartPolicy

from .imap_parse import from_set, to_set
from .imap_session import Mailbox
from .imap_wire import FetchItem


@dataclass(frozen=True)
class Cursor:
    """See the module's words."""

    uidvalidity: int = 0
    last_uid: int = 0
    epoch: int = 0
    relocated_to: int = 0
    since: datetime | None = None
    backlog: frozenset[int] = frozenset()
    pending: Mapping[int, int] = field(default_factory=dict)

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Cursor:
        """Read what :meth:`dump` wrote; an empty mapping gives an empty cursor."""
        since = data.get("since")
        return cls(
            uidvalidity=int(data.get("uidvalidity", 0)),
            last_uid=int(data.get("last_uid", 0)),
            epoch=int(data.get("epoch", 0)),
            relocated_to=int(data.get("relocated_to", 0)),
            since=datetime.fromisoformat(since) if since else None,
            backlog=frozenset(from_set(data.get("backlog", ""))),
            pending={int(uid): int(count) for uid, count in data.get("pending", {}).items()},
        )

    def dump(self) -> dict[str, Any]:
        """As JSON-serialisable mapping; what is empty is left out."""
        data: dict[str, Any] = {
            "uidvalidity": self.uidvalidity,
            "last_uid": self.last_uid,
            "epoch": self.epoch,
            "relocated_to": self.relocated_to,
            "since": self.since.isoformat() if self.since else None,
            "backlog": to_set(self.backlog),
            "pending": {str(uid): count for uid, count in sorted(self.pending.items())},
        }
        return {key: value for key, value in data.items() if value or key == "last_uid"}

    def external_id(self, folder: str, uid: int) -> str:
        """The lasting name of a message."""
        epoch = f"+{self.epoch}" if self.epoch else ""
        return f"{folder}/{self.uidvalidity}{epoch}/{uid}"

    def fits(self, mailbox: Mailbox) -> bool:
        """Whether the folder's numbers still mean what they meant."""
        went_back = 0 < mailbox.uidnext <= self.last_uid
        return self.uidvalidity == mailbox.uidvalidity and not went_back

    def begun_anew(self, mailbox: Mailbox) -> Cursor:
        """The cursor after the numbering began anew."""
        same = self.uidvalidity == mailbox.uidvalidity
        return Cursor(
            uidvalidity=mailbox.uidvalidity,
            epoch=self.epoch + 1 if same else 0,
            # Without UIDNEXT nothing tells where the old ones end: then all may be old.
            relocated_to=mailbox.uidnext - 1 if mailbox.uidnext else 2**32 - 1,
            since=self.since,
        )

    def wants(self, item: FetchItem, start: StartPolicy) -> bool:
        """Whether a message above ``last_uid`` is new for us, and not just new in its number."""
        if item.uid > self.relocated_to or self.since is None or item.received_at is None:
            return True
        if start is StartPolicy.UNSEEN and not item.is_seen:
            return True
        return item.received_at >= self.since

    def after(self, handled: set[int], failed: set[int], up_to: int) -> Cursor:
        """The cursor when ``handled`` are stored or gone, ``failed`` not, all to ``up_to`` seen."""
        pending = {uid: count for uid, count in self.pending.items() if uid not in handled}
        for uid in failed:
            pending[uid] = pending.get(uid, 0) + 1
        return replace(
            self,
            last_uid=max(self.last_uid, up_to),
            backlog=self.backlog - handled - failed,
            pending=pending,
        )


def is_first(request: FolderRequest) -> bool:
    """Whether a folder was never read."""
    return not request.cursor
