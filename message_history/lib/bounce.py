"""Reports about sent mail: bounces, delays, complaints, receipts.

:func:`read_bounce` asks, in this order: the machine-readable fields (RFC 3464, 8098, 5965), the
``X-Failed-Recipients`` header, an address of our own that encodes the recipient (VERP), the words
for people, the recipients of the returned message. Whether a mail without machine-readable fields
is a report at all is weighed first, by who wrote it, under which subject, in which words: mail that
merely speaks of bounces, or quotes one, is none.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from email.message import Message

from .automatic_words import SUBJECT_SURE
from .bounce_fields import delivery_status, disposition, feedback, merge, passing
from .bounce_marks import (
    DAEMON_LOCAL,
    DAEMON_NAME,
    DAEMON_VAGUE,
    NO_REPLY,
    REPLY_CODE,
    STATUS_CODE,
    SUBJECT,
)
from .bounce_original import original_ids, original_recipients, original_subject
from .bounce_parts import ReportParts, split_report
from .bounce_text import find_local_names, find_recipients, is_delay, squeeze
from .bounce_types import BouncedRecipient, BounceReport, Findings, RecipientKind, ReportKind
from .bounce_words import FAILURE
from .raw_headers import ADDRESS, addresses, bare_address, decoded, first_address, has, value, values

__all__ = [
    "BounceReport",
    "BouncedRecipient",
    "RecipientKind",
    "ReportKind",
    "is_daemon",
    "read_bounce",
]

# ``bounce+user=example.com@ours``; mail services put digits and a digest before the user.
_VERP = re.compile(
    r"^<?(?:[^@+\s]{1,64}\+|[^@+=\s]{0,64}-)(?:\d{2,}-[0-9a-f]{4,}-)?"
    r"([^@=\s]{1,100})=([\w-]{1,63}(?:\.[\w-]{1,63}){1,8})@"
)
_NO_VERP = ("srs0", "srs1", "prvs=", "btv1=", "msprvs1=")
_REPLY = re.compile(r"^\s*(?:re|aw|antw|sv|vs|rv|tr|fw|fwd|wg)(?:\s*\[\d+\])?\s*:", re.IGNORECASE)
_MAIL_TALK = re.compile(
    r"\b(?:smtp|rcpt|remote|relay|recipient|mailbox|user unknown|unknown user|mail ?server|mx"
    r"|quota|empfänger|postfach|destinata)",
    re.IGNORECASE,
)
_LIST_HEADERS = ("List-Id", "List-Post", "List-Unsubscribe")
_ENOUGH = 4


def read_bounce(message: Message, own_addresses: Collection[str] = ()) -> BounceReport | None:
    """Return what a mail reports about an earlier one, or None if it is no report.

    :param own_addresses: addresses of ours, which words for people can't declare failed
    """
    return _read(message, own_addresses, nested=False)


def _read(message: Message, own_addresses: Collection[str], nested: bool) -> BounceReport | None:
    parts = split_report(message)
    subject = decoded(message, "Subject")
    findings = _machine_readable(message, parts, subject)
    if findings is None:
        if parts.feedback or not _looks_like_bounce(message, parts, subject):
            return None
        findings = Findings(source="", is_report=False)
    if not findings.recipients:
        inner = None if nested or parts.original is None else _inner(parts.original, own_addresses)
        if inner is not None:
            return inner
        findings = _by_words(message, parts, findings, own_addresses)
    text = f"{parts.notice}\n{parts.text_after}"
    return BounceReport(
        kind=findings.kind,
        recipients=findings.recipients,
        original_message_ids=original_ids(message, parts.original, findings.message_ids, text),
        original_subject=original_subject(message, parts.original, parts.notice),
        is_report=findings.is_report,
        source=findings.source,
        reporting_mta=findings.reporting_mta,
    )


def _inner(returned: Message, own_addresses: Collection[str]) -> BounceReport | None:
    """Return the report that a gateway wrapped into one of its own which says nothing."""
    if not is_daemon(returned):
        return None
    report = _read(returned, own_addresses, nested=True)
    return report if report is not None and report.recipients else None


def is_daemon(message: Message) -> bool:
    """Return whether a mail system, not a person, is named as the sender."""
    sender = first_address(message, "From") or first_address(message, "Sender")
    local = sender.partition("@")[0]
    name = ADDRESS.sub("", decoded(message, "From"))
    return bool(DAEMON_LOCAL.match(local) or DAEMON_NAME.search(name.strip(' "<>')))


def _machine_readable(message: Message, parts: ReportParts, subject: str) -> Findings | None:
    if parts.feedback:
        return feedback(parts.feedback)
    if parts.status:
        found = delivery_status(parts.status, parts.notice)
        if found is not None:
            return found
    if parts.disposition:
        return disposition(parts.disposition, parts.notice, subject)
    if has(message, "X-HmXmrOriginalRecipient"):
        # complaints of Outlook.com before it sent feedback reports
        return Findings("rfc5965", False, default_kind=ReportKind.COMPLAINT)
    return None


def _looks_like_bounce(message: Message, parts: ReportParts, subject: str) -> bool:
    """Weigh whether a mail without machine-readable fields is a bounce.

    Words alone never suffice: parcels fail to be delivered too, and people write about it.
    """
    if has(message, "X-Failed-Recipients"):
        return True
    head = squeeze("\n".join(parts.notice.splitlines()[:40]))[:3000]
    daemon, null_path = is_daemon(message), _null_path(message)
    codes = _has_codes(head)
    if not _may_report(message, parts, codes, subject):
        return False
    words = bool(FAILURE.search(head))
    titled = bool(SUBJECT.search(subject))
    if not (words or codes or titled):
        return False
    weight = 2 * (daemon + null_path + titled + words + parts.declared) + codes
    # a machine that attaches a message returns it; a person may attach any
    weight += parts.attached * (1 + _is_machine(message))
    weight += value(message, "Auto-Submitted").lower().startswith("auto")
    if not daemon:
        # what people discuss on a list or answer to, other than what a daemon sent through one
        weight -= 3 * any(has(message, name) for name in _LIST_HEADERS)
        weight -= 2 * bool(_REPLY.match(subject))
    return weight >= _ENOUGH


def _may_report(message: Message, parts: ReportParts, codes: bool, subject: str) -> bool:
    """Whether more than words says that a mail system wrote this: people quote what one said, too."""
    if parts.attached or parts.declared:
        return True
    submitted = value(message, "Auto-Submitted").lower()
    if is_daemon(message):
        local = first_address(message, "From").partition("@")[0]
        return codes or _null_path(message) or not DAEMON_VAGUE.match(local)
    if submitted.startswith("auto-replied") or SUBJECT_SURE.search(subject):
        return False  # RFC 3834, 3: absence notices have a null path as well
    return codes and (_null_path(message) or submitted.startswith("auto") or _is_machine(message))


def _is_machine(message: Message) -> bool:
    return bool(NO_REPLY.search(first_address(message, "From").partition("@")[0]))


def _has_codes(head: str) -> bool:
    """Return whether a server's answer is quoted: a code, an address, and talk of mail."""
    codes = STATUS_CODE.search(head) or REPLY_CODE.search(head)
    return bool(codes and "@" in head and _MAIL_TALK.search(head))


def _null_path(message: Message) -> bool:
    return any(
        path.replace(" ", "") == "<>"
        for name in ("Return-Path", "X-Envelope-From", "From")
        for path in values(message, name)
    )


def _by_words(
    message: Message, parts: ReportParts, findings: Findings, own_addresses: Collection[str]
) -> Findings:
    """Find the recipients where the machine-readable fields name none."""
    if findings.kind is not ReportKind.BOUNCE:
        return _from_original(parts, findings)
    named = [
        bare_address(part)
        for text in values(message, "X-Failed-Recipients")
        for part in text.split(",")
    ]
    encoded = _verp(message)
    delayed = is_delay(parts.notice)
    for source, found in (("header", [one for one in named if one]), ("verp", encoded)):
        if found:
            kind = _kind(parts.notice, delayed)
            recipients = merge([BouncedRecipient(one, kind) for one in found])
            return replace(findings, source=source, recipients=_explain(recipients, parts))
    ours = {address.lower() for address in own_addresses}
    ours.update(
        addresses(message, "To", "From", "Sender", "Delivered-To", "Return-Path", "Reply-To")
    )
    intended = original_recipients(parts.original)
    if parts.original is not None:
        senders = addresses(parts.original, "From", "Sender", "Return-Path")
        ours.update(one for one in senders if one not in intended)
    found_recipients = find_recipients(parts.notice, ours, intended)
    if found_recipients:
        return replace(findings, source="text", recipients=found_recipients)
    kind = RecipientKind.DELAYED if delayed else RecipientKind.PERMANENT
    default = ReportKind.DELAY if delayed else ReportKind.BOUNCE
    names = find_local_names(parts.notice, _domain(message)) if not intended else ()
    if names:
        found_names = tuple(BouncedRecipient(one, kind) for one in names)
        return replace(findings, source="text", recipients=found_names)
    guessed = replace(findings, source="original", default_kind=default)
    return _from_original(parts, guessed, kind, ours) if len(intended) <= 3 else guessed


def _from_original(
    parts: ReportParts,
    findings: Findings,
    kind: RecipientKind | None = None,
    ours: Collection[str] = (),
) -> Findings:
    """Take the recipients of the returned message where the report names nobody."""
    kind = kind or RecipientKind(findings.default_kind.value)
    found = [one for one in original_recipients(parts.original) if one not in ours]
    source = findings.source or "original"
    return replace(
        findings, source=source, recipients=tuple(BouncedRecipient(one, kind) for one in found[:3])
    )


def _domain(message: Message) -> str:
    """Return the domain of the mail system that reports; '' if the sender is none."""
    return first_address(message, "From").rpartition("@")[2] if is_daemon(message) else ""


def _kind(notice: str, delayed: bool) -> RecipientKind:
    if delayed:
        return RecipientKind.DELAYED
    status = STATUS_CODE.search(notice)
    if passing(status[1] if status else "", notice):
        return RecipientKind.TEMPORARY
    return RecipientKind.PERMANENT


def _explain(
    recipients: tuple[BouncedRecipient, ...], parts: ReportParts
) -> tuple[BouncedRecipient, ...]:
    """Add the server's words from the notice to recipients known from elsewhere."""
    told = {one.address: one for one in find_recipients(parts.notice, ())}
    return tuple(told.get(one.address, one) for one in recipients)


def _verp(message: Message) -> list[str]:
    """Return the recipient encoded in an address of ours: ``bounce+user=example.com@ours``."""
    names = ("X-Original-To", "Delivered-To", "Envelope-To", "X-Envelope-To", "To")
    for name in names:
        for text in [one.strip() for one in values(message, name)]:
            match = _VERP.match(text)
            if match and not text.lower().lstrip("< ").startswith(_NO_VERP):
                return [f"{match[1]}@{match[2]}".lower()]
    return []
