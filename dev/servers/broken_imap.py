"""A small IMAP server on a real socket that misbehaves in a chosen way.

``faults`` says what goes wrong with single messages, by UID:

    no            NO to any FETCH of its body that names it
    no_alone      its body is left out without a word
    nil, empty    BODY[] NIL, or an empty literal
    lines, zeros  a body of line breaks, or of zero bytes, as a lost disk block leaves them
    echo          the body of the message before it, under its own number
    half          the first half of its bytes, in a literal of that size
    garbage       a line that is no IMAP instead of its body
    bad_listing   a line that is no IMAP when it is listed
    cut           the connection ends in the middle of its literal
    hang          silence in the middle of its literal
    too_short     the literal is announced shorter than it is
    too_long      the literal is announced longer than it is
    vanish        gone between listing and fetching

``fault`` says what goes wrong with the connection: ``silent`` (no greeting), ``bye``, ``full``
(BYE, too many connections), ``http`` (another protocol), ``cut_login``, ``hang_login``,
``no_login``, ``busy_login``, ``hang_select``, ``no_uidnext``, ``no_uidvalidity``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from .scripted import Conversation, Hangup, ScriptedServer

_GREETINGS = {
    "bye": "* BYE Autologout\r\n",
    "full": "* BYE [LIMIT] Too many connections\r\n",
    "http": "HTTP/1.1 400 Bad Request\r\n\r\n",
}
_NO_LOGIN = {
    "no_login": "NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)",
    "busy_login": "NO [UNAVAILABLE] Temporary authentication failure",
    "throttled_login": "NO [ALERT] Too many simultaneous connections. (Failure)",
    "not_connected": "NO User is authenticated but not connected.",
}


class BrokenImap(ScriptedServer):
    """See the module's words.

    :param messages: content by UID
    :param capabilities: what the server says it can
    :param sizes: RFC822.SIZE by UID where it is not the truth
    """

    def __init__(
        self,
        messages: Mapping[int, bytes] | None = None,
        *,
        fault: str = "",
        faults: Mapping[int, str] | None = None,
        capabilities: str = "IMAP4rev1",
        uidvalidity: int = 7,
        sizes: Mapping[int, int] | None = None,
    ) -> None:
        super().__init__()
        self.messages = dict(messages or {})
        self.fault = fault
        self.faults = dict(faults or {})
        self.offered = capabilities
        self.uidvalidity = uidvalidity
        self.sizes = dict(sizes or {})
        self.seen: set[int] = set()
        self.deleted: set[int] = set()
        self.folders: dict[str, dict[int, bytes]] = {}

    def talk(self, conversation: Conversation) -> None:
        """Greet, then answer commands."""
        if self.fault == "silent":
            conversation.hang()
        conversation.send(_GREETINGS.get(self.fault, "* OK ready\r\n"))
        if self.fault in _GREETINGS:
            return
        while True:
            line = conversation.readline()
            self.lines.append(line)
            tag, _, rest = line.decode("utf-8", "replace").partition(" ")
            verb, _, arguments = rest.partition(" ")
            if verb.upper() == "UID":
                sub, _, arguments = arguments.partition(" ")
                verb = f"uid_{sub}"
            answer = self._answers().get(verb.lower())
            if answer is None:
                conversation.send(f"{tag} BAD unknown\r\n")
                continue
            said = answer(conversation, arguments)
            conversation.send(f"{tag} {said or 'OK done'}\r\n")
            if verb.upper() == "LOGOUT":
                return

    def _answers(self) -> dict[str, Callable[[Conversation, str], str | None]]:
        return {
            "capability": self._capability,
            "login": self._login,
            "select": self._select,
            "examine": self._select,
            "noop": self._nothing,
            "create": self._create,
            "subscribe": self._nothing,
            "list": self._list,
            "logout": self._logout,
            "uid_fetch": self._fetch,
            "fetch": self._fetch,
            "uid_search": self._search,
            "uid_store": self._store,
            "uid_copy": self._copy,
            "uid_move": self._move,
            "expunge": self._expunge,
            "uid_expunge": self._expunge,
        }

    def _nothing(self, conversation: Conversation, arguments: str) -> None:
        """OK, and that is all."""

    def _capability(self, conversation: Conversation, arguments: str) -> None:
        conversation.send(f"* CAPABILITY {self.offered}\r\n")

    def _logout(self, conversation: Conversation, arguments: str) -> None:
        conversation.send("* BYE bye\r\n")

    def _login(self, conversation: Conversation, arguments: str) -> str | None:
        if self.fault == "cut_login":
            raise Hangup
        if self.fault == "hang_login":
            conversation.hang()
        return _NO_LOGIN.get(self.fault)

    def _select(self, conversation: Conversation, arguments: str) -> str:
        if self.fault == "hang_select":
            conversation.hang()
        conversation.send(f"* {len(self.messages)} EXISTS\r\n* FLAGS (\\Seen \\Deleted)\r\n")
        if self.fault != "no_uidvalidity":
            conversation.send(f"* OK [UIDVALIDITY {self.uidvalidity}] valid\r\n")
        if self.fault != "no_uidnext":
            conversation.send(f"* OK [UIDNEXT {max(self.messages, default=0) + 1}] next\r\n")
        return "OK [READ-WRITE] open"

    def _list(self, conversation: Conversation, arguments: str) -> None:
        conversation.send('* LIST () "." INBOX\r\n* LIST (\\Noselect) "." {6}\r\nOrdner\r\n')

    def _search(self, conversation: Conversation, arguments: str) -> None:
        found = sorted(self.messages)
        if "DELETED" in arguments:
            found = sorted(self.deleted)
        elif match := re.search(r"UID (\S+)", arguments):
            found = self._chosen(match[1])
        elif "UNSEEN" in arguments:
            found = [uid for uid in found if uid not in self.seen]
        conversation.send(f"* SEARCH {' '.join(map(str, found))}\r\n")

    def _store(self, conversation: Conversation, arguments: str) -> None:
        uids = self._chosen(arguments.split(maxsplit=1)[0])
        if "Deleted" in arguments:
            self.deleted.update(uids)
        else:
            self.seen.update(uids)

    def _copy(self, conversation: Conversation, arguments: str) -> str | None:
        uids, _, folder = arguments.partition(" ")
        name = folder.strip('"')
        if name not in self.folders:
            return "NO [TRYCREATE] no such folder"
        self.folders[name].update({uid: self.messages[uid] for uid in self._chosen(uids)})
        return None

    def _create(self, conversation: Conversation, arguments: str) -> None:
        self.folders[arguments.strip('"')] = {}

    def _move(self, conversation: Conversation, arguments: str) -> str | None:
        refused = self._copy(conversation, arguments)
        if not refused:
            for uid in self._chosen(arguments.partition(" ")[0]):
                del self.messages[uid]
        return refused

    def _expunge(self, conversation: Conversation, arguments: str) -> None:
        chosen = set(self._chosen(arguments)) if arguments else self.deleted
        for uid in self.deleted & chosen:
            self.messages.pop(uid, None)
        self.deleted -= chosen

    def _chosen(self, numbers: str) -> list[int]:
        """UIDs of a set that exist; ``*`` is the last one, whatever the other end is."""
        top = max(self.messages, default=0)
        chosen: set[int] = set()
        for part in numbers.split(","):
            first, _, last = part.replace("*", str(top)).partition(":")
            low, high = sorted((int(first), int(last or first)))
            chosen.update(uid for uid in self.messages if low <= uid <= high)
        return sorted(chosen)

    def _fetch(self, conversation: Conversation, arguments: str) -> str | None:
        numbers, _, attributes = arguments.partition(" ")
        uids = self._chosen(numbers)
        if "BODY.PEEK" not in attributes:
            for uid in uids:
                self._list_one(conversation, uid)
            return None
        refused = [uid for uid in uids if self.faults.get(uid) == "no"]
        if refused:
            return f"NO [SERVERBUG] message {refused[0]} is corrupted"
        for uid in uids:
            self._send_body(conversation, uid, "HEADER" in attributes)
        return None

    def _list_one(self, conversation: Conversation, uid: int) -> None:
        if self.faults.get(uid) == "bad_listing":
            conversation.send(f"* {uid} FETCH (UID {uid} FLAGS (\\Seen RFC822.SIZE\r\n")
            return
        size = self.sizes.get(uid, len(self.messages[uid]))
        flags = "\\Seen" if uid in self.seen else ""
        extra = f" EMAILID (M{uid}) THREADID (T1)" if "OBJECTID" in self.offered else ""
        date = '" 7-Feb-2026 10:00:00 +0100"'
        conversation.send(
            f"* {uid} FETCH (UID {uid} FLAGS ({flags}) INTERNALDATE {date} RFC822.SIZE {size}{extra})\r\n"
        )

    def _send_body(self, conversation: Conversation, uid: int, header: bool) -> None:
        content = self.messages[uid]
        if header:
            content = content.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
        key = "BODY[HEADER]" if header else "BODY[]"
        start = f"* {uid} FETCH (UID {uid} {key} "
        fault = self.faults.get(uid, "")
        content = self._spoilt(fault, uid, content)
        size = len(content) + {"too_short": -5, "too_long": 5}.get(fault, 0)
        if fault == "vanish":
            del self.messages[uid]
        if fault in ("no_alone", "vanish"):
            return
        if fault in ("nil", "empty", "garbage"):
            words = {"nil": f"{start}NIL)", "empty": f"{start}{{0}}\r\n)", "garbage": "%%%% oops"}
            conversation.send(words[fault] + "\r\n")
            return
        conversation.send(f"{start}{{{size}}}\r\n")
        if fault in ("cut", "hang"):
            conversation.send(content[: len(content) // 2])
            if fault == "hang":
                conversation.hang()
            raise Hangup
        conversation.send(content + b")\r\n")

    def _spoilt(self, fault: str, uid: int, content: bytes) -> bytes:
        """What comes in the place of a content, well-formed as IMAP goes."""
        before = [content for one, content in self.messages.items() if one < uid]
        return {
            "lines": b"\r\n\r\n",
            "zeros": bytes(len(content)),
            "echo": before[-1] if before else content,
            "half": content[: len(content) // 2],
        }.get(fault, content)
