"""Authentication-Results (RFC 8601): whose word counts, and what it says."""

from email import message_from_string

import pytest
from odoo.addons.message_history.lib.authentication import (
    AuthenticationResults,
    aligned,
    parse_results,
    read_authentication,
    strip_comments,
)

PASS = "mx.ours.example; dmarc=pass header.from=example.org"
FAIL = "mx.ours.example; dmarc=fail header.from=example.org"


def mail(*headers):
    lines = (
        ["From: Ann <ann@example.org>", *headers] if headers else ["From: Ann <ann@example.org>"]
    )
    return message_from_string("\n".join(lines) + "\n\nHi\n")


def results(*values):
    return mail(*(f"Authentication-Results: {value}" for value in values))


@pytest.mark.parametrize(
    ("value", "summary", "passed"),
    [
        ("mx.example.com; none", "", None),
        ("mx.example.com 1; spf=pass smtp.mailfrom=ann@example.org",
         "SPF pass (example.org)", True),
        ("mx.example.com; spf=fail smtp.mailfrom=example.org", "SPF fail (example.org)", False),
        (("mx.example.com; spf=pass smtp.mailfrom=x@mailer.example; dkim=pass "
        "header.d=mailer.example"),
         "SPF pass (mailer.example), DKIM pass (mailer.example)", None),
        ("mx.example.com; dkim=pass (good (very; good) signature) header.i=@news.example.org",
         "DKIM pass (news.example.org)", True),
        (("mx.google.example;\n dkim=pass header.i=@example.org header.s=s header.b=abc=;\n"
        " spf=softfail"
         " (google.example: domain of transitioning ann@example.org does not designate 1.2.3.4)"
         " smtp.mailfrom=ann@example.org;\n dmarc=pass (p=NONE sp=NONE dis=NONE) "
         "header.from=example.org"),
         "SPF softfail (example.org), DKIM pass (example.org), DMARC pass (example.org)", True),
        (("spf=pass (sender IP is 1.2.3.4) smtp.mailfrom=example.org; dkim=none"
         " (message not signed) header.d=none;dmarc=bestguesspass action=none"
         " header.from=example.org;compauth=pass"),
         "SPF pass (example.org), DKIM none, DMARC bestguesspass (example.org)", True),
        (("mx.example.com; arc=pass (i=2 spf=pass) header.oldest-pass=0; dmarc=fail "
        "header.from=example.org"),
         "DMARC fail (example.org), ARC pass", False),
        ('"mx.example.com"; dkim/1 = PASS header.d="Example.org"', "DKIM pass (example.org)", True),
        ("mx.example.com; dkim=temperror header.d=example.org",
         "DKIM temperror (example.org)", None),
    ],
)  # fmt: skip
def test_results(value, summary, passed):
    found = read_authentication(results(value))
    assert found.summary() == summary
    assert found.passed is passed
    assert bool(found) == bool(summary)


def test_only_the_topmost_counts():
    found = read_authentication(results(PASS, "evil.example; dmarc=fail"))
    assert found.authserv_id == "mx.ours.example"
    assert found.passed is True


def test_only_a_trusted_server_counts():
    message = results("evil.example; dmarc=pass header.from=example.org", FAIL)
    assert read_authentication(message, {"mx.ours.example"}).passed is False
    assert not read_authentication(message, {"mx.other.example"})
    assert read_authentication(message, {"mx.other.example"}).summary() == ""


def test_letter_case_of_trusted_servers_does_not_matter():
    assert read_authentication(results(PASS), {"MX.Ours.Example"}).passed is True


def test_one_header_for_each_method():
    message = results(PASS, "mx.ours.example; dkim=pass header.d=example.org",
                      "mx.ours.example; spf=none smtp.mailfrom=example.org")  # fmt: skip
    assert read_authentication(message).summary() == (
        "SPF none (example.org), DKIM pass (example.org), DMARC pass (example.org)"
    )


def test_a_header_below_a_received_header_is_the_senders():
    message = mail(
        "Authentication-Results: mx.ours.example; spf=none",
        "Received: from a by mx.ours.example",
        f"Authentication-Results: {PASS}",
    )
    assert read_authentication(message).dmarc.result == ""


def test_received_headers_above_do_not_hide_the_first():
    message = mail("Received: from lmtp by store.ours.example", f"Authentication-Results: {PASS}")
    assert read_authentication(message).passed is True


def test_of_several_signatures_the_senders_own_counts():
    value = (
        "mx.x; dkim=pass header.d=mailer.example; dkim=fail header.d=a.example;"
        " dkim=pass header.d=example.org"
    )
    assert str(read_authentication(results(value)).dkim) == "pass (example.org)"


def test_a_server_without_a_name_can_be_trusted():
    value = "spf=pass smtp.mailfrom=example.org; dmarc=pass header.from=example.org"
    assert read_authentication(results(value), {""}).passed is True
    assert not read_authentication(results(value), {"mx.ours.example"})


def test_no_header():
    assert read_authentication(mail()) == AuthenticationResults(sender_domain="example.org")


@pytest.mark.parametrize(
    "value",
    [
        "",
        ";",
        ";;;=",
        "a; spf",
        "a; =pass",
        "(((",
        'a; spf=pass "',
        "a; spf=pass (((((" + ")" * 9,
        "\x00",
    ],
)
def test_broken_headers(value):
    assert read_authentication(results(value)).passed in (None, True)


def test_comments_and_quotes():
    assert strip_comments("a (b (c) d) e") == "a  e"
    assert strip_comments('"a (b)" c') == '"a (b)" c'
    assert strip_comments(r"a (b \) c) d") == "a  d"
    assert parse_results("x; spf=pass")[0] == "x"


@pytest.mark.parametrize(
    ("domain", "sender", "same"),
    [
        ("example.org", "example.org", True),
        ("mail.example.org", "example.org", True),
        ("example.org", "news.example.org", True),
        ("org", "example.org", False),
        ("badexample.org", "example.org", False),
        ("", "example.org", False),
        ("example.org", "", False),
    ],
)
def test_aligned(domain, sender, same):
    assert aligned(domain, sender) is same
