"""A mail server in memory, and the transport that speaks to it: small, without Odoo, failing on demand."""

from dataclasses import dataclass, field

from ..lib import transport as base
from ..lib.errors import ConfigurationError
from ..lib.transport import Capability, CheckReport, CheckStep, Chunk, IncomingMessage


@dataclass
class FakeServer:
    """Folders with numbered messages.

    :param folders: {folder: {uid: raw message}}
    :param failures: {name of a transport's method: error to raise, again and again}
    :param acknowledged: external ids in the order in which we were told that they are safe
    :param calls: names of the transport's methods, in the order of the calls
    :param on_call: called with the method's name, e.g. to look at the ledger in that moment
    """

    folders: dict = field(default_factory=lambda: {"INBOX": {}})
    uidvalidity: int = 1
    next_uid: int = 1
    failures: dict = field(default_factory=dict)
    acknowledged: list = field(default_factory=list)
    calls: list = field(default_factory=list)
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
    """Reads and moves the messages of a :class:`FakeServer`; the cursor is the last uid."""

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
        last = cursor.get("last_uid", 0) if same else 0
        found = [(uid, raw) for uid, raw in sorted(self.server.folders[request.name].items()) if uid > last]
        for start in range(0, len(found), request.max_messages):
            part = found[start:start + request.max_messages]
            messages = tuple(self._incoming(request, uid, raw) for uid, raw in part)
            yield Chunk(messages, {"uidvalidity": self.server.uidvalidity, "last_uid": part[-1][0]})

    def reconcile(self, request):
        return {}  # tells all of it again

    def _incoming(self, request, uid, raw):
        place = {"folder": request.name, "uidvalidity": self.server.uidvalidity, "uid": uid}
        too_large = bool(request.max_message_size) and len(raw) > request.max_message_size
        content = raw[:raw.find(b"\r\n\r\n") + 4] if too_large else raw
        return IncomingMessage("/".join(map(str, place.values())), content, len(raw), names=place, truncated=too_large)

    def acknowledge(self, request, chunk):
        self.server.reach("acknowledge")
        self.server.acknowledged += [message.external_id for message in chunk.messages]

    def fetch_one(self, names):
        self.server.reach("fetch_one")
        raw = self.server.folders[names["folder"]][names["uid"]]
        return IncomingMessage("/".join(map(str, names.values())), raw, len(raw), names=names)

    def move(self, names, target):
        self.server.reach("move")
        moved = []
        for name in names:
            if raw := self.server.folders[name["folder"]].pop(name["uid"], None):
                self.server.deliver(raw, folder=target)
            uid = self.server.next_uid - 1
            moved.append({"folder": target, "uidvalidity": self.server.uidvalidity, "uid": uid} if raw else {})
        return moved

    def delete(self, names):
        self.server.reach("delete")
        for name in names:
            self.server.folders[name["folder"]].pop(name["uid"], None)
