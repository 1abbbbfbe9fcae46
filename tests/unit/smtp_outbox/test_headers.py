"""Plain headers and texts against what Python's email package makes of the same values."""

import copy
import pickle
from email import message_from_bytes, policy
from email.headerregistry import HeaderRegistry
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st
from odoo.addons.smtp_outbox.lib.headers import LazyHeader, Text, as_parsed, plain_header, set_boundary

NAMES = ["Subject", "From", "Reply-To", "Message-Id", "references", "X-Odoo-Objects", "List-Unsubscribe",
         "Return-Path", "Auto-Submitted", "Sender"]
POLICIES = [policy.SMTP, policy.SMTP.clone(utf8=True), policy.SMTP.clone(cte_type="7bit"),
            policy.SMTP.clone(max_line_length=None), policy.default, policy.SMTP.clone(max_line_length=40)]
WORDS = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=90)
ADDRESS = st.from_regex(r"[a-z0-9._+-]{1,12}@[a-z0-9.-]{1,20}", fullmatch=True)
MAILBOX = st.one_of(
    ADDRESS,
    st.builds("{} <{}>".format, st.from_regex(r"[A-Za-z0-9_. -]{0,12}", fullmatch=True), ADDRESS),
    st.builds('"{}" <{}>'.format, st.from_regex(r"[A-Za-z0-9_., -]{0,60}", fullmatch=True), ADDRESS),
    st.builds("<{}>".format, ADDRESS))
VALUES = st.one_of(WORDS, MAILBOX, st.lists(MAILBOX, max_size=3).map(", ".join), st.text(max_size=40).filter(
    lambda text: len(text.splitlines()) < 2 and "\0" not in text))


@given(st.sampled_from(NAMES), VALUES)
def test_same_as_a_parsed_header(name, value):
    found = plain_header(name, value)
    if not isinstance(found, LazyHeader):
        assert found is value
        return
    parsed = HeaderRegistry()(name, value)
    assert str(found) == value
    built = EmailMessage(policy=policy.SMTP)
    built[name] = found
    found = as_parsed(built)[name]
    assert str(found) == str(parsed)
    assert found.name == parsed.name
    for one in POLICIES:
        assert found.fold(policy=one) == parsed.fold(policy=one)
    assert found.defects == parsed.defects


@pytest.mark.parametrize(("name", "value"), [
    ("From", '"Sales" <sales@bench.example>'), ("From", "Sales Team <sales@bench.example>"),
    ("Reply-To", "catchall@bench.example"), ("Subject", "Offer 1-199"), ("Return-Path", "bounce+1@bench.example"),
    ("Message-Id", "<829651006319618.1795635712.683623075485229-openerp-205-res.partner@vm>"),
    ("references", "<829651006319618.1795635712.683623075485229-openerp-205-res.partner@vm>"),
    ("X-Odoo-Objects", "res.partner-205")])
def test_usual_values_are_plain(name, value):
    assert isinstance(plain_header(name, value), LazyHeader)


@pytest.mark.parametrize(("name", "value"), [
    ("Subject", "Größe"), ("Subject", "=?utf-8?q?a?="), ("Subject", " a"), ("Subject", "a  b"), ("Subject", "a\tb"),
    ("From", "a@x, b@x"), ("From", '"a, b" <a@x>'), ("From", "J. Doe <a@x>"), ("Date", "today"),
    ("Message-Id", "nothing"), ("Message-Id", "<a@[127.0.0.1]>"), ("From", "Jörg <a@x>"), ("Reply-To", "")])
def test_others_are_left_to_the_parser(name, value):
    assert plain_header(name, value) is value


def test_parts_are_there_when_asked_for():
    header = plain_header("From", '"Sales Team" <sales@bench.example>')
    assert [(one.display_name, one.addr_spec) for one in header.addresses] == [("Sales Team", "sales@bench.example")]
    assert header.max_count == 1
    with pytest.raises(AttributeError):
        header.nothing_of_the_kind  # noqa: B018


def test_survives_copies():
    header = plain_header("From", '"Sales" <sales@bench.example>')
    for twin in (copy.copy(header), copy.deepcopy(header), pickle.loads(pickle.dumps(header))):
        assert (twin, twin.name) == (header, "From")
        assert twin.fold(policy=policy.SMTP) == 'From: "Sales" <sales@bench.example>\r\n'


def test_another_header_parses_it_anew():
    built = EmailMessage(policy=policy.SMTP)
    built["Reply-To"] = plain_header("From", "Sales <sales@bench.example>")
    assert built["Reply-To"].name == "Reply-To"
    assert built["Reply-To"].addresses[0].addr_spec == "sales@bench.example"


def _built(make, text, subtype):
    built = EmailMessage(policy=policy.SMTP)
    built["Subject"] = "Offer"
    built.add_alternative(make("plain"), subtype="plain", charset="utf-8")
    built.add_alternative(make(text), subtype=subtype, charset="utf-8")
    built.set_boundary("b")
    return built


@given(st.one_of(st.text(st.characters(exclude_categories=["Cs"]), max_size=400), WORDS.map(lambda line: line * 9),
                 st.lists(WORDS, max_size=14).map("\n".join)))
def test_same_text_as_of_a_str(text):
    ours, theirs = _built(Text, text, "html"), _built(str, text, "html")
    whole = policy.SMTP.clone(cte_type="7bit")
    made, usual = (message_from_bytes(one.as_bytes(policy=whole), policy=policy.SMTP) for one in (ours, theirs))
    first, second = (list(one.iter_parts())[1] for one in (made, usual))
    assert first.get_content().replace("\r\n", "\n") == second.get_content().replace("\r\n", "\n")
    assert (first.get_content_type(), first.get_content_charset(), first.defects) == ("text/html", "utf-8", [])
    if text.isascii():
        assert ours.as_bytes(policy=whole) == theirs.as_bytes(policy=whole)


def test_german_text_stays_readable():
    content = _built(Text, "<p>Grüße aus Köln, wo die Möbel für den Garten stehen</p>\n", "html").as_bytes(
        policy=policy.SMTP.clone(cte_type="7bit"))
    assert b"Gr=C3=BC=C3=9Fe aus K=C3=B6ln" in content


def test_a_text_with_options_is_made_the_usual_way():
    part = EmailMessage(policy=policy.SMTP)
    part.set_content(Text("a,b"), subtype="csv", filename="a.csv")
    assert part.get_filename() == "a.csv"
    assert part.get_content() == "a,b\n"


def test_boundary():
    built = _built(Text, "x", "html")
    built.make_mixed()
    set_boundary(built, "outer")
    assert built["Content-Type"].fold(policy=policy.SMTP) == 'Content-Type: multipart/mixed; boundary="outer"\r\n'
    assert built["Content-Type"].params == {"boundary": "outer"}
    set_boundary(built, "other")
    assert built.get_boundary() == "other"


def test_an_argument_is_the_text_that_was_given():
    given = '"Sales" <sales@bench.example>'
    argument = plain_header("From", given)
    assert argument == given
    built = EmailMessage(policy=policy.SMTP)
    built["From"], built["Subject"] = argument, plain_header("Subject", '"quoted" words')
    as_parsed(built)
    assert (built["From"], built["Subject"]) == ("Sales <sales@bench.example>", '"quoted" words')
    assert b'From: "Sales" <sales@bench.example>\r\n' in built.as_bytes()
