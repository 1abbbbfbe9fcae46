"""Which conversation a mail belongs to: the ids it has, the ids it refers to.

A mail does not keep its Message-ID on every way: Amazon SES and Postmark give it one of theirs,
Exchange Online and Gmail keep ours in a header of its own, Outlook answers without References but
with a Thread-Index. So a mail has several ids of its own, and what it refers to comes with the
spellings under which the same id is known.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from email.message import Message

from .digest import normalise_message_id, split_message_ids
from .markup import unescape
from .raw_headers import addresses, decode_words, decoded, value, values

_MAX_PARENTS = 64
#: Headers in which servers keep the id that a mail had before they gave it another.
ORIGINAL_ID_HEADERS = (
    "X-Microsoft-Original-Message-ID",
    "X-Google-Original-Message-ID",
    "X-Original-Message-ID",
    "X-Mailman-Original-Message-ID",
    "X-Mailgun-Original-Message-Id",
    "Resent-Message-ID",
)
#: Headers with a provider's bare id, and the domain it makes a Message-ID of.
_PROVIDER_HEADERS = (
    ("X-SES-Message-ID", "amazonses.com"),
    ("X-PM-Message-Id", "mtasv.net"),
)
# A region's letters, sixteen hex digits of time, a UUID, six digits.
_SES_LOCAL = re.compile(r"^0[0-9a-f]{15}-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}-\d{6}$")
_SES = re.compile(
    r"^<(0[0-9a-f]{15}-[0-9a-f-]{36}-\d{6})(?:@(?:[a-z0-9-]+\.)?amazonses\.com)?>$", re.IGNORECASE
)
_POSTMARK_LOCAL = re.compile(r"^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$", re.IGNORECASE)
_BRACKETED = re.compile(r"<[^<>]{1,2000}>")
_BARE = re.compile(r"(?<![^\s<>,;\"])[^\s<>,;\"]{1,500}@[^\s<>,;\"]{1,500}")
_THREAD_ROOT = 22
_BASE64 = re.compile(r"^[A-Za-z0-9+/]{30,4096}$")

_PREFIX_WORDS = (
    "re|fw|fwd|aw|wg|antw|antwort|antwoord|sv|vs|vb|vl|rv|res|enc|tr|ref|réf|rif|r|i|odp|pd|ynt|ilt"
    "|doorst|bls|trs|fs|ang|továbbítás|válasz|vá|回复|转发|答复|回覆|轉寄|返信|転送|отв|на|ha|weitergeleitet"
)
_PREFIX = re.compile(
    rf"^\s*(?:{_PREFIX_WORDS})\.?\s*(?:(?:\[\s*\d+\s*\]|\(\s*\d+\s*\)|\^\d+|\d{{1,2}})\s*)?[:：]\s*",
    re.IGNORECASE,
)
# RFC 5256 drops every leading [blob]; one with digits is a number of something (a ticket).
_BLOB = re.compile(r"^\s*\[[^\[\]\d]{1,60}\]\s*(?=\S)")
_FORWARDED = re.compile(r"^\[\s*(?:fwd|fw|wg)\s*:(.*)\]$", re.IGNORECASE | re.DOTALL)
_TRAILER = re.compile(r"(?<!\s)\s*\((?:fwd|fw)\)\s*$", re.IGNORECASE)


@dataclass(frozen=True)
class ThreadIds:
    """What ties a mail to its conversation.

    :param own: every id by which later mails may refer to it, its Message-ID first
    :param parents: what it refers to, newest first, each followed by its other spellings
    :param conversation_key: Outlook's conversation (from Thread-Index); '' if there is none
    :param topic: base subject; to be asked only when nothing else is found
    """

    own: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()
    conversation_key: str = ""
    topic: str = ""


def thread_ids(message: Message) -> ThreadIds:
    """Return what ties a mail to its conversation; never raises."""
    own = list(_with_aliases(_own_ids(message)))
    known = set(addresses(message, "From", "To", "Cc", "Reply-To"))
    parents = [
        one
        for one in _with_aliases(_parent_ids(message))
        if one not in own and one.strip("<>").lower() not in known
    ]
    topic = decoded(message, "Thread-Topic") or decoded(message, "Subject")
    return ThreadIds(
        own=tuple(own),
        parents=tuple(parents[:_MAX_PARENTS]),
        conversation_key=conversation_key(value(message, "Thread-Index")),
        topic=base_subject(topic),
    )


def alias_ids(message_id: str, provider_id: str = "") -> tuple[str, ...]:
    """Return the ids under which a sent mail may be referred to.

    :param message_id: the Message-ID that was handed to the server
    :param provider_id: what the provider's API or SMTP reply called it: a whole Message-ID, or
        the bare id of Amazon SES or Postmark
    """
    found = [normalise_message_id(message_id)] if message_id else []
    bare = provider_id.strip().strip("<>")
    if "@" in bare:
        found.append(normalise_message_id(bare))
    elif _SES_LOCAL.match(bare):
        found.append(f"<{bare}@amazonses.com>")
    elif _POSTMARK_LOCAL.match(bare):
        found.append(f"<{bare}@mtasv.net>")
    return tuple(_with_aliases(one for one in found if one))


def _with_aliases(ids: Iterable[str]) -> Iterable[str]:
    """Yield each id once, an Amazon SES id also in the one spelling that all its domains share."""
    seen: set[str] = set()
    for one in ids:
        for spelling in (one, _without_region(one)):
            if spelling and spelling not in seen:
                seen.add(spelling)
                yield spelling


def _without_region(message_id: str) -> str:
    """Return ``<id@amazonses.com>`` for an SES id of any region or of none, else ''.

    SES writes ``@email.amazonses.com`` (us-east-1) or ``@<region>.amazonses.com``; its API and
    its notifications tell the part before the @ only.
    """
    match = _SES.match(message_id)
    return f"<{match[1].lower()}@amazonses.com>" if match else ""


def _own_ids(message: Message) -> Iterable[str]:
    for name in ("Message-ID", *ORIGINAL_ID_HEADERS):
        for text in values(message, name):
            yield from parse_ids(text)[:1]
    for name, domain in _PROVIDER_HEADERS:
        bare = value(message, name).strip("<> ")
        if bare:
            yield normalise_message_id(bare if "@" in bare else f"{bare}@{domain}")


def _parent_ids(message: Message) -> Iterable[str]:
    """Yield what a mail refers to: In-Reply-To first, then References from the newest back."""
    for text in values(message, "In-Reply-To"):
        yield from parse_ids(text)
    for text in values(message, "References"):
        yield from reversed(parse_ids(text))


def parse_ids(text: str) -> list[str]:
    """Return the normalised ids in a header's text, in order.

    Copes with words around them (``Your message of ... <id>``), commas, lost or doubled brackets,
    HTML-escaped brackets, encoded words (long ids folded by careless programs), and leaves out
    what was cut off at the end of an over-long header.
    """
    if "=?" in text:
        text = decode_words(text)
    if "&lt;" in text.lower():
        text = unescape(text)
    found = _BRACKETED.findall(text)
    if not found:
        found = [] if text.lstrip().startswith("<") and "@" not in text else _BARE.findall(text)
        if not found:
            found = split_message_ids(text)
    else:
        # ids that lost their brackets between others that kept them
        found = _interleaved(text)
    ids = [normalise_message_id(one) for one in found]
    return [one for one in dict.fromkeys(ids) if "@" in one or _SES.match(one) or len(one) > 12]


def _interleaved(text: str) -> list[str]:
    found: list[str] = []
    end = 0
    for match in _BRACKETED.finditer(text):
        between = text[end : match.start()]
        # words of people stand between ids too ("Message from joe@example.com of ..."): only what
        # stands alone between two brackets is an id
        if end and between.strip() and " " not in between.strip():
            found.extend(_BARE.findall(between))
        found.append(match.group())
        end = match.end()
    return found


def conversation_key(thread_index: str) -> str:
    """Return the conversation of a Thread-Index as hex digits, or '' ([MS-OXOMSG] 2.2.1.3).

    The first 22 bytes (a time and a GUID) are the same in all mails of a conversation; every
    answer appends five bytes.
    """
    packed = "".join(thread_index.split()).rstrip("=")
    if not _BASE64.match(packed):
        return ""
    packed = packed[: len(packed) - (len(packed) % 4 == 1)]
    try:
        raw = binascii.a2b_base64(packed + "=" * (-len(packed) % 4))
    except (binascii.Error, ValueError):
        return ""
    if len(raw) < _THREAD_ROOT or not any(raw[6:_THREAD_ROOT]):
        return ""
    return raw[:_THREAD_ROOT].hex()


def base_subject(subject: str) -> str:
    """Return the subject without the marks of answering and forwarding, in lower case.

    RFC 5256, 2.1, with the prefixes of other languages; brackets with digits stay.
    """
    text = re.sub(r"\s+", " ", decode_words(subject)[:998]).strip()
    while True:
        before = text
        text = _TRAILER.sub("", text)
        text = _PREFIX.sub("", text)
        stripped = _BLOB.sub("", text)
        if stripped:
            text = stripped
        wrapped = _FORWARDED.match(text)
        if wrapped:
            text = wrapped[1].strip()
        if text == before:
            return text.strip().casefold()


def is_reply_subject(subject: str) -> bool:
    """Return whether a subject carries a mark of answering or forwarding."""
    text = re.sub(r"\s+", " ", decode_words(subject)[:998]).strip()
    text = _BLOB.sub("", text) or text
    return bool(_PREFIX.match(text) or _FORWARDED.match(text) or _TRAILER.search(text))


def group(mails: Sequence[ThreadIds]) -> list[set[int]]:
    """Return the conversations as sets of positions: mails that share an id, own or referred to.

    What REFERENCES of RFC 5256 does without its merging by subject (Dovecot's ``THREAD REFS``):
    a mail that nobody has still holds its answers together, and of several mails with one
    Message-ID the first is the one that is meant.
    """
    leader = list(range(len(mails)))

    def find(position: int) -> int:
        while leader[position] != position:
            leader[position] = leader[leader[position]]
            position = leader[position]
        return position

    owner: dict[str, int] = {}
    taken: set[str] = set()
    for position, mail in enumerate(mails):
        own = () if taken.intersection(mail.own) else mail.own
        taken.update(own)
        for one in (*own, *mail.parents):
            other = owner.setdefault(one, position)
            leader[find(position)] = find(other)
    groups: dict[int, set[int]] = {}
    for position in range(len(mails)):
        groups.setdefault(find(position), set()).add(position)
    return list(groups.values())
