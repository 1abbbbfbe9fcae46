"""A durable store for large raw messages.

A file that is named in a committed row must be there, whole, after a power cut. So: a temporary
file in the target folder, ``fsync``, ``rename``, ``fsync`` of the folder, and only then the
database's commit. A crash in between leaves a file that no row names: :meth:`FileStore.sweep`
finds it. (Odoo's own attachment store writes in place and does not sync.)
"""

from __future__ import annotations

import contextlib
import mmap
import os
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path


class FileStore:
    """Files named by the store, in 256 folders below ``root``; never written twice."""

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root)

    def put_bytes(self, content: bytes) -> str:
        """Store bytes and return the name they are found by; durable on return."""
        name, temporary = self._new_name()
        with temporary.open("wb") as handle:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
        return self._settle(temporary, name)

    def put_file(self, path: str | Path) -> str:
        """Take a file over (it is moved where the file system allows) and return its name."""
        name, temporary = self._new_name()
        source = Path(path)
        try:
            source.rename(temporary)
        except OSError:
            # another file system: copy in pieces, so that memory stays flat
            with source.open("rb") as reader, temporary.open("wb") as writer:
                while piece := reader.read(1 << 20):
                    writer.write(piece)
            source.unlink()
        with temporary.open("rb+") as handle:
            os.fsync(handle.fileno())
        return self._settle(temporary, name)

    def read(self, name: str) -> bytes:  # pylint: disable=method-required-super
        """Return a stored file whole.

        :raise FileNotFoundError: when it is not (or no longer) there
        """
        return self.path(name).read_bytes()

    @contextlib.contextmanager
    def mapped(self, name: str) -> Iterator[bytes | mmap.mmap]:
        """Map a stored file into memory for reading: only the pages looked at cost anything."""
        with self.path(name).open("rb") as handle:
            if os.fstat(handle.fileno()).st_size == 0:
                yield b""
                return
            with mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as view:
                yield view

    def remove(self, name: str) -> None:
        """Remove a stored file; one that is gone already is none the worse."""
        self.path(name).unlink(missing_ok=True)

    def path(self, name: str) -> Path:
        """Return where a name is stored.

        :raise ValueError: for a name that this store never gave
        """
        folder, _slash, leaf = name.partition("/")
        if len(folder) != 2 or not leaf.isalnum():
            raise ValueError(f"not a name of this store: {name!r}")
        return self.root / folder / leaf

    def sweep(self, known: Callable[[list[str]], set[str]], older_than: float = 86400.0) -> int:
        """Remove files that no row names; returns how many.

        :param known: tells which of some names a row still names
        :param older_than: seconds; younger files may belong to a transaction under way
        """
        limit = time.time() - older_than
        removed = 0
        for folder in sorted(self.root.glob("[0-9a-f][0-9a-f]")):
            old = [entry for entry in folder.iterdir() if entry.stat().st_mtime < limit]
            names = [f"{folder.name}/{entry.name}" for entry in old]
            kept = known(names) if names else set()
            for entry, name in zip(old, names, strict=True):
                if name not in kept:
                    entry.unlink(missing_ok=True)
                    removed += 1
        return removed

    def _new_name(self) -> tuple[str, Path]:
        leaf = uuid.uuid4().hex
        name = f"{leaf[:2]}/{leaf}"
        folder = self.root / leaf[:2]
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            _sync_folder(self.root)
        return name, folder / f"{leaf}.part"

    def _settle(self, temporary: Path, name: str) -> str:
        target = self.path(name)
        temporary.rename(target)
        _sync_folder(target.parent)
        return name


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
