"""Plain text of an HTML body, for search and previews: fast, bounded, and never raising."""

from __future__ import annotations

import html
import re

#: More than this many characters of markup are not looked at.
MAX_MARKUP = 500_000

_HIDDEN = re.compile(r"<(style|script|head|title)\b[^>]*>.*?</\1\s*>|<!--.*?-->", re.IGNORECASE | re.DOTALL)
_BREAK = re.compile(r"<(?:br|/p|/div|/tr|/li|/h[1-6]|/blockquote|/pre|hr)\b[^>]*>", re.IGNORECASE)
_TAG = re.compile(r"<[^>]*>")
_SPACES = re.compile(r"[ \t\r\f\v\u00a0\u200b\u200c\u200d\ufeff]+")
_LINES = re.compile(r"\s*\n\s*")
_UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")


def html_to_text(markup: str) -> str:
    """Return the text of an HTML body, a line a block, without what can't be stored."""
    text = _HIDDEN.sub(" ", markup[:MAX_MARKUP])
    text = _TAG.sub("", _BREAK.sub("\n", text))
    text = _UNSTORABLE.sub("", html.unescape(text))
    return _LINES.sub("\n", _SPACES.sub(" ", text)).strip()
