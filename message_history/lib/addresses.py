"""Addresses out of the headers of real mail, in one pass and without ever raising.

Python's own parsers raise on, recurse into, or take quadratic time for some of what arrives.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from .text import clean_line
from .words import decode_words

Address = tuple[str, str]
"""Display name (may be empty) and address."""

MAX_ADDRESSES = 1000
MAX_NAME = 255
MAX_ADDRESS = 320
"""RFC 3696: 64 for the local part, 255 for the domain, and the sign between."""

_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)("?)|<([^<>]*)>?|([,;:()])|([^",;:<>()]+|.)', re.DOTALL)
#: The same where quotation marks have no meaning; the groups keep their numbers.
_UNQUOTED_TOKEN = re.compile(r"(?!)()()|<([^<>]*)>?|([,;:()])|([^,;:<>()]+|.)", re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_BARE = re.compile(r"(?<![^\s<>\"(),:;\[\]\\@])[^\s<>\"(),:;\[\]\\@]{1,320}@[^\s<>\"(),:;\\@]{1,320}")
_QUOTED_LOCAL = re.compile(r'"((?:[^"\\]|\\.)+)"@([^\s"@]+)')
_DOT_ATOM = re.compile(r"[\w!#$%&'*+\-/=?^`{|}~]+(?:\.[\w!#$%&'*+\-/=?^`{|}~]+)*")
#: With dots anywhere, as some telephone companies gave them away.
_LOCAL = re.compile(r"[\w!#$%&'*+\-/=?^`{|}~.]+")
#: Labels, or an address in brackets; what real mail has, and nothing that another reader cuts at.
_DOMAIN = re.compile(r"[\w-]+(?:\.[\w-]+)*\.?|\[[\w.:-]+\]")
_WRAPPING = " \t\r\n<>'\"`,;"
_SPECIALS = re.compile(r"[^\w !#$%&'*+\-/=?^`{|}~]")


@dataclass
class _Mailbox:
    """What was read of one mailbox so far."""

    words: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    angle: str | None = None
    quoted: bool = False

    def is_empty(self) -> bool:
        """Whether nothing but comments was read."""
        return not self.words and self.angle is None

    def add(self, match: re.Match[str]) -> None:
        """Take in a token that is neither a separator nor a comment."""
        quoted, _closed, angle, _mark, plain = match.groups()
        if angle is not None:
            if self.angle is None or "@" not in self.angle:
                self.angle = angle
        elif quoted is not None:
            self.words.append(_ESCAPE.sub(r"\1", quoted))
        elif self.quoted and plain and plain.startswith("@") and self.angle is None:
            # a quoted local part: "first last"@example.com
            self.angle = f'"{self.words.pop()}"{plain}'
        else:
            self.words.append(plain or match[0])
        self.quoted = quoted is not None


def parse_addresses(
    value: str, *, hint: str | None = None, limit: int = MAX_ADDRESSES
) -> list[Address]:
    """Return the (name, address) pairs of an address header, groups flattened.

    Entries without an ``@`` are left out (``undisclosed-recipients:;``, local names).

    :param value: source text of the header; raw bytes in it are lone surrogates
    :param hint: charset for raw bytes that are not UTF-8
    :param limit: most pairs to return
    """
    if "@" not in value and "=?" in value:
        value = decode_words(value, hint)
    found: list[Address] = []
    carried = ""
    for box in _mailboxes(value):
        pair = _finish(box, carried, hint)
        # "Doe, John <john@example.com>" without quotes
        carried = "" if pair else " ".join(box.words).strip()
        if pair:
            found.append(pair)
            if len(found) >= limit:
                return found
    if not found and "@" in value:
        bare = map(_clean_address, _BARE.findall(value)[:limit])
        found = [("", address) for address in bare if address]
    return found


def _mailboxes(value: str) -> Iterator[_Mailbox]:
    """Cut a value at its separators; group names and comments are set aside."""
    box, depth = _Mailbox(), 0
    for match in _tokens(value):
        mark = match[4]
        if mark in ("(", ")"):
            depth = depth + 1 if mark == "(" else max(0, depth - 1)
        elif depth:
            box.comments.append(match[0])
        elif mark == ":" and box.angle is None and not any("@" in word for word in box.words):
            box = _Mailbox()
        elif mark in (",", ";"):
            yield box
            box = _Mailbox()
        else:
            box.add(match)
    if not box.is_empty() or box.comments:
        yield box


def _tokens(value: str) -> Iterator[re.Match[str]]:
    for match in _TOKEN.finditer(value):
        if match[1] is not None and not match[2]:
            # a quotation mark that is never closed would swallow every address behind it
            yield from _UNQUOTED_TOKEN.finditer(value, match.start() + 1)
            return
        yield match


def _finish(box: _Mailbox, carried: str, hint: str | None) -> Address | None:
    text = "".join(box.words).strip()
    if box.angle is not None and "@" not in box.angle and "=?" in box.angle:
        box.angle = decode_words(box.angle, hint)
    if box.angle is not None and (address := _clean_address(box.angle)):
        name = f"{carried}, {text}" if carried and text else text
        return _clean_name(name or "".join(box.comments), hint), address
    if "@" not in text:
        return None
    words = text.split()
    position = max(index for index, word in enumerate(words) if "@" in word)
    address = _clean_address(words[position])
    if not address:
        return None
    name = " ".join(words[:position] + words[position + 1 :])
    return _clean_name(name or "".join(box.comments), hint), address


def _clean_name(name: str, hint: str | None) -> str:
    return clean_line(decode_words(name, hint), MAX_NAME).strip(" '\"")


def _clean_address(text: str) -> str:
    """Return a bare address, its domain in lower case; empty if it is none."""
    if len(text) > 4 * MAX_ADDRESS:
        return ""
    text = clean_line(decode_words(text))
    if quoted := _QUOTED_LOCAL.fullmatch(text):
        local = _ESCAPE.sub(r"\1", quoted[1])
        if not _DOT_ATOM.fullmatch(local):
            is_one = len(text) <= MAX_ADDRESS and _DOMAIN.fullmatch(quoted[2])
            return f'"{quoted[1]}"@{quoted[2].lower()}' if is_one else ""
        text = f"{local}@{quoted[2]}"
    words = text.split()
    # an address that was folded is put together; words in front of a whole one are none of it
    if len(words) > 1 and "@" in words[-1].strip("@") and not any("@" in one for one in words[:-1]):
        words = words[-1:]
    text = "".join(words).strip(_WRAPPING)
    if text.startswith("@") and ":" in text:  # a source route (RFC 5322, 4.4)
        text = text.rpartition(":")[2]
    if text[:7].lower() == "mailto:":
        text = text[7:]
    local, at, domain = text.rpartition("@")
    if domain.endswith("]") and "[" not in domain:
        domain = domain.rstrip("]")  # as some quote them: Max [mailto:max@example.com]
    if len(text) > MAX_ADDRESS or not _LOCAL.fullmatch(local) or not _DOMAIN.fullmatch(domain):
        return ""
    return local + at + domain.lower()


def format_address(name: str, address: str) -> str:
    """Return a pair as header text (Unicode), the name quoted where it must be."""
    if not name:
        return address
    if _SPECIALS.search(name):
        name = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{name} <{address}>"
