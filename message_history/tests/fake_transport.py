"""A mail server in memory, and the transport that speaks to it: small, without Odoo, failing on demand."""

import hashlib
from dataclasses import dataclass, field

from ..lib import transport as base
from ..lib.errors import ConfigurationError
from ..lib.transport import Capability, CheckReport, CheckStep, Chunk, IncomingMessage, Stays


@dataclass
class FakeServer:
    """Folders with numbered messages.

    :param folders: {folder: {uid: raw message}}
    :param failures: {name of a transport's method: error to raise, again and again}
    :param acknowledged: external ids in the order in which we were told that they are safe
    :param calls: names of the transport's methods, in the order of the calls
    :param knows_numbers: a message that was moved is told by its new number
    :param on_call: called with the method's name, e.g. to look at the ledger in that moment
    """

    folders: dict = field(default_factory=lambda: {"INBOX": {}})
    uidvalidity: int = 1
    next_uid: int = 1
    failures: dict = field(default_factory=dict)
    acknowledged: list = field(default_factory=list)
    calls: list = field(default_factory=list)
    knows_numbers: bool = True
    on_call: object = field(default=lambda name: None)

    def deliver(self, *raws, folder="INBOX"):
        """Put messages into a folder."""
        for raw in raws:
            self.folders.setdefault(folder, {})[self.next_uid] = raw
            self.next_uid += 1

    def reach(self, name):
        """Fail if a failure was ordered."""
        self.calls.append(name)
        self.on_call(name)
        if name in self.failures:
            raise self.failures[name]


class FakeTransport(base.Transport):
    """Reads and moves the messages of a :class:`FakeServer`; those without bytes can't be handed over."""

    capabilities = frozenset({Capability.CHECK, Capability.FETCH, Capability.FOLDERS, Capability.MOVE})

    def __init__(self, server):
        self.server = server

    def check(self):
        error = self.server.failures.get("check")
        return CheckReport((CheckStep("connect", not error, 0.0, str(error or "in memory")),), error)

    def folders(self):
        self.server.reach("folders")
        return [base.FolderInfo(name, "sent" if name == "Sent" else "") for name in self.server.folders]

    def first_look(self, request):
        return base.FirstLook(*[len(self.server.folders[request.name])] * 3)

    def fetch(self, request):
        self.server.reach("fetch")
        if request.name not in self.server.folders:
            raise ConfigurationError(f"no folder {request.name}", field="folder")
        cursor = request.cursor or {}
        same = cursor.get("uidvalidity") == self.server.uidvalidity
        last, pending = (cursor.get("last_uid", 0), dict(cursor.get("pending") or {})) if same else (0, {})
        found = [(uid, raw) for uid, raw in sorted(self.server.folders[request.name].items())
                 if uid > last or str(uid) in pending]
        for start in range(0, len(found), request.max_messages):
            part = found[start:start + request.max_messages]
            for uid, raw in part:
                attempts = pending.pop(str(uid), 0) + 1
                if not raw:
                    pending[str(uid)] = attempts
            last = max(last, part[-1][0])
            blank = {self._external_id(request, uid): pending[str(uid)] for uid, raw in part if not raw}
            yield Chunk(tuple(self._incoming(request, uid, raw) for uid, raw in part if raw),
                        {"uidvalidity": self.server.uidvalidity, "last_uid": last, "pending": pending},
                        failed=dict.fromkeys(blank, "nothing <b>in it</b>"), attempts=blank)

    def _external_id(self, request, uid):
        return f"{request.name}/{self.server.uidvalidity}/{uid}"

    def reconcile(self, request):
        return {}  # tells all of it again

    def _incoming(self, request, uid, raw):
        place = {"folder": request.name, "uidvalidity": self.server.uidvalidity, "uid": uid}
        too_large = bool(request.max_message_size) and len(raw) > request.max_message_size
        content = raw[:raw.find(b"\r\n\r\n") + 4] if too_large else raw
        return IncomingMessage(self._external_id(request, uid), content, len(raw), names=place, truncated=too_large)

    def acknowledge(self, request, chunk):
        self.server.reach("acknowledge")
        self.server.acknowledged += [message.external_id for message in chunk.messages]

    def fetch_one(self, names):
        self.server.reach("fetch_one")
        raw = self.server.folders[names["folder"]][names["uid"]]
        return IncomingMessage("/".join(map(str, names.values())), raw, len(raw), names=names)

    def move(self, kept, target):
        self.server.reach("move")
        return [self._remove(one, target) for one in kept]

    def delete(self, kept):
        self.server.reach("delete")
        return [self._remove(one) for one in kept]

    def _remove(self, kept, target=None):
        """Take a message out of its folder, if it is the one that the ledger has."""
        place = kept.names
        folder = self.server.folders[place["folder"]]
        raw = folder.get(place.get("uid"))
        if raw is None or place["uidvalidity"] != self.server.uidvalidity:
            return base.Removal()
        if not raw:
            return base.Removal(stays=Stays.UNREADABLE)
        if hashlib.sha256(raw).digest() != kept.digest:
            other = IncomingMessage("", raw, len(raw), names=place, relocated=True)
            return base.Removal(stays=Stays.OTHER, other=other)
        del folder[place["uid"]]
        if target is None:
            return base.Removal()
        self.server.deliver(raw, folder=target)
        if not self.server.knows_numbers:
            return base.Removal({"folder": target})
        return base.Removal({**place, "folder": target, "uid": self.server.next_uid - 1})
