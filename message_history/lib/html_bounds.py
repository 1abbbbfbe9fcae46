"""Bounds for the HTML of received mail, before steps that take quadratic time over some of it.

Core's sanitising looks from every ``<`` for its end, from every child of a quotation for its place
among the others, from every letter of a style for a colon; the parser below it compares each
attribute of a tag with all others. What would cost seconds is cut, dropped or written as text here,
and stays in the original. Mark-up within the bounds is handed on as it is, letter for letter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import lxml.etree  # type: ignore[import-untyped]
import lxml.html  # type: ignore[import-untyped]
import lxml.html.defs  # type: ignore[import-untyped]

from .html_depth import bound_depth

#: Characters below which nothing in here can cost more than some milliseconds.
SMALL = 8 * 1024
#: Core takes some 20 microseconds for each element, as for 150 characters, at each of its passes.
MAX_TAGS = 20_000
MAX_WEIGHT = 3_000_000
_WEIGHT = 150
MAX_ATTRIBUTES = 100
#: Children of one element that is (or holds) a quotation: core counts them again for each of them.
MAX_QUOTED_CHILDREN = 300
#: Characters that are looked at again and again, as squares of the lengths that are.
_MAX_SQUARES = 16_000_000

#: Tags that are never closed: core looks for the end of each.
_STRAY = re.compile(r"<(?=[^<>]*(?:<|\Z))")
_MAX_STRAY = 200
_MAX_LOOKED_AT = 2_000_000
#: Lines that begin with a quotation mark, together: core copies the rest of the text for each such block.
_QUOTED_LINES = re.compile(r"(?:\n>[^\r\n]*)+")
_MAX_COPIED = 60_000_000
_TAG = re.compile(r"<(?:([A-Za-z][^\s/>]*)|[/!?])")
_ATTRIBUTE = re.compile(
    r"""[\s/]*([^\s/>=][^\s/>=]*)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s>"'][^\s>]*)?)?|[\s/]+|=|(?=>)|\Z"""
)
#: Tags that core does not take out one by one, which costs as much as there are neighbours.
_KEPT = frozenset(lxml.html.defs.tags) - {"form", "html", "body"}
_MAX_DROPPED = 300
_WORD = re.compile(r"[\w-]{64,}")
_QUOTES = re.compile(
    r"\n>|&gt;|gmail_|SkyDrivePlaceholder|stopSpelling|yahoo_quoted|odoo_signature_wrapper|Signature|appendonsend"
    r"|divRplyFwdMsg|data-o-mail-quote|--|<blockquote", re.IGNORECASE)
_SIGNATURE = re.compile(r"(?:^|\n)--\s?$")


@dataclass
class _Cut:
    """What is written instead of a stretch of the source."""

    start: int
    end: int
    text: str = ""


def weigh(source: str) -> int:
    """Return what mark-up costs core at each pass, in characters without tags."""
    return len(source) + _WEIGHT * source.count("<")


def bound_html(source: str, room: int = MAX_TAGS) -> tuple[str, list[str]]:
    """Return mark-up that core digests in linear time, and codes of what was done to it.

    :param room: most tags; what follows them is left out
    """
    codes: list[str] = []
    if _stray_costs(source):
        codes.append("hostile_markup")
        source = _STRAY.sub("&lt;", source)
    source, is_nested = bound_depth(source)
    if is_nested:
        codes.append("nested_markup")
    if len(source) <= SMALL and room >= MAX_TAGS:
        return source, codes
    cuts, end = _look(source, room)
    if cuts:
        codes.append("hostile_markup")
    if end < len(source):
        codes.append("oversize_text")
    source = _without(source[:end], cuts)
    if _may_quote(source):
        source, changed = _bound_quotations(source)
        codes += ["hostile_markup"] * changed
    return source, codes


def bound_plain(source: str) -> tuple[str, list[str]]:
    """Return a plain text in which core finds the quoted lines in linear time, and codes of what was done to it."""
    if len(source) > SMALL and len(_QUOTED_LINES.findall(source)) * len(source) > _MAX_COPIED:
        return source.replace("\n>", "\n >"), ["hostile_markup"]
    return source, []


def _stray_costs(source: str) -> bool:
    """Whether looking for the ends of tags that have none takes long."""
    strays = [match.start() for match in _STRAY.finditer(source)]
    if len(strays) > _MAX_STRAY:
        return True
    # from each to the next end of a tag; within one, everything that looks like an attribute does so again
    spans = [(one, _end_of(source, one)) for one in strays]
    if sum(end - start for start, end in spans) > _MAX_LOOKED_AT:
        return True
    repeated = sum((end - start) * source.count("encoding=", start, end) for start, end in spans)
    return repeated > _MAX_LOOKED_AT


def _end_of(source: str, start: int) -> int:
    end = source.find(">", start)
    return end if end >= 0 else len(source)


def _look(source: str, room: int) -> tuple[list[_Cut], int]:
    """Return what is to be cut out of tags, and where there are too many of them."""
    cuts: list[_Cut] = []
    squares = 0
    tags = dropped = 0
    position = 0
    for match in _TAG.finditer(source):
        if match.start() < position:
            continue  # within a quoted value
        tags += 1
        if tags > room:
            return cuts, match.start()
        position = match.end()
        if match[1] is None:
            continue
        position, squares = _look_at_attributes(source, position, cuts, squares)
        if match[1].lower() not in _KEPT:
            dropped += 1
            if dropped > _MAX_DROPPED:
                while cuts and cuts[-1].start >= match.start():
                    cuts.pop()
                position += source[position : position + 1] == ">"
                cuts.append(_Cut(match.start(), position))
    return cuts, len(source)


def _look_at_attributes(source: str, position: int, cuts: list[_Cut], squares: int) -> tuple[int, int]:
    """Go over the attributes of a tag; return where they end, and the squares so far."""
    count = 0
    begin = position
    while match := _ATTRIBUTE.match(source, position):
        if match.end() == position:
            break
        name, value = match[1], match[2]
        position = match.end()
        if name is None:
            continue
        count += 1
        if count == MAX_ATTRIBUTES:
            begin = position
        if value and name.lower() == "style":
            cost = sum(len(word) ** 2 for word in _WORD.findall(value)) + 250_000 * value.lower().count("expression")
            squares += cost
            if squares > _MAX_SQUARES:
                squares -= cost
                cuts.append(_Cut(match.start(2), match.end(2), '""'))
    if count > MAX_ATTRIBUTES:
        while cuts and cuts[-1].start >= begin:
            cuts.pop()
        cuts.append(_Cut(begin, position))
    return position, squares


def _without(source: str, cuts: list[_Cut]) -> str:
    pieces: list[str] = []
    position = 0
    for cut in cuts:
        pieces += [source[position : cut.start], cut.text]
        position = min(cut.end, len(source))
    return "".join([*pieces, source[position:]]) if cuts else source


# -- quotations ------------------------------------------------------------------------------------


def _may_quote(source: str) -> bool:
    """Whether there can be so many quotations, or neighbours of one, that it is worth a look at the tree."""
    lines = source.count("\n>") + source.count("\n&gt;")
    many = source.count("<") > MAX_QUOTED_CHILDREN or lines * len(source) > _MAX_COPIED
    return many and _QUOTES.search(source) is not None


def _bound_quotations(source: str) -> tuple[str, bool]:
    """Keep core from looking for quotations among thousands of neighbours."""
    try:
        root = lxml.html.fragment_fromstring(source, create_parent="div")
    except (lxml.etree.LxmlError, ValueError, AssertionError):
        return source, False  # core makes of it what it can, which is little
    changed = False
    for parent in root.iter(lxml.etree.Element):
        if len(parent) > MAX_QUOTED_CHILDREN and _is_quoting(parent):
            changed = True
            # a node of a quotation: core does not look at what is in it
            parent.set("data-o-mail-quote-node", "1")
            for child in parent.iterchildren(lxml.etree.Element):
                _unmark(child)
    texts = _bound_text_quotations(root)
    if not changed and not texts:
        return source, False
    if root.attrib:
        return lxml.html.tostring(root, encoding="unicode"), True
    inner = "".join(lxml.html.tostring(child, encoding="unicode") for child in root)
    return _escaped(root.text) + inner, True


def _is_quoting(parent: Any) -> bool:
    """Whether core looks for the place of each child among the others."""
    marks = " ".join([parent.get("class") or "", parent.get("id") or "", *parent.attrib])
    if _QUOTES.search(marks):
        return True
    return any(
        _QUOTES.search(" ".join([child.get("class") or "", child.get("id") or "", *child.attrib]))
        or _SIGNATURE.search((child.text or "")[-8:])
        for child in parent.iterchildren(lxml.etree.Element)
    )


def _unmark(child: Any) -> None:
    """Take away what makes core mark all that follows."""
    for name in ("class", "id"):
        if _QUOTES.search(child.get(name) or ""):
            del child.attrib[name]


def _bound_text_quotations(root: Any) -> bool:
    """Bound how often core cuts a text at the quoted lines in it: each cut copies the rest."""
    changed = False
    for node in root.iter(lxml.etree.Element):
        text = node.text
        if text and (bounded := bound_plain(text)[0]) != text:
            node.text = bounded
            changed = True
    return changed


def _escaped(text: str | None) -> str:
    return (text or "").replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
