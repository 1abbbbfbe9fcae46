"""HTML as text goes through it here: in linear time, whatever is opened and never closed."""

from __future__ import annotations

import html
import re

TAG = re.compile(r"<[^<>]*>")
_OPENING = re.compile(r"<(?:!--|(?:style|script|head|title)\b)", re.IGNORECASE)
_CLOSING = {
    "<!--": re.compile("-->"),
    **{f"<{name}": re.compile(rf"</{name}\b", re.IGNORECASE) for name in ("style", "script", "head", "title")},
}
#: Numbers that are no character, and that Python refuses to read (above 4,300 digits).
_HUGE_NUMBER = re.compile(r"&#(?:[0-9]{20,}|[xX][0-9a-fA-F]{20,});?")


def without_hidden(source: str) -> str:
    """Return HTML without comments, styles, scripts, heads and titles; a blank is left in their places.

    What is never closed is left as it is.
    """
    kept: list[str] = []
    position = 0
    unclosed: set[str] = set()
    for match in _OPENING.finditer(source):
        opening = match[0].lower()
        if match.start() < position or opening in unclosed:
            continue
        closing = _CLOSING[opening].search(source, match.end())
        if closing is None:
            # so that thousands of them don't each search to the end
            unclosed.add(opening)
            continue
        kept.append(source[position : match.start()])
        position = closing.end() if opening == "<!--" else source.find(">", closing.end()) + 1 or len(source)
    return " ".join([*kept, source[position:]])


def unescape(text: str) -> str:
    """Return a text with its character references replaced (as ``html.unescape``, which raises on some)."""
    return html.unescape(_HUGE_NUMBER.sub("\ufffd", text)) if "&" in text else text
