"""Addresses in the mark-up of a message: where they lead, as a browser reads them (WHATWG URL Standard).

What a browser accepts is wider than RFC 3986: it drops tabs and line breaks, decodes percent signs in a
host, folds wide letters, and reads ``0x7f.1`` as an IPv4 address. Whoever looks at less is led elsewhere.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from urllib.parse import unquote

#: What a browser drops at the ends, and within (URL Standard, 4.4).
_ENDS = "".join(map(chr, range(0x21)))
_DROPPED = re.compile(r"[\t\n\r]+")
_REFUSED = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
_WEB = re.compile(r"\A(https?)://([^/?#\\]+)([^\\]*)\Z", re.IGNORECASE | re.DOTALL)
_MAILTO = re.compile(r"\Amailto:([^?]*)(?:\?(.*))?\Z", re.IGNORECASE | re.DOTALL)
#: A number to call; no service codes, which some phones carry out at once.
_TEL = re.compile(r"\Atel:\+?[0-9()./ -]+\Z", re.IGNORECASE)
#: What may be in an address for a mail to begin with (RFC 6068); not files, not hidden recipients.
_MAIL_FIELDS = {"subject", "body", "cc", "to"}
_HOST = re.compile(r"\A[\w.-]+\Z")
_QUOTED = str.maketrans({" ": "%20", '"': "%22", "'": "%27", "<": "%3C", ">": "%3E", "`": "%60"})
_DATA_PICTURE = re.compile(r"\Adata:image/(?:png|gif|jpe?g|webp|bmp);base64,[A-Za-z0-9+/=%\s]*\Z", re.IGNORECASE)
#: Names that mean a machine of the reader's own network (RFC 6761, 6762, 8375, 9476, and usage).
_INNER = {"localhost", "localdomain", "local", "internal", "intranet", "lan", "home", "corp", "private", "arpa",
          "invalid"}
_NUMBER = re.compile(r"\A(?:0x[0-9a-f]*|[0-9]+)\Z")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def web_address(value: str) -> tuple[str, str] | None:
    """Return (address, host) of an address with ``http:`` or ``https:``; None if it is none.

    One that names a user is none: ``https://bank.example@elsewhere.example`` is made to be misread.
    The host is in the form of :func:`plain_host`.
    """
    match = _WEB.match(_tidy(value))
    if not match or "@" in match[2]:
        return None
    host = plain_host(match[2])
    return (f"{match[1].lower()}://{match[2]}{match[3]}".translate(_QUOTED), host) if host else None


def link_address(value: str) -> str | None:
    """Return an address that a link may have: of the web, of a mail, or a number to call. None otherwise."""
    tidy = _tidy(value)
    if web := web_address(tidy):
        return web[0]
    if mail := _MAILTO.match(tidy):
        fields = [one for one in (mail[2] or "").split("&") if one.partition("=")[0].lower() in _MAIL_FIELDS]
        return f"mailto:{mail[1]}{'?' if fields else ''}{'&'.join(fields)}".translate(_QUOTED)
    return tidy.translate(_QUOTED) if _TEL.match(tidy) else None


def picture_address(value: str) -> tuple[str, str] | None:
    """Return (address, host) from where a picture may be loaded: of the web, and of no inner network."""
    web = web_address(value)
    return web if web and is_public_host(web[1]) else None


def is_data_picture(value: str) -> bool:
    """Whether an address is a picture itself, of a kind that is only a picture (SVG is a document)."""
    return _DATA_PICTURE.match(value) is not None


def plain_host(authority: str) -> str:
    """Return the host of ``host:port`` as a browser reads it, empty if it would take none."""
    if authority.startswith("["):
        host, bracket, port = authority[1:].partition("]")
        host = f"[{host.lower()}]" if bracket and re.fullmatch(r"[0-9a-fA-F:.]+", host) else ""
        return host if re.fullmatch(r"(:[0-9]*)?", port) else ""
    host, colon, port = authority.rpartition(":")
    if not colon:
        host = authority
    elif port and not (port.isascii() and port.isdigit()):
        return ""
    if not host.isascii() or "%" in host:
        host = _folded(host)
    host = host.lower().rstrip(".")
    return host if _HOST.match(host) and ".." not in host else ""


def _folded(host: str) -> str:
    try:
        host = unicodedata.normalize("NFKC", unquote(host, errors="strict"))
    except UnicodeDecodeError:
        return ""
    return "".join(char for char in host.replace("\u3002", ".") if unicodedata.category(char) != "Cf")


def is_public_host(host: str) -> bool:
    """Whether a host (of :func:`plain_host`) is in the open net: no loopback, no private net, no bare name."""
    if host.startswith("["):
        return _is_public_ipv6(host[1:-1])
    labels = host.split(".")
    if _NUMBER.match(labels[-1]):
        address = _ipv4(labels)
        return address is not None and address.is_global and not address.is_multicast
    return len(labels) > 1 and labels[-1] not in _INNER


def _ipv4(labels: list[str]) -> ipaddress.IPv4Address | None:
    """Return the address that a browser makes of one to four numbers (URL Standard, IPv4 parser)."""
    if len(labels) > 4 or not all(_NUMBER.match(label) and len(label) < 16 for label in labels):
        return None
    try:
        numbers = [_number(label) for label in labels]
    except ValueError:
        return None
    if any(number > 255 for number in numbers[:-1]) or numbers[-1] >= 256 ** (5 - len(numbers)):
        return None
    high = sum(number << (24 - 8 * index) for index, number in enumerate(numbers[:-1]))
    return ipaddress.IPv4Address(high + numbers[-1])


def _number(label: str) -> int:
    if label.startswith("0x"):
        return int(label[2:] or "0", 16)
    return int(label, 8 if len(label) > 1 and label.startswith("0") else 10)


def _is_public_ipv6(text: str) -> bool:
    try:
        address = ipaddress.IPv6Address(text)
    except ValueError:
        return False
    inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
    if inner is None and address in _NAT64:
        inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if inner is None and int(address) >> 32 == 0:
        return False  # ::, ::1, and IPv4 in its outdated form
    return (inner is None and address.is_global and not address.is_multicast) or (
        inner is not None and inner.is_global and not inner.is_multicast)


def _tidy(value: str) -> str:
    """Return an address as a browser reads it; empty where it holds what is in none."""
    value = _DROPPED.sub("", value.strip(_ENDS))
    return "" if _REFUSED.search(value) else value
