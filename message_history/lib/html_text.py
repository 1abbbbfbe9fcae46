"""Plain text of an HTML body, for search and previews: fast, bounded, and never raising."""

from __future__ import annotations

import re

from .markup import TAG, unescape, without_hidden

#: More than this many characters of markup are not looked at.
MAX_MARKUP = 500_000

_BREAK = re.compile(r"<(?:br|/p|/div|/tr|/li|/h[1-6]|/blockquote|/pre|hr)\b[^<>]*>", re.IGNORECASE)
_SPACES = re.compile(r"[ \t\r\f\v\u00a0\u200b\u200c\u200d\ufeff]+")
_UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")


def html_to_text(markup: str) -> str:
    """Return the text of an HTML body, a line a block, without what can't be stored."""
    text = without_hidden(markup[:MAX_MARKUP])
    text = TAG.sub("", _BREAK.sub("\n", text))
    text = _UNSTORABLE.sub("", unescape(text))
    lines = (line.strip() for line in _SPACES.sub(" ", text).split("\n"))
    return "\n".join(line for line in lines if line)
