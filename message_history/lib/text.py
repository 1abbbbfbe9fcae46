"""Text that a database, a browser and a mail header all accept."""

from __future__ import annotations

import re

_CONTROLS = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff"
#: Characters that turn the direction of what follows on a line, and those that nobody sees: with them a name
#: hides the address behind it, or looks like another's. Marks for one letter (U+200C to U+200F) are language.
_TRICKS = "\u202a-\u202e\u2066-\u2069\u200b\u2060\ufeff"
_UNSAFE_LINE = re.compile(f"[{_CONTROLS}{_TRICKS}\r\n\u2028\u2029]")
_UNSAFE_TEXT = re.compile(f"[{_CONTROLS}]")
#: Characters that turn the writing direction, with which ``exe.pdf`` passes for ``fdp.exe``.
_DIRECTION = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f]")
_SPACES = re.compile(r"[ \t\r\n\x0b\x0c\x85\u2028\u2029]+")
#: All that is no character, so without naming one, which could not be written anywhere.
_SURROGATES = re.compile("[^\x00-\ud7ff\ue000-\U0010ffff]")


def is_clean_line(text: str) -> bool:
    """Whether a text is free of control characters, line breaks, lone surrogates, and turns of direction."""
    return not _UNSAFE_LINE.search(text)


def clean_line(text: str, limit: int | None = None) -> str:
    """Return a text as one line: white space folded, no control characters or lone surrogates, no turns of direction.

    :param limit: most characters to keep
    """
    # cut before the work too, so that a header of megabytes costs what is kept
    if limit is not None and len(text) > 4 * limit + 64:
        text = text[: 4 * limit + 64]
    text = _UNSAFE_LINE.sub("", _SPACES.sub(" ", text)).strip()
    return text if limit is None or len(text) <= limit else text[:limit].rstrip()


def clean_text(text: str) -> str:
    """Return a text of several lines without control characters and lone surrogates.

    The controls from U+0080 on, which nobody writes, become what their numbers mean in the
    Windows character set, as in browsers.
    """
    return _UNSAFE_TEXT.sub(_replacement, text)


def _replacement(match: re.Match[str]) -> str:
    char = match[0]
    return bytes([ord(char)]).decode("cp1252", "ignore") if "\x80" <= char <= "\x9f" else ""


def has_surrogates(text: str) -> bool:
    """Whether a text holds lone surrogates (raw 8-bit bytes, as the standard parser keeps them)."""
    return not text.isascii() and _SURROGATES.search(text) is not None


def clean_filename(name: str, limit: int = 255) -> str:
    """Return a file name without control characters and tricks, clipped before its extension."""
    name = _DIRECTION.sub("", clean_line(name, 16 * limit))
    if len(name) <= limit:
        return name
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension) > 20:
        return name[:limit]
    return stem[: limit - len(extension) - 1] + dot + extension
