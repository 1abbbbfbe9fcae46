"""Mails for the tests of faults: each carries a word of its own, by which it is found again."""

import itertools
import uuid
from email.message import EmailMessage
from email.utils import format_datetime
from datetime import UTC, datetime

_numbers = itertools.count(1)


class Mail:
    """One mail.

    :param words: what the subject says beside the token
    :param message_id: False leaves the header out
    """

    def __init__(self, words="", *, sender="carla@customer.example", to="sales@faults.example", cc="",
                 message_id=True, parent=None, size=0, token=""):
        self.token = token or f"tok{next(_numbers):05d}x{uuid.uuid4().hex[:8]}"
        self.parent = parent
        self.thread = parent.thread if parent else self.token
        message = EmailMessage()
        message["From"] = sender
        message["To"] = to
        if cc:
            message["Cc"] = cc
        message["Subject"] = f"{words} {self.token}".strip()
        message["Date"] = format_datetime(datetime.now(UTC))
        self.message_id = ""
        if message_id:
            self.message_id = message_id if isinstance(message_id, str) else f"<{self.token}@customer.example>"
            message["Message-ID"] = self.message_id
        if parent:
            message["In-Reply-To"] = parent.message_id
            message["References"] = parent.message_id
        message.set_content(f"Good morning, this is {self.token}.\n" + "filling " * (size // 8))
        self.content = message.as_bytes()
