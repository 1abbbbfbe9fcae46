"""Headers that are only parsed when somebody asks for their parts.

Python's ``email`` parses every value that a header is given, and folds what it parsed: a third of
the work of building a mail. For a short, plain value the outcome is known beforehand. The email
policy takes any value that has the header's ``name`` as a parsed one (``header_store_parse`` of
``email.policy.EmailPolicy``), and content managers take handlers for types of their own; these
are the two sockets used here.
"""

from __future__ import annotations

import re
from base64 import encodebytes
from binascii import b2a_base64
from email import quoprimime
from email.contentmanager import raw_data_manager
from email.message import EmailMessage
from email.policy import EmailPolicy
from typing import Any

from odoo.addons.message_history.lib.mime_headers import STANDARD

#: RFC 5322, 2.1.1: a line should not be longer.
_LINE = 78
_WORDS = re.compile(r"[!-~]+(?: [!-~]+)*")
_ADDRESS = r"[\w+-]+(?:\.[\w+-]+)*@[a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)*"
_NAME = r"[\w-]+(?: [\w-]+)*"
_MAILBOX = re.compile(rf'\A(?:(?:"{_NAME}"|{_NAME}) <{_ADDRESS}>|{_ADDRESS})\Z', re.ASCII)
_MESSAGE_ID = re.compile(r"\A<[\w+.-]+@[a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)*>\Z", re.ASCII)
_MULTIPART = re.compile(r"multipart/[a-z]+")
_ADDRESSES = {"from", "to", "cc", "bcc", "reply-to", "sender", "resent-from", "resent-to", "resent-cc", "resent-bcc",
              "resent-sender", "resent-reply-to"}
_STRUCTURED = {"date", "resent-date", "orig-date", "mime-version", "content-type", "content-disposition",
               "content-transfer-encoding"}


class LazyHeader(str):
    """The value of a header, parsed on demand.

    As an argument it is the text that was given. In a message it is to be what the parser would make
    of it, which has no quotes where none are needed: see :func:`as_parsed`.

    :param source: as it is written on the wire, behind the name and a colon
    """

    __slots__ = ("_name", "_parsed", "_source")
    _name: str
    _source: str
    _parsed: Any

    def __new__(cls, value: str, name: str, source: str) -> LazyHeader:
        """Return a header; for :func:`plain_header`, which knows whether it is one."""
        header = super().__new__(cls, value)
        header._name, header._source, header._parsed = name, source, None
        return header

    def __getnewargs__(self) -> Any:
        """Return what ``__new__`` takes, for copies."""
        return str(self), self._name, self._source

    def __getstate__(self) -> None:
        """Nothing else: what was parsed is parsed again."""

    @property
    def name(self) -> str:
        """The header's name, as it is written."""
        return self._name

    def fold(self, *, policy: EmailPolicy) -> str:
        """Return the header's line; see ``email.headerregistry.BaseHeader.fold``."""
        line = f"{self._name}: {self._source}"
        if policy.max_line_length and len(line) > policy.max_line_length:
            return str(self._whole().fold(policy=policy))
        return line + policy.linesep

    def __getattr__(self, name: str) -> Any:
        """Have everything else that headers of this name have: ``addresses``, ``defects``, ``params``."""
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._whole(), name)

    def _whole(self) -> Any:
        if self._parsed is None:
            self._parsed = STANDARD(self._name, self._source)
        return self._parsed


def plain_header(name: str, value: str) -> str:
    """Return a value that needs no parsing for this header, or the value itself where it has to be parsed.

    What is returned is the same text, folds to the same line as if it were parsed, and has the same attributes.
    """
    if type(value) is not str:
        return value
    lower = name.lower()
    if lower in _ADDRESSES:
        return LazyHeader(value, name, value) if _MAILBOX.fullmatch(value) else value
    if lower in _STRUCTURED or "=?" in value:
        return value
    fits = _MESSAGE_ID if lower == "message-id" else _WORDS
    return LazyHeader(value, name, value) if fits.fullmatch(value) else value


def as_parsed(message: EmailMessage) -> EmailMessage:
    """Let a message's plain headers read like parsed ones, and return it: a quoted name reads without quotes."""
    for name, value in message.items():
        if isinstance(value, LazyHeader) and name.lower() in _ADDRESSES and value.startswith('"'):
            text, source = value.replace('"', ""), str(value)
            message.replace_header(name, LazyHeader(text, name, source))
    return message


def set_boundary(part: EmailMessage, boundary: str) -> None:
    """Set the boundary of a multipart; see ``email.message.Message.set_boundary``."""
    kind = part["Content-Type"]
    if _MULTIPART.fullmatch(kind):
        kind = f'{kind}; boundary="{boundary}"'
        part.replace_header("Content-Type", LazyHeader(kind, "Content-Type", kind))
    else:
        part.set_boundary(boundary)


class Text(str):
    """The text of a part in UTF-8, whose headers need no parsing; what makes a part of it is below."""

    __slots__ = ()


def _set_text(part: EmailMessage, text: Text, subtype: str = "plain", charset: str = "utf-8", **options: Any) -> None:
    """Make a part of a text, as ``email.contentmanager.set_text_content`` does, to which the rest is left."""
    if options or charset != "utf-8" or not subtype.isalpha():
        raw_data_manager.set_content(part, str(text), subtype, charset, **options)
        return
    encoding, payload = _encode(text, part.policy.max_line_length or _LINE)
    kind = f'text/{subtype}; charset="utf-8"'
    part.set_payload(payload)
    for name, value in (("Content-Type", kind), ("Content-Transfer-Encoding", encoding), ("MIME-Version", "1.0")):
        if name not in part:
            part[name] = LazyHeader(value, name, value)


def _encode(text: str, width: int) -> tuple[str, str]:
    """Return the encoding that suits a text, and the text in it (RFC 2045, 6).

    Never 8bit: that would be encoded anew before it is sent, and always in base64.
    """
    # half a surrogate pair becomes a question mark; lines end where bytes say so, which is not everywhere str does
    lines = text.encode("utf-8", "replace").splitlines()
    whole = b"\n".join([*lines, b""]) or b"\n"
    if text.isascii() and max(map(len, lines), default=0) <= width:
        return "7bit", whole.decode("ascii")
    sniffed = b"\r\n".join([*lines[:10], b""])
    if len(quoprimime.body_encode(sniffed.decode("latin-1"), width)) > len(b2a_base64(sniffed)):
        return "base64", encodebytes(b"\r\n".join([*lines, b""])).decode("ascii")
    return "quoted-printable", quoprimime.body_encode(whole.decode("latin-1"), width)


raw_data_manager.add_set_handler(Text, _set_text)
