"""What is shown and quoted of a message: nothing but what is listed, whatever the sender wrote."""

import re
import time

import pytest
from odoo.addons.message_history.lib.display import prepare_html, quote_html
from odoo.addons.message_history.lib.style_rules import clean_style
from odoo.addons.message_history.lib.web_address import is_public_host, link_address, picture_address, plain_host

from tests.hostile_markup import HOST, faults, vectors

VECTORS = vectors()
_HELD = re.compile(r'data-held-(?:src|background|style)="[^"]*"')


def test_the_table_is_long_and_its_entries_differ():
    assert len({vector.html for vector in VECTORS}) == len(VECTORS) >= 400
    assert faults("<p onclick=x>x</p><script>x</script>"), "a judge that finds nothing is no judge"
    assert faults('<a href="javascript:x">x</a>')
    assert faults('<p style="background: url(//x)">x</p>')


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector.number))
def test_only_what_is_listed_is_shown(vector):
    shown = prepare_html(vector.html, {}, {"odoo.example"}).html
    assert not faults(shown), vector.name
    assert not re.search(r"""(src|background)=["']http|url\('http""", _HELD.sub("", shown)), (
        "nothing is loaded by itself"
    )
    assert vector.maybe or bool(_HELD.search(shown)) == vector.picture, vector.name


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector.number))
def test_only_what_is_listed_is_quoted(vector):
    quoted = quote_html(vector.html, {"odoo.example"})
    assert not faults(quoted), vector.name
    assert "data-held" not in quoted
    assert not re.search(r"""(src|background)=["']http|url\('http""", quoted), "no picture goes out again by itself"
    assert not faults(quote_html(vector.html, {"odoo.example"}, pictures=True)), vector.name


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector.number))
def test_cleaning_again_changes_nothing(vector):
    """Whatever still changed could become something else at the next reading."""
    quoted = quote_html(vector.html, pictures=True)
    assert quote_html(quoted, pictures=True) == quoted


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector.number))
def test_what_stands_around_it_stays(vector):
    if not re.match(
        r"<(!|\?|xmp|plaintext|listing|title|textarea|iframe|frameset|script|style|template|select)", vector.html, re.I
    ):
        assert "the words before" in prepare_html(f"<p>the words before</p>{vector.html}", {}).html


@pytest.mark.parametrize(
    ("markup", "host"),
    [
        ('<a href="http://elsewhere.example/x">https://bank.example</a>', "elsewhere.example"),
        ('<a href="http://elsewhere.example/x">www.bank.example/login</a>', "elsewhere.example"),
        ('<a href="http://bank.example.elsewhere.example/x"><b>bank.example</b></a>', "bank.example.elsewhere.example"),
        ('<a href="http://b\u00e4nk.example/x">bank.example</a>', "xn--bnk-qla.example"),
        ('<a href="http://login.bank.example/x">www.bank.example</a>', None),
        ('<a href="http://bank.example/x">to the bank</a>', None),
        ('<a href="http://one.co.uk/x">two.co.uk</a>', "one.co.uk"),
    ],
)
def test_a_link_whose_text_names_another_place_says_where_it_leads(markup, host):
    html = prepare_html(markup, {}).html
    assert (f'data-leads-to="{host}"' in html) if host else ("leads-to" not in html)
    assert "leads-to" not in quote_html(markup)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("https://shop.example/a?b=c&d#e", "https://shop.example/a?b=c&d#e"),
        ("HTTPS://Shop.example", "https://Shop.example"),
        ("ht\ntps://shop.example/a b", "https://shop.example/a%20b"),
        ("mailto:a@b.example?subject=x", "mailto:a@b.example?subject=x"),
        ("mailto:a@b.example?attach=/x&body=y", "mailto:a@b.example?body=y"),
        ("tel:+49 30 123", "tel:+49%2030%20123"),
        ("tel:*21#", None),
        ("javascript:x", None),
        ("//shop.example", None),
        ("https://u@shop.example", None),
        ("https:\\\\x", None),
        ("https://shop.example:x/", None),
        ("file:///x", None),
        ("", None),
        ("https://", None),
        ("https://[::1/", None),
    ],
)
def test_addresses_of_links(given, expected):
    assert link_address(given) == expected


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "0x7f.1",
        "0177.1",
        "2130706433",
        "0",
        "10.1.2.3",
        "192.168.1.1",
        "172.20.0.1",
        "169.254.1.1",
        "100.64.0.1",
        "224.0.0.1",
        "256.1.1.1",
        "1.2.3.4.5",
        "09.1",
        "[::1]",
        "[::]",
        "[fe80::1]",
        "[fd00::1]",
        "[::ffff:10.0.0.1]",
        "[::ffff:a00:1]",
        "[64:ff9b::a00:1]",
        "[2002:a00:1::]",
        "[::10.0.0.1]",
        "[x]",
        "localhost",
        "a.localhost",
        "printer",
        "printer.local",
        "nas.lan",
        "x.internal",
        "x.home.arpa",
    ],
)
def test_hosts_of_inner_networks(host):
    assert not is_public_host(host)
    assert picture_address(f"http://{host}/x") is None


@pytest.mark.parametrize(
    "host",
    ["shop.example", "8.8.8.8", "134744072", "[2606:4700::1111]", "xn--bcher-kva.example", "b\u00fccher.example"],
)
def test_hosts_of_the_open_net(host):
    assert picture_address(f"https://{host}/x") == (f"https://{host}/x", host)


def test_a_host_is_read_as_a_browser_reads_it():
    for written in ("LOCALHOST", "localhost.", "%6cocalhost", "\uff4cocalhost", "local\u00adhost", "localhost:80"):
        assert plain_host(written) == "localhost"
    assert plain_host("a\u3002b") == "a.b"
    assert plain_host("%ff") == plain_host("a b") == plain_host("a..b") == plain_host("") == ""


def test_own_server_by_any_spelling():
    for host in ("ODOO.example", "odoo.example.", "odoo%2eexample", "odoo\u3002example", "odoo.example:8069"):
        assert (
            "src"
            not in prepare_html(f'<p>x</p><img src="https://{host}/web/session/logout">', {}, {"odoo.example"}).html
        )


def test_ordinary_styles_stay():
    style = (
        "font: bold 14px/1.5 'Segoe UI', Arial, sans-serif; color: #1a2b3c !important; margin: 0 -15px 1.5em auto; "
        "background-color: rgba(0, 0, 0, .5); width: calc(100% - 20px); border: 1px solid rgb(204,204,204)"
    )
    assert clean_style(style, lambda _address: None) == style


@pytest.mark.parametrize(
    "piece",
    [
        "<p style='color:red;",
        "<a href='http://a.example/",
        "<!--",
        "<![CDATA[",
        "<p {x}y=z>",
        "url(",
        "url('http://a.example/x') ",
        "<b>",
        "<x>a</x>b",
        "<!-- -->a",
        "<style>a</style>b",
        "<img src=http://a.example/x>",
        "<a href=http://a.example>b.example</a>",
        "&#8238;",
        "<p style='background:url(http://a.example/x);'>",
        "<p style='/*'>",
        "<td title='\x01'>",
    ],
)
def test_it_costs_what_it_is_long(piece):
    def cost(size):
        source = (piece * (size // len(piece) + 1))[:size]
        best = 9.0
        for _turn in range(3):
            start = time.process_time()
            prepare_html(source, {})
            quote_html(source)
            best = min(best, time.process_time() - start)
        return best

    small, large = cost(32_000), cost(128_000)
    assert large < 0.05 or large / small < 2.5**2


def test_vectors_point_at_the_recording_server():
    assert sum(HOST in vector.html for vector in VECTORS) > 150
