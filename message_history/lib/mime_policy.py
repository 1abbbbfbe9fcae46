"""The policy under which received mail is parsed: the standard SMTP policy that never raises."""

from __future__ import annotations

import re
from email import policy as standard
from email.contentmanager import ContentManager
from email.message import EmailMessage
from email.parser import HeaderParser
from typing import TYPE_CHECKING, Any

from .charsets import decode_text
from .html_bounds import MAX_TAGS, MAX_WEIGHT, bound_html, bound_plain, weigh
from .mime_headers import MAX_STANDARD, PlainHeader, TolerantHeaders
from .text import clean_line, clean_text, has_surrogates

if TYPE_CHECKING:
    from .cutting import CutPart

_LINES = re.compile(r"\r\n|\r|\n")
#: Codecs whose text, encoded again, need not be the same bytes (byte order marks, shift states).
_NOT_REVERSIBLE = re.compile(r"^(utf[-_]?(16|32|7)|iso[-_]?2022|hz|utf_8_sig)", re.IGNORECASE)


_MAX_REFOLD = 4096
#: The standard library's folding of parameters never ends where a name leaves no room in the line.
_LONG_PARAMETER = re.compile(r"(?<![^\s;=\"])[^\s;=\"]{40,}\s*=")
#: Core looks at all HTML again for each further text that it appends to it.
_MAX_LOOKS = 2 * MAX_WEIGHT
_UNFOLDED = frozenset(["message-id", "in-reply-to", "references", "resent-msg-id"])


class CutContent(bytes):
    """Stands in a list of attachments for the content of a part that was cut out."""

    part: CutPart


class GatewayMessage(EmailMessage):
    """An :class:`~email.message.EmailMessage` made of received mail.

    :ivar cut: the part whose content was left in the source, if this is one
    :ivar is_root: whether this is the mail itself, whose text core takes for the body in any case
    :ivar bounded: its HTML as it was handed out
    :ivar span: where this whole entity stands in its source, if parts of it were cut out
    """

    cut: CutPart | None = None
    span: CutPart | None = None
    is_root: bool = False
    bounded: str | None = None

    def get_payload(self, i: int | None = None, decode: bool = False) -> Any:
        """As in the base class; a part that was cut out is decoded from its source."""
        if decode and self.cut is not None:
            return self.cut.decode()
        return super().get_payload(i, decode)  # type: ignore[call-overload]

    def as_string(
        self, unixfrom: bool = False, maxheaderlen: int | None = None, policy: Any = None
    ) -> str:
        """As in the base class; what that can't express comes out as replacement characters."""
        try:
            text = super().as_string(unixfrom, maxheaderlen, policy)
        except Exception:  # noqa: BLE001 - e.g. 8-bit text in a charset that has no such letters
            text = self.as_bytes(unixfrom, policy).decode("utf-8", "replace")
        return text if not has_surrogates(text) else text.encode("utf-8", "replace").decode("utf-8")


class GatewayPolicy(standard.EmailPolicy):
    """The SMTP policy with header objects and contents that never raise."""

    def header_fetch_parse(self, name: str, value: Any) -> Any:
        """Return the header object for a source value (or the object that is there already)."""
        if hasattr(value, "name"):
            return value
        if "\n" in value or "\r" in value:
            value = _LINES.sub("", value)
        return self.header_factory(name, value)

    def header_store_parse(self, name: str, value: Any) -> tuple[str, Any]:
        """As in the base class, line breaks folded instead of refused."""
        if hasattr(value, "name") and value.name.lower() == name.lower():
            return name, value
        return name, self.header_factory(name, " ".join(str(value).splitlines()))

    def _fold(self, name: str, value: Any, refold_binary: bool = False) -> str:
        text = str(value)
        # ids are never refolded, as in Odoo's own policy: servers rewrite those that are
        is_source = not hasattr(value, "name")
        if name.lower() not in _UNFOLDED and _may_refold(text):
            try:
                return str(super()._fold(name, value, refold_binary))  # type: ignore[misc]
            except Exception:  # noqa: BLE001 - the standard library's folding raises on odd headers
                is_source = not hasattr(value, "name")
        if is_source and (text.isascii() or not refold_binary):
            return name + ": " + self.linesep.join(_LINES.split(text)) + self.linesep
        plain = clean_line(text.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
        return PlainHeader.make(name, plain).fold(policy=self)


def _may_refold(text: str) -> bool:
    """Whether the standard library folds a value in finite time and without damage."""
    return len(text) <= _MAX_REFOLD and text.isascii() and not _LONG_PARAMETER.search(text)


def make_policy(headers: TolerantHeaders) -> GatewayPolicy:
    """Return the policy for one mail, its header objects made by ``headers``."""
    return GatewayPolicy(
        linesep="\r\n",
        header_factory=headers,
        content_manager=_CONTENTS,
        message_factory=GatewayMessage,
    )


def _note(message: EmailMessage, code: str) -> None:
    factory = getattr(message.policy, "header_factory", None)
    if isinstance(factory, TolerantHeaders):
        factory.note(code)


def _bytes_of(message: EmailMessage) -> bytes:
    data = message.get_payload(decode=True)
    return data if isinstance(data, bytes) else b""


def _cut_content(part: CutPart) -> CutContent:
    content = CutContent()
    content.part = part
    return content


def _get_bytes(message: EmailMessage) -> bytes:
    if isinstance(message, GatewayMessage) and message.cut is not None:
        return _cut_content(message.cut)
    return _bytes_of(message)


def _is_attachment(message: EmailMessage) -> bool:
    if getattr(message, "is_root", False):
        return False
    disposition = str(message.get("content-disposition", "")).strip()
    return disposition.startswith("attachment") or bool(message.get_filename())


def _get_text(message: EmailMessage, errors: str = "replace") -> str | bytes:
    """Return a text, or the untouched bytes of an attachment that is no text in its charset."""
    if isinstance(message, GatewayMessage) and message.cut is not None:
        return _cut_content(message.cut)
    data = _bytes_of(message)
    declared = message.get_param("charset", "ASCII")
    label = declared if isinstance(declared, str) else None
    text, code = decode_text(data, label, is_html=message.get_content_subtype() == "html")
    cleaned = clean_text(text)
    is_headers = message.get_content_type() == "text/rfc822-headers"
    if _is_attachment(message) and not is_headers:
        if code or cleaned != text or _NOT_REVERSIBLE.match(label or ""):
            _note(message, "attachment_bytes")
            return data
        return text
    if code:
        _note(message, code)
    if cleaned != text:
        _note(message, "control_characters")
    return _readable_headers(cleaned) if is_headers else _bounded(message, cleaned)


def _bounded(message: EmailMessage, text: str) -> str:
    """Return a text within the bounds of what core's steps digest, those of the whole mail among them."""
    if message.get_content_subtype() != "html":
        bounded, codes = bound_plain(text)
    else:
        if isinstance(message, GatewayMessage) and message.bounded is not None:
            return message.bounded
        bounded, codes = _bounded_html(message, text)
    for code in codes:
        _note(message, code)
    return bounded


def _bounded_html(message: EmailMessage, text: str) -> tuple[str, list[str]]:
    headers = getattr(message.policy, "header_factory", None)
    if not isinstance(message, GatewayMessage) or not isinstance(headers, TolerantHeaders):
        return bound_html(text)
    room = min(MAX_WEIGHT - headers.html_weight, _MAX_LOOKS - headers.html_looks - headers.html_weight)
    bounded, codes = bound_html(text, _tags_in(text, max(0, room)))
    if len(bounded) > max(0, room):
        bounded, codes = "", [*codes, "oversize_text"]
    headers.html_weight += weigh(bounded)
    headers.html_looks += headers.html_weight
    message.bounded = bounded
    return bounded, codes


def _tags_in(text: str, room: int) -> int:
    """Return how many tags of a text there is room for."""
    return MAX_TAGS if weigh(text) <= room else max(0, (room - min(len(text), room)) * MAX_TAGS // MAX_WEIGHT)


def _readable_headers(text: str) -> str:
    """Leave out those of a returned message's headers that the standard parser raises on.

    Core parses this text with the standard policy, to find the Message-ID of what bounced.
    """
    message = HeaderParser(policy=standard.SMTP).parsestr(text[:MAX_STANDARD])
    for name in ("Message-Id", "X-Microsoft-Original-Message-ID"):
        try:
            message.get_all(name)
        except Exception:  # noqa: BLE001 - whatever the standard header parser stumbles over
            text = re.sub(rf"(?im)^{name}:.*(?:\n[ \t].*)*\n?", "", text)
    return text


def _get_message(message: EmailMessage) -> Any:
    """Return the message inside a message/rfc822 part, or its bytes for other kinds of message."""
    if isinstance(message, GatewayMessage) and message.cut is not None:
        return _cut_content(message.cut)
    payload = message.get_payload()
    if not isinstance(payload, list) or not payload:
        return _bytes_of(message)
    inner = payload[0]
    if message.get_content_subtype() in ("rfc822", "external-body"):
        return inner
    return inner.as_bytes() if isinstance(inner, EmailMessage) else b""


_CONTENTS = ContentManager()
_CONTENTS.add_get_handler("text", _get_text)
_CONTENTS.add_get_handler("message", _get_message)
_CONTENTS.add_get_handler("", _get_bytes)
