"""What several tests of the parsers need."""

import email
import email.policy

MULTIPART = b"From: a@b.c\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"


def tree(message):
    """Return everything that the standard parser puts into a message, as plain values."""
    payload = message._payload
    return (
        message._headers,
        message.preamble,
        message.epilogue,
        message.get_unixfrom(),
        message.get_content_type(),
        [tree(part) for part in payload] if isinstance(payload, list) else payload,
    )


def standard_tree(raw):
    return tree(email.message_from_bytes(raw, policy=email.policy.SMTP))


def read_everything(message):
    """Look at a message as core does; return its contents."""
    contents = []
    for part in message.walk():
        for name in ("Subject", "From", "To", "Cc", "Message-Id", "References", "Date", "X-Other"):
            for header in part.get_all(name, []):
                str(header).encode()
        part.get_filename()
        part.get_content_charset()
        if part.get_content_maintype() == "multipart":
            continue
        if part.get_content_type().startswith("text/") and not part.get_param("charset"):
            part.set_charset("utf-8")
        contents.append(part.get_content())
    return contents
