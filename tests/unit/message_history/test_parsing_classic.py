"""The documented keys of the message dictionary that core's lacks."""

import pytest
from odoo.addons.message_history.lib.classic import classic_keys
from odoo.addons.message_history.lib.repair import parse_mail


def keys(raw, **msg_dict):
    return classic_keys(parse_mail(raw).message, msg_dict)


def test_keys():
    raw = (
        b"Message-ID: <a@b>\nContent-Type: multipart/mixed; boundary=x\nX-Priority: 1 (Highest)\n\n"
        b"--x\nContent-Type: text/plain; charset=ISO-8859-1\n\nhello\n--x--"
    )
    assert keys(raw, message_id="<a@b>") == {
        "id": "<a@b>",
        "message-id": "<a@b>",
        "content-type": "multipart/mixed",
        "encoding": "iso-8859-1",
        "priority": "1",
    }


def test_defaults():
    assert keys(b"", message_id="<made@up>") == {
        "id": "<made@up>",
        "message-id": "<made@up>",
        "content-type": "text/plain",
        "encoding": "utf-8",
        "priority": "3",
    }
    assert keys(b"Content-Type: image/png\n\n")["encoding"] == "utf-8"
    assert keys(b"Message-ID: <x@y>\n\n")["id"] == "<x@y>"


@pytest.mark.parametrize(
    ("header", "priority"),
    [
        ("X-Priority: 5", "5"),
        ("X-Priority: 2 (High)", "2"),
        ("X-Priority: high", "2"),
        ("X-Priority: 9", "3"),
        ("X-Priority: \x00\nImportance: High", "2"),
        ("Importance: low", "4"),
        ("Priority: urgent", "1"),
        ("Priority: non-urgent", "4"),
        ("X-MSMail-Priority: Normal", "3"),
        ("X-Other: 1", "3"),
    ],
)
def test_priority(header, priority):
    assert keys(header.encode() + b"\n\n")["priority"] == priority
