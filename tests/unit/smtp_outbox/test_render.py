"""From a message to bytes, and copies that share their ends."""

import email
import email.policy
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st
from odoo.addons.message_history.lib.variants import join, shared_tail
from odoo.addons.smtp_outbox.lib.render import needs_utf8, render


def message(text="Süße Grüße", to="Ann <ann@example.com>", attachment=b""):
    found = EmailMessage(policy=email.policy.SMTP)
    found["From"], found["To"], found["Subject"] = "Sales <sales@example.com>", to, "Größe"
    found["Message-Id"] = "<" + "x" * 90 + "@example.com>"
    found["Bcc"] = "secret@example.com"
    found.set_content(text)
    found.add_alternative(f"<p>{text}</p>", subtype="html")
    if attachment:
        found.add_attachment(attachment, maintype="application", subtype="octet-stream", filename="plan.bin")
    return found


def test_what_is_rendered_reads_the_same():
    content = render(message(attachment=bytes(range(256))), token="abc")
    assert content.isascii()
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert max(map(len, content.split(b"\r\n"))) <= 998
    found = email.message_from_bytes(content, policy=email.policy.default)
    assert found["Subject"] == "Größe"
    assert found["Bcc"] is None
    assert found.get_body(("plain",)).get_content().strip() == "Süße Grüße"
    (part,) = found.iter_attachments()
    assert part.get_content() == bytes(range(256))


def test_boundaries_come_from_the_token():
    first, second = (render(message(), token="abc") for _time in range(2))
    assert first == second
    assert b"abc" in first
    assert render(message(), token="abd") != first


def test_addresses_beyond_ascii():
    built = message(to="Jörg <jörg@example.com>")
    assert needs_utf8(built, [])
    assert "jörg@example.com".encode() in render(built, utf8=True, token="abc")
    assert not needs_utf8(message(), ["ann@example.com"])
    assert needs_utf8(message(), ["jörg@example.com"])
    assert not needs_utf8(message(to="ann@müller.example"), [])


def test_copies_share_their_attachment():
    base = render(message(attachment=b"x" * 200_000), token="abc")
    copy = render(message(to="Bob <bob@example.com>", attachment=b"x" * 200_000), token="abc")
    shared = shared_tail(base, copy)
    assert shared > 200_000
    head = copy[: len(copy) - shared]
    assert len(head) < 2000
    assert join(head, base, shared) == copy


@pytest.mark.parametrize(("base", "copy"), [
    (b"", b""), (b"a", b"b"), (b"short", b"short"), (b"x" * 1000, b"y" + b"x" * 999), (b"x" * 70_000, b"x" * 70_000),
    (b"z" + b"x" * 65_536, b"x" * 65_536), (b"x" * 600, b""),
])
def test_shared_ends_at_their_limits(base, copy):
    shared = shared_tail(base, copy)
    assert join(copy[: len(copy) - shared], base, shared) == copy
    assert shared <= min(len(base), len(copy))


@given(st.binary(max_size=2000), st.binary(max_size=200), st.binary(max_size=200))
def test_any_two_copies(tail, left, right):
    base, copy = left + tail, right + tail
    shared = shared_tail(base, copy, minimum=1)
    assert shared >= len(tail)
    assert join(copy[: len(copy) - shared], base, shared) == copy
    assert shared == min(len(base), len(copy)) or base[-shared - 1] != copy[-shared - 1]
