"""The mark of a recipient's copy: bound to message and address, found however it comes back."""

import base64
import quopri
import time

import pytest
from odoo.addons.message_history.lib.delivery_mark import HEADER, find_marks, is_among, make_mark
from odoo.addons.message_history.lib.notice_sender import took_part
from odoo.addons.message_history.lib.repair import parse_mail

SECRET, ID, ADDRESS = b"secret", "<1@odoo.example>", "ann@example.org"
MARK = make_mark(SECRET, ID, ADDRESS)
LINES = f"Received: from a by b\n{HEADER}: {MARK}\nMessage-ID: {ID}\nSubject: Offer\n"


def notice(kind, body, **headers):
    lines = "".join(f"{name.replace('_', '-')}: {value}\n" for name, value in headers.items())
    text = (
        'From: MAILER-DAEMON@mx.example\nContent-Type: multipart/report; boundary="b"\n\n--b\n\n'
        f"It did not work.\n--b\nContent-Type: {kind}\n{lines}\n{body}\n--b--\n"
    )
    return parse_mail(text.replace("\n", "\r\n").encode()).message


def test_a_mark_is_bound_to_message_and_address():
    others = [make_mark(b"other", ID, ADDRESS), make_mark(SECRET, "<2@odoo.example>", ADDRESS),
              make_mark(SECRET, ID, "bob@example.org"), make_mark(SECRET, ID, "")]  # fmt: skip
    assert MARK not in others
    assert len(set(others)) == len(others)
    assert make_mark(SECRET, "1@odoo.example", " Ann@Example.ORG ") == MARK
    assert len(MARK) == 32


def test_nothing_can_be_marked_without_a_secret():
    with pytest.raises(ValueError, match="secret"):
        make_mark(b"", ID, ADDRESS)


def test_comparing():
    assert is_among(MARK, frozenset({MARK, "0" * 32}))
    assert not is_among(MARK, frozenset({MARK[:-1] + "g", "", "0" * 32}))
    assert not is_among(MARK, frozenset())


@pytest.mark.parametrize(
    "message",
    [
        notice("message/rfc822", LINES + "\nHello\n"),
        notice("text/rfc822-headers", LINES),
        notice("text/plain", "--- The headers ---\n\n" + LINES),
        notice("text/plain", "> " + LINES.replace("\n", "\n> ")),
        notice("text/rfc822-headers", base64.b64encode(LINES.encode()).decode(),
               Content_Transfer_Encoding="base64"),
        notice("message/rfc822", base64.encodebytes(LINES.encode()).decode(),
               Content_Transfer_Encoding="base64"),
        notice("text/rfc822-headers", quopri.encodestring(LINES.encode()).decode(),
               Content_Transfer_Encoding="quoted-printable"),
        notice("text/rfc822-headers", LINES.replace(f"{HEADER}: ", f"{HEADER.upper()}:\n ")),
    ],
    ids=["message", "headers", "text", "quoted", "base64", "message-base64", "qp", "folded"],
)  # fmt: skip
def test_it_is_found_however_it_comes_back(message):
    assert find_marks(message) == {MARK}


def test_what_is_no_mark_is_none():
    for value in ("", "0" * 31, "g" * 32, MARK[:-1]):
        assert find_marks(notice("text/rfc822-headers", f"{HEADER}: {value}\n")) == frozenset()


def test_a_thousand_marks_are_no_more_than_twenty():
    lines = "".join(f"{HEADER}: {number:032x}\n" for number in range(1000))
    assert len(find_marks(notice("text/plain", lines))) <= 20


@pytest.mark.parametrize("piece", [f"{HEADER}: ", f"{HEADER}:\n", "X-", "0" * 31 + "\n", "\n"])
def test_the_cost_is_linear(piece):
    def cost(size):
        message = notice("text/plain", piece * (size // len(piece)))
        start = time.process_time()
        find_marks(message)
        return time.process_time() - start

    small, large = min(cost(2**18) for _n in range(3)), min(cost(2**20) for _n in range(3))
    assert large < 0.1 or large / small < 8


@pytest.mark.parametrize(
    ("sender", "recipient", "known"),
    [
        ("mailer-daemon@example.org", "ann@example.org", True),
        ("MAILER-DAEMON@mx.example.org", "ann@example.org", True),
        ("postmaster@example.org", "ann@mail.example.org", True),
        (f"MicrosoftExchange{'0123456789abcdef' * 2}@example.org", "ann@example.org", True),
        ("mailer-daemon@ours.example", "ann@example.org", True),
        ("mailer-daemon@googlemail.com", "ann@gmail.com", True),
        ("mailer-daemon@googlemail.com", "ann@example.org", False),
        ("mailer-daemon@evil.example", "ann@example.org", False),
        ("mailer-daemon@badexample.org", "ann@example.org", False),
        ("mailer-daemon@org", "ann@example.org", False),
        ("bob@example.org", "ann@example.org", False),
        ("mailer-daemon.bob@example.org", "ann@example.org", False),
        ("postmaster", "ann@example.org", False),
        ("", "ann@example.org", False),
        ("mailer-daemon@example.org", "", False),
    ],
)
def test_who_can_know_what_became_of_it(sender, recipient, known):
    assert took_part(sender, recipient, {"ours.example"}) is known
