"""Authentication-Results (RFC 8601): whose word counts, where it must stand, and what it says."""

import time
from email import message_from_string

import pytest
from odoo.addons.message_history.lib.authentication import (
    AuthenticationResults,
    TrustedServers,
    aligned,
    common_server,
    find_server,
    parse_results,
    read_authentication,
)

OURS = TrustedServers.of("mx.ours.example")
PASS = "mx.ours.example; dmarc=pass header.from=example.org"
FAIL = "mx.ours.example; dmarc=fail header.from=example.org"
RECEIVED = "Received: from mail.example.org by mx.ours.example; Sun, 29 Nov 2026 06:00:00 +0000"


def mail(*headers, sender="Ann <ann@example.org>"):
    return message_from_string("\n".join([*headers, f"From: {sender}"]) + "\n\nHi\n")


def results(*values, **options):
    return mail(*(f"Authentication-Results: {value}" for value in values), **options)


def read(value, sender="Ann <ann@example.org>", server="mx.ours.example"):
    return read_authentication(results(value, sender=sender), TrustedServers.of(server))


@pytest.mark.parametrize(
    ("value", "summary", "passed"),
    [
        ("mx.ours.example; none", "", None),
        ("mx.ours.example 1; spf=pass smtp.mailfrom=ann@example.org",
         "SPF pass (example.org)", True),
        ("mx.ours.example; spf=fail smtp.mailfrom=example.org", "SPF fail (example.org)", False),
        (("mx.ours.example; spf=pass smtp.mailfrom=x@mailer.example; dkim=pass "
          "header.d=mailer.example"),
         "SPF pass (mailer.example), DKIM pass (mailer.example)", None),
        ("mx.ours.example; dkim=pass (good (very; good) signature) header.i=@news.example.org",
         "DKIM pass (news.example.org)", True),
        (("mx.ours.example;\n dkim=pass header.i=@example.org header.s=s header.b=abc=;\n"
          " spf=softfail"
          " (google.example: domain of transitioning ann@example.org does not designate 1.2.3.4)"
          " smtp.mailfrom=ann@example.org;\n dmarc=pass (p=NONE sp=NONE dis=NONE) "
          "header.from=example.org"),
         "SPF softfail (example.org), DKIM pass (example.org), DMARC pass (example.org)", True),
        (("mx.ours.example; arc=pass (i=2 spf=pass) header.oldest-pass=0; dmarc=fail "
          "header.from=example.org"),
         "DMARC fail (example.org), ARC pass", False),
        ('"mx.ours.example"; dkim/1 = PASS header.d="Example.org"',
         "DKIM pass (example.org)", True),
        ("mx.ours.example; dkim / 1 = pass header.d = example.org",
         "DKIM pass (example.org)", True),
        ("MX.Ours.Example.; dkim=temperror header.d=example.org",
         "DKIM temperror (example.org)", None),
        ("mx.ours.example; dkim=pass reason=\"good; dmarc=fail\" header.d=example.org",
         "DKIM pass (example.org)", True),
    ],
)  # fmt: skip
def test_results(value, summary, passed):
    found = read(value)
    assert found.summary() == summary
    assert found.passed is passed
    assert bool(found) == bool(summary)


# Whose word counts -----------------------------------------------------------------------------


@pytest.mark.parametrize("value", [PASS, "evil.example; dmarc=pass header.from=example.org", FAIL])
def test_without_a_named_server_nothing_is_known(value):
    found = read_authentication(mail(f"Authentication-Results: {value}"), TrustedServers())
    assert found == AuthenticationResults(sender_domain="example.org")
    assert found.passed is None


@pytest.mark.parametrize(
    ("names", "server", "counts"),
    [
        ("mx.ours.example", "mx.ours.example", True),
        ("MX.OURS.example", "mx.ours.EXAMPLE", True),
        ("a.example, mx.ours.example", "mx.ours.example", True),
        ("mx.ours.example", "mx.ours.example 1", True),
        ("mx.ours.example", "evil.mx.ours.example", False),
        ("mx.ours.example", "ours.example", False),
        ("mx.ours.example", "mx.ours.example.evil.example", False),
        ("mx.ours.example", "xmx.ours.example", False),
        ("*.ours.example", "mx7.ours.example", True),
        ("*.ours.example", "ours.example", False),
        ("*.ours.example", "evilours.example", False),
        ("-", "mx.ours.example", False),
    ],
)
def test_names(names, server, counts):
    found = read(f"{server}; dmarc=pass header.from=example.org", server=names)
    assert found.passed is (True if counts else None)


def test_a_server_without_a_name_can_be_trusted():
    """As Exchange Online writes it, below the Received lines of its inner hops."""
    value = (
        "spf=pass (sender IP is 1.2.3.4) smtp.mailfrom=example.org; dkim=none"
        " (message not signed) header.d=none;dmarc=bestguesspass action=none"
        " header.from=example.org;compauth=pass"
    )
    message = mail(RECEIVED, RECEIVED, f"Authentication-Results: {value}", RECEIVED)
    found = read_authentication(message, TrustedServers.of("-", 2))
    assert found.passed is True
    assert found.summary() == "SPF pass (example.org), DKIM none, DMARC bestguesspass (example.org)"
    assert not read_authentication(message, TrustedServers.of("-", 1))
    assert not read_authentication(message, TrustedServers.of("mx.ours.example", 2))


# Where it must stand ---------------------------------------------------------------------------


def test_one_header_for_each_method():
    message = results(PASS, "mx.ours.example; dkim=pass header.d=example.org",
                      "mx.ours.example; spf=none smtp.mailfrom=example.org")  # fmt: skip
    assert read_authentication(message, OURS).summary() == (
        "SPF none (example.org), DKIM pass (example.org), DMARC pass (example.org)"
    )


@pytest.mark.parametrize(
    ("headers", "passed", "forged"),
    [
        ([RECEIVED, PASS], None, "mx.ours.example"),
        ([FAIL, RECEIVED, PASS], False, "mx.ours.example"),
        (["mx.ours.example; spf=none", RECEIVED, PASS], None, "mx.ours.example"),
        (["mx.ours.example; none", RECEIVED, PASS], None, "mx.ours.example"),
        ([RECEIVED, RECEIVED, RECEIVED, PASS], None, "mx.ours.example"),
        (["evil.example; dmarc=pass header.from=example.org", RECEIVED, PASS], None,
         "mx.ours.example"),
        ([PASS, RECEIVED, PASS], True, ""),
        ([PASS, RECEIVED, FAIL], True, ""),
        ([RECEIVED, FAIL], None, ""),
        ([RECEIVED, "evil.example; dmarc=pass header.from=example.org"], None, ""),
        (["evil.example; dmarc=fail", PASS, RECEIVED], True, ""),
        ([FAIL, PASS, RECEIVED], False, ""),
        ([PASS, FAIL, RECEIVED], False, ""),
    ],
)  # fmt: skip
def test_what_stands_below_came_with_the_mail(headers, passed, forged):
    lines = [one if one == RECEIVED else f"Authentication-Results: {one}" for one in headers]
    found = read_authentication(mail(*lines), OURS)
    assert found.passed is passed
    assert found.forged == forged


GMAIL = [
    "Delivered-To: office@ours.example",
    "Received: by 2002:a05:6a10:1234 with SMTP id abc; Sun, 29 Nov 2026 06:00:00 -0800",
    "X-Received: by 2002:a17:902 with SMTP id x; Sun, 29 Nov 2026 06:00:00 -0800",
    ("ARC-Authentication-Results: i=1; mx.google.com; spf=pass smtp.mailfrom=ann@example.org; "
    "dmarc=pass (p=NONE) header.from=example.org"),
    "Return-Path: <ann@example.org>",
    "Received: from mail.example.org (mail.example.org. [192.0.2.1]) by mx.google.com with ESMTPS",
    "Received-SPF: pass (google.com: domain of ann@example.org designates 192.0.2.1)",
    ("Authentication-Results: mx.google.com; spf=pass smtp.mailfrom=ann@example.org; "
    "dmarc=pass (p=NONE) header.from=example.org"),
]
POSTFIX = [
    "Return-Path: <ann@example.org>",
    "Received: from mx.ours.example by store.ours.example with LMTP",
    "Received: from mail.example.org (mail.example.org [192.0.2.1]) by mx.ours.example (Postfix)",
    "Authentication-Results: mx.ours.example; dmarc=pass (p=none dis=none) header.from=example.org",
    "Authentication-Results: mx.ours.example; dkim=pass (2048-bit key) header.d=example.org",
]
RSPAMD = [
    ("Authentication-Results: mx.ours.example;\n\tdkim=pass header.d=example.org header.s=s "
    "header.b=AbC=;\n\tdmarc=pass (policy=none) header.from=example.org;\n\t"
    "spf=pass (mx.ours.example: domain of ann@example.org designates 192.0.2.1 as permitted sender)"
    " smtp.mailfrom=ann@example.org"),
    "Received: from mail.example.org by mx.ours.example (Postfix)",
]
EXCHANGE = [
    "Received: from A.eurprd04.prod.outlook.com by B.eurprd04.prod.outlook.com with HTTPS",
    "Received: from C.eurprd04.prod.outlook.com by A.eurprd04.prod.outlook.com",
    "Received: from D.protection.outlook.com by C.outlook.office365.com",
    ("Authentication-Results: spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=example.org; "
    "dkim=pass (signature was verified) header.d=example.org;dmarc=pass action=none "
    "header.from=example.org;compauth=pass reason=100"),
    "Received-SPF: Pass (protection.outlook.com: domain of example.org)",
    "Received: from mail.example.org (192.0.2.1) by D.mail.protection.outlook.com (10.0.0.1)",
]


@pytest.mark.parametrize(
    ("headers", "server", "hops"),
    [(GMAIL, "mx.google.com", 1), (POSTFIX, "mx.ours.example", 2), (RSPAMD, "mx.ours.example", 0),
     (EXCHANGE, "-", 3)],
    ids=["gmail", "postfix", "rspamd", "exchange"],
)  # fmt: skip
def test_providers(headers, server, hops):
    """As learned from a test mail; and a forged line further down changes nothing but is said."""
    name = "" if server == "-" else server
    assert find_server(mail(*headers)) == (name, hops)
    trusted = TrustedServers.of(server, hops)
    found = read_authentication(mail(*headers), trusted)
    assert found.passed is True
    assert not found.forged
    lie = "Authentication-Results: " + (f"{name}; " if name else "") + "dkim=pass; dmarc=pass "
    bad = [line.replace("=pass", "=fail") for line in headers]
    forged = read_authentication(mail(*bad, RECEIVED, lie + "header.from=example.org"), trusted)
    assert forged.passed is False
    assert forged.forged == server
    silent = [line for line in headers if "authentication-results" not in line.lower()]
    message = mail(*silent, RECEIVED, lie + "header.from=example.org")
    found = read_authentication(message, TrustedServers.of(server, min(hops, 1)))
    assert found.passed is None
    assert found.forged == server


def test_below_a_received_line_only_the_first_field_counts():
    message = mail(RECEIVED, "Authentication-Results: mx.ours.example; dkim=none",
                   f"Authentication-Results: {PASS}")  # fmt: skip
    found = read_authentication(message, TrustedServers.of("mx.ours.example", 1))
    assert found.passed is None
    assert found.summary() == "DKIM none"


# What it says ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        # a sender's own address, quoted into the honest field of our server
        'mx.ours.example; spf=pass smtp.mailfrom="x; dmarc=pass header.from=example.org"@evil.com',
        'mx.ours.example; spf=pass smtp.mailfrom="a b dkim=pass header.d=example.org"@evil.com',
        "mx.ours.example; spf=pass smtp.mailfrom=example.org=x@evil.com",
        "mx.ours.example; spf=pass smtp.mailfrom=dkim=pass=header.d=example.org@evil.com",
        'mx.ours.example; spf=none (of "a); dmarc=pass header.from=example.org (b"@evil.com)',
        "mx.ours.example; spf=none (of a\\); dmarc=pass header.from=example.org (b@evil.com)",
        "mx.ours.example; spf=none (of a); dmarc=pass header.from=example.org (b@evil.com) )",
        "mx.ours.example; spf=none (of (a; dmarc=pass header.from=example.org",
        'mx.ours.example; spf=none x="; dmarc=pass header.from=example.org',
        # not about the domain in From
        "mx.ours.example; dmarc=pass header.from=evil.com",
        "mx.ours.example; dmarc=pass",
        "mx.ours.example; dmarc=pass header.from=news.example.org",
        "mx.ours.example; dkim=pass header.d=evil.com header.from=example.org",
        "mx.ours.example; dkim=pass header.i=example.org@evil.com",
        "mx.ours.example; spf=pass smtp.mailfrom=ann@badexample.org",
        "mx.ours.example; x-dmarc=pass header.from=example.org",
        "mx.ours.example; (dmarc=pass header.from=example.org)",
        "mx.ours.example dmarc=pass header.from=example.org",
        "mx.ours.example; dmarc=passed header.from=example.org",
        "mx.ours.example; none; compauth=pass",
    ],
)
def test_nothing_that_a_sender_writes_into_it_confirms_him(value):
    assert read(value).passed in (None, False)


def test_two_verdicts_of_one_server_are_no_confirmation():
    value = (
        "mx.ours.example; dmarc=pass header.from=example.org; dmarc=fail header.from=example.org"
    )
    assert read(value).passed is False


@pytest.mark.parametrize(
    ("sender", "passed"),
    [
        ("ann@example.org", True),
        ("<ann@example.org>", True),
        ('"ann@example.org" <ann@example.org>', True),
        ("=?utf-8?q?J=C3=BCrgen?= <ann@example.org>", True),
        ("boss@bank.example, ann@example.org", None),
        ("ann@example.org, boss@bank.example", None),
        ('"boss@bank.example" <ann@example.org>', None),
        ("=?utf-8?q?boss=40bank=2Eexample?= <ann@example.org>", None),
        ("=?utf-8?b?Ym9zc0BiYW5rLmV4YW1wbGU=?= <ann@example.org>", None),
        ("boss\uff20bank.example <ann@example.org>", None),
        ("ann@example.org (boss@bank.example)", None),
        ("Group: boss@bank.example, ann@example.org;", None),
        ('"boss@bank"@example.org', None),
        ("<@bank.example:ann@example.org>", None),
        ("ann+boss@example.org", None),
        ("Ann", None),
        ("", None),
    ],
)
def test_only_a_from_field_that_shows_one_address_is_confirmed(sender, passed):
    assert read(PASS, sender=sender).passed is passed


def test_two_from_fields_confirm_nobody():
    message = mail(f"Authentication-Results: {PASS}", "From: boss@bank.example")
    assert read_authentication(message, OURS).passed is None


def test_the_confirmed_sender_is_the_one_that_is_shown():
    assert read_authentication(results(PASS), OURS, "Ann@Example.org").passed is True
    assert read_authentication(results(PASS), OURS, "boss@bank.example").passed is None


def test_of_several_signatures_the_senders_own_counts():
    value = (
        "mx.ours.example; dkim=pass header.d=mailer.example; dkim=fail header.d=a.example;"
        " dkim=pass header.d=example.org"
    )
    assert str(read(value).dkim) == "pass (example.org)"


def test_no_header():
    assert read_authentication(mail(), OURS) == AuthenticationResults(sender_domain="example.org")


@pytest.mark.parametrize(
    "value",
    ["", ";", ";;;=", "a; spf", "a; =pass", "(((", 'a; spf=pass "', "\x00", "=", "= = =",
     "a; spf=pass (((((" + ")" * 9, "i=1", "i=1;", "\\", '""', "a;\xe4=\xf6", "()" * 50],
)  # fmt: skip
def test_broken_headers(value):
    assert read(value).passed is None
    assert parse_results(value)


@pytest.mark.parametrize(
    ("domain", "sender", "same"),
    [
        ("example.org", "example.org", True),
        ("mail.example.org", "example.org", True),
        ("example.org", "news.example.org", True),
        ("org", "example.org", False),
        ("badexample.org", "example.org", False),
        ("co.uk", "bank.co.uk", False),
        ("evil.github.io", "github.io", False),
        ("evil.onmicrosoft.com", "onmicrosoft.com", False),
        ("bank.co.uk", "mail.bank.co.uk", True),
        ("", "example.org", False),
        ("example.org", "", False),
    ],
)
def test_aligned(domain, sender, same):
    assert aligned(domain, sender) is same
    assert aligned(sender, domain) is same


def test_a_name_is_common_only_if_it_is_on_top_of_all():
    assert common_server([results(PASS), results(FAIL)]) == ("mx.ours.example", 0)
    assert common_server([results(PASS), results("other.example; none")]) is None
    assert common_server([results(PASS), mail(RECEIVED, f"Authentication-Results: {PASS}")]) is None
    assert common_server([results(PASS), mail()]) is None
    assert common_server([mail(), mail()]) is None
    assert common_server([]) is None


@pytest.mark.parametrize("piece", ["(", '"', "\\", "a=", "; a=b", "a ", '"a', "(a", "= ", "x(y)"])
def test_the_cost_is_linear(piece):
    def cost(size):
        text = "mx.ours.example; " + piece * (size // len(piece))
        start = time.process_time()
        parse_results(text)
        return time.process_time() - start

    small, large = min(cost(100_000) for _n in range(3)), min(cost(400_000) for _n in range(3))
    assert large < 0.05 or large / small < 8


def test_many_headers_cost_no_more_than_a_hundred():
    message = mail(*([f"Authentication-Results: evil.example; {'a=b ' * 2000}"] * 2000))
    start = time.process_time()
    read_authentication(message, OURS)
    assert time.process_time() - start < 2
