"""What the composer decides without a server: what was typed, what a key does, how two texts come together."""

import base64

import pytest

from dev import paths

FOLDER = paths.REPO / "message_history" / "static" / "src" / "composer"


@pytest.fixture(scope="module")
def page(browser):
    """An empty page."""
    context = browser.new_context()
    yield context.new_page()
    context.close()


@pytest.fixture
def run(page):
    """``run("recipients", "take", …)`` calls a function of a module, which needs nothing of Odoo."""

    def call(module, function, *arguments):
        source = base64.b64encode((FOLDER / f"{module}.js").read_bytes()).decode()
        return page.evaluate(
            "async ([url, name, given]) => (await import(url))[name](...given)",
            [f"data:text/javascript;base64,{source}", function, list(arguments)])

    return call


@pytest.mark.parametrize("address", [
    "brown23@example.com", "Anne.Kurz@Kunde.EXAMPLE", "anne@müller.example", "jörg@xn--mller-kva.example",
    "a+b_c-d@sub.domain.example", "o'neil@kunde.example", "x@y.co", "root@localhost", "用户@例子.公司",
    '"anne kurz"@kunde.example', "a@[192.0.2.1]", "a@[IPv6:2001:db8::1]", "_dmarc@_spf.kunde.example"])
def test_whole_addresses_are_taken_as_they_are(run, address):
    taken = run("recipients", "take", [], address)
    assert [one["address"] for one in taken["people"]] == [address]
    assert not taken["rest"]


@pytest.mark.parametrize("text", [
    "mark", "anne@", "@kunde.example", "anne@kunde", "anne kurz@kunde.example", "anne@kunde..example",
    "anne@kunde.", "a@b@", "anne@-kunde.example", "anne@kunde.42", "<anne@kunde.example", "Anne <>", "Anne <anne@>",
    "anne@kunde.example>", '"unfinished', "@", "<", ">"])
def test_what_is_no_address_stays(run, text):
    taken = run("recipients", "take", [], text)
    assert not taken["people"]
    assert taken["rest"] == text


@pytest.mark.parametrize(("text", "expected"), [
    ("Anne <a@b.example>", [("Anne", "a@b.example")]),
    ('"Kurz, Anne" <a@b.example>', [("Kurz, Anne", "a@b.example")]),
    ("Kurz, Anne <a@b.example>; Brown, Mark <m@b.example>", [
        ("Kurz, Anne", "a@b.example"), ("Brown, Mark", "m@b.example")]),
    ("'a@b.example' <a@b.example>", [("a@b.example", "a@b.example")]),
    ("a@b.example (Anne)", [("Anne", "a@b.example")]),
    ("mailto:a@b.example", [("", "a@b.example")]),
    ("<a@b.example>", [("", "a@b.example")]),
    ("a@b.example c@d.example", [("", "a@b.example"), ("", "c@d.example")]),
    ("a@b.example\r\nc@d.example\n\nA@B.example", [("", "a@b.example"), ("", "c@d.example")]),
    ("Anne <a@b.example> <c@d.example> Eve <e@f.example>", [
        ("Anne", "a@b.example"), ("", "c@d.example"), ("Eve", "e@f.example")]),
    ("Anne\ta@b.example", [("", "a@b.example")]),
    ("\u200ba@b.example\u00a0", [("", "a@b.example")]),
    ("Müller, Jörg <j@b.example>, c@d.example", [("Müller, Jörg", "j@b.example"), ("", "c@d.example")])])
def test_names_and_lists(run, text, expected):
    taken = run("recipients", "take", [], text)
    assert [(one["name"], one["address"]) for one in taken["people"]] == expected


def test_of_a_list_what_is_no_address_stays(run):
    taken = run("recipients", "take", [], "a@b.example; nobody; c@d.example, Else <x>")
    assert [one["address"] for one in taken["people"]] == ["a@b.example", "c@d.example"]
    assert taken["rest"] == "nobody, Else <x>"


def test_half_typed_recipients_come_back_as_text(run):
    kept = run("recipients", "pending", " anne@kunde.exam")
    assert kept[0]["pending"], "nothing is sent to it"
    back = run("recipients", "fromKept", [{"name": "", "address": "b@c.example"}, *kept])
    assert back["text"] == "anne@kunde.exam"
    assert [one["address"] for one in back["people"]] == ["b@c.example"]


@pytest.mark.parametrize(("key", "text", "count", "chosen", "act"), [
    ("Enter", "brown23@example.com", 3, -1, "commit"), ("Enter", "brown", 3, -1, "commit"),
    ("Enter", "brown", 3, 1, "take"), ("Enter", "brown", 1, 1, "commit"), ("Enter", "", 0, -1, "commit"),
    ("Tab", "brown", 3, -1, "commit"), ("Tab", "brown", 3, 0, "take"), ("Tab", "", 0, -1, None),
    ("ArrowDown", "b", 3, -1, "choose"), ("ArrowUp", "b", 3, -1, "choose"), ("ArrowDown", "b", 0, -1, None),
    ("Escape", "b", 3, -1, "close"), ("Escape", "b", 0, -1, None), ("Backspace", "", 0, -1, "back"),
    ("Backspace", "b", 0, -1, None), ("x", "b", 3, 1, None)])
def test_keys_take_only_what_was_chosen(run, key, text, count, chosen, act):
    assert run("choosing", "keyDoes", key, {"text": text, "count": count, "chosen": chosen})["act"] == act


def test_arrows_go_round(run):
    assert run("choosing", "step", "ArrowDown", -1, 3) == 0
    assert run("choosing", "step", "ArrowDown", 2, 3) == 0
    assert run("choosing", "step", "ArrowUp", -1, 3) == 2
    assert run("choosing", "step", "ArrowUp", 0, 3) == 2
    assert run("choosing", "step", "ArrowUp", 0, 0) == -1


def text(body="", subject="", recipients=(), copies=()):
    """A draft as two windows may differ in it."""
    people = [[{"name": "", "address": one} for one in those] for those in (recipients, copies)]
    return {"body": body, "subject": subject, "recipients": people[0], "copies": people[1]}


def test_two_texts_are_both_kept(run):
    merged = run("merging", "merge", text("<p>Dear C,</p>"), text("<p>Dear C,</p><p>One.</p>"),
                 text("<p>Dear C,</p><p>Two.</p>"))
    assert merged["added"] == "<p>—</p><p>One.</p>"
    merged = run("merging", "merge", text("<p>Same</p>"), text("<p>Same line, tab one</p>"), text("<p>Same, two</p>"))
    assert "tab one" in merged["added"]
    merged = run("merging", "merge", None, text("<p>There</p>"), text("<p>Here</p>"))
    assert "There" in merged["added"]


def test_what_is_there_already_is_not_added_again(run):
    for theirs, mine in (("<p>Hello wor</p>", "<p>Hello world</p>"), ("<p>a &amp; b</p>", "<p>a &amp; b</p><p>c</p>"),
                         ("<p>Begun</p>", ""), ("", "<p>x</p>"), ("<p><br></p>", "<p>x</p>")):
        assert not run("merging", "merge", text("<p>Begun</p>"), text(theirs), text(mine))["added"], theirs


def test_recipients_of_two_windows(run):
    """Whoever was added in one of them gets it; whoever was removed in one of them doesn't."""
    merged = run("merging", "merge", text(recipients=["a@b.example", "gone@b.example", "out@b.example"]),
                 text(recipients=["a@b.example", "gone@b.example", "there@b.example"]),
                 text(recipients=["a@b.example", "out@b.example", "here@b.example"]))
    assert [one["address"] for one in merged["recipients"]] == ["a@b.example", "here@b.example", "there@b.example"]


def test_subjects_of_two_windows(run):
    assert run("merging", "merge", text(subject="Re: x"), text(subject="Re: there"), text(subject="Re: x"))[
        "subject"] == "Re: there"
    merged = run("merging", "merge", text(subject="Re: x"), text(subject="Re: there"), text(subject="Re: here"))
    assert merged["subject"] == "Re: here"
    assert "Re: there" in merged["added"]


def test_what_was_kept_is_laid_over_the_draft(run, page):
    """The same text is no news; a draft that nobody changed is replaced; one that was changed keeps both."""
    source = base64.b64encode((FOLDER / "merging.js").read_bytes()).decode()
    taken = page.evaluate("""async ([url, cases]) => {
        const { takeUp } = await import(url);
        return cases.map(([draft, kept]) => [takeUp(draft, kept), draft.body]);
    }""", [f"data:text/javascript;base64,{source}", [
        [{**text("<p>Same</p>"), "id": 1, "stamp": "s"}, {"values": {**text("<div>Same</div>"), "stamp": "s"}}],
        [{**text("<p>Old</p>"), "id": 1, "stamp": "s"}, {"values": {**text("<p>New</p>"), "stamp": "s"}}],
        [{**text("<p>There</p>"), "id": 1, "stamp": "t"}, {"values": {**text("<p>Here</p>"), "stamp": "s"},
                                                          "base": text("<p>Old</p>")}]]])
    assert taken == [[False, "<p>Same</p>"], [True, "<p>New</p>"], [True, "<p>Here</p><p>—</p><p>There</p>"]]
