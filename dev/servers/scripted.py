"""The ground of the little servers that misbehave: real sockets, one thread per connection."""

from __future__ import annotations

import abc
import contextlib
import socket
import socketserver
import threading
from typing import Any

from .ports import LOOPBACK


class Hangup(Exception):
    """The server closes the connection here."""


class Conversation:
    """One connection, by lines."""

    def __init__(self, sock: socket.socket, stopped: threading.Event) -> None:
        self._sock = sock
        self._file = sock.makefile("rb")
        self._stopped = stopped

    def readline(self) -> bytes:
        """Read a line without its end; raises Hangup when the client is gone."""
        line = self._file.readline()
        if not line:
            raise Hangup
        return line.rstrip(b"\r\n")

    def read(self, size: int) -> bytes:  # pylint: disable=method-required-super
        """Read exactly so many bytes; raises Hangup when the client is gone before."""
        data = self._file.read(size)
        if len(data) < size:
            raise Hangup
        return data

    def send(self, data: bytes | str) -> None:
        """Send as it is."""
        self._sock.sendall(data.encode() if isinstance(data, str) else data)

    def hang(self) -> None:
        """Say nothing any more, until the server is stopped."""
        self._stopped.wait(60)
        raise Hangup


class ScriptedServer(abc.ABC):
    """A server whose :meth:`talk` is overridden; use as a context manager.

    ``lines`` are those that clients sent, of all connections; ``connections`` counts these.
    """

    host = LOOPBACK

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.connections = 0
        self._stopped = threading.Event()
        outer = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                outer.connections += 1
                with contextlib.suppress(Hangup, OSError):
                    outer.talk(Conversation(self.request, outer._stopped))

        self._server = socketserver.ThreadingTCPServer((LOOPBACK, 0), Handler, False)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._server.server_bind()
        self._server.server_activate()
        self.port: int = self._server.server_address[1]

    @abc.abstractmethod
    def talk(self, conversation: Conversation) -> None:
        """Hold one conversation; the connection is closed on return."""

    def __enter__(self) -> Any:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stopped.set()
        self._server.shutdown()
        self._server.server_close()
