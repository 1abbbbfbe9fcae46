"""Mails for benchmarks: always the same for the same seed, each from a sender of its own."""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime

WORDS = [
    "offer", "invoice", "delivery", "meeting", "question",
    "project", "paper", "order", "machine", "garden", "river",
    "window", "contract", "number", "customer", "colleague", "morning",
    "travel", "ticket", "engine", "colour", "harbour", "letter",
]
START = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def message_id(seed: int, number: int) -> str:
    """Message-ID of a lead's mail."""
    return f"<{seed}.{number}@mail{number % 7}.customer.example>"


def leads(seed: int, count: int) -> Iterator[bytes]:
    """Small mails of two parts, about 3 KB each, as customers write them."""
    for number in range(count):
        chance = random.Random(f"{seed}/{number}")
        yield _mail(chance, seed, number, message_id(seed, number))


def replies(seed: int, count: int) -> Iterator[bytes]:
    """Answers to the mails of ``leads`` with the same seed, by the same senders."""
    for number in range(count):
        chance = random.Random(f"{seed}/{number}/reply")
        parent = message_id(seed, number)
        yield _mail(chance, seed, number, parent.replace("<", "<re."), parent)


def large(seed: int, size: int) -> bytes:
    """A mail with one attachment of ``size`` bytes that no packer can shrink."""
    chance = random.Random(seed)
    content = base64.encodebytes(chance.randbytes(size)).replace(b"\n", b"\r\n")
    head = _mail(chance, seed, 0, message_id(seed, 0))
    boundary = b"=-=large=-="
    part = b"Content-Type: " + head.partition(b"Content-Type: ")[2]
    return b"".join([
        head.partition(b"Content-Type: ")[0],
        b'Content-Type: multipart/mixed; boundary="', boundary, b'"\r\n\r\n--', boundary, b"\r\n",
        part, b"\r\n--", boundary,
        (b'\r\nContent-Type: application/octet-stream; name="plan.bin"\r\n'
         b"Content-Transfer-Encoding: base64\r\n"
         b'Content-Disposition: attachment; filename="plan.bin"\r\n\r\n'),
        content, b"--", boundary, b"--\r\n",
    ])  # fmt: skip


def _mail(
    chance: random.Random, seed: int, number: int, own_id: str, parent: str | None = None
) -> bytes:
    message = EmailMessage()
    message["Return-Path"] = f"<person{number}.{seed}@customer.example>"
    message["Received"] = f"from mail.customer.example by mx.company.example with ESMTPS id {seed}"
    message["Message-ID"] = own_id
    message["Date"] = format_datetime(START + timedelta(seconds=number))
    message["From"] = f'"Person {number}" <person{number}.{seed}@customer.example>'
    message["To"] = "Sales <sales@company.example>"
    subject = " ".join(chance.choices(WORDS, k=5)).capitalize()
    message["Subject"] = f"Re: {subject}" if parent else subject
    message["X-Mailer"] = "Letters 4.2"
    if parent:
        message["In-Reply-To"] = parent
        message["References"] = parent
    paragraphs = [" ".join(chance.choices(WORDS, k=25)) + "." for _number in range(5)]
    message.set_content("\n\n".join(paragraphs) + "\n")
    rows = "".join(f"<p>{text}</p>" for text in paragraphs)
    message.add_alternative(f"<html><body>{rows}</body></html>\n", subtype="html")
    return message.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
