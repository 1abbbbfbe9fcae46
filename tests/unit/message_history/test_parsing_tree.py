"""The tree that our parser makes of a mail is that of the standard library, only sooner."""

import email
import email.policy
import time

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from odoo.addons.message_history.lib.repair import parse_mail

from tests.unit.message_history.parsing_help import MULTIPART, standard_tree, tree

LINE_END = st.sampled_from([b"\n", b"\r\n"])
TEXT = st.lists(
    st.sampled_from(
        [b"hello", b"", b"-- ", b"--", b"--x", b"--x--", b"--y", b"From here", b"a: b", b" x"]
    )
).map(b"\n".join)
HEADERS = st.sampled_from(
    [
        b"",
        b"Content-Type: text/plain\n",
        b"Content-Type: text/html; charset=utf-8\n",
        b"Content-Type: image/png; name=a.png\nContent-Transfer-Encoding: base64\n",
        b"Subject: a\n b\n\tc\nX-Y: z\n",
        b"Content-Disposition: attachment; filename=a\n",
    ]
)
LEAF = st.builds(lambda headers, text: headers + b"\n" + text, HEADERS, TEXT)


def _multipart(boundary, parts, preamble, epilogue, closed):
    mark = b"--" + boundary
    body = preamble + b"".join(mark + b"\n" + part + b"\n" for part in parts)
    kind = b"digest" if boundary == b"y" else b"mixed"
    head = b"Content-Type: multipart/" + kind + b'; boundary="' + boundary + b'"\n\n'
    return head + body + (mark + b"--" + epilogue if closed else b"")


def _nested(children):
    multipart = st.builds(
        _multipart,
        st.sampled_from([b"x", b"y", b"xy", b"=_z"]),
        st.lists(children, min_size=1, max_size=3),
        st.sampled_from([b"", b"preamble\n", b"\n"]),
        st.sampled_from([b"", b"\n", b"\nepilogue", b"\n\n"]),
        st.booleans(),
    )
    message = children.map(lambda child: b"Content-Type: message/rfc822\n\n" + child)
    report = st.lists(st.sampled_from([b"A: b\n", b"C: d\nE: f\n", b""]), max_size=3).map(
        lambda blocks: b"Content-Type: message/delivery-status\n\n" + b"\n".join(blocks)
    )
    return st.one_of(multipart, message, report)


ENTITY = st.recursive(LEAF, _nested, max_leaves=8)
MAIL = st.builds(
    lambda entity, end: (b"From: a@b.c\n" + entity).replace(b"\n", end), ENTITY, LINE_END
)


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(MAIL)
@example(b'From: a@b.c\nContent-Type: multipart/digest; boundary="y"\n\n--y\n\nFrom here\nFrom here\n')
def test_same_tree_as_the_standard_library(raw):
    parsed = parse_mail(raw)
    if not parsed.repairs:
        assert tree(parsed.message) == standard_tree(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\n",
        b"x",
        b"Subject: x",
        b"Subject: x\n\nbody\n",
        b"From me Sat\nSubject: x\n\nbody",
        MULTIPART + b"--x\r\n\r\na\r\n--x--",
        MULTIPART + b"pre\r\n--x\r\n\r\na\r\n--x\r\n\r\nb\r\n--x--\r\nepilogue\r\n",
        MULTIPART + b"--x\r\n\r\nnever closed\r\n",
        MULTIPART + b"--x\r\n--x\r\n\r\ntwice\r\n--x  \r\n--x--\r\n",
        MULTIPART + b"--x\r\n--x--\r\n",
        MULTIPART
        + b"--x\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n--y\r\n\r\na\r\n--x--",
        MULTIPART
        + b"--x\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\na\r\n--x--",
        MULTIPART.replace(b"\r\n", b"\r") + b"--x\r\ra\r--x--\r",
    ],
)
def test_same_tree_for(raw):
    assert tree(parse_mail(raw).message)[5] == standard_tree(raw)[5]
    assert tree(parse_mail(raw).message)[:2] == standard_tree(raw)[:2]


def test_faster_than_the_standard_library():
    raw = MULTIPART + b"".join(
        b"--x\r\nContent-Type: text/plain; charset=utf-8\r\n"
        b"Content-Transfer-Encoding: 7bit\r\n\r\n" + b"hello world\r\n" * 50
        for _ in range(3)
    )

    def seconds(function):
        best = 10.0
        for _ in range(5):
            started = time.process_time()
            for _ in range(50):
                function()
            best = min(best, time.process_time() - started)
        return best

    standard = seconds(lambda: email.message_from_bytes(raw, policy=email.policy.SMTP))
    assert seconds(lambda: parse_mail(raw)) < 1.2 * standard
