"""The machine-readable fields of reports: delivery status, disposition, feedback.

RFC 3464 (delivery status), RFC 8098 (disposition), RFC 5965 (feedback), RFC 6533 (addresses in
other scripts). Read from plain text, line by line, because what reports get wrong is the structure
around the fields: blocks without a blank line between them, blank lines within them, no block for
the message.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from .bounce_marks import REPLY_CODE, STATUS_CODE
from .bounce_types import BouncedRecipient, Findings, RecipientKind, ReportKind
from .bounce_words import FULL, PASSING
from .raw_headers import bare_address, clean, decode_words

Fields = dict[str, str]

_FIELD = re.compile(r"^([A-Za-z][A-Za-z0-9-]{1,60})[ \t]*:[ \t]*(.*)$")
_TYPE = re.compile(r"^\s*([A-Za-z0-9_-]{1,20})\s*;\s*")
_XTEXT = re.compile(r"\+(2B|3D|40|20|2C)")
_UNICODE = re.compile(r"\\x\{([0-9A-Fa-f]{1,6})\}")
_RECIPIENT_FIELDS = {"final-recipient", "original-recipient"}
_MESSAGE_FIELDS = {"reporting-mta", "arrival-date", "dsn-gateway", "received-from-mta"}
_COMPLAINTS = {"abuse", "fraud", "virus", "other", "opt-out", "opt-out-list", "miscategorized"}
_ACTIONS = {
    "failed": RecipientKind.PERMANENT,
    "failure": RecipientKind.PERMANENT,
    "undeliverable": RecipientKind.PERMANENT,
    "rejected": RecipientKind.PERMANENT,
    "error": RecipientKind.PERMANENT,
    "delayed": RecipientKind.DELAYED,
    "delay": RecipientKind.DELAYED,
    "delivered": RecipientKind.DELIVERED,
    "relayed": RecipientKind.DELIVERED,
    "expanded": RecipientKind.DELIVERED,
    "deliverable": RecipientKind.DELIVERED,
}


def parse_groups(text: str) -> tuple[Fields, list[Fields]]:
    """Return the fields about the message and those about each recipient, names lower-cased.

    A recipient's group ends where a field comes that it has already, or after a blank line once
    it has both an address and an action.
    """
    message: Fields = {}
    groups: list[Fields] = []
    group: Fields = {}
    gap = False
    last: tuple[Fields, str] | None = None
    for line in text.splitlines()[:4000]:
        if not line.strip():
            gap, last = True, None
            continue
        if line[0] in " \t" and last is not None:
            fields, name = last
            fields[name] = f"{fields[name]} {line.strip()}".strip()[:2000]
            continue
        match = _FIELD.match(line[:2000])
        if match is None:
            continue
        name = match[1].lower()
        if name not in _MESSAGE_FIELDS:
            complete = gap and "action" in group and bool(_RECIPIENT_FIELDS & group.keys())
            if complete or (name in group and name in _RECIPIENT_FIELDS | {"action"}):
                groups.append(group)
                group = {}
            gap = False
        target = message if name in _MESSAGE_FIELDS else group
        target.setdefault(name, match[2].strip())
        last = (target, name)
    groups.append(group)
    recipients = [one for one in groups if _RECIPIENT_FIELDS & one.keys() or "action" in one]
    for other in groups:
        if other not in recipients:
            message.update(other)
    return message, recipients


def typed_address(value: str) -> str:
    """Return the mail address of a ``rfc822; user@host`` value; '' for other kinds of address."""
    kind = _TYPE.match(value)
    rest = value[kind.end() :] if kind else value
    if kind and kind[1].lower() in ("x400", "unknown") and "smtp:" not in rest.lower():
        return ""
    rest = _UNICODE.sub(lambda match: _character(match[1]), decode_words(rest))
    if "@" not in rest and "+40" in rest:
        rest = rest.replace("+40", "@", 1)
    found = bare_address(rest.replace("mailto:", ""))
    if "+2b" in found or "+3d" in found:
        found = _XTEXT.sub(lambda match: chr(int(match[1], 16)), found.upper()).lower()
    return "" if found.startswith("imceaex-") else found


def _character(code: str) -> str:
    number = int(code, 16)
    return chr(number) if 0x20 < number < 0x110000 and not 0xD800 <= number < 0xE000 else ""


def one_line(text: str, length: int) -> str:
    """Return text on one line, white space run together, clipped."""
    return re.sub(r"\s+", " ", clean(text)).strip()[:length]


def delivery_status(texts: Sequence[str], notice: str) -> Findings | None:
    """Read delivery status fields; None if there is not one recipient or action in them."""
    recipients: list[BouncedRecipient] = []
    message: Fields = {}
    seen = False
    for text in texts:
        about, groups = parse_groups(text)
        message.update(about)
        seen = seen or bool(groups) or "reporting-mta" in about
        recipients.extend(one for one in (_recipient(group, notice) for group in groups) if one)
    if not seen:
        return None
    return Findings(
        source="rfc3464",
        is_report=True,
        recipients=merge(recipients),
        reporting_mta=_host(message.get("reporting-mta", "")),
        message_ids=_ids(message, "x-original-message-id", "original-message-id"),
        fields=message,
    )


def _recipient(group: Fields, notice: str) -> BouncedRecipient | None:
    names = ("original-recipient", "final-recipient", "x-actual-recipient", "x-original-to")
    found = [typed_address(group.get(name, "")) for name in names]
    addresses = list(dict.fromkeys(address for address in found if address))
    if not addresses:
        return None
    diagnostic = _TYPE.sub("", group.get("diagnostic-code", ""))
    status = STATUS_CODE.search(group.get("status", ""))
    code = status[1] if status else ""
    if code.endswith(".0.0") or not code:
        better = STATUS_CODE.search(diagnostic)
        code = better[1] if better and better[1][0] == (code or better[1])[0] else code
    return BouncedRecipient(
        address=addresses[0],
        kind=_kind(group.get("action", ""), code, diagnostic, notice),
        status=code,
        diagnostic=one_line(decode_words(diagnostic), 500),
        remote_mta=_host(group.get("remote-mta", "")),
        aliases=tuple(addresses[1:]),
    )


def _kind(action: str, status: str, diagnostic: str, notice: str) -> RecipientKind:
    """Tell a recipient's kind from the action, the status and, if these are silent, the words."""
    word = re.split(r"[^a-z]", action.strip().lower(), maxsplit=1)[0]
    kind = _ACTIONS.get(word)
    if kind is None:
        reply = REPLY_CODE.search(diagnostic + " ")
        first = status[:1] or (reply[1][0] if reply else "")
        kind = {"2": RecipientKind.DELIVERED, "4": RecipientKind.DELAYED}.get(
            first, RecipientKind.PERMANENT
        )
    if kind is RecipientKind.PERMANENT and passing(status, diagnostic or notice[:2000]):
        return RecipientKind.TEMPORARY
    return kind


def passing(status: str, words: str) -> bool:
    """Return whether a failure that is final for the message may pass for the address."""
    if status.startswith("4") or status in ("5.2.2", "5.4.7"):
        return True
    if status and not status.endswith(".0.0"):
        return False
    words = words[:2000]
    reply = REPLY_CODE.search(words)
    if reply and reply[1].startswith("5"):
        return bool(FULL.search(words))
    return bool(FULL.search(words) or PASSING.search(words))


def merge(recipients: Sequence[BouncedRecipient]) -> tuple[BouncedRecipient, ...]:
    """Return each recipient once: the first with the most to say."""
    best: dict[str, BouncedRecipient] = {}
    for one in recipients:
        known = best.get(one.address)
        if known is None or (not known.diagnostic and one.diagnostic):
            best[one.address] = one
    return tuple(best.values())


def _host(value: str) -> str:
    return one_line(_TYPE.sub("", value), 255)


def _ids(fields: Fields, *names: str) -> tuple[str, ...]:
    return tuple(fields[name] for name in names if fields.get(name))


_SIEVE_REJECT = re.compile(r"automatic-action\b.*\bdeleted|\b(?:failed|denied)\b", re.IGNORECASE)
_UNREAD = re.compile(
    r"not (?:been )?read|without being (?:read|displayed|opened)|unread|ungelesen|nicht gelesen"
    r"|sans (?:avoir été|être) lu|non lu|sin leer|sin haber sido leíd|senza essere lett|non lett"
    r"|ongelezen|gelöscht",
    re.IGNORECASE,
)


def disposition(texts: Sequence[str], notice: str, subject: str) -> Findings | None:
    """Read a disposition notification (RFC 8098).

    ``deleted`` by an automatic action is what Sieve's reject sends (RFC 5429, 2.1.2) and what
    Exchange sends for mail deleted unread: the words decide between the two.
    """
    fields: Fields = {}
    for text in texts:
        about, groups = parse_groups(text)
        for group in [about, *groups]:
            fields.update(group)
    if "disposition" not in fields and "final-recipient" not in fields:
        return None
    value = fields.get("disposition", "")
    outcome = value.rpartition(";")[2].strip().lower()
    if outcome.startswith("displayed"):
        kind, report = RecipientKind.READ, ReportKind.READ
    elif _SIEVE_REJECT.search(value) and not _UNREAD.search(f"{subject} {notice[:2000]}"):
        kind, report = RecipientKind.PERMANENT, ReportKind.BOUNCE
        if passing("", notice):
            kind = RecipientKind.TEMPORARY
    elif outcome.startswith("deleted"):
        kind, report = RecipientKind.NOT_READ, ReportKind.NOT_READ
    else:
        # dispatched, processed: it arrived and went on
        kind, report = RecipientKind.DELIVERED, ReportKind.DELIVERED
    words = (
        fields.get("failure")
        or fields.get("error")
        or (notice if report is ReportKind.BOUNCE else "")
    )
    names = ("original-recipient", "final-recipient")
    found = [typed_address(fields.get(name, "")) for name in names]
    addresses = list(dict.fromkeys(address for address in found if address))
    said = one_line(words, 500)
    recipients = tuple(
        BouncedRecipient(address, kind, diagnostic=said, aliases=tuple(addresses[1:]))
        for address in addresses[:1]
    )
    return Findings(
        source="rfc8098",
        is_report=True,
        recipients=recipients,
        message_ids=_ids(fields, "original-message-id"),
        default_kind=report,
        fields=fields,
    )


def feedback(texts: Sequence[str]) -> Findings | None:
    """Read a feedback report (RFC 5965); None unless it is a recipient's complaint.

    Reports about failed authentication (RFC 6591) and "not spam" complain about nobody's mail.
    """
    fields: Fields = {}
    addresses: list[str] = []
    for line in "\n".join(texts).splitlines()[:2000]:
        match = _FIELD.match(line[:2000])
        if match is None:
            continue
        name = match[1].lower()
        fields.setdefault(name, match[2].strip())
        if name in ("original-rcpt-to", "removal-recipient", "final-recipient"):
            addresses.append(typed_address(match[2]))
    if fields.get("feedback-type", "").strip().lower() not in _COMPLAINTS:
        return None
    recipients = tuple(
        BouncedRecipient(address, RecipientKind.COMPLAINT)
        for address in dict.fromkeys(addresses)
        if address
    )
    return Findings(
        source="rfc5965",
        is_report=True,
        recipients=recipients,
        reporting_mta=one_line(fields.get("reported-domain", ""), 255),
        message_ids=_ids(fields, "original-message-id"),
        default_kind=ReportKind.COMPLAINT,
        fields=fields,
    )
