"""An outgoing message on its way into the ledger."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass
class Recipient:
    """One recipient of an outgoing message.

    :param address: as it is to be given to the server
    :param content: the whole copy for this recipient, where it differs from the message's own
    :param state: ``queued``, or what is known of it before anything is sent (``refused``)
    """

    address: str
    partner_id: int | None = None
    content: bytes | None = None
    state: str = "queued"
    failure_type: str | None = None
    server_reply: str | None = None


@dataclass
class Outgoing:
    """One message to one or many recipients: one ledger row, one original, a delivery each.

    :param channel_id: whose queue it goes into
    :param content: the original; copies that differ are kept as differences to it
    :param values: further columns of ``message.history`` (subject, model, ...)
    :param names: what else is to be known of it (``from``: the address that it is sent as)
    :param references: ids that it refers to, newest first
    :param private: headers only: the text is never shown and goes when all is done
    :param not_before: not sent before that moment (naive UTC)
    :param expires: not tried after that moment
    """

    channel_id: int
    content: bytes
    recipients: list[Recipient]
    message_uid: str = ""
    references: tuple[str, ...] = ()
    values: dict[str, Any] = field(default_factory=dict)
    names: dict[str, Any] = field(default_factory=dict)
    private: bool = False
    priority: int = 10
    not_before: datetime | None = None
    expires: datetime | None = None
