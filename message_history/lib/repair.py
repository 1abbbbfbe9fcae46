"""Received mail in the form that Odoo's own parser digests, whatever it was before.

``parse_mail`` makes the ``EmailMessage`` that core's ``message_parse`` takes. For a well-formed
mail the result of ``message_parse`` is the same as for the message of the standard library; for
others it is what the sender meant, as far as that can be told. Nothing in here raises for any
bytes. Large parts stay in the source and are decoded when they are wanted, one at a time.
"""

from __future__ import annotations

import mmap
import re
from dataclasses import dataclass, field

from .cutting import CutPart, restore_cut_parts
from .dates import format_date, parse_date
from .mime_headers import TolerantHeaders
from .mime_policy import GatewayMessage, make_policy
from .mime_tree import TreeParser, TreeState
from .rawheaders import Raw, read_section

__all__ = ["CUT_ABOVE", "REPAIR_CODES", "CutPart", "ParsedMail", "parse_mail", "restore_cut_parts"]

CUT_ABOVE = 256 * 1024
_CHARSET = re.compile(rb"""charset\s*=\s*["']?([A-Za-z0-9_.:\-]{2,40})""", re.IGNORECASE)
_RECEIVED = re.compile(rb"^Received:[^\r\n]*(?:\r?\n[ \t][^\r\n]*)*", re.IGNORECASE | re.MULTILINE)

#: What each code of :attr:`ParsedMail.repairs` means, for programmers and logs.
REPAIR_CODES = {
    "address_group": "An address header held a group; its members are listed one by one.",
    "attached_root": "The mail is a single attached text; it is kept as an attachment.",
    "attachment_bytes": "An attached text is not in its character set; its bytes were kept.",
    "bad_address": "An address header was malformed; the addresses in it were kept.",
    "bad_boundary": "The boundary between the parts was not the announced one; it was guessed.",
    "bad_content_type": "A content type was malformed and was written again.",
    "bad_date": "The date names no moment; the time of reception was taken if known.",
    "bad_disposition": "A content disposition was malformed and was written again.",
    "bad_filename": "A file name was malformed or badly encoded and was written again.",
    "bad_header": "A header held control characters or badly encoded text.",
    "bad_message_id": "A message id was malformed or too long and was normalised.",
    "bad_transfer_encoding": "A transfer encoding was misspelt.",
    "broken_header_line": "A header line was broken without the indent of a continuation.",
    "broken_multipart": "The parts could not be told apart; the whole is shown as text.",
    "control_characters": "Control characters were removed from a text.",
    "encoded_message": "A message inside was encoded as a whole; it was decoded.",
    "hostile_markup": "The mark-up would take minutes to read; what made it so was left out or is shown as text.",
    "leading_garbage": "Lines before the first header were skipped.",
    "long_header": "A header was too long and was clipped.",
    "misplaced_envelope": "An envelope line stood behind the headers and was left out.",
    "nested_markup": "The mark-up is nested too deeply; the innermost is shown as plain text.",
    "oversize_text": "The text is too long; its end is in the original only.",
    "raw_8bit_header": "A header held raw bytes; their character set was guessed.",
    "too_deep": "Parts are nested too deeply; the innermost are kept as one attachment.",
    "too_many_headers": "There are too many headers; those behind the first ones were left out.",
    "too_many_parts": "There are too many parts; the last ones are kept as one attachment.",
    "too_many_texts": "There are too many texts; those behind the first ones are attachments.",
    "unknown_charset": "A character set is not known; another one was tried.",
    "unreadable": "The structure could not be read at all; the mail is shown as text.",
    "wrong_charset": "A text was not in the character set it claims; another one was tried.",
}


@dataclass(frozen=True)
class ParsedMail:
    """A mail ready for core's ``message_parse``.

    :param message: the message; its policy is like SMTP, and never raises
    :param cut_parts: parts whose content is still in the source, in the order of the mail
    """

    message: GatewayMessage
    cut_parts: tuple[CutPart, ...]
    _headers: TolerantHeaders = field(repr=False, compare=False)

    @property
    def repairs(self) -> tuple[str, ...]:
        """Codes of what was mended so far (keys of :data:`REPAIR_CODES`), sorted.

        Headers and texts are mended when they are read, so ask after ``message_parse``.
        """
        return tuple(sorted(self._headers.repairs))


def parse_mail(raw: bytes | mmap.mmap | memoryview, cut_above: int = CUT_ABOVE) -> ParsedMail:
    """Parse a raw mail. Never raises.

    :param raw: the mail; a mapped file must stay open until the cut parts are restored
    :param cut_above: encoded size in bytes above which a part that becomes an attachment is left
        in the source; such parts are empty in the message, and ``restore_cut_parts`` fills them in
    """
    headers = TolerantHeaders()
    state = TreeState(headers, make_policy(headers), cut_above)
    try:
        _give_hints(raw, headers)
        message = TreeParser(raw, state).entity(0, len(raw))
    except Exception:  # noqa: BLE001 - a bug in here must not lose a mail: show it as text
        headers.note("unreadable")
        state.cuts.clear()
        message = _as_text(raw, state)
    return ParsedMail(message, tuple(state.cuts), headers)


def _give_hints(raw: Raw, headers: TolerantHeaders) -> None:
    """Tell the header factory what only the whole mail knows."""
    head = bytes(raw[:16384])
    if not head.isascii() and (match := _CHARSET.search(head)):
        headers.hint = match[1].decode("ascii")

    def received() -> str:
        match = _RECEIVED.search(head)
        moment = (
            parse_date(match[0].decode("ascii", "replace").rpartition(";")[2].strip())
            if match
            else None
        )
        return format_date(moment) if moment else ""

    headers.fallback_date = received


def _as_text(raw: Raw, state: TreeState) -> GatewayMessage:
    section = read_section(raw, 0, min(len(raw), 1 << 20), top=True)
    message = GatewayMessage(policy=state.policy)
    message.is_root = True
    for name, value in section.fields:
        if not name.lower().startswith("content-"):
            message.set_raw(name, value)
    body = bytes(raw[section.body_start : section.body_start + (1 << 20)])
    message.set_payload(body.decode("ascii", "surrogateescape"))
    return message
