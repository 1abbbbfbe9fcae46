"""Large parts that stay in the source until they are wanted."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from .mime_policy import CutContent, GatewayMessage
from .rawheaders import Raw

_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")


@dataclass(frozen=True)
class CutPart:
    """A part whose content was not handed to the parser.

    :param id: counts from 0 in a mail
    :param filename: as Odoo will name the attachment; empty if the part has no name
    :param content_id: without angle brackets, as an HTML body refers to it
    :param disposition: ``attachment``, ``inline`` or an empty string
    :param transfer_encoding: ``base64``, ``quoted-printable``, ``x-uuencode``, ``8bit``, ...
    :param start: offset of the encoded content in ``source``; ``end`` the offset behind it
    :param source: the raw mail (or a decoded message inside it); a mapped file must stay open
    """

    id: int
    filename: str
    content_type: str
    content_id: str
    disposition: str
    transfer_encoding: str
    start: int
    end: int
    source: Raw = field(repr=False, compare=False)

    @property
    def size(self) -> int:
        """Bytes of the content as it is encoded in the mail."""
        return self.end - self.start

    def decode(self) -> bytes:
        """Return the content, decoded straight out of the source: it costs its own size, once.

        Never raises: what can't be decoded comes back as far as it can.
        """
        with memoryview(self.source) as whole, whole[self.start : self.end] as view:
            return decode_transfer(view, self.transfer_encoding)


def decode_transfer(view: memoryview | bytes, encoding: str) -> bytes:
    """Undo a Content-Transfer-Encoding (RFC 2045), as leniently as the standard library does."""
    if encoding == "base64":
        return _decode_base64(view)
    if encoding == "quoted-printable":
        return binascii.a2b_qp(view)
    if encoding in ("x-uuencode", "uuencode", "uue", "x-uue"):
        return _decode_uu(view)
    return bytes(view)


def _decode_base64(view: memoryview | bytes) -> bytes:
    try:
        return binascii.a2b_base64(view)
    except binascii.Error:
        # padding is missing: rare, so that the second copy does not matter
        bare = _NOT_BASE64.sub(b"", bytes(view))
        bare = bare[: len(bare) - (len(bare) % 4 == 1)]
        return binascii.a2b_base64(bare + b"=" * (-len(bare) % 4))


def _decode_uu(view: memoryview | bytes) -> bytes:
    """Decode uuencoded lines from ``begin`` to ``end``; without a ``begin`` nothing is decoded."""
    data = bytes(view)
    opening = re.search(rb"^begin [0-7]{1,6} ?[^\r\n]*\r?\n", data, re.MULTILINE)
    if not opening:
        return data
    decoded = bytearray()
    position = opening.end()
    for match in re.compile(rb"([^\r\n]*)(?:\r\n|\r|\n|\Z)").finditer(data, position):
        line = match[1]
        if line.strip() == b"end" or (not line and match.end() == len(data)):
            break
        if line:
            decoded += _decode_uu_line(line)
    return bytes(decoded)


def _decode_uu_line(line: bytes) -> bytes:
    try:
        return binascii.a2b_uu(line)
    except binascii.Error:
        # some encoders append a checksum or blanks: count again, as uudecode does
        length = (((line[0] - 32) & 63) * 4 + 5) // 3
        try:
            return binascii.a2b_uu(line[:length])
        except binascii.Error:
            return b""


def restore_cut_parts(attachments: Sequence[Any], cut_parts: Iterable[CutPart]) -> list[Any]:
    """Put the contents of cut parts back into the attachments that ``message_parse`` returned.

    :param attachments: tuples ``(name, content, info)``; named tuples stay what they are
    :param cut_parts: those of the mail; one that is not among them is left empty
    :return: a new list in the same order. A part's content is bytes, whatever its type; a
        forwarded message that has cut parts inside is given back byte by byte as it came.
    """
    known = {id(part) for part in cut_parts}
    return [_restore(attachment, known) for attachment in attachments]


def _restore(attachment: Any, known: set[int]) -> Any:
    content = attachment[1]
    if isinstance(content, CutContent):
        replacement = content.part.decode() if id(content.part) in known else b""
    elif isinstance(content, GatewayMessage) and content.span is not None:
        replacement = content.span.decode()
    else:
        return attachment
    if hasattr(attachment, "_replace"):
        return attachment._replace(**{attachment._fields[1]: replacement})
    return (attachment[0], replacement, *attachment[2:])
