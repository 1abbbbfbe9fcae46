"""What must be remembered of a POP3 mailbox beside the messages that the ledger has.

``ignored``: messages that were old when reading began and that the start policy left out. POP3
has no order to resume from, so each is kept, as eight characters of a digest.
``owed``: messages whose deletion was asked for but is not yet known to be confirmed: the server
deletes at QUIT only.
``left``: known messages that are to stay though others are deleted; None while nothing is deleted.
Whatever else the ledger knows by name, and the server shows, has a name that was given again.
``names``: what the ledger calls messages whose name was another message's before.
``pending``: messages the server could not hand over, with the number of attempts.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Pop3Cursor:
    """See the module's words; changed in place while a mailbox is read."""

    begun: bool = False
    ignored: set[str] = field(default_factory=set)
    owed: set[str] = field(default_factory=set)
    pending: dict[str, int] = field(default_factory=dict)
    left: set[str] | None = None
    names: dict[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Pop3Cursor:
        """Read what :meth:`dump` wrote."""
        return cls(
            begun=bool(data),
            ignored=set(data.get("ignored", "").split()),
            owed=set(data.get("owed", [])),
            pending={str(uid): int(count) for uid, count in data.get("pending", {}).items()},
            left=set(data["left"].split()) if "left" in data else None,
            names={str(uid): str(name) for uid, name in data.get("names", {}).items()},
        )

    def dump(self) -> dict[str, Any]:
        """As JSON-serialisable mapping; what is empty is left out."""
        data: dict[str, Any] = {"begun": True}
        if self.ignored:
            data["ignored"] = " ".join(sorted(self.ignored))
        if self.owed:
            data["owed"] = sorted(self.owed)
        if self.pending:
            data["pending"] = dict(sorted(self.pending.items()))
        if self.left is not None:
            data["left"] = " ".join(sorted(self.left))
        if self.names:
            data["names"] = dict(sorted(self.names.items()))
        return data

    def external_id(self, uid: str) -> str:
        """What the ledger calls a message."""
        return self.names.get(uid, uid)

    def rename(self, uid: str, digest: bytes) -> None:
        """Call a message by its content too, since its name was another's."""
        self.names[uid] = f"{uid}={digest.hex()[:16]}"

    def leave(self, uid: str) -> None:
        """Remember that a message stays on the server."""
        self.owed.discard(self.external_id(uid))
        if self.left is not None:
            self.left.add(short(uid))

    def leaves(self, uid: str) -> bool:
        """Whether a message stays on the server."""
        return self.left is not None and short(uid) in self.left

    def ignores(self, uid: str) -> bool:
        """Whether the start policy left this message out."""
        return bool(self.ignored) and short(uid) in self.ignored

    def prune(self, present: set[str]) -> None:
        """Forget what is no longer on the server."""
        if self.ignored:
            self.ignored &= {short(uid) for uid in present}
        self.pending = {uid: count for uid, count in self.pending.items() if uid in present}
        self.names = {uid: name for uid, name in self.names.items() if uid in present}
        self.owed &= {self.external_id(uid) for uid in present}
        if self.left is not None:
            self.left &= {short(uid) for uid in present}


def short(uid: str) -> str:
    """Eight characters that stand for a UIDL: one in 2 ** 48 is mistaken for another."""
    digest = hashlib.blake2b(uid.encode(), digest_size=6).digest()
    return base64.urlsafe_b64encode(digest).decode()
