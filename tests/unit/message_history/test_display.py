"""What the page that shows a message gets."""

import re

import pytest
from odoo.addons.message_history.lib.display import prepare_html, quote_html


def test_nothing():
    assert prepare_html("", {}).html == ""
    assert prepare_html("  \n", {}).html == ""


def test_own_pictures_get_an_address():
    display = prepare_html('<p>Hi</p><img src="cid:logo@x">', {"logo@x": "/part/1/0"})
    assert 'src="/part/1/0"' in display.html
    assert (display.used_cids, display.remote) == ({"logo@x"}, False)


def test_a_picture_that_is_missing_asks_for_nothing():
    assert "cid:" not in prepare_html('<img src="cid:gone@x">', {}).html


@pytest.mark.parametrize("markup", [
    '<img src="https://spy.example/a.png">', '<img src="//spy.example/a.png">',
    '<table background="http://spy.example/a.png"><tr><td>x</td></tr></table>',
    '<p style="background: url(https://spy.example/a.png)">x</p>',
])
def test_pictures_from_elsewhere_wait(markup):
    display = prepare_html(f"{markup}<p>text</p>", {})
    assert display.remote
    assert "spy.example" not in re.sub(r'data-held-\w+="[^"]*"', "", display.html)
    assert re.search(r'data-held-(src|background|style)="[^"]*https?://spy.example/a.png', display.html)


@pytest.mark.parametrize("markup", [
    '<img src="https://spy.example/a.png" alt="Our logo">', '<td background="http://spy.example/a.png">Our logo</td>',
    '<p style="background: url(https://spy.example/a.png)">Our logo</p>',
])
def test_pictures_from_elsewhere_go_out_again_only_where_they_may(markup):
    markup = f"<table><tr>{markup}</tr></table>"
    assert "spy.example" not in quote_html(markup)
    assert "Our logo" in quote_html(markup)
    assert "spy.example/a.png" in quote_html(markup, pictures=True)


@pytest.mark.parametrize("pixel", ['width="1" height="1"', 'height="0"', 'style="display:none"', 'style="height:1px"'])
def test_a_picture_that_nobody_is_to_see_never_goes_out_again(pixel):
    assert "spy.example" not in quote_html(f'<p>x</p><img src="https://spy.example/a.png" {pixel}>', pictures=True)


def test_what_the_sender_wrote_as_held_is_dropped():
    hostile = '<p data-held-onmouseover="x()" data-held-style="color: red" data-held-text="y" data-held-src="z">x</p>'
    assert "data-held" not in prepare_html(hostile, {}).html
    assert "data-held" not in quote_html(hostile, pictures=True)


@pytest.mark.parametrize("address", ["/web/session/logout", "web/session/logout", "https://odoo.example/x"])
def test_nothing_is_loaded_from_this_server(address):
    display = prepare_html(f'<p>x</p><img src="{address}">', {}, {"odoo.example"})
    assert "src" not in display.html
    assert not display.remote


def test_pictures_within_the_text_stay():
    assert "data:image" in prepare_html('<img src="data:image/gif;base64,R0lGODlh">', {}).html


def test_links_open_apart():
    html = prepare_html('<a href="https://shop.example/">shop</a><a href="javascript:x()">evil</a>', {}).html
    assert 'target="_blank"' in html
    assert "noopener" in html
    assert "javascript" not in html


def test_a_link_within_the_message_stays_there():
    assert "_blank" not in prepare_html('<a href="#part2">further</a>', {}).html


@pytest.mark.parametrize("quote", [
    '<blockquote type="cite">old</blockquote>', '<div class="gmail_quote">old</div>',
    '<div id="appendonsend"></div><hr><div id="divRplyFwdMsg">From: x</div><div>old</div>',
    '<div class="o_message_quote">On Monday x wrote: <blockquote type="cite">old</blockquote></div>',
])
def test_what_is_quoted_folds_away(quote):
    html = prepare_html(f"<p>My own new words</p>{quote}", {}).html
    before, folded = html.split('<details class="o_quote">', 1)
    assert "My own new words" in before
    assert "old" in folded
    assert html.count("<details") == 1


def test_text_behind_a_quote_stays_outside():
    html = prepare_html('<p>New words here</p><blockquote type="cite">old</blockquote>Yours, Ann', {}).html
    assert html.index("</details>") < html.index("Yours, Ann")


def test_a_message_that_is_nothing_but_a_quote_stays_open():
    assert "<details" not in prepare_html('<blockquote type="cite">only this</blockquote>', {}).html
