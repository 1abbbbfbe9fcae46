"""The first words of a message that say something, for a list of messages."""

from __future__ import annotations

import re

from .markup import unescape, without_hidden
from .text import clean_line

#: More of a text than this is never looked at.
_MAX_LOOK = 64 * 1024
_IS_HTML = re.compile(
    r"<(?:html|body|head|div|p|br|table|span|pre|a|b|i|ul|font|meta|!doctype|!--)\b", re.IGNORECASE
)
_QUOTED_HTML = re.compile(
    r"<blockquote\b|<div\b[^>]{0,300}(?:gmail_quote|yahoo_quoted|divRplyFwdMsg|moz-cite-prefix|data-o-mail-quote=)"
    r"|<hr\b[^>]{0,300}(?:stopSpelling|data-o-mail-quote)",
    re.IGNORECASE,
)
_BLOCK = re.compile(
    r"<(?:/?(?:p|div|tr|li|h[1-6]|table|pre|ul|ol|section|article)|br|hr)\b[^<>]*>", re.IGNORECASE
)
_TAG = re.compile(r"<[^<>]{0,4000}>")
_QUOTE_LINE = re.compile(r"^\s*(?:>|\|\s)")
_QUOTE_BEGINS = re.compile(
    r"^\s*(?:-{2,}\s*(?:original|urspr.ngliche|weitergeleitete|forwarded)\b.*|_{10,}\s*"
    r"|(?:on|am|le)\b.{5,200}(?:wrote|schrieb|.crit)\b.{0,100}:?\s*"
    r"|(?:from|von)\s*:\s.{0,200}@.*|.{0,100}<[^<>@\s]+@[^<>\s]+>\s*(?:wrote|schrieb)(?:\s*:)?\s*)$",
    re.IGNORECASE,
)
_GREETING = re.compile(
    r"^\s*(?:(?:sehr\s+geehrte[rsn]?|liebe[rs]?|guten\s+(?:tag|morgen|abend)|hallo|moin|servus|gr..?\s+gott|hi|hello|hey"
    r"|dear|good\s+(?:morning|afternoon|evening|day)|greetings)\b"
    r"(?:[^,!.:;\n]|(?<=Mr|Ms|Dr|Hr|Fr)\.|(?<=Mrs)\.|(?<=Prof)\.){0,80}(?:[,!:;]+|\.(?=\s|$)|$))\s*",
    re.IGNORECASE,
)
_SIGNATURE = re.compile(r"^(?:-- ?|__+)$")
_MAX_LINE = 2000


def preview(text: str, length: int = 120) -> str:
    """Return the first words of a text or HTML body, on one line, at most ``length`` characters.

    Greetings, quotations and signatures (English, German) are passed over. If nothing else is
    there, the first words whatever they are. A clipped text ends with an ellipsis.
    """
    source = text[:_MAX_LOOK]
    plain = _strip_html(source) if _IS_HTML.search(source[:4096]) else source
    lines = [line[:_MAX_LINE] for line in plain.splitlines()]
    own = _own_words(lines, 4 * length)
    words = clean_line(own, 8 * length) or clean_line(" ".join(lines)[: 8 * length])
    if not words and plain != source:
        words = clean_line(unescape(_TAG.sub(" ", without_hidden(source)))[: 8 * length])
    return _clip(words, length)


def _strip_html(source: str) -> str:
    source = without_hidden(source)
    quoted = _QUOTED_HTML.search(source)
    # an answer below its quotation is rarer than a quotation below the answer
    if quoted and _TAG.sub("", source[: quoted.start()]).strip():
        source = source[: quoted.start()]
    source = (
        source.replace("\r", " ").replace("\n", " ") if "<pre" not in source.lower() else source
    )
    return unescape(_TAG.sub("", _BLOCK.sub("\n", source))).replace("\xa0", " ")


def _own_words(lines: list[str], enough: int) -> str:
    kept: list[str] = []
    size = 0
    for line in lines:
        if _QUOTE_LINE.match(line):
            continue
        if _SIGNATURE.match(line.strip()) or _QUOTE_BEGINS.match(line):
            if kept:
                break
            continue
        words = (line if kept else _GREETING.sub("", line)).strip()
        if words:
            kept.append(words)
            size += len(words)
        if size > enough:
            break
    return " ".join(kept)


def _clip(text: str, length: int) -> str:
    if len(text) <= length:
        return text
    clipped = text[: max(1, length - 1)]
    # rather a word less than half a word, unless the word is very long
    space = -1 if text[len(clipped)] == " " else clipped.rfind(" ", length // 2)
    return (clipped[:space] if space > 0 else clipped).rstrip(" ,;:-") + "…"
