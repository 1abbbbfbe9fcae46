"""Handing out files over HTTP and in archives."""

import re

#: Bytes handled at a time.
PIECE = 64 * 1024
#: Everything that is no letter, figure, blank or harmless sign in a file name.
_UNSAFE = re.compile(r"[^\w .,()@+-]+")


def safe_filename(title, extension=".eml"):
    """Return a file name that every system takes, made of a title somebody else wrote."""
    name = " ".join(_UNSAFE.sub(" ", title or "").split())[:80].strip(". ")
    return (name or "message") + extension


def pieces(content):
    """Yield bytes, or a memory map, in pieces, so that memory stays flat."""
    for start in range(0, len(content), PIECE):
        yield content[start:start + PIECE]
