"""Looks for passwords in logs.

Every password that a test uses has ``MARK`` in it (a test about the tests sees to that), so that one
search finds all of them, in whatever log of whatever process, in plain text and as the base64 of
SMTP's and IMAP's AUTH.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

MARK = "s3cret"


def _in_base64(word: bytes) -> Iterator[bytes]:
    """Yield how a word looks within a base64 text, at each of the three places where it can begin."""
    for before in range(3):
        coded = base64.b64encode(b"\0" * before + word + b"\0\0")
        # without the characters at both ends that depend on what stands beside the word
        yield coded[(0, 2, 3)[before] : (before + len(word)) * 8 // 6]


_PATTERN = re.compile(b"|".join(re.escape(form) for form in (MARK.encode(), *_in_base64(MARK.encode()))))


def sizes(folder: Path) -> dict[str, int]:
    """Return how long each log of a folder is, to be given to :func:`search` later."""
    return {file.name: file.stat().st_size for file in folder.glob("*.log")}


def search(folder: Path, before: Mapping[str, int] | None = None) -> list[str]:
    """Return where the logs have a password, as ``file:line: text``.

    :param before: what was in the logs when the tests began is not looked at
    """
    found = []
    for file in sorted(folder.glob("*.log")):
        begin = (before or {}).get(file.name, 0)
        with file.open("rb") as handle:
            if os.fstat(handle.fileno()).st_size < begin:
                begin = 0  # made anew meanwhile
            handle.seek(begin)
            for number, line in enumerate(handle, start=1):
                if _PATTERN.search(line):
                    found.append(f"{file.name}:+{number}: {line[:300].decode(errors='replace').strip()}")
    return found
