"""The header section of a mail, cut into fields, from raw bytes.

Follows the standard library's parser to the letter where that parser makes sense of a section
(``email.feedparser``), so that both agree on where headers end and a body begins; mends what makes
it give up at the first line: blank or foreign lines in front, a folded line without its indent.
"""

from __future__ import annotations

import mmap
import re
from dataclasses import dataclass

Raw = bytes | mmap.mmap | memoryview

MAX_SECTION = 256 * 1024
MAX_HEADERS = 1000
MAX_VALUE = 64 * 1024

#: Where a line begins, or behind a byte order mark: what stands there alone costs no more wherever else it is sought.
_BEGIN = rb"(?:\A|(?<=[\r\n\xbf]))"
#: A run of header lines as the standard parser takes them: fields, continuations, unix-from.
_SECTION = re.compile(_BEGIN + rb"(?:(?:From |[\x21-\x39\x3b-\x7e]*:|[ \t])[^\r\n]*(?:\r\n|\r|\n|\Z))*")
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_END_OF_LINE = re.compile(rb"\r\n|\r|\n")
_LEADING = re.compile(
    _BEGIN + rb"(?:\xef\xbb\xbf)?(?:[ \t]*(?:\r\n|\r|\n))*(?:>+From [^\r\n]*(?:\r\n|\r|\n))?"
)
_KNOWN = re.compile(
    rb"^(?:Subject|From|To|Cc|Date|Message-ID|MIME-Version|Content-Type|Content-Transfer-Encoding"
    rb"|Content-Disposition|Received|Return-Path|References|In-Reply-To|Reply-To|Sender"
    rb"|DKIM-Signature|ARC-[A-Za-z-]+|Authentication-Results|Delivered-To|List-[A-Za-z-]+|X-[A-Za-z-]+):",
    re.IGNORECASE | re.MULTILINE,
)
#: Lines that are no header lines, up to one that is.
_STRAY_LINES = re.compile(
    _BEGIN + rb"(?:(?!--|From |[\x21-\x39\x3b-\x7e]*:|[ \t])[^\r\n]+(?:\r\n|\r|\n)){1,20}"
)
_LINE_BREAK = re.compile(rb"(\r\n|\r|\n)(?=.)", re.DOTALL)
_MAX_STRAY = 60


@dataclass(frozen=True)
class HeaderSection:
    """The header fields of one entity.

    :param fields: (name, value) in order; values as in the source, folds included, raw bytes as
        lone surrogates
    :param body_start: offset at which the body begins
    :param unix_from: the envelope line in front (``From x@y Sat ...``), if there is one
    :param repairs: codes of what was mended
    """

    fields: tuple[tuple[str, str], ...]
    body_start: int
    unix_from: str | None = None
    repairs: tuple[str, ...] = ()


def read_section(raw: Raw, start: int, end: int, *, top: bool = False) -> HeaderSection:
    """Read the header fields of the entity that begins at ``start`` and ends before ``end``.

    :param top: whether this is a whole mail, which may have blank lines in front
    """
    repairs: list[str] = []
    if top:
        start = _skip_leading(raw, start, end, repairs)
    limit = min(end, start + MAX_SECTION)
    stop = _section_end(raw, start, limit)
    pieces = [raw[start:stop]]
    while start < stop < limit and len(pieces) <= _MAX_STRAY:
        stray = _stray_lines(raw, stop, limit)
        if not stray:
            break
        # glue the stray lines to the field above them, as the folds they were meant to be
        resumed = stop + len(stray)
        stop = _section_end(raw, resumed, limit)
        pieces += [b" ", _LINE_BREAK.sub(rb"\1 ", stray), raw[resumed:stop]]
        repairs.append("broken_header_line")
    if stop >= limit and limit < end:
        stop = _skip_rest(raw, limit, end, repairs)
    text = b"".join(bytes(piece) for piece in pieces).decode("ascii", "surrogateescape")
    fields, unix_from = _split_fields(text, repairs)
    separator = _END_OF_LINE.match(raw, stop, min(end, stop + 2))
    body_start = separator.end() if separator else stop
    return HeaderSection(tuple(fields), body_start, unix_from, tuple(repairs))


def _skip_leading(raw: Raw, start: int, end: int, repairs: list[str]) -> int:
    match = _LEADING.match(raw, start, min(end, start + 4096))
    if (
        match
        and match.end() > start
        and _section_end(raw, match.end(), min(end, match.end() + 1000)) > match.end()
    ):
        repairs.append("leading_garbage")
        return match.end()
    return start


def _section_end(raw: Raw, start: int, limit: int) -> int:
    match = _SECTION.match(raw, start, limit)
    return match.end() if match else start


def _stray_lines(raw: Raw, position: int, limit: int) -> bytes:
    """Return the lines at a position that are no header lines and yet stand among headers."""
    stray = _STRAY_LINES.match(raw, position, limit)
    if not stray:
        return b""
    # text that happens to hold a colon is no header: a well-known name must follow
    following = bytes(raw[stray.end() : _section_end(raw, stray.end(), limit)])
    return stray[0] if _KNOWN.search(following) else b""


def _skip_rest(raw: Raw, position: int, end: int, repairs: list[str]) -> int:
    """Return where a header section ends that is longer than we read."""
    repairs.append("too_many_headers")
    blank = re.compile(rb"\r\n\r\n|\n\n|\r\r").search(raw, max(0, position - 4), end)
    if not blank:
        return end
    # leave the blank line itself to the caller
    return blank.start() + len(blank[0]) // 2


def _split_fields(text: str, repairs: list[str]) -> tuple[list[tuple[str, str]], str | None]:
    """Cut the lines of a section into fields, as ``FeedParser._parse_headers`` does."""
    fields: list[tuple[str, str]] = []
    unix_from: str | None = None
    name, lines = "", [""]
    found = _LINE.findall(text)
    for number, line in enumerate(found):
        if line[0] in " \t":
            if name:
                lines.append(line)
            continue
        if name:
            fields.append((name, "".join(lines).rstrip("\r\n")))
            name = ""
        if line.startswith("From "):
            unix_from = line.rstrip("\r\n") if number == 0 else unix_from
            if 0 < number == len(found) - 1:
                # the standard parser takes it for the first line of the text
                repairs.append("misplaced_envelope")
            continue
        name, _colon, value = line.partition(":")
        lines = [value.lstrip(" \t")]
        if len(fields) >= MAX_HEADERS:
            repairs.append("too_many_headers")
            return fields, unix_from
    if name:
        fields.append((name, "".join(lines).rstrip("\r\n")))
    return fields, unix_from
