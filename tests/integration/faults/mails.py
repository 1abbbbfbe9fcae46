"""Mails for the tests of faults: each carries a word of its own, by which it is found again."""

import itertools
import uuid
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime

_numbers = itertools.count(1)


class Mail:
    """One mail.

    :param words: what the subject says beside the token
    :param sender: by default everybody writes once: core stops who writes often
    :param message_id: False leaves the header out; a text is taken as it is
    :param size: about how many bytes
    :param expected: how often it is to stand in Odoo
    """

    def __init__(self, words="", *, sender="", to="sales@faults.example", cc="",
                 message_id=True, parent=None, size=0, expected=1):
        self.expected = expected
        self.token = f"tok{next(_numbers):05d}x{uuid.uuid4().hex[:8]}"
        self.parent = parent
        self.thread = parent.thread if parent else self.token
        self.subject = f"{words} {self.token}".strip()
        message = self.message = EmailMessage()
        message["From"] = sender or f"{self.token}@customer.example"
        message["To"] = to
        if cc:
            message["Cc"] = cc
        message["Subject"] = self.subject
        message["Date"] = format_datetime(datetime.now(UTC))
        self.message_id = ""
        if message_id:
            self.message_id = message_id if isinstance(message_id, str) else f"<{self.token}@customer.example>"
            message["Message-ID"] = self.message_id
        if parent:
            message["In-Reply-To"] = parent.message_id
            message["References"] = parent.message_id
        message.set_content(f"Good morning, this is {self.token}.\n" + "filling " * (size // 8))

    @property
    def content(self):
        """The bytes."""
        return self.message.as_bytes()

    def set_message_id(self, message_id):
        """Give it another Message-ID."""
        del self.message["Message-ID"]
        self.message["Message-ID"] = self.message_id = message_id
