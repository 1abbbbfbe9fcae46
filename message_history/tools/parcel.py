"""An outgoing message as JSON, for one that has to wait outside the ledger."""

import base64
import dataclasses
import json
from datetime import datetime
from typing import Any

from .outgoing import Outgoing, Recipient

#: Columns of the ledger that name rows which may not be there when the message is unpacked.
_REFERENCES = ("mail_mail_id", "mail_message_id")
#: Texts of a message: the bytes have them, and nothing else needs them.
_TEXTS = ("preview", "body_text")


def pack(message: Outgoing) -> str:
    """Return everything about a message but its bytes, and nothing that tells what it says."""
    values = {name: value for name, value in message.values.items() if name not in (*_REFERENCES, *_TEXTS)}
    fields = {**dataclasses.asdict(message), "values": values, "content": None}
    for recipient in fields["recipients"]:
        if recipient["content"] is not None:
            recipient["content"] = base64.b64encode(recipient["content"]).decode()
    for name in ("not_before", "expires"):
        fields[name] = fields[name].isoformat() if fields[name] else None
    return json.dumps(fields)


def unpack(packed: dict[str, Any], content: bytes) -> Outgoing:
    """Return the message that :func:`pack` was given."""
    fields = {**packed, "content": content, "references": tuple(packed["references"])}
    for name in ("not_before", "expires"):
        fields[name] = datetime.fromisoformat(fields[name]) if fields[name] else None
    fields["recipients"] = [
        Recipient(**{**one, "content": base64.b64decode(one["content"]) if one["content"] else None})
        for one in packed["recipients"]]
    return Outgoing(**fields)
