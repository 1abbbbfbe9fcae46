"""A socket read by lines and by counted bytes, with its own buffer.

The buffer is ours and not that of a file object, for three reasons: a file object can't be read
again after a time-out; it can't tell whether something is waiting (IDLE needs that); and bytes
that came in plain text before TLS began must be noticed (CVE-2011-0411).
"""

from __future__ import annotations

import selectors
import socket
import ssl

from odoo.addons.message_history.lib.errors import ProtocolError

_BLOCK = 256 * 1024
# A SEARCH answer of a million messages is one line of eight million bytes.
_LONGEST_LINE = 32 * 1024 * 1024
# Bytes of lines that a server may answer to what it was told last; what belongs to messages is not counted.
_MOST_SAID = 2 * _LONGEST_LINE


class Stream:
    """Bytes to and from a connected socket. Raises OSError as that does, EOFError at the end."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._buffer = bytearray()
        self._said = 0

    def send(self, data: bytes) -> None:
        """Send everything."""
        self._said = 0
        self.sock.sendall(data)

    def readline(self) -> bytes:
        """Read up to and including the next line feed.

        :raise ProtocolError: when the server does not stop talking
        """
        start = 0
        while True:
            end = self._buffer.find(b"\n", start)
            if end >= 0:
                line = bytes(self._buffer[: end + 1])
                del self._buffer[: end + 1]
                self._said += len(line)
                if self._said > _MOST_SAID:
                    raise ProtocolError("The server does not stop talking.")
                return line
            start = len(self._buffer)
            if start > _LONGEST_LINE:
                raise ProtocolError(f"The server sent a line of more than {_LONGEST_LINE} bytes.")
            self._fill()

    def read_some(self, most: int) -> bytes:
        """Read at least one byte and at most ``most``."""
        if not self._buffer:
            self._fill()
        block = bytes(self._buffer[:most])
        del self._buffer[:most]
        return block

    def read(self, size: int) -> bytes:  # pylint: disable=method-required-super
        """Read exactly ``size`` bytes."""
        blocks = []
        while size:
            block = self.read_some(size)
            blocks.append(block)
            size -= len(block)
        return b"".join(blocks)

    def unread(self, data: bytes) -> None:
        """Put bytes back that were read too far."""
        self._buffer[:0] = data

    @property
    def buffered(self) -> int:
        """Bytes that have arrived and were not read yet, as far as we hold them."""
        return len(self._buffer)

    def wait_readable(self, seconds: float) -> bool:
        """Wait until something can be read; tell whether it can."""
        if self._buffer or (isinstance(self.sock, ssl.SSLSocket) and self.sock.pending()):
            return True
        with selectors.DefaultSelector() as selector:
            selector.register(self.sock, selectors.EVENT_READ)
            return bool(selector.select(max(0.0, seconds)))

    def close(self) -> None:
        """Close the socket at once."""
        self.sock.close()

    def _fill(self) -> None:
        block = self.sock.recv(_BLOCK)
        if not block:
            raise EOFError("the server closed the connection")
        self._buffer += block
