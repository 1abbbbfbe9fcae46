"""A small POP3 server on a real socket that misbehaves in a chosen way.

``faults`` by message name: ``err`` (-ERR to RETR and TOP), ``cut``, ``hang``, ``garbage``, ``empty``,
``lines`` (line breaks only), ``zeros``, ``half`` (its first half), ``dot`` (a line with a dot alone
in its middle, not stuffed: it seems to end there), ``keep`` (-ERR to DELE).
``fault`` of the connection: ``silent``, ``full`` (-ERR at once), ``http``, ``no_login``,
``in_use``, ``no_uidl``, ``no_top`` (neither UIDL nor TOP), ``no_capa``, ``bare_lf``,
``twice`` (all messages have one UIDL), ``cut_quit`` (no answer to QUIT, nothing deleted).
"""

from __future__ import annotations

from collections.abc import Mapping

from .scripted import Conversation, Hangup, ScriptedServer

_GREETINGS = {
    "full": "-ERR [SYS/TEMP] too many connections\r\n",
    "http": "HTTP/1.1 400 Bad Request\r\n\r\n",
}


class BrokenPop3(ScriptedServer):
    """See the module's words.

    :param messages: content by name, which is the UIDL too
    :param sizes: what LIST says where it is not the truth
    """

    def __init__(
        self,
        messages: Mapping[str, bytes] | None = None,
        *,
        fault: str = "",
        faults: Mapping[str, str] | None = None,
        capabilities: str = "TOP\r\nUIDL\r\nPIPELINING\r\n",
        sizes: Mapping[str, int] | None = None,
    ) -> None:
        super().__init__()
        self.messages = dict(messages or {})
        self.fault = fault
        self.faults = dict(faults or {})
        self.offered = capabilities
        self.sizes = dict(sizes or {})

    def talk(self, conversation: Conversation) -> None:
        """Greet, then answer commands."""
        if self.fault == "silent":
            conversation.hang()
        conversation.send(self._ends(_GREETINGS.get(self.fault, "+OK ready\r\n").encode()))
        if self.fault in _GREETINGS:
            return
        drop = list(self.messages)
        doomed: set[str] = set()
        while True:
            line = conversation.readline()
            self.lines.append(line)
            verb, _, rest = line.decode().partition(" ")
            if verb == "QUIT":
                self._quit(conversation, doomed)
                return
            number = int(rest.split()[0]) if rest and rest.split()[0].isdigit() else 0
            name = drop[number - 1] if 0 < number <= len(drop) else ""
            if verb == "DELE" and self.faults.get(name) != "keep":
                doomed.add(name)
            conversation.send(self._ends(self._answer(conversation, verb, name, drop)))

    def _ends(self, answer: bytes) -> bytes:
        return answer.replace(b"\r\n", b"\n") if self.fault == "bare_lf" else answer

    def _quit(self, conversation: Conversation, doomed: set[str]) -> None:
        if self.fault == "cut_quit":
            raise Hangup
        for name in doomed:
            self.messages.pop(name, None)
        conversation.send("+OK bye\r\n")

    def _answer(self, conversation: Conversation, verb: str, name: str, drop: list[str]) -> bytes:
        if verb == "CAPA":
            return _refused() if self.fault == "no_capa" else _block(self.offered.encode())
        if verb == "PASS" and self.fault in ("no_login", "in_use"):
            words = {"no_login": "[AUTH] wrong password", "in_use": "[IN-USE] mailbox is locked"}
            return f"-ERR {words[self.fault]}\r\n".encode()
        if verb == "STAT":
            return b"+OK %d 0\r\n" % len(drop)
        if verb == "LIST":
            sizes = [self.sizes.get(one, len(self.messages[one])) for one in drop]
            rows = [f"{at} {size}" for at, size in enumerate(sizes, 1)]
            return _block("".join(f"{row}\r\n" for row in rows).encode())
        if verb == "UIDL":
            return self._uidl(drop)
        if verb == "DELE" and self.faults.get(name) == "keep":
            return _refused()
        if verb in ("RETR", "TOP"):
            return self._message(conversation, verb, name)
        return b"+OK\r\n" if verb in ("USER", "PASS", "DELE", "NOOP") else _refused()

    def _uidl(self, drop: list[str]) -> bytes:
        if self.fault in ("no_uidl", "no_top"):
            return _refused()
        names = ["same" if self.fault == "twice" else one for one in drop]
        rows = [f"{at} {one}\r\n" for at, one in enumerate(names, 1)]
        return _block("".join(rows).encode())

    def _message(self, conversation: Conversation, verb: str, name: str) -> bytes:
        fault = self.faults.get(name, "")
        content = self.messages.get(name)
        if content is None or fault == "err" or (verb == "TOP" and self.fault == "no_top"):
            return _refused()
        if fault == "garbage":
            return b"%%%% oops\r\n"
        if verb == "TOP":
            content = content.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
        if fault in ("cut", "hang"):
            conversation.send(b"+OK\r\n" + content[: len(content) // 2])
            if fault == "hang":
                conversation.hang()
            raise Hangup
        if fault == "dot":
            half = len(content) // 2
            return _block(content[:half]) + content[half:] + b"\r\n.\r\n"
        return _block(_spoilt(fault, content))


def _spoilt(fault: str, content: bytes) -> bytes:
    """What comes in the place of a content, well-formed as POP3 goes."""
    return {
        "empty": b"",
        "lines": b"\r\n\r\n",
        "zeros": bytes(len(content)) + b"\r\n",
        "half": content[: len(content) // 2],
    }.get(fault, content)


def _block(content: bytes) -> bytes:
    stuffed = (b"\r\n" + content).replace(b"\r\n.", b"\r\n..")[2:]
    if stuffed and not stuffed.endswith(b"\r\n"):
        stuffed += b"\r\n"
    return b"+OK\r\n" + stuffed + b".\r\n"


def _refused() -> bytes:
    return b"-ERR not here\r\n"
