"""A browser's ear: listens on Odoo's websocket as a user and keeps what it hears (RFC 6455, the client's half)."""

import base64
import http.cookiejar
import json
import os
import socket
import struct
import threading
import urllib.request
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from dev.console import DevError

_TEXT, _CLOSE, _PING, _PONG = 1, 8, 9, 10


class Listener:
    """Logs in, opens the websocket, subscribes as the web client does, and notes every notification."""

    def __init__(self, url: str, database: str, login: str, password: str) -> None:
        """Connect; raises DevError when the server refuses."""
        self.heard: list[dict[str, Any]] = []
        parts = urlsplit(url)
        self._socket = socket.create_connection((parts.hostname or "", parts.port or 80), timeout=30)
        self._rest = b""
        cookie = self._log_in(url, database, login, password)
        key = base64.b64encode(os.urandom(16)).decode()
        # without a User-Agent the server does not ask for the version of the page's worker
        self._socket.sendall((
            f"GET /websocket HTTP/1.1\r\nHost: {parts.netloc}\r\nOrigin: {url}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            f"Cookie: session_id={cookie}\r\n\r\n").encode())
        head = b""
        while b"\r\n\r\n" not in head:
            head += self._socket.recv(4096)
        head, _separator, self._rest = head.partition(b"\r\n\r\n")
        if b" 101 " not in head.split(b"\r\n")[0]:
            raise DevError(f"The websocket was refused: {head!r}")
        self._socket.settimeout(None)
        threading.Thread(target=self._listen, daemon=True).start()
        self.subscribe()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def subscribe(self) -> None:
        """Ask for everything that the user may hear."""
        self._send(_TEXT, json.dumps({"event_name": "subscribe", "data": {"channels": [], "last": 0}}).encode())

    def payloads(self, kind: str) -> list[Any]:
        """Return what was heard of one kind of notification."""
        return [one["message"]["payload"] for one in list(self.heard) if one["message"]["type"] == kind]

    @staticmethod
    def _log_in(url: str, database: str, login: str, password: str) -> str:
        jar = http.cookiejar.CookieJar()
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
        body = {"jsonrpc": "2.0", "params": {"db": database, "login": login, "password": password}}
        request = urllib.request.Request(  # noqa: S310 - our own server
            f"{url}/web/session/authenticate", json.dumps(body).encode(), {"Content-Type": "application/json"})
        answer = json.load(opener.open(request, timeout=60))
        if not answer.get("result", {}).get("uid"):
            raise DevError(f"{login} can't log in: {answer}")
        return next(cookie.value or "" for cookie in jar if cookie.name == "session_id")

    def _send(self, opcode: int, data: bytes) -> None:
        mask = os.urandom(4)
        length = bytes([0x80 | len(data)]) if len(data) < 126 else b"\xfe" + struct.pack(">H", len(data))
        self._socket.sendall(
            bytes([0x80 | opcode]) + length + mask + bytes(one ^ mask[at % 4] for at, one in enumerate(data)))

    def _take(self, count: int) -> bytes:
        while len(self._rest) < count:
            data = self._socket.recv(65536)
            if not data:
                raise ConnectionError
            self._rest += data
        taken, self._rest = self._rest[:count], self._rest[count:]
        return taken

    def _listen(self) -> None:
        try:
            while True:
                first, second = self._take(2)
                length = second & 0x7F
                if length >= 126:
                    (length,) = struct.unpack(*((">H", self._take(2)) if length == 126 else (">Q", self._take(8))))
                data = self._take(length)
                if first & 0x0F == _PING:
                    self._send(_PONG, data)
                elif first & 0x0F == _TEXT:
                    self.heard += json.loads(data)
                elif first & 0x0F == _CLOSE:
                    return
        except (ConnectionError, OSError):
            return
