"""Conversations: ids that providers rewrite, references that clients break."""

import base64
from email import message_from_bytes, message_from_string
from email.policy import SMTP, compat32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from odoo.addons.message_history.lib.digest import normalise_message_id
from odoo.addons.message_history.lib.threading_ids import (
    ThreadIds,
    alias_ids,
    base_subject,
    conversation_key,
    group,
    is_reply_subject,
    parse_ids,
    thread_ids,
)

SES = "0102018f3c1a2b3c-0a1b2c3d-1111-2222-3333-444455556666-000000"


def mail(**headers):
    fields = {"From": "ann@example.org", "To": "shop@ours.example", **headers}
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
    return message_from_string("\n".join(lines) + "\n\nHi\n")


def belongs(parent, child):
    """Return whether a look-up of the child's parents finds the parent."""
    return bool(set(parent) & set(thread_ids(child).parents))


OURS = "<order-77@ours.example>"
# Who rewrites or drops what. First the ids that we know of the mail we sent, then the answer.
REAL_CASES = {
    # Amazon SES puts an id of its own in place of ours ("Message-ID header ... is overwritten",
    # developer guide, "Header fields"); the API tells the part before the @ only.
    "SES us-east-1": (alias_ids(OURS, SES), {"In_Reply_To": f"<{SES}@email.amazonses.com>"}),
    "SES in a region": (alias_ids(OURS, SES), {"References": f"<{SES}@eu-west-1.amazonses.com>"}),
    "SES, whole id known": (
        alias_ids(OURS, f"<{SES}@eu-west-1.amazonses.com>"),
        {"In_Reply_To": f"<{SES}@email.amazonses.com>"},
    ),
    "SES, answered by the bare id": (alias_ids(OURS, SES), {"In_Reply_To": f"<{SES}>"}),
    # Postmark: "X-PM-KeepID"; without it the id is <MessageID of the API>@mtasv.net.
    "Postmark": (
        alias_ids(OURS, "0a1b2c3d-1111-2222-3333-444455556666"),
        {"In_Reply_To": "<0a1b2c3d-1111-2222-3333-444455556666@mtasv.net>"},
    ),
    # Mailgun's API answers with the whole id, in brackets.
    "Mailgun": (
        alias_ids("", "<20260302.1.AB@mg.ours.example>"),
        {"In_Reply_To": "<20260302.1.AB@mg.ours.example>"},
    ),
    # Outlook on the phone sends In-Reply-To, and References that end with it or are missing.
    "Outlook mobile": (alias_ids(OURS), {"In_Reply_To": OURS}),
    # Apple Mail: References with everything, the newest last.
    "Apple Mail": (
        alias_ids(OURS),
        {"In_Reply_To": "<newer@example.org>",
         "References": f"<first@x.example> {OURS} <newer@example.org>"},
    ),
    # Lotus Notes folds inside the header and quotes the date before the id.
    "Notes": (
        alias_ids(OURS),
        {"In_Reply_To": f'{OURS} from "Shop" at Mar 2, 2026 10:00:00 AM',
         "References": "\n <a@x.example>"},
    ),
    "old Unix mail": (
        alias_ids(OURS),
        {"In_Reply_To": f'Your message of "Mon, 02 Mar 2026 10:00:00 +0100." {OURS}'},
    ),
    "commas": (alias_ids(OURS), {"References": f"<a@x.example>,{OURS},<b@x.example>"}),
    "no brackets": (alias_ids(OURS), {"In_Reply_To": "order-77@ours.example"}),
    "brackets run together": (alias_ids(OURS), {"References": f"<a@x.example>{OURS}<b@x.example>"}),
    "doubled brackets": (alias_ids(OURS), {"In_Reply_To": f"<{OURS}>"}),
    "HTML": (alias_ids(OURS), {"In_Reply_To": "&lt;order-77@ours.example&gt;"}),
    "folded within the id": (alias_ids(OURS), {"In_Reply_To": "<order-77@\n ours.example>"}),
    # Python's own e-mail package writes long ids as encoded words.
    "encoded word": (
        alias_ids(OURS),
        {"In_Reply_To": "=?utf-8?q?=3Corder-77=40ours=2Eexample=3E?="},
    ),
    "cut off at the end": (alias_ids(OURS), {"References": f"{OURS} <a@x.example> <trunca"}),
    "a bare one between": (
        alias_ids(OURS),
        {"References": "<a@x.example> order-77@ours.example <b@x.example>"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REAL_CASES)
def test_answers_find_their_parent(case):
    known, headers = REAL_CASES[case]
    assert belongs(known, mail(Message_ID="<answer@example.org>", **headers))


@pytest.mark.parametrize(
    "header",
    [
        # Exchange Online keeps the id it replaces (or that came twice) here.
        "X-Microsoft-Original-Message-ID",
        # Gmail's SMTP relay and API do the same.
        "X-Google-Original-Message-ID",
        "X-Original-Message-ID",
        "X-Mailman-Original-Message-ID",
        "Resent-Message-ID",
    ],
)
def test_a_mail_is_found_by_the_id_it_had(header):
    """An answer of Ann's to our copy names her original id, though ours shows another."""
    received = mail(Message_ID="<rewritten@prod.example>", **{header: "<sent@example.org>"})
    assert thread_ids(received).own == ("<rewritten@prod.example>", "<sent@example.org>")
    answer = mail(Message_ID="<b@x.example>", In_Reply_To="<sent@example.org>")
    assert belongs(thread_ids(received).own, answer)


def test_a_mail_received_through_ses_and_one_answering_by_the_bare_id():
    received = mail(Message_ID=f"<{SES}@eu-central-1.amazonses.com>")
    assert belongs(thread_ids(received).own, mail(In_Reply_To=f"<{SES}>"))


@pytest.mark.parametrize(
    ("header", "value", "own"),
    [
        ("X-SES-Message-ID", SES, f"<{SES}@amazonses.com>"),
        ("X-PM-Message-Id", "0a1b", "<0a1b@mtasv.net>"),
    ],
)
def test_ids_that_providers_put_in(header, value, own):
    assert own in thread_ids(mail(Message_ID=OURS, **{header: value})).own


def test_alias_ids():
    assert alias_ids(OURS) == (OURS,)
    assert alias_ids(OURS, "") == (OURS,)
    assert alias_ids(OURS, "some-opaque-handle") == (OURS,)
    assert alias_ids("", SES) == (f"<{SES}@amazonses.com>",)
    assert alias_ids("", "") == ()


def test_parents_come_newest_first_and_once():
    found = thread_ids(
        mail(
            Message_ID="<d@x.example>",
            In_Reply_To="<c@x.example>",
            References="<a@x.example> <b@x.example> <c@x.example> <d@x.example>",
        )
    )
    assert found.parents == ("<c@x.example>", "<b@x.example>", "<a@x.example>")


def test_several_in_reply_to():
    found = thread_ids(mail(In_Reply_To="<a@x.example> <b@x.example>"))
    assert found.parents == ("<a@x.example>", "<b@x.example>")


def test_addresses_are_no_ids():
    """Else all mail that quotes "Your message of ... <shop@ours.example>" were one thread."""
    found = thread_ids(mail(In_Reply_To="Your message of Monday <Shop@ours.example> <a@x.example>"))
    assert found.parents == ("<a@x.example>",)


def test_many_references_are_bounded():
    many = " ".join(f"<r{number}@x.example>" for number in range(2000))
    assert len(thread_ids(mail(References=many)).parents) <= 64


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("", []),
        ("<>", []),
        ("no id at all", []),
        ("<a@b.example>", ["<a@b.example>"]),
        ("<a@b.example", ["<a@b.example>"]),
        ("<a b@c.example>", ["<ab@c.example>"]),
        ("<1234567890abcdef>", ["<1234567890abcdef>"]),
        ("<x@y> said joe@example.org on <z@y>", ["<x@y>", "<z@y>"]),
        ('"<a@b.example>"', ["<a@b.example>"]),
    ],
)
def test_parse_ids(text, ids):
    assert parse_ids(text) == ids


def test_ids_are_normalised_as_everywhere():
    (one,) = parse_ids("<" + "x" * 1200 + "@example.org>")
    assert one == normalise_message_id("<" + "x" * 1200 + "@example.org>")
    assert len(one) <= 998


ROOT = bytes.fromhex("01d92b1da2accbe6d488bfde4c84b95b700ffb3ccb8d")


def test_outlook_drops_references_but_keeps_the_conversation():
    """[MS-OXOMSG] 2.2.1.3: 22 bytes for the conversation, five more for every answer."""
    first = mail(Thread_Index=base64.b64encode(ROOT).decode(), Thread_Topic="Angebot 5")
    answer = mail(
        Thread_Index=base64.b64encode(ROOT + b"\x00\x00\x01\x02\x03").decode(),
        Subject="AW: Angebot 5",
    )
    assert thread_ids(first).conversation_key == thread_ids(answer).conversation_key == ROOT.hex()
    assert thread_ids(first).topic == thread_ids(answer).topic == "angebot 5"
    other = mail(Thread_Index=base64.b64encode(bytes(reversed(ROOT))).decode())
    assert thread_ids(other).conversation_key != ROOT.hex()


@pytest.mark.parametrize(
    "value",
    ["", "AdkrHaKs", "not base64 at all, but long enough to be one ***", "=" * 40, "A" * 5000,
     base64.b64encode(b"\x01" * 6 + b"\x00" * 16).decode()],
)  # fmt: skip
def test_broken_thread_indexes(value):
    assert conversation_key(value) == ""


def test_a_folded_thread_index():
    text = base64.b64encode(ROOT + b"12345").decode()
    assert conversation_key(f"{text[:20]}\n {text[20:]}") == ROOT.hex()


@pytest.mark.parametrize(
    ("subject", "base"),
    [
        ("Offer", "offer"),
        ("Re: Offer", "offer"),
        ("RE: Re: re[2]: Offer", "offer"),
        ("AW: WG: Angebot", "angebot"),
        ("Antw: Angebot", "angebot"),
        ("Antwort: Angebot", "angebot"),
        ("SV: VS: VB: Tilbud", "tilbud"),
        ("RV: Oferta", "oferta"),
        ("TR : Offre", "offre"),
        ("R: I: Offerta", "offerta"),
        ("Réf. : Offre", "offre"),
        ("Odp: Oferta", "oferta"),
        ("回复：报价", "报价"),
        ("Re(3): Offer", "offer"),
        ("Re^2: Offer", "offer"),
        ("Re : Offer", "offer"),
        ("[shop] Re: [shop] Offer", "offer"),
        ("Offer (fwd)", "offer"),
        ("[Fwd: Re: Offer]", "offer"),
        ("[#77] Offer", "[#77] offer"),
        ("Re: [Ticket 77] Offer", "[ticket 77] offer"),
        ("=?utf-8?q?Re=3A_B=C3=BCro?=", "büro"),
        ("Re:   a\n  b", "a b"),
        ("Regards", "regards"),
        ("Invoice: March", "invoice: march"),
        ("Resend: x", "resend: x"),
        ("Re:", ""),
        ("", ""),
        ("[shop]", "[shop]"),
    ],
)
def test_base_subject(subject, base):
    assert base_subject(subject) == base


@pytest.mark.parametrize(
    ("subject", "reply"),
    [("Re: x", True), ("[shop] AW: x", True), ("x (fwd)", True), ("[Fwd: x]", True), ("x", False),
     ("Regards", False), ("", False)],
)  # fmt: skip
def test_is_reply_subject(subject, reply):
    assert is_reply_subject(subject) is reply


def test_group():
    mails = [
        ThreadIds(("<a>",)),
        ThreadIds(("<b>",), ("<a>",)),
        ThreadIds(("<c>",)),
        ThreadIds(("<d>",), ("<b>", "<a>")),
        ThreadIds((), ("<unknown>",)),
        ThreadIds(("<f>",), ("<unknown>",)),
        ThreadIds(),
    ]
    assert sorted(map(sorted, group(mails))) == [[0, 1, 3], [2], [4, 5], [6]]


def test_group_takes_the_first_of_two_mails_with_one_id():
    """RFC 5256, REFERENCES, step 1: a Message-ID that came before is as good as none."""
    mails = [ThreadIds(("<a>",)), ThreadIds(("<a>",)), ThreadIds(("<b>",), ("<a>",))]
    assert sorted(map(sorted, group(mails))) == [[0, 2], [1]]


def test_group_of_nothing():
    assert group([]) == []


@pytest.mark.parametrize("policy", [compat32, SMTP], ids=["compat32", "EmailPolicy"])
@settings(max_examples=100, deadline=None)
@given(value=st.binary(max_size=300))
def test_no_header_is_too_broken(policy, value):
    names = (b"Message-ID", b"References", b"In-Reply-To", b"Thread-Index", b"Subject")
    clean = value.replace(b"\n", b" ").replace(b"\r", b" ")
    raw = b"".join(name + b": " + clean + b"\n" for name in names)
    found = thread_ids(message_from_bytes(raw + b"\nx\n", policy=policy))
    assert not set(found.own) & set(found.parents)
