"""Character sets as mail really names them: a codec for a label, and text for bytes.

Labels in mail are often wrong (``X-GBK``, empty, ``charset=us-ascii`` twice) and bytes often are
not what the label says. Nothing in here raises for any input.
"""

from __future__ import annotations

import codecs
import re
from functools import lru_cache

try:
    import chardet
except ImportError:  # Odoo requires it; without it such texts are read as western ones
    chardet = None  # type: ignore[assignment]

_NOT_WESTERN = re.compile("gb.*|big5.*|cp9..|cp1251|koi8.*|euc.*|shift.*|iso2022.*|cp874|tis.*")
#: Labels that Python's own registry does not know, or knows under another name only.
_ALIASES = {
    "x-gbk": "gb18030",
    "x-gb2312": "gb18030",
    "x-mac-cyrillic": "mac_cyrillic",
    "x-mac-roman": "mac_roman",
    "macintosh": "mac_roman",
    "x-mac-ce": "mac_latin2",
    "x-mac-greek": "mac_greek",
    "x-mac-turkish": "mac_turkish",
    "x-sjis": "cp932",
    "x-euc": "euc_jp",
    "x-euc-jp": "euc_jp",
    "x-big5": "cp950",
    "x-cp1250": "cp1250",
    "x-cp1251": "cp1251",
    "x-cp1252": "cp1252",
    "ansi": "cp1252",
    "ansi_x3.110-1983": "iso8859_1",
    "windows-874": "cp874",
    "windows-31j": "cp932",
    "windows-949": "cp949",
    "windows-936": "gbk",
    "iso-8859-8-i": "iso8859_8",
    "iso-8859-8-e": "iso8859_8",
    "iso-8859-6-i": "iso8859_6",
    "unicode-1-1-utf-7": "utf_7",
    "unicode-1-1-utf-8": "utf_8",
    "utf8mb4": "utf_8",
    "unicode": "utf_16",
    "cp-1252": "cp1252",
    "iso-10646-ucs-2": "utf_16",
    "latin-9": "iso8859_15",
}
#: Codecs of Python that are no character sets, or can fail on any text, or depend on the machine.
_NOT_FOR_MAIL = re.compile(
    "idna|punycode|undefined|mbcs|oem|utf-8-sig|(?:raw[-_])?unicode[-_](?:escape|internal)"
)
#: Wider sets that senders mean when they name the narrow one (as in the WHATWG encoding standard).
_WIDER = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "cp950",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "tis-620": "cp874",
}
_PLAIN_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:+-]*")
_BLANKS = " \t\r\n\x0b\x0c\xa0"
_C1_CONTROLS = re.compile(rb"[\x80-\x9f]")
_META_CHARSET = re.compile(
    rb"""<meta[^<>]{0,200}?charset\s*=[\s"']*([A-Za-z0-9_.:\-]{1,40})""", re.IGNORECASE
)
_MAX_LABEL = 60


@lru_cache(maxsize=512)
def python_knows(label: str) -> bool:
    """Whether ``bytes.decode(label)`` is a character set to Python as the label stands."""
    if len(label) > _MAX_LABEL or not _PLAIN_LABEL.fullmatch(label):
        return False
    try:
        info = codecs.lookup(label)
    except (LookupError, ValueError):
        return False
    # ``bytes.decode`` refuses codecs such as base64 or rot13 by the same mark
    return bool(getattr(info, "_is_text_encoding", True)) and not _NOT_FOR_MAIL.fullmatch(info.name)


@lru_cache(maxsize=512)
def find_codec(label: str) -> str | None:
    """Return the name of a codec for a charset label as found in mail, or None.

    >>> find_codec('X-GBK'), find_codec('"charset=us-ascii"'), find_codec('X-UNKNOWN')
    ('gb18030', 'us-ascii', None)
    """
    label = label[: 2 * _MAX_LABEL]
    if python_knows(label):
        return label
    cleaned = _without_noise(_without_noise(label)).lower()
    candidates = [
        cleaned,
        _ALIASES.get(cleaned, ""),
        cleaned.removeprefix("x-"),
        re.sub(r"^(cp|iso|utf|koi8)-?_?", r"\1", cleaned),
    ]
    candidates.append(re.split(r"[\s;,]", cleaned, maxsplit=1)[0])
    return next((name for name in candidates if name and python_knows(name)), None)


def _without_noise(label: str) -> str:
    """Return a label without quotes, brackets and the word ``charset=`` around it."""
    label = label.lstrip(_BLANKS)
    if label[:7].lower() == "charset" and label[7:].lstrip(_BLANKS).startswith("="):
        label = label[7:].lstrip(_BLANKS)[1:]
    return label.lstrip(_BLANKS + "\"'<\\").rstrip(_BLANKS + "\"'>;,\\")


def decode_text(
    data: bytes, label: str | None, *, is_html: bool = False, guess: bool = True
) -> tuple[str, str | None]:
    """Decode the bytes of a text with the charset that it claims, or a better one.

    :param label: the charset parameter, None if there is none
    :param is_html: whether a ``<meta charset>`` inside may be believed when the label is useless
    :param guess: whether the bytes may be looked at for what they are likely to be, which costs
    :return: the text, and a repair code (``unknown_charset``, ``wrong_charset``) or None
    """
    codec = find_codec(label) if label else None
    if codec is None:
        code = None if label is None or not label.strip() else "unknown_charset"
        return _decode_guessed(data, code, is_html, guess)
    name = codecs.lookup(codec).name
    try:
        text = data.decode(codec)
    except UnicodeError:
        return _decode_mislabelled(data, codec, name, is_html, guess)
    if name in {"iso8859-1", "iso8859-9"} and _C1_CONTROLS.search(data):
        return data.decode(_WIDER[name], "replace"), "wrong_charset"
    return text, None


def _decode_guessed(
    data: bytes, code: str | None, is_html: bool, guess: bool = True
) -> tuple[str, str | None]:
    """Decode bytes about whose charset nothing reliable is said."""
    try:
        return data.decode("utf-8"), code
    except UnicodeDecodeError:
        code = code or "wrong_charset"
    if is_html and (meta := _META_CHARSET.search(data[:4096])):
        codec = find_codec(meta[1].decode("ascii"))
        if codec and codecs.lookup(codec).name != "utf-8":
            return data.decode(codec, "replace"), code
    return data.decode((guess and _detect(data)) or "cp1252", "replace"), code


def _detect(data: bytes) -> str | None:
    """Return the likely codec of a text that is mostly not ASCII, so not a western one."""
    sample = data[:4096]
    dense = len(sample) - len(sample.decode("ascii", "ignore")) > len(sample) // 4
    if chardet is None or not dense:
        return None
    codec = find_codec(str(chardet.detect(sample).get("encoding")))
    return codec if codec and _NOT_WESTERN.fullmatch(codecs.lookup(codec).name) else None


def _decode_mislabelled(
    data: bytes, codec: str, name: str, is_html: bool, guess: bool
) -> tuple[str, str | None]:
    """Decode bytes that are no valid text in the charset they claim."""
    if name == "ascii":
        return _decode_guessed(data, "wrong_charset", is_html, guess)
    if wider := _WIDER.get(name):
        try:
            return data.decode(wider), "wrong_charset"
        except UnicodeError:
            return data.decode(wider, "replace"), "wrong_charset"
    try:
        text = data.decode(codec, "replace")
    except UnicodeError:  # a codec that fails even so (utf-7 and utf-16 with odd input)
        return _decode_guessed(data, "wrong_charset", is_html, guess)
    if name == "utf-8" and 2 * text.count("\ufffd") > len(text) - len(
        text.encode("ascii", "ignore")
    ):
        # most of what is not ASCII is not UTF-8 either
        return _decode_guessed(data, "wrong_charset", is_html, guess)
    return text, "wrong_charset"


def decode_header_bytes(data: bytes, hint: str | None = None) -> str:
    """Decode raw 8-bit bytes of a header: UTF-8 if valid, else the hinted charset, else cp1252."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        codec = find_codec(hint) if hint else None
        if codec and codecs.lookup(codec).name not in {"ascii", "utf-8", "iso8859-1"}:
            try:
                return data.decode(codec)
            except UnicodeError:
                return data.decode("cp1252", "replace")
        return data.decode("cp1252", "replace")
