"""Prepares the mark-up of a message for a page that shows it, in a frame without scripts.

The mark-up has been sanitised before. What is added here: pictures of the message itself get an
address, links open apart, earlier messages that are quoted fold away, and pictures from elsewhere
(which tell the sender that it is being read) are held: the page puts them back when the reader says so.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import lxml.etree  # type: ignore[import-untyped]
import lxml.html  # type: ignore[import-untyped]

_REMOTE = re.compile(r"\s*(https?:)?//", re.IGNORECASE)
_REMOTE_STYLE = re.compile(r"url\([\s'\"]*(https?:)?//[^)]*", re.IGNORECASE)
#: What an attribute is called while its picture waits for the reader's word; ``text`` is that of a style sheet.
HELD = "data-held-"
_LINKS = re.compile(r"\s*(https?:|mailto:|tel:|#)", re.IGNORECASE)
#: Attributes that load something.
_SOURCES = ("src", "srcset", "background", "poster")
#: How the usual programs mark what they quote; only the outermost is folded.
_QUOTES = (
    "descendant::*[self::blockquote[@type='cite' or contains(@class, 'gmail_quote') or @data-o-mail-quote-node] "
    "or contains(concat(' ', @class, ' '), ' gmail_quote ') or contains(@class, 'moz-cite-prefix') "
    "or @id='divRplyFwdMsg' or @id='appendonsend' or contains(@class, 'yahoo_quoted') "
    "or contains(@class, 'o_message_quote')]"
)


@dataclass
class Display:
    """A message as it is shown.

    :param remote: it wants pictures from elsewhere
    :param used_cids: Content-IDs of the files that are shown within the text
    :param files: dicts with ``index``, ``name``, ``size`` (bytes), ``mimetype``
    :param complete: read from the original, not from what the ledger kept of it
    """

    html: str = ""
    remote: bool = False
    used_cids: set[str] = field(default_factory=set)
    files: list[dict[str, Any]] = field(default_factory=list)
    complete: bool = True


def prepare_html(source: str, urls: Mapping[str, str], own_hosts: Collection[str] = ()) -> Display:
    """Return sanitised mark-up as it is shown.

    :param urls: {Content-ID: address of that part of the message}
    :param own_hosts: names of this server: nothing is loaded from it that isn't of the message, since
        the reader's session goes along
    """
    if not str(source or "").strip():
        return Display()
    root = lxml.html.fragment_fromstring(str(source), create_parent="div")
    display = Display()
    for node in list(root.iter(lxml.etree.Element)):
        _place_pictures(node, urls, own_hosts, display)
        _open_apart(node)
    _fold_quotes(root)
    display.html = lxml.html.tostring(root, encoding="unicode")
    return display


def release(source: str) -> str:
    """Return mark-up with the pictures that :func:`prepare_html` held in their places again: to quote it."""
    if HELD not in source:
        return source
    root = lxml.html.fragment_fromstring(source, create_parent="div")
    for node in root.iter(lxml.etree.Element):
        for name, value in list(node.attrib.items()):
            if name.startswith(HELD):
                del node.attrib[name]
                if name == f"{HELD}text":
                    node.text = value
                else:
                    node.set(name.removeprefix(HELD), value)
    return "".join(lxml.html.tostring(child, encoding="unicode") for child in root)


def _place_pictures(node: Any, urls: Mapping[str, str], own_hosts: Collection[str], display: Display) -> None:
    for name in _SOURCES:
        value = node.get(name)
        if value is None:
            continue
        if value.strip().lower().startswith("cid:"):
            cid = value.strip()[4:]
            if cid in urls:
                node.set(name, urls[cid])
                display.used_cids.add(cid)
            else:
                del node.attrib[name]
        elif name == "srcset" or _is_local(value, own_hosts):
            del node.attrib[name]  # src says the same, and is looked at
        elif _REMOTE.match(value):
            node.set(f"{HELD}{name}", value)
            del node.attrib[name]
            display.remote = True
    _hold_style(node, display)


def _hold_style(node: Any, display: Display) -> None:
    text = node.text if node.tag == "style" else node.get("style")
    if not text or not _REMOTE_STYLE.search(text):
        return
    display.remote = True
    without = _REMOTE_STYLE.sub("url(", text)
    if node.tag == "style":
        node.set(f"{HELD}text", text)
        node.text = without
    else:
        node.set(f"{HELD}style", text)
        node.set("style", without)


def _is_local(address: str, own_hosts: Collection[str]) -> bool:
    """Whether an address leads to this server: a mail has nothing there."""
    if address.strip().lower().startswith("data:"):
        return False
    return not _REMOTE.match(address) or (urlsplit(address.strip()).hostname or "") in own_hosts


def _open_apart(node: Any) -> None:
    """Have links open a page of their own, which learns nothing about this one."""
    if node.tag not in ("a", "area"):
        return
    if not _LINKS.match(node.get("href") or "#"):
        del node.attrib["href"]
    if not (node.get("href") or "#").startswith("#"):
        node.set("target", "_blank")
        node.set("rel", "noopener noreferrer nofollow")


def _fold_quotes(root: Any) -> None:
    """Fold away what is quoted, unless it is all there is."""
    found = root.xpath(_QUOTES)
    inner = {node for outer in found for node in outer.iterdescendants()}
    outermost = [node for node in found if node not in inner and node.getparent() is not None]
    own = len(" ".join(root.itertext()).split()) - sum(len(" ".join(one.itertext()).split()) for one in outermost)
    if own <= 0:
        return
    for node in outermost:
        follows = node.get("id") in ("divRplyFwdMsg", "appendonsend")
        _fold(node, [node, *(node.itersiblings() if follows else ())])


def _fold(node: Any, quoted: list[Any]) -> None:
    parent = node.getparent()
    if parent is None or any(outer.tag == "details" for outer in node.iterancestors()):
        return  # folded together with an earlier one
    details = lxml.html.Element("details", {"class": "o_quote"})
    summary = lxml.etree.SubElement(details, "summary")
    summary.text = "•••"
    tail = quoted[-1].tail if len(quoted) == 1 else None
    parent.insert(parent.index(node), details)
    for one in quoted:
        if len(quoted) == 1:
            one.tail = None
        details.append(one)
    details.tail = tail
