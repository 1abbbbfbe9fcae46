"""The keys of the message dictionary that programmers of Odoo know from its older gateways."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.message import EmailMessage
from typing import Any

from .text import clean_line

_NORMAL = "3"
#: Words of X-Priority, Importance and Priority, and the number that they stand for.
_WORDS = {
    "highest": "1",
    "urgent": "1",
    "high": "2",
    "normal": "3",
    "medium": "3",
    "low": "4",
    "non-urgent": "4",
    "lowest": "5",
}
_DIGIT = re.compile(r"[1-5]")


def classic_keys(message: EmailMessage, msg_dict: Mapping[str, Any]) -> dict[str, str]:
    """Return the documented keys that core's message dictionary lacks.

    ``id`` and ``message-id``: the Message-ID as in ``msg_dict['message_id']``; ``content-type``:
    the mail's own type, without parameters; ``encoding``: the charset of its first text,
    ``utf-8`` if none is named; ``priority``: ``'1'`` (highest) to ``'5'``, by X-Priority, else by
    Importance, else by Priority, else ``'3'``.
    """
    message_id = str(msg_dict.get("message_id") or message.get("Message-ID") or "").strip()
    return {
        "id": message_id,
        "message-id": message_id,
        "content-type": message.get_content_type(),
        "encoding": _charset(message),
        "priority": _priority(message),
    }


def _charset(message: EmailMessage) -> str:
    for part in message.walk():
        if part.get_content_maintype() == "text":
            return str(part.get_content_charset() or "utf-8")
    return "utf-8"


def _priority(message: EmailMessage) -> str:
    for name in ("X-Priority", "X-MSMail-Priority", "Importance", "Priority"):
        text = clean_line(str(message.get(name) or ""), 50).lower()
        if name == "X-Priority" and (digit := _DIGIT.match(text)):
            return digit[0]
        word = re.split(r"[\s(;]", text, maxsplit=1)[0]
        if word in _WORDS:
            return _WORDS[word]
    return _NORMAL
