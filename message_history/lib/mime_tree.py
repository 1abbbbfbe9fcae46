"""Raw mail into a tree of messages, in one pass over the bytes and within bounds.

Makes the very tree that ``email.message_from_bytes(raw, policy=SMTP)`` makes (tested on generated
and on real mail), only faster: contents are sliced, not read line by line. It differs where that
parser can't be used on what strangers send: nesting, parts and headers are bounded, large parts
stay in the source, and a multipart without a usable boundary keeps its text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from email.message import EmailMessage

from .boundaries import Boundary, Delimiter, guess_boundary
from .cutting import CutPart, decode_transfer
from .mime_headers import TolerantHeaders
from .mime_policy import GatewayMessage, GatewayPolicy
from .rawheaders import Raw, read_section
from .text import clean_line

MAX_DEPTH = 64
MAX_PARTS = 1000
#: Core goes over the whole body again for each text it appends to it.
MAX_TEXTS = 100
#: Bytes of all texts that make the body of the message on the document, encoded.
MAX_TEXT_BYTES = 8 * 1024 * 1024
#: Likewise of HTML, which core cleans at a megabyte in some seconds.
MAX_HTML_BYTES = 2 * 1024 * 1024

#: Bytes of all messages inside, those in one another counted each time, in sizes of the mail and bytes
#: besides: core makes a file of each.
MAX_NESTED_SIZES = 4
MAX_NESTED_BYTES = 1024 * 1024

_CTE_DECODED = ("base64", "quoted-printable")
_HTML = re.compile(rb"<(?:html|body|div|table|p|br)\b", re.IGNORECASE)
_BASE64_LINE = re.compile(rb"\A\s*[A-Za-z0-9+/]{20,}={0,2}\s*(?:[\r\n]|\Z)")


@dataclass
class TreeState:
    """What the parsers of one mail share: its header factory, its bounds, what was cut out."""

    headers: TolerantHeaders
    policy: GatewayPolicy
    cut_above: int
    parts: int = 0
    texts: int = 0
    text_bytes: int = 0
    nested_bytes: int = 0
    nested_most: int = MAX_NESTED_BYTES
    cuts: list[CutPart] = field(default_factory=list)


class TreeParser:
    """Parses the entities of one source (the mail, or a decoded message inside it)."""

    def __init__(self, source: Raw, state: TreeState) -> None:
        self.source = source
        self.state = state
        # the entity begun last, whose final line break belongs to the delimiter that follows
        self.last: GatewayMessage = GatewayMessage(policy=state.policy)

    def entity(
        self,
        start: int,
        end: int,
        *,
        depth: int = 0,
        in_multipart: bool = False,
        default_type: str | None = None,
    ) -> GatewayMessage:
        """Parse the entity between two offsets: headers, then contents by their type."""
        state = self.state
        state.parts += 1
        message = self.last = GatewayMessage(policy=state.policy)
        if default_type:
            message.set_default_type(default_type)
        message.is_root = depth == 0
        if depth == 0:
            state.nested_most = MAX_NESTED_BYTES + MAX_NESTED_SIZES * (end - start)
        body = self._read_headers(message, start, end, depth)
        kind = message.get_content_type()
        maintype = kind.partition("/")[0]
        if depth == 0 and maintype == "text" and _is_explicitly_attached(message):
            self._attached_root(message, body, end, kind)
        elif maintype not in ("multipart", "message"):
            self._leaf(message, body, end, kind, in_multipart, root=depth == 0)
        elif not self._may_nest(maintype, depth, end - body):
            state.headers.note("too_deep")
            _set_header(message, "Content-Type", 'application/octet-stream; name="nested.eml"')
            self._leaf(message, body, end, "application/octet-stream", in_multipart)
        elif kind == "message/delivery-status":
            self._delivery_status(message, body, end, depth, in_multipart)
        elif maintype == "message":
            self._message(message, body, end, depth, in_multipart)
        else:
            self._multipart(message, body, end, depth)
        return message

    def _read_headers(self, message: GatewayMessage, start: int, end: int, depth: int) -> int:
        """Give an entity its header fields; return where its body begins."""
        section = read_section(self.source, start, end, top=depth == 0)
        for code in section.repairs:
            self.state.headers.note(code)
        for name, value in section.fields:
            message.set_raw(name, value)
        if section.unix_from is not None:
            message.set_unixfrom(section.unix_from)
        return min(section.body_start, end)

    def _may_nest(self, maintype: str, depth: int, size: int) -> bool:
        """Whether there is room for another multipart or message inside."""
        if maintype == "message":
            self.state.nested_bytes += size
        return depth < MAX_DEPTH and self.state.nested_bytes <= self.state.nested_most

    # -- leaves ------------------------------------------------------------------------------

    def _leaf(
        self,
        message: GatewayMessage,
        body: int,
        end: int,
        kind: str,
        in_multipart: bool,
        *,
        root: bool = False,
    ) -> None:
        state = self.state
        if in_multipart:  # the last line break belongs to the delimiter
            end = self._before_line_end(body, end)
        is_text = kind.startswith("text/")
        if is_text or end - body > state.cut_above:
            inline = (
                (root and is_text)
                or kind == "text/rfc822-headers"  # core looks into it
                or (kind in ("text/plain", "text/html") and not _is_attached(message))
            )
            if inline:
                end = self._bounded_text(message, body, end, root)
            elif end - body > state.cut_above:
                self._cut(message, body, end)
                return
        message.set_payload(_text(self.source, body, end))

    def _attached_root(self, message: GatewayMessage, body: int, end: int, kind: str) -> None:
        """Make an attachment of a mail that is nothing else: core would show it as the text."""
        self.state.headers.note("attached_root")
        part = GatewayMessage(policy=self.state.policy)
        for name, value in list(message.raw_items()):
            if name.lower().startswith("content-"):
                part.set_raw(name, value)
                del message[name]
        message.set_raw("Content-Type", 'multipart/mixed; boundary="=_attached_="')
        self._leaf(part, body, end, kind, in_multipart=False)
        message.attach(part)

    def _bounded_text(self, message: GatewayMessage, body: int, end: int, root: bool) -> int:
        """Return where a text of the body ends after which there is too much of it."""
        state = self.state
        state.texts += 1
        if state.texts > MAX_TEXTS and not root:
            state.headers.note("too_many_texts")
            _set_header(message, "Content-Disposition", "attachment")
        is_html = message.get_content_subtype() == "html"
        room = (MAX_HTML_BYTES if is_html else MAX_TEXT_BYTES) - state.text_bytes
        room = max(0, room)
        if end - body > room:
            state.headers.note("oversize_text")
            end = body + room
        state.text_bytes += end - body
        return end

    def _cut(self, message: GatewayMessage, body: int, end: int) -> None:
        part = CutPart(
            id=len(self.state.cuts),
            filename=clean_line(str(message.get_filename() or "")),
            content_type=message.get_content_type(),
            content_id=str(message.get("content-id", "")).strip().strip("<>"),
            disposition=str(message.get("content-disposition", ""))
            .partition(";")[0]
            .strip()
            .lower(),
            transfer_encoding=_transfer_encoding(message),
            start=body,
            end=end,
            source=self.source,
        )
        message.cut = part
        message.set_payload("")
        self.state.cuts.append(part)

    def _before_line_end(self, start: int, end: int) -> int:
        tail = bytes(self.source[max(start, end - 2) : end])
        return end - (2 if tail == b"\r\n" else 1 if tail[-1:] in (b"\r", b"\n") else 0)

    # -- messages inside ---------------------------------------------------------------------

    def _message(
        self, message: GatewayMessage, body: int, end: int, depth: int, in_multipart: bool
    ) -> None:
        encoding = _transfer_encoding(message)
        if encoding in _CTE_DECODED and self._is_encoded(body, end, encoding):
            self.state.headers.note("encoded_message")
            _set_header(message, "Content-Transfer-Encoding", "8bit")
            data = decode_transfer(bytes(self.source[body:end]), encoding)
            inner = TreeParser(data, self.state)
            message.attach(inner.entity(0, len(data), depth=depth + 1))
            self.last = inner.last
            return
        cuts = len(self.state.cuts)
        nested = self.entity(body, end, depth=depth + 1, in_multipart=in_multipart)
        message.attach(nested)
        if len(self.state.cuts) > cuts:
            stop = self._before_line_end(body, end) if in_multipart else end
            nested.span = CutPart(
                -1, "", message.get_content_type(), "", "", "8bit", body, stop, self.source
            )

    def _is_encoded(self, body: int, end: int, encoding: str) -> bool:
        """Whether a message inside is really encoded (RFC 2046 forbids it, some programs do it)."""
        head = bytes(self.source[body : min(end, body + 2000)])
        return (
            bool(_BASE64_LINE.match(head))
            if encoding == "base64"
            else b"=3D" in head or b"=0D" in head
        )

    def _delivery_status(
        self, message: GatewayMessage, body: int, end: int, depth: int, in_multipart: bool
    ) -> None:
        """Parse blocks of headers divided by blank lines (RFC 3464), each a message of its own."""
        position = body
        while True:
            blank = self._blank_line(position, end)
            is_last = blank[1] >= end
            message.attach(
                self.entity(
                    position, blank[0], depth=depth + 1, in_multipart=in_multipart and is_last
                )
            )
            position = blank[1]
            if is_last:
                return
            if self.state.parts >= MAX_PARTS:
                self.state.headers.note("too_many_parts")
                return

    def _blank_line(self, position: int, end: int) -> tuple[int, int]:
        """Return the span of the first blank line at or after the beginning of a line."""
        while position < end:
            line = _LINE.match(self.source, position, end)
            if line is None or line[0] in (b"\n", b"\r", b"\r\n"):
                return line.span() if line else (end, end)
            position = line.end()
        return end, end

    # -- multiparts --------------------------------------------------------------------------

    def _multipart(self, message: GatewayMessage, body: int, end: int, depth: int) -> None:
        text = message.get_boundary()
        boundary = None if text is None else Boundary(text.encode("utf-8", "surrogateescape"))
        if text is not None and not text.isascii():
            # it can't be written into a message again, also where it divides nothing
            self.state.headers.note("bad_boundary")
            kind = message.get_content_type()
            _set_header(message, "Content-Type", f'{kind}; boundary="=_{self.state.parts}_="')
        first = boundary.find(self.source, body, end) if boundary else None
        if boundary is None or first is None or first.closes:
            boundary = guess_boundary(self.source, body, end)
            before = first.start if first else end
            first = boundary.find(self.source, body, end) if boundary else None
            if boundary is None or first is None or first.closes:
                self._textual_multipart(message, body, before)
                return
            self.state.headers.note("bad_boundary")
        if first.start > body:
            message.preamble = _text(self.source, body, self._before_line_end(body, first.start))
        self._children(message, boundary, first, end, depth)

    def _children(
        self, message: GatewayMessage, boundary: Boundary, first: Delimiter, end: int, depth: int
    ) -> None:
        is_digest = message.get_content_type() == "multipart/digest"
        default_type = "message/rfc822" if is_digest else None
        current: Delimiter | None = first
        while current is not None and not current.closes:
            # delimiters on consecutive lines count as one
            begin = boundary.skip_run(self.source, current.end, end)
            if self.state.parts >= MAX_PARTS:
                self._remaining_parts(message, begin, end)
                return
            current = boundary.find(self.source, begin, end)
            stop = current.start if current else end
            part = self.entity(
                begin, stop, depth=depth + 1, in_multipart=True, default_type=default_type
            )
            message.attach(part)
            last = self.last
            if last.get_content_maintype() == "multipart" and last.epilogue is not None:
                last.epilogue = _without_line_end(last.epilogue) if last.epilogue else None
            self.last = message
        if current is not None:
            message.epilogue = _text(self.source, current.end, end)

    def _textual_multipart(self, message: GatewayMessage, body: int, end: int) -> None:
        """Give a multipart that can't be divided its text as the only part."""
        is_report = message.get_content_type() == "multipart/report"
        if not is_report and not bytes(self.source[body : min(end, body + 1000)]).strip():
            message.set_payload(_text(self.source, body, end))
            return
        self.state.headers.note("broken_multipart")
        self.state.parts += 1
        part = GatewayMessage(policy=self.state.policy)
        is_html = _HTML.search(self.source, body, min(end, body + 4096))
        part.set_raw("Content-Type", "text/html" if is_html else "text/plain")
        if (encoding := _transfer_encoding(message)) in _CTE_DECODED:
            part.set_raw("Content-Transfer-Encoding", encoding)
        self._leaf(part, body, end, part.get_content_type(), in_multipart=False)
        message.attach(part)

    def _remaining_parts(self, message: GatewayMessage, start: int, end: int) -> None:
        """Keep the parts above the bound together, undivided, as one attachment."""
        self.state.headers.note("too_many_parts")
        part = GatewayMessage(policy=self.state.policy)
        part.set_raw("Content-Type", "application/octet-stream")
        part.set_raw("Content-Disposition", 'attachment; filename="remaining_parts.txt"')
        self._leaf(part, start, end, "application/octet-stream", in_multipart=False)
        message.attach(part)


_LINE = re.compile(rb"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


def _text(source: Raw, start: int, end: int) -> str:
    return bytes(source[start:end]).decode("ascii", "surrogateescape")


def _is_attached(message: EmailMessage) -> bool:
    """Whether core makes an attachment of a part even if it is a text."""
    disposition = str(message.get("content-disposition", "")).strip()
    return disposition.startswith("attachment") or bool(message.get_filename())


def _is_explicitly_attached(message: EmailMessage) -> bool:
    return str(message.get("content-disposition", "")).strip().startswith("attachment")


def _transfer_encoding(message: EmailMessage) -> str:
    return str(message.get("content-transfer-encoding", "")).strip().lower()


def _set_header(message: EmailMessage, name: str, value: str) -> None:
    del message[name]
    message.set_raw(name, value)


def _without_line_end(text: str) -> str:
    if text.endswith("\r\n"):
        return text[:-2]
    return text[:-1] if text.endswith(("\r", "\n")) else text
