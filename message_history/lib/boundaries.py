"""The delimiter lines of a multipart (RFC 2046, 5.1.1), found without reading line by line."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .rawheaders import Raw

MAX_GUESS = 64 * 1024
_GUESSED = re.compile(
    rb"(?:\A|[\r\n])--([^\r\n]{1,255})(?:\r\n|\r|\n)(?=Content-[A-Za-z-]+:)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Delimiter:
    """A delimiter line, line break included; ``closes`` if it is the last of its multipart."""

    start: int
    end: int
    closes: bool


class Boundary:
    """What divides one multipart; ``text`` is the boundary parameter as raw bytes."""

    def __init__(self, text: bytes) -> None:
        begin, rest = rb"--" + re.escape(text), rb"(--)?[ \t]*(?:\r\n|\r|\n|\Z)"
        line = begin + rest
        self._line = re.compile(line)
        # what is sought begins with its letters, which is found many times sooner than any line break before it
        self._line_below = re.compile(begin + rb"(?<=[\r\n]" + begin + rb")" + rest)
        self._run = re.compile(rb"(?:" + line + rb")*")

    def find(self, source: Raw, start: int, end: int) -> Delimiter | None:
        """Return the first delimiter from ``start`` on, which is the beginning of a line."""
        match = self._line.match(source, start, end)
        if match:
            return Delimiter(start, match.end(), match[1] is not None)
        match = self._line_below.search(source, start, end)
        return Delimiter(match.start(), match.end(), match[1] is not None) if match else None

    def skip_run(self, source: Raw, start: int, end: int) -> int:
        """Return where the delimiters end that stand on consecutive lines from an offset on."""
        match = self._run.match(source, start, end)
        return match.end() if match else start


def guess_boundary(source: Raw, start: int, end: int) -> Boundary | None:
    """Return the boundary that a multipart seems to use, whatever its header says."""
    # from the line break before, where there is one: it begins the expression
    found = _GUESSED.search(source, max(0, start - 1), min(end, start + MAX_GUESS))
    text = found[1].rstrip(b" \t") if found else b""
    return Boundary(text) if text else None
