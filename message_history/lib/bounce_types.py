"""What a report about a sent message says: the values :mod:`.bounce` returns."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field


class ReportKind(str, enum.Enum):
    """What a report as a whole tells; the gravest of its recipients decides."""

    BOUNCE = "bounce"
    DELAY = "delay"
    COMPLAINT = "complaint"
    DELIVERED = "delivered"
    READ = "read"
    NOT_READ = "not_read"


class RecipientKind(str, enum.Enum):
    """What became of the message for one recipient.

    ``PERMANENT``: given up, and another attempt would fail too. ``TEMPORARY``: given up, though
    the address may be good (mailbox full, server not reached in time). ``DELAYED``: the server
    that reports is still trying.
    """

    PERMANENT = "permanent"
    TEMPORARY = "temporary"
    DELAYED = "delayed"
    DELIVERED = "delivered"
    READ = "read"
    NOT_READ = "not_read"
    COMPLAINT = "complaint"


_GRAVITY = (
    (RecipientKind.COMPLAINT, ReportKind.COMPLAINT),
    (RecipientKind.PERMANENT, ReportKind.BOUNCE),
    (RecipientKind.TEMPORARY, ReportKind.BOUNCE),
    (RecipientKind.DELAYED, ReportKind.DELAY),
    (RecipientKind.NOT_READ, ReportKind.NOT_READ),
    (RecipientKind.READ, ReportKind.READ),
    (RecipientKind.DELIVERED, ReportKind.DELIVERED),
)


@dataclass(frozen=True)
class BouncedRecipient:
    """One recipient of the message that is reported on.

    :param address: bare and lower-cased; the address we sent to where the report tells it
        (Original-Recipient), else the one the report names
    :param status: enhanced status code (RFC 3463) such as ``5.1.1``, or an empty string
    :param diagnostic: the server's words on one line, at most 500 characters
    :param remote_mta: the server that said so, at most 255 characters
    :param aliases: other addresses that the report gives for the same recipient (forwarding)
    """

    address: str
    kind: RecipientKind
    status: str = ""
    diagnostic: str = ""
    remote_mta: str = ""
    aliases: tuple[str, ...] = ()

    @property
    def final(self) -> bool:
        """Whether nobody tries any more (delivered, read, or given up)."""
        return self.kind is not RecipientKind.DELAYED

    @property
    def failed(self) -> bool:
        """Whether the message did not and will not reach this recipient."""
        return self.kind in (RecipientKind.PERMANENT, RecipientKind.TEMPORARY)


@dataclass(frozen=True)
class BounceReport:
    """A report about a message that was sent earlier.

    :param recipients: may be empty: some reports name nobody
    :param original_message_ids: normalised ids of the sent message, most certain first
    :param original_subject: subject of the sent message, or an empty string
    :param is_report: it is machine readable (multipart/report and the like); False when it was
        recognised by its words
    :param source: where the recipients come from: ``rfc3464``, ``rfc5965``, ``rfc8098``,
        ``header``, ``verp``, ``text`` or ``original``
    :param reporting_mta: the server that reports, as it calls itself
    """

    kind: ReportKind
    recipients: tuple[BouncedRecipient, ...] = ()
    original_message_ids: tuple[str, ...] = ()
    original_subject: str = ""
    is_report: bool = False
    source: str = ""
    reporting_mta: str = ""

    @property
    def failed(self) -> tuple[BouncedRecipient, ...]:
        """The recipients whom the message will not reach."""
        return tuple(recipient for recipient in self.recipients if recipient.failed)

    @property
    def failed_addresses(self) -> tuple[str, ...]:
        """The addresses of :attr:`failed`."""
        return tuple(recipient.address for recipient in self.failed)


@dataclass(frozen=True)
class Findings:
    """What one way of reading a report found, before the returned message is looked at."""

    source: str
    is_report: bool
    recipients: tuple[BouncedRecipient, ...] = ()
    reporting_mta: str = ""
    message_ids: tuple[str, ...] = ()
    subject: str = ""
    default_kind: ReportKind = ReportKind.BOUNCE
    fields: dict[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> ReportKind:
        """The report's kind: that of its gravest recipient."""
        kinds = {recipient.kind for recipient in self.recipients}
        for recipient_kind, report_kind in _GRAVITY:
            if recipient_kind in kinds:
                return report_kind
        return self.default_kind
