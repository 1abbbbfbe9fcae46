"""Prepares the mark-up of a message for a page that shows it, in a frame without scripts, and for an answer.

What may stay is said by ``markup_rules``, for both. What is added for the page: pictures of the message
itself get an address, earlier messages that are quoted fold away, and pictures from elsewhere (which tell
the sender that it is being read) are held: the page puts them back when the reader says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import lxml.etree  # type: ignore[import-untyped]
import lxml.html  # type: ignore[import-untyped]

from .markup_rules import OVERRIDES, Rules, leads_elsewhere
from .web_address import is_data_picture, picture_address, plain_host

#: What an attribute is called while its picture waits for the reader's word. The page puts back these three.
HELD = "data-held-"
HOLDABLE = ("src", "background", "style")
#: Where a link leads whose text looks like another address; the page shows it behind the link.
LEADS_TO = "data-leads-to"
_HTTP = ("http:", "https:")
_REMOTE_STYLE = re.compile(r"url\('https?:[^')]*'\)")
_NO_LENGTH = re.compile(r"\s*(?:[0-2](?:px)?|(?:0+\s*)?%)\s*\Z")
_HIDDEN = re.compile(
    r"display: none|visibility: hidden|opacity: 0(?:;|$)|(?:^|; )(?:max-)?(?:width|height): [0-2](?:px)?(?:;|$)")
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
    """Return mark-up as it is shown.

    :param urls: {Content-ID: address of that part of the message}
    :param own_hosts: names of this server: nothing is loaded from it that isn't of the message, since
        the reader's session goes along
    """
    display, own = Display(), _plain(own_hosts)
    root = _parse(source)
    if root is None:
        return display

    def place(address: str) -> str | None:
        cid = address.strip()[4:] if address.strip()[:4].lower() == "cid:" else None
        if cid is None:
            return _picture(address, own)
        if cid in urls:
            display.used_cids.add(cid)
        return urls.get(cid)

    _clean(root, place)
    for node in root.iterdescendants(lxml.etree.Element):
        if node.attrib:
            _hold(node, display)
            if node.tag == "a" and (host := leads_elsewhere(node)):
                node.set(LEADS_TO, host)
    _fold_quotes(root)
    display.html = _text(root)
    return display


def quote_html(source: str, own_hosts: Collection[str] = (), *, pictures: bool = False) -> str:
    """Return mark-up as it may go out again, within an answer.

    Pictures of the message's own parts are named by their words: the parts don't go along.

    :param pictures: with pictures from elsewhere, but for those that nobody is to see; else their words
    """
    root = _parse(source)
    if root is None:
        return ""
    own = _plain(own_hosts)
    _clean(root, lambda address: _picture(address, own))
    for node in list(root.iterdescendants(lxml.etree.Element)):
        style = node.get("style") or ""
        if not pictures and _REMOTE_STYLE.search(style):
            node.set("style", _REMOTE_STYLE.sub("none", style))
        if not pictures and node.get("background", "").startswith(_HTTP):
            del node.attrib["background"]
        if node.tag == "img" and not _is_quotable(node, style, pictures=pictures):
            node.tag, node.text = "span", node.get("alt")
            node.attrib.clear()
    # core puts a link with a recipient's key wherever it reads this path (mail.mail._personalize_outgoing_body)
    return _text(root, inside=True).replace("/mail/unfollow", "&#47;mail&#47;unfollow")


def _parse(source: str) -> Any:
    """Return what is in the body as one ``div``, None if there is nothing."""
    source = OVERRIDES.sub("", str(source or ""))
    if not source.strip():
        return None
    # not fragment_fromstring: it sets texts anew, which fails for control characters (``&#8;``)
    body = lxml.html.document_fromstring(f"<html><body>{source}</body></html>").find("body")
    if body is not None:
        body.tag, body.tail = "div", None
    return body


def _clean(root: Any, picture: Callable[[str], str | None]) -> None:
    found: dict[str, str | None] = {}

    def remembered(address: str) -> str | None:
        if address not in found:
            found[address] = picture(address)
        return found[address]

    Rules(remembered).clean(root)


def _text(root: Any, *, inside: bool = False) -> str:
    text = str(lxml.html.tostring(root, encoding="unicode"))
    if inside:
        text = text.partition(">")[2].rpartition("</")[0]
    return OVERRIDES.sub("", text)


def _plain(hosts: Collection[str]) -> set[str]:
    return {plain_host(f"[{host}]" if ":" in host else host) for host in hosts}


def _picture(address: str, own_hosts: Collection[str]) -> str | None:
    """Return the address of a picture of the open net, or of one that is its own content; None for any other."""
    if address.lstrip()[:5].lower() == "data:":
        return address.strip() if is_data_picture(address.strip()) else None
    found = picture_address(f"https:{address.strip()}" if address.strip().startswith("//") else address)
    return found[0] if found and found[1] not in own_hosts else None


def _hold(node: Any, display: Display) -> None:
    """Take the pictures from elsewhere out of an element, and note them beside their places."""
    for name in ("src", "background"):
        value = node.get(name)
        if value and value.startswith(_HTTP):
            node.set(f"{HELD}{name}", value)
            del node.attrib[name]
            display.remote = True
    style = node.get("style")
    if style and _REMOTE_STYLE.search(style):
        node.set(f"{HELD}style", style)
        node.set("style", _REMOTE_STYLE.sub("none", style))
        display.remote = True


def _is_quotable(node: Any, style: str, *, pictures: bool) -> bool:
    source = node.get("src") or ""
    if not source.startswith(_HTTP):
        return source.startswith("data:")
    seen = not any(_NO_LENGTH.match(node.get(name) or "x") for name in ("width", "height"))
    return pictures and seen and not _HIDDEN.search(style.lower())


def _fold_quotes(root: Any) -> None:
    """Fold away what is quoted, unless it is all there is."""
    found = root.xpath(_QUOTES)
    inner = {node for outer in found for node in outer.iterdescendants()}
    outermost = [node for node in found if node not in inner and node.getparent() is not None]
    own = len(" ".join(root.itertext()).split()) - sum(len(" ".join(one.itertext()).split()) for one in outermost)
    if own <= 0:
        return
    for node in outermost:
        if any(outer.tag == "details" for outer in node.iterancestors()):
            continue  # folded together with an earlier one
        follows = node.get("id") in ("divRplyFwdMsg", "appendonsend")
        _fold(node, [node, *(node.itersiblings() if follows else ())])


def _fold(node: Any, quoted: list[Any]) -> None:
    details = lxml.html.Element("details", {"class": "o_quote"})
    summary = lxml.etree.SubElement(details, "summary")
    summary.text = "•••"
    tail = quoted[-1].tail if len(quoted) == 1 else None
    node.addprevious(details)
    for one in quoted:
        if len(quoted) == 1:
            one.tail = None
        details.append(one)
    details.tail = tail
