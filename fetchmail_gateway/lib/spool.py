"""Where the bytes of a message go while they arrive: into memory, or into a file when large."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import BinaryIO

#: Bytes of a message, where nothing else is said: the ledger holds no larger one.
MOST_BYTES = 2**31
_BLOCK = 1 << 20
# Zeros are what a crash leaves of a file; Dovecot shows each as 0x80, as IMAP forbids them.
_NOTHING = b"\0\x80 \t\r\n"


@dataclass(frozen=True)
class Received:
    """The bytes of one message: in ``content``, or in the file ``path``."""

    size: int
    content: bytes | None = None
    path: str | None = None

    @property
    def blank(self) -> bool:
        """Whether this is no message: no bytes, line breaks only, or the zeros of a lost disk block."""
        if self.content is not None:
            return not self.content.lstrip(_NOTHING)
        return all(not block.lstrip(_NOTHING) for block in self._blocks())

    @property
    def digest(self) -> bytes:
        """SHA-256 of the bytes."""
        hasher = hashlib.sha256()
        for block in self._blocks():
            hasher.update(block)
        return hasher.digest()

    def _blocks(self) -> Iterator[bytes]:
        if self.content is not None:
            yield self.content
        elif self.path:
            with open(self.path, "rb") as handle:
                while block := handle.read(_BLOCK):
                    yield block

    def falls_short(self, announced: int) -> bool:
        """Whether so much is missing of the size that was announced that it must have been cut.

        Many servers estimate sizes (Exchange), or count line ends otherwise than they send them.
        """
        return self.size * 4 < announced * 3

    def discard(self) -> None:
        """Remove the file, unless somebody took it over."""
        remove(self.path)


class Spool:
    """Collects blocks of one message; changes from memory to a file above ``limit`` bytes.

    As a context manager it removes its file unless :meth:`finish` handed it over.
    """

    def __init__(self, limit: int, folder: str | None = None) -> None:
        self._limit = limit
        self._folder = folder
        self._blocks: list[bytes] = []
        self._file: BinaryIO | None = None
        self._path: str | None = None
        self.size = 0

    def write(self, block: bytes) -> None:  # pylint: disable=method-required-super
        """Add a block."""
        self.size += len(block)
        if self._file is None and self.size > self._limit:
            self._open()
        if self._file is not None:
            self._file.write(block)
        else:
            self._blocks.append(block)

    def finish(self) -> Received:
        """Hand over what was collected; a file belongs to the caller from now on."""
        if self._file is None:
            return Received(self.size, b"".join(self._blocks))
        self._file.close()
        path, self._path, self._file = self._path, None, None
        return Received(self.size, path=path)

    def _open(self) -> None:
        handle, self._path = tempfile.mkstemp(prefix="mail-", suffix=".eml", dir=self._folder)
        self._file = os.fdopen(handle, "wb")
        for block in self._blocks:
            self._file.write(block)
        self._blocks.clear()

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()
        remove(self._path)


def remove(path: str | None) -> None:
    """Remove a temporary file that may be gone already."""
    if path:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
