"""The first words that say something."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from odoo.addons.message_history.lib.preview import preview


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("", ""),
        ("Please call me.", "Please call me."),
        ("Hello Anna,\n\nplease call me.", "please call me."),
        ("Hi,\nplease call", "please call"),
        ("Dear Mr. Smith:\nplease call", "please call"),
        ("Sehr geehrte Damen und Herren,\n\nanbei die Rechnung.", "anbei die Rechnung."),
        ("Guten Tag Frau Müller,\nanbei", "anbei"),
        ("Hallo zusammen!\nanbei", "anbei"),
        ("Liebe Anna, anbei die Rechnung", "anbei die Rechnung"),
        ("History is long", "History is long"),
        ("Highway closed", "Highway closed"),
        ("Hello", "Hello"),
        ("> quoted\n> more\n\nmy answer", "my answer"),
        ("my answer\n\nOn Sat, Nov 21, 2026, Bob wrote:\n> quoted", "my answer"),
        ("Am 21.11.2026 schrieb Bob:\n> zitiert\nmeine Antwort", "meine Antwort"),
        ("ok\n-----Original Message-----\nFrom: x", "ok"),
        ("ok\n-----Ursprüngliche Nachricht-----\nVon: x", "ok"),
        ("text\n-- \nBob\nCompany", "text"),
        ("> only a quotation", "> only a quotation"),
        ("<p>Hello Anna,</p><p>please <b>call</b> me.</p>", "please call me."),
        ("<style>p {color: red}</style><p>text</p>", "text"),
        ("<html><head><title>T</title></head><body>a&nbsp;&amp;&nbsp;b</body></html>", "a & b"),
        ("<p>answer</p><blockquote>quoted</blockquote>", "answer"),
        ('<div>answer</div><div class="gmail_quote">On Sat wrote</div>', "answer"),
        ("<blockquote>quoted</blockquote><p>answer</p>", "quoted answer"),
        ("<pre>Hello,\n\nplease</pre>", "please"),
        ("a\0b\r\n\tc", "ab c"),
        ("a < b and c > d", "a < b and c > d"),
        ("<!-- hidden --><p>x</p>", "x"),
    ],
)
def test_preview(source, expected):
    assert preview(source) == expected


def test_long_texts_are_clipped_at_a_word():
    clipped = preview("word " * 100, length=20)
    assert clipped == "word word word word…"
    assert preview("x" * 100, length=20) == "x" * 19 + "…"
    assert preview("x" * 20, length=20) == "x" * 20


@given(st.text(max_size=300), st.integers(1, 200))
def test_never_raises_and_keeps_its_length(source, length):
    found = preview(source, length)
    assert len(found) <= max(length, 2)
    assert "\n" not in found
    found.encode()


@pytest.mark.parametrize(
    "text", ["<", "<a ", "<!--", "<style>", "<p ", "Hello ", "> ", "\n", "On ", "-", "a<b>"]
)
def test_costs_little(text):
    started = time.process_time()
    preview("<p>" + text * (1_000_000 // len(text)))
    assert time.process_time() - started < 2
