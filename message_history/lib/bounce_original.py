"""Which message a report is about: its ids, its subject, its recipients."""

from __future__ import annotations

import re
from email.message import Message

from .digest import normalise_message_id, split_message_ids
from .raw_headers import addresses, decoded, values

_MAX_IDS = 40
_TEXT_ID = re.compile(
    r"(?:message-?id|nachrichten-?id|identifiant du message)\W{0,6}"
    r"(<[^<>\s]{3,250}@[^<>\s]{1,250}>)",
    re.IGNORECASE,
)
_TEXT_SUBJECT = re.compile(
    r"^[ \t>*]*(?:subject|betreff|objet|asunto|oggetto|onderwerp)"
    r"(?: of the message is)?[ \t]*:[ \t]*(\S.*)$",
    re.IGNORECASE | re.MULTILINE,
)
_PREFIX = re.compile(
    r"^(?:\[[^\]]{1,30}\]\s*)?(?:undeliver(?:able|ed)(?: mail)?|unzustellbar"
    r"|delivery (?:failed|delayed|status notification(?: \([^)]*\))?)|delivered"
    r"|non remis|non-delivery|no entregado|não entregue|mancato recapito|onbestelbaar"
    r"|rejected|failure notice|zustellung verzögert|zugestellt"
    r"|read|not read|gelesen|ungelesen|nicht gelesen|lu|non lu|leído|letto|gelezen)\s*:\s+",
    re.IGNORECASE,
)
_OTHER_IDS = (
    "X-Microsoft-Original-Message-ID",
    "X-Google-Original-Message-ID",
    "X-Original-Message-ID",
    "X-SES-Message-ID",
)


def original_ids(
    report: Message, returned: Message | None, known: tuple[str, ...], text: str
) -> tuple[str, ...]:
    """Return the ids by which the sent message may be found, most certain first.

    :param known: ids that the report's fields give
    :param text: the notice and what follows it
    """
    found: list[str] = list(known)
    if returned is not None:
        for name in ("Message-ID", *_OTHER_IDS):
            found.extend(values(returned, name))
    found.extend(values(report, "X-Microsoft-Original-Message-ID"))
    found.extend(values(report, "X-Original-Message-ID"))
    ids = [normalise_message_id(one) for one in found]
    for name in ("In-Reply-To", "References"):
        for line in values(report, name):
            ids.extend(reversed(split_message_ids(line)))
    ids.extend(normalise_message_id(one) for one in _TEXT_ID.findall(text[:65536]))
    own = {normalise_message_id(one) for one in values(report, "Message-ID")}
    usable = (one for one in ids if "@" in one and one not in own)
    return tuple(dict.fromkeys(usable))[:_MAX_IDS]


def original_subject(report: Message, returned: Message | None, notice: str) -> str:
    """Return the subject of the sent message, at most 998 characters; '' if it is not told."""
    if returned is not None:
        subject = decoded(returned, "Subject")
        if subject:
            return subject[:998]
    match = _TEXT_SUBJECT.search(notice[:65536])
    if match:
        return match[1].strip()[:998]
    subject = decoded(report, "Subject")
    prefix = _PREFIX.match(subject)
    return subject[prefix.end() :].strip()[:998] if prefix else ""


def original_recipients(returned: Message | None) -> tuple[str, ...]:
    """Return whom the returned message was for, lower-cased."""
    if returned is None:
        return ()
    marked = addresses(returned, "X-HmXmrOriginalRecipient", "X-Envelope-To", "X-Original-To")
    return marked or addresses(returned, "To", "Cc", "Bcc", "Resent-To")
