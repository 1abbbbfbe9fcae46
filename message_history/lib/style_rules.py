"""What of a style attribute may stay: known properties, plain values, pictures by a rule of the caller.

What is returned is made anew from what was understood, so that it doesn't matter where a browser would
have read the original otherwise (escapes, comments, strings that don't end).
"""

from __future__ import annotations

import re
from collections.abc import Callable

_BORDERS = tuple(f"border{side}{what}" for side in ("", "-top", "-right", "-bottom", "-left")
                 for what in ("", "-color", "-style", "-width"))
#: Nothing that places a thing outside its own box, loads anything (but the two of pictures), or makes text.
PROPERTIES = frozenset((
    "background", "background-color", "background-image", "background-position", "background-repeat",
    "background-size", "background-clip", "background-origin", *_BORDERS, "border-collapse", "border-spacing",
    "border-radius", "border-top-left-radius", "border-top-right-radius", "border-bottom-left-radius",
    "border-bottom-right-radius", "box-shadow", "box-sizing", "caption-side", "clear", "color", "column-gap",
    "direction", "display", "empty-cells", "align-items", "align-content", "align-self", "flex", "flex-basis",
    "flex-direction", "flex-flow", "flex-grow", "flex-shrink", "flex-wrap", "float", "font", "font-family", "font-size",
    "font-style", "font-stretch", "font-variant", "font-weight", "gap", "height", "hyphens", "justify-content",
    "letter-spacing", "line-break", "line-height", "list-style", "list-style-position", "list-style-type", "margin",
    "margin-top", "margin-right", "margin-bottom", "margin-left", "max-height", "max-width", "min-height", "min-width",
    "object-fit", "opacity", "orphans", "outline", "overflow", "overflow-wrap", "overflow-x", "overflow-y", "padding",
    "padding-top", "padding-right", "padding-bottom", "padding-left", "page-break-after", "page-break-before",
    "page-break-inside", "row-gap", "tab-size", "table-layout", "text-align", "text-align-last", "text-decoration",
    "text-decoration-color", "text-decoration-line", "text-decoration-style", "text-indent", "text-overflow",
    "text-shadow", "text-size-adjust", "text-transform", "text-underline-offset", "vertical-align", "visibility",
    "white-space", "widows", "width", "word-break", "word-spacing", "word-wrap",
))
_PICTURES = {"background", "background-image"}
_FAMILIES = {"font", "font-family"}
_FUNCTIONS = {"rgb", "rgba", "hsl", "hsla", "calc", "linear-gradient", "radial-gradient"}

_SPECIAL = re.compile(r"""[;"'()\n]""")
_PLAIN = re.compile(r"\A[\w\s.,%#!/+-]*\Z")
_WITH_FUNCTIONS = re.compile(r"\A[\w\s.,%#!/+()-]*\Z")
_WITH_NAMES = re.compile(r"""\A[\w\s.,%#!/+-]*(?:"[^"\\<>]*"[\w\s.,%#!/+-]*|'[^'\\<>]*'[\w\s.,%#!/+-]*)*\Z""")
#: Sizes that would make a page of a mile: five figures, three below nothing, powers of ten.
_TOO_LARGE = re.compile(r"(?<![#\w.])(?:\d{5}|[\d.]+[eE][+-]?\d)|(?<!\w)-\d{3}")
_CALL = re.compile(r"(?<![\w-])([\w-]*)\(")
_URL = re.compile(r"""url\( ?(?:"([^"]*)"|'([^']*)'|([^ "'()]*)) ?\)""", re.IGNORECASE)


def clean_style(text: str, picture: Callable[[str], str | None]) -> str:
    """Return what may stay of a style attribute.

    :param picture: given the address of a picture, returns the one to load it from; None: no picture
    """
    if "/*" in text:
        text = _without_comments(text)
    kept = []
    for declaration in _declarations(text):
        name, _colon, value = declaration.partition(":")
        name = name.strip().lower()
        value = value.strip()
        if name in PROPERTIES and value and (clean := _clean_value(name, value, picture)):
            kept.append(f"{name}: {clean}")
    return "; ".join(kept)


def _clean_value(name: str, value: str, picture: Callable[[str], str | None]) -> str:
    if name in _PICTURES and "(" in value:
        value = _place_pictures(" ".join(value.split()), picture)
        rest = _URL.sub("none", value)
    else:
        rest = value
    if _TOO_LARGE.search(rest):
        return ""
    if _PLAIN.match(rest):
        return value
    if name in _FAMILIES:
        return value if _WITH_NAMES.match(rest) else ""
    known = all(call.lower() in _FUNCTIONS for call in _CALL.findall(rest))
    return value if known and _WITH_FUNCTIONS.match(rest) and _is_balanced(rest) else ""


def _place_pictures(value: str, picture: Callable[[str], str | None]) -> str:
    def place(match: re.Match[str]) -> str:
        address = picture(match[1] or match[2] or match[3] or "")
        return f"url('{address}')" if address and not set(address) & set("'\"()\\\n ") else "none"

    return _URL.sub(place, value)


def _is_balanced(value: str) -> bool:
    depth = 0
    for sign in value:
        depth += (sign == "(") - (sign == ")")
        if depth < 0:
            return False
    return depth == 0


def _declarations(text: str) -> list[str]:
    """Return what stands between semicolons, but for those in strings and brackets."""
    if not _SPECIAL.search(text.replace(";", "")):
        return text.split(";")
    found: list[str] = []
    start, depth, quote = 0, 0, ""
    for match in _SPECIAL.finditer(text):
        sign = match[0]
        if quote:
            if sign == "\n":
                return found  # a string that doesn't end: what follows is anybody's guess
            quote = "" if sign == quote else quote
        elif sign in "\"'":
            quote = sign
        elif sign == "(":
            depth += 1
        elif sign == ")":
            depth = max(depth - 1, 0)
        elif sign == ";" and not depth:
            found.append(text[start:match.start()])
            start = match.end()
    return found if quote or depth else [*found, text[start:]]


def _without_comments(text: str) -> str:
    parts, position = [], 0
    while (start := text.find("/*", position)) >= 0:
        parts.append(text[position:start])
        end = text.find("*/", start + 2)
        if end < 0:
            return " ".join(parts)
        position = end + 2
    return " ".join([*parts, text[position:]])
