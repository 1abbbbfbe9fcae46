"""What of a sender's mark-up is shown, and what goes out again within an answer: one list for both.

Lists of what is allowed, so that nobody has to know what a browser, now or later, makes of the rest.
Without raw text elements, comments and foreign namespaces there is nothing in the result that one
parser could read as text and another as elements.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import lxml.etree  # type: ignore[import-untyped]

from .style_rules import clean_style
from .web_address import link_address, web_address

ELEMENTS = frozenset((
    "a", "abbr", "acronym", "address", "area", "article", "aside", "b", "bdi", "big", "blockquote", "br", "caption",
    "center", "cite", "code", "col", "colgroup", "dd", "del", "details", "dfn", "dir", "div", "dl", "dt", "em",
    "figcaption", "figure", "font", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "i", "img", "ins",
    "kbd", "li", "main", "map", "mark", "menu", "nav", "ol", "p", "pre", "q", "rp", "rt", "ruby", "s", "samp",
    "section", "small", "span", "strike", "strong", "sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th",
    "thead", "tr", "tt", "u", "ul", "var", "wbr",
))
#: What goes with all that is in it; of everything else that is not allowed, the inside stays.
_DROPPED = frozenset((
    "applet", "audio", "base", "button", "canvas", "datalist", "dialog", "embed", "frame", "frameset", "head", "iframe",
    "input", "link", "math", "meta", "noembed", "noframes", "noscript", "object", "option", "param", "portal", "script",
    "select", "slot", "source", "style", "svg", "template", "textarea", "title", "track", "video",
))
#: Attributes that are only looks and words.
_ATTRIBUTES = frozenset((
    "abbr", "align", "alt", "axis", "bgcolor", "bordercolor", "char", "clear", "color", "dir", "face", "frame", "lang",
    "noshade", "nowrap", "open", "reversed", "rules", "scope", "summary", "title", "type", "valign",
    "data-o-mail-quote", "data-o-mail-quote-node", "coords", "shape",
))
_NUMBERS = frozenset(("border", "cellpadding", "cellspacing", "height", "hspace", "size", "start", "value", "vspace",
                      "width"))
_SPANS = frozenset(("colspan", "rowspan", "span"))
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NUMBER = re.compile(r"\A\s*[+-]?\d{1,4}(?:\.\d{1,9})?\s*(?:(?:%|px|pt|em|\*)\s*)?\Z")
_SPAN = re.compile(r"\A\s*\d{1,3}\s*\Z")
_NAME = re.compile(r"\A[\w.:-]{1,200}\Z")
_WITH_BACKGROUND = frozenset(("table", "tbody", "td", "tfoot", "th", "thead", "tr"))
#: Before a sender's names, so that none of them hides what a page calls so (``document.body``).
PREFIX = "m-"
#: Names by which mail programs know what is quoted.
_MARKS = frozenset(("divRplyFwdMsg", "appendonsend"))
_CLASSES = frozenset(("gmail_quote", "gmail_extra", "gmail_signature", "moz-cite-prefix", "yahoo_quoted",
                      "o_message_quote", "odoo_signature_wrapper"))
#: They turn the direction of what follows, with which a link shows another address than it has.
OVERRIDES = re.compile("[\u202d\u202e]")
_LOOKS_LIKE_ADDRESS = re.compile(
    r"\A(?:https?://)?((?:[a-z0-9_-]+\.){1,20}[a-z]{2,24})\.?(?::\d+)?(?:[/?#].*)?\Z", re.IGNORECASE | re.DOTALL)


@dataclass
class Rules:
    """How one message's mark-up is cleaned.

    :param picture: given an address, returns the one to load a picture from; None: no picture
    """

    picture: Callable[[str], str | None]
    _styles: dict[str, str] = field(default_factory=dict)

    def clean(self, root: Any) -> None:
        """Take out of a tree (``lxml.html``) what may not stay; the root itself stays, without attributes."""
        lxml.etree.strip_tags(root, lxml.etree.Comment, lxml.etree.ProcessingInstruction, lxml.etree.Entity)
        _without_controls(root)
        for node in root.iter("image"):
            node.tag = "img"  # as every browser reads it
        dropped = {node.tag for node in root.iter(lxml.etree.Element)} & _DROPPED
        if dropped:
            lxml.etree.strip_elements(root, *dropped, with_tail=False)
        for node in root.iter(lxml.etree.Element):
            if node.tag not in ELEMENTS:
                # not drop_tag: texts that are joined one by one cost the square of their number
                node.tag = "span"
        root.attrib.clear()
        for node in root.iterdescendants(lxml.etree.Element):
            if node.attrib:
                self._clean_attributes(node)

    def _clean_attributes(self, node: Any) -> None:
        source = node.attrib.items()
        given = [(name, _CONTROLS.sub("", value)) for name, value in source]
        kept = [(name, new) for name, value in given
                if (new := value if name in _ATTRIBUTES else self._clean_attribute(node.tag, name, value)) is not None]
        if kept != source:
            # not by their names, which may be none that could be named
            node.attrib.clear()
            for name, value in kept:
                node.attrib[name] = value
        if node.tag in ("a", "area") and (node.get("href") or "#")[0] != "#":
            # a page of its own, which learns nothing about this one
            node.set("target", "_blank")
            node.set("rel", "noopener noreferrer nofollow")

    def _clean_attribute(self, tag: str, name: str, value: str) -> str | None:
        """Return what an attribute may say, None if it goes."""
        if name == "style":
            if value not in self._styles:
                self._styles[value] = clean_style(value, self.picture)
            return self._styles[value] or None
        if name in _NUMBERS:
            return value if _NUMBER.match(value) else None
        if name in _SPANS:
            return value if _SPAN.match(value) else None
        if name == "class":
            return " ".join(one for one in value.split() if one in _CLASSES) or None
        if name == "role":  # that a table is only looks, for screen readers
            return value if value in ("presentation", "none") else None
        if name in ("id", "name", "usemap"):
            return self._clean_name(tag, name, value)
        return self._clean_address(tag, name, value)

    def _clean_address(self, tag: str, name: str, value: str) -> str | None:
        if name == "href" and tag in ("a", "area"):
            value = value.strip()
            return _own_name(value[1:], "#") if value.startswith("#") else link_address(value)
        if (name == "src" and tag == "img") or (name == "background" and tag in _WITH_BACKGROUND):
            return self.picture(value)
        return None

    def _clean_name(self, tag: str, name: str, value: str) -> str | None:
        if name == "id":
            return value if value in _MARKS else _own_name(value)
        if name == "usemap":
            return _own_name(value.lstrip("#"), "#") if tag == "img" else None
        return _own_name(value) if tag in ("a", "map") else None


def _without_controls(root: Any) -> None:
    """Take out control characters, which ``&#8;`` puts in: no text that holds one can be set again."""
    for node in root.iter(lxml.etree.Element):
        if node.text and _CONTROLS.search(node.text):
            node.text = _CONTROLS.sub("", node.text)
        if node.tail and _CONTROLS.search(node.tail):
            node.tail = _CONTROLS.sub("", node.tail)


def leads_elsewhere(node: Any) -> str:
    """Return the host that a link leads to where its text looks like the address of another; else empty."""
    web = web_address(node.get("href") or "")
    text = "".join(islice(node.itertext(), 20))[:300].strip()
    shown = _LOOKS_LIKE_ADDRESS.match(text) if web else None
    if not web or not shown:
        return ""
    host, named = web[1], shown[1].lower()
    return "" if _same_site(host, named) else _ascii(host)


def _same_site(host: str, other: str) -> bool:
    """Whether two names end alike: in their last two labels, or in three where these are short (``co.uk``)."""
    first, second = host.split("."), other.split(".")
    count = 3 if len(second) > 2 and len(second[-2]) <= 3 and len(second[-1]) == 2 else 2
    return first[-count:] == second[-count:]


def _ascii(host: str) -> str:
    try:
        return host.encode("idna").decode()
    except UnicodeError:
        return host


def _own_name(value: str, before: str = "") -> str | None:
    if not _NAME.match(value):
        return None
    return f"{before}{value if value.startswith(PREFIX) else PREFIX + value}"
