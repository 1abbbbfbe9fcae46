"""The mails that come in before and after an upgrade: threads on three mailboxes, and what is special."""

from __future__ import annotations

from collections.abc import Iterator
from email.message import EmailMessage

BOXES = ("sales", "support", "office")
#: Messages of one thread.
LENGTH = 3


def mails(count: int, prefix: str = "t") -> Iterator[tuple[str, bytes]]:
    """Yield (mailbox, content): threads of three, each on a mailbox in turn; every sixth goes on in another one."""
    for thread in range(-(-count // LENGTH)):
        for number in range(LENGTH):
            box = BOXES[thread % 3]
            if thread % 6 == 5 and number == LENGTH - 1:
                box = BOXES[(thread + 1) % 3]
            yield box, _mail(prefix, thread, number, box)
    for box, sender, subject, headers in (
        ("sales", "spam@customer.example", "Held", {"X-Spam-Flag": "YES"}),
        ("sales", "nobody@ignored.example", "Ignored", {}),
        ("support", "any@shop.example", "Ignored by its domain", {}),
        ("office", "auto@customer.example", "Away", {"Auto-Submitted": "auto-replied"}),
    ):
        message = _message(f"{prefix}-{subject.replace(' ', '-')}", sender, box, subject, "Text")
        for name, value in headers.items():
            message[name] = value
        yield box, message.as_bytes()


def _mail(prefix: str, thread: int, number: int, box: str) -> bytes:
    subject = f"Thread {prefix}{thread}"
    message = _message(f"{prefix}{thread}-{number}", f"Sender {thread} <s{thread}@customer.example>", box,
                       f"Re: {subject}" if number else subject, f"Text {number} of {subject}")  # fmt: skip
    if number:
        before = [f"<{prefix}{thread}-{one}@customer.example>" for one in range(number)]
        message["References"], message["In-Reply-To"] = " ".join(before), before[-1]
    message["Authentication-Results"] = "mx.example; spf=pass; dkim=pass; dmarc=pass"
    if thread % 5 == 0:
        # large ones are kept in the file store; none is among those that fail, whose ids are read from the database
        size = 400_000 if thread % 15 == 0 else 3_000
        message.add_attachment(bytes([65 + thread % 26]) * size, "application", "octet-stream", filename="a.bin")
    return message.as_bytes()


def _message(name: str, sender: str, box: str, subject: str, text: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, f"{box}@first.example", subject
    message["Message-ID"] = f"<{name}@customer.example>"
    message["Date"] = "Mon, 02 Nov 2026 10:00:00 +0000"
    message.set_content(text)
    return message


def name_of(content: bytes) -> str:
    """Return the Message-ID of one of these mails."""
    return next(line.partition(b": ")[2] for line in content.splitlines() if line.startswith(b"Message-ID")).decode()
