"""A bound for how deeply the HTML of received mail is nested.

The parser below core's sanitising (libxml2) stops at a depth of 256 elements, and everything behind is
lost without a word. So tags beyond :data:`MAX_DEPTH` are left out before; the words in them stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import lxml.etree  # type: ignore[import-untyped]
import lxml.html  # type: ignore[import-untyped]

#: Elements within each other; core puts some of its own around them.
MAX_DEPTH = 200
_DEEPEST = 240
_TAG = re.compile(r"<(/?)([A-Za-z][^\s/<>]*)")
_END = re.compile(r"[^<>]*>?")
_EMPTY = frozenset(("area", "base", "basefont", "br", "col", "embed", "frame", "hr", "img", "input", "link", "meta",
                    "param", "source", "track", "wbr"))  # fmt: skip
#: Their inside is no mark-up: without their tags it would be shown.
_RAW = frozenset(("head", "script", "style", "template", "textarea", "title"))


def bound_depth(source: str) -> tuple[str, bool]:
    """Return mark-up that is nested less deeply than the parser takes, and whether anything was left out."""
    if source.count("<") <= MAX_DEPTH or not _may_be_deep(source) or not _is_deep(source):
        return source, False
    pieces: list[str] = []
    position = 0
    for match, depth in _nesting(source):
        if depth < MAX_DEPTH or match[2].lower() in _RAW or match.start() < position:
            continue
        pieces.append(source[position : match.start()])
        end = _END.match(source, match.end())
        position = end.end() if end else match.end()
    return "".join([*pieces, source[position:]]), True


def _nesting(source: str) -> Iterator[tuple[re.Match[str], int]]:
    """Yield tags with the elements around each, at most: one that is not closed in its turn stays open."""
    opened: list[str] = []
    for match in _TAG.finditer(source):
        name = match[2].lower()
        if match[1]:
            if opened and opened[-1] == name:
                opened.pop()
            yield match, len(opened)
        elif name not in _EMPTY:
            yield match, len(opened)
            opened.append(name)


def _may_be_deep(source: str) -> bool:
    return any(depth >= MAX_DEPTH for _match, depth in _nesting(source))


def _is_deep(source: str) -> bool:
    """Whether the parser would stop, or nearly so; in ordinary mail, what stays open is closed by what follows."""
    parser = lxml.html.HTMLParser()
    try:
        lxml.html.document_fromstring("<div>" * (256 - _DEEPEST) + source, parser=parser)
    except (lxml.etree.LxmlError, ValueError, AssertionError):
        return False  # nothing that could be nested
    return any("depth" in entry.message for entry in parser.error_log)
