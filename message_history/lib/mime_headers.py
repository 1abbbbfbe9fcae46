"""Header objects for Odoo's parser: the standard library's, cached, and mended where it fails.

The standard library parses a header anew at every look and raises on some of what arrives.
:class:`TolerantHeaders` stands in for its registry. For a header that is well-formed it gives
exactly what the registry gives; only where that raises, or the result holds what no database or
mail header may hold, it writes the header again in good form and notes what it did.
"""

from __future__ import annotations

from collections.abc import Callable
from email.header import Header
from email.headerregistry import BaseHeader, HeaderRegistry
from functools import lru_cache
from typing import Any

from .charsets import decode_header_bytes
from .mime_menders import MAX_VALUE, mender_for
from .text import has_surrogates

#: The standard parser takes quadratic time, so longer values are read by ours alone: those without
#: a structure, those with one.
MAX_STANDARD = 16 * 1024
MAX_STANDARD_STRUCTURED = 2048
#: Likewise all structured values of a mail from the one on with which the squares of their lengths
#: are more than this (at worst some 15 nanoseconds for each).
MAX_STANDARD_SQUARES = 24 * 1024 * 1024

#: Headers whose values repeat from mail to mail and may be shared between them.
_SHARED = frozenset(
    ["content-type", "content-transfer-encoding", "content-disposition", "mime-version"]
)


class PlainHeader(str):
    """A header that no parser of the standard library makes: cleaned text, and its name."""

    name: str
    defects: tuple[Any, ...] = ()
    groups: tuple[Any, ...] = ()
    addresses: tuple[Any, ...] = ()
    datetime = None
    max_count = None

    @classmethod
    def make(cls, name: str, text: str) -> PlainHeader:
        """Return the header ``name`` with the text given."""
        header = cls(text)
        header.name = name
        return header

    def fold(self, *, policy: Any) -> str:
        """Return the header as a line of a message; text that is not ASCII as one encoded word."""
        folded = Header(str(self), "utf-8").encode(linesep=policy.linesep)
        return f"{self.name}: {folded}{policy.linesep}"


@lru_cache(maxsize=2048)
def _shared_header(name: str, value: str) -> Any:
    return STANDARD(name, value)


class _CachedRegistry(HeaderRegistry):
    """The standard registry, which makes a new class at every look, told to remember them."""

    def __init__(self) -> None:
        super().__init__()
        self._classes: dict[str, type[BaseHeader]] = {}

    def __getitem__(self, name: str) -> type[BaseHeader]:
        lowered = name.lower()
        if lowered not in self.registry:
            lowered = ""
        if lowered not in self._classes:
            self._classes[lowered] = super().__getitem__(lowered)
        return self._classes[lowered]


#: What the standard library makes of a value, with the classes of headers remembered.
STANDARD = _CachedRegistry()


class TolerantHeaders:
    """A header factory for one mail. ``repairs`` holds the codes of what was mended so far.

    :param hint: charset of the mail's text, to be tried for raw bytes in headers
    :ivar fallback_date: gives what to put in place of a Date that names no moment
    """

    registry = STANDARD.registry

    def __init__(self, hint: str | None = None) -> None:
        self.hint = hint
        self.fallback_date: Callable[[], str] = str
        self.repairs: dict[str, None] = {}
        self._cache: dict[tuple[str, str], Any] = {}
        self._squares = 0
        #: Of the HTML that was handed out: its weight, and that of all looks that core takes at it.
        self.html_weight = 0
        self.html_looks = 0

    def __getitem__(self, name: str) -> type[BaseHeader]:
        return STANDARD[name]

    def __call__(self, name: str, value: str) -> Any:
        """Return the header object for a name and an unfolded source value."""
        key = (name, value)
        header = self._cache.get(key)
        if header is None:
            header = self._cache[key] = self._make(name, value)
        return header

    def note(self, code: str) -> None:
        """Remember that something of this kind was mended."""
        self.repairs[code] = None

    def _make(self, name: str, value: str) -> Any:
        lowered = name.lower()
        if len(value) > MAX_VALUE:
            value = value[:MAX_VALUE]
            self.note("long_header")
        if has_surrogates(value):
            data = value.encode("utf-8", "surrogateescape")
            value = decode_header_bytes(data, self.hint)
            if "\ufffd" in value or value.encode("utf-8") != data:
                self.note("raw_8bit_header")
        header = self._standard(lowered, name, value)
        mended = mender_for(lowered)(self, lowered, value, header)
        if mended is None:
            return PlainHeader.make(name, value) if header is None else header
        again = self._standard("", name, mended)
        return (
            again if again is not None and str(again) == mended else PlainHeader.make(name, mended)
        )

    def _standard(self, lowered: str, name: str, value: str) -> Any:
        """Return what the standard library makes of a value, None if it fails."""
        if len(value) > MAX_STANDARD:
            return None
        try:
            if lowered in _SHARED and len(value) < 200 and "boundary" not in value:
                return _shared_header(name, value)
            if lowered in STANDARD.registry:
                self._squares += len(value) ** 2
                if len(value) > MAX_STANDARD_STRUCTURED or self._squares > MAX_STANDARD_SQUARES:
                    return None
            return STANDARD(name, value)
        except Exception:  # noqa: BLE001 - the standard parser raises anything, RecursionError included
            return None
