"""What core's steps get of hostile HTML is bounded; ordinary HTML is handed on letter for letter."""

import time

import lxml.html
import pytest
from odoo.addons.message_history.lib.html_bounds import (
    MAX_ATTRIBUTES,
    MAX_QUOTED_CHILDREN,
    MAX_TAGS,
    bound_html,
    bound_plain,
)
from odoo.addons.message_history.lib.mime_headers import MAX_STANDARD_STRUCTURED, TolerantHeaders
from odoo.addons.message_history.lib.repair import parse_mail

MEBIBYTE = 1024 * 1024
HOSTILE = {
    "tags": ("", "<b>x</b>", ""), "attributes": ("<p ", "a=1 ", ">x</p>"), "a style": ('<p style="', "a", '">x</p>'),
    "expressions": ('<p style="', "expression(", '">x</p>'), "unclosed tags": ("<a ", "encoding=x ", ""),
    "less-than signs": ("", "<", ""), "forms": ("", "<form>x</form>", ""), "comments": ("", "<!--", ""),
    "quoted children": ('<div data-o-mail-quote-container="1">', "<p>x</p>", "</div>"),
    "signatures": ("", "<p>--<br></p>", ""), "rules": ("", '<hr id="stopSpelling">', ""),
    "attributes with brackets": ("<p ", 'a="<" b=">" ', ">x</p>"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_html_is_bounded(name):
    begin, pump, end = HOSTILE[name]
    source = begin + pump * (MEBIBYTE // len(pump)) + end
    started = time.process_time()
    bounded, codes = bound_html(source)
    assert time.process_time() - started < 1.5
    assert codes
    root = lxml.html.fragment_fromstring(bounded, create_parent="div")
    elements = list(root.iter(lxml.etree.Element))
    assert len(elements) <= MAX_TAGS + 2
    assert max(len(one.attrib) for one in elements) <= MAX_ATTRIBUTES + 1
    for one in elements:
        assert len(one.get("style") or "") < 20_000
        if one.get("data-o-mail-quote-container"):
            assert len(one) <= MAX_QUOTED_CHILDREN or one.get("data-o-mail-quote-node")


def test_a_newsletter_is_handed_on_letter_for_letter():
    row = '<tr><td style="color: #333; font-family: Arial" class="a b"><a href="https://x.example/?a=1&amp;b=2">a</a></td></tr>\n'
    source = f"<html><head><style>td {{color: red}}</style></head><body><table>{row * 3000}</table></body></html>"
    assert bound_html(source) == (source, [])


@pytest.mark.parametrize(("begin", "end"), [("<div>", "</div>"), ("<b><div></b>", ""), ("<p><i>", "</i></p>"),
                                            ("<table><tr><td>", "</td></tr></table>"), ("<a x='<'><b>", "")])
def test_words_in_and_behind_mark_up_of_any_depth_are_shown(begin, end):
    """The parser stops where it is too deep, and leaves out all that follows."""
    for times in (60, 130, 250, 257, 3000):
        source = f"<p>before</p>{begin * times}inside{end * times}<p>behind</p>"
        bounded, codes = bound_html(source)
        shown, as_it_was = (
            lxml.html.fragment_fromstring(one, create_parent="div").text_content() for one in (bounded, source))
        assert [word for word in ("before", "inside", "behind") if word not in shown] == []
        assert "nested_markup" in codes or "behind" in as_it_was


def test_what_is_left_open_a_thousand_times_is_not_deep():
    source = "<table>" + "<tr><td><p>one<br>two\n" * 1000 + "</table>"
    assert bound_html(source) == (source, [])


def test_a_long_thread_of_quoted_lines_is_handed_on():
    source = "Hello\n> one\n> two\nanswer\n" * 400
    assert bound_plain(source) == (source, [])
    assert bound_plain("\n>a\nb" * 200_000)[1] == ["hostile_markup"]


def test_many_html_parts_together_are_bounded():
    part = b"--b\r\nContent-Type: text/html\r\n\r\n" + b"<b>x</b>" * 2000 + b"\r\n"
    parsed = parse_mail(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + part * 60 + b"--b--\r\n")
    tags = [part.get_content().count("<") for part in parsed.message.walk() if part.get_content_type() == "text/html"]
    assert sum(tags) <= MAX_TAGS
    assert "oversize_text" in parsed.repairs


def test_structured_headers_together_are_bounded():
    """The standard parser takes 60 milliseconds for two kilobytes of these, and four times that for twice as many."""
    headers = TolerantHeaders()
    started = time.process_time()
    for number in range(200):
        headers("To", f"u{number} " + "(a)" * ((MAX_STANDARD_STRUCTURED - 10) // 3))
    assert time.process_time() - started < 3
    started = time.process_time()
    TolerantHeaders()("To", "\\" * 16_000)
    assert time.process_time() - started < 0.5


def test_groups_of_many_headers_are_no_depth_for_a_parser():
    """Core joins the headers of a name before it parses them."""
    message = parse_mail(b"From: a@b.example\r\n" + b"To: a:\r\n" * 900 + b"\r\nx").message
    joined = ",".join(str(one) for one in message.get_all("To"))
    assert ":" not in joined
