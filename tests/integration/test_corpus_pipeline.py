"""Every mail of the corpus through the whole pipeline: Dovecot, IMAP, ledger, workers, crm.lead.

Nothing may be lost or fail, and what stands in Odoo afterwards is what an independent parser (in
Rust, sharing no code with Python's) reads in the files.
"""

import importlib.util
import json
import re
from datetime import datetime
from pathlib import Path

import fast_mail_parser
import pytest

from tests.integration.pipeline import Mailbox

REPO = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.slow


def _load_judge():
    """The judge lies among the addon's own tests, whose package needs Odoo."""
    spec = importlib.util.spec_from_file_location(
        "corpus_judge", REPO / "message_history" / "tests" / "corpus_judge.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


judge = _load_judge()

#: Files that are no raw mail, by the end of their name, and why they are left out.
NO_MAIL = {
    ".json": "expected results", ".golden": "expected results", ".png": "pictures for the tests",
    "LICENSE": "the licence", "README.md": "about the folder",
}
#: What only the way through Odoo changes: field -> reason, by file.
PIPELINE_DIFFERENCES = REPO / "tests" / "data" / "pipeline_differences.json"


@pytest.fixture(scope="module")
def mails(corpus):
    """{UID: path} of the delivered files."""
    paths = judge.corpus_files()
    return dict(enumerate((path for path in paths if path.stat().st_size), start=1))


@pytest.fixture(scope="module")
def rows(module_database, dovecot, mails):
    """{UID: row} after everything was fetched and processed."""
    mailbox = Mailbox(module_database, dovecot, automatic_mail="process")
    mailbox.deliver(path.read_bytes() for path in mails.values())
    mailbox.run()
    return mailbox.rows()


def test_what_is_left_out_is_no_mail(corpus, mails):
    taken = set(mails.values())
    for path in corpus.rglob("*"):
        if path.is_file() and path not in taken:
            empty = not path.stat().st_size
            assert empty or any(path.name.endswith(end) for end in NO_MAIL), path
    assert len(taken) > 500


def test_none_is_lost(mails, rows):
    assert set(rows) == set(mails)


def test_none_fails(mails, rows):
    bad = {judge.name_of(mails[uid]): row["state"] + ": " + row["reason"] + "\n" + row["trace"][-2000:]
           for uid, row in rows.items() if row["state"] not in ("processed", "ignored")}
    assert not bad


def test_each_is_on_a_document_or_says_why_not(mails, rows):
    bad = {judge.name_of(mails[uid]): row["reason"] for uid, row in rows.items()
           if not row["res_id"] and not row["reason"]}
    assert not bad
    print(f"{sum(bool(row['note']) for row in rows.values())} of {len(rows)} mails stand in a chatter")


def _facts_of_note(row):
    """What the chatter says; sender and date as in the ledger, since Odoo makes up missing ones."""
    note = row["note"]
    facts = judge.core_facts({**note, "attachments": [(name,) for name in note["attachments"]]})
    return {**facts, "from": judge.addresses(row["sender"])[:1], "date": _date(row)}


def _date(row):
    return datetime.fromisoformat(row["date"]) if row["date"] else None


def _facts_of_row(row):
    """What the ledger says of a mail that went to no chatter."""
    return {
        "subject": judge.words(row["subject"]), "from": judge.addresses(row["sender"])[:1],
        "recipients": judge.addresses(row["recipients"]),
        "date": _date(row),
    }


def _differences_of_row(row, theirs):
    ours = _facts_of_row(row)
    found = {field for field in ("subject", "from", "date") if ours[field] != theirs[field]}
    if not set(ours["recipients"]) <= {*theirs["to"], *theirs["cc"]}:
        found.add("recipients")
    if row["attachment_count"] > len(theirs["attachments"]):
        found.add("attachments")
    # the ledger's text is plain, with marks for lists and links: its letters are compared
    answers = [_letters(one) for one in (*theirs["text"], *theirs["first texts"])]
    return found if _letters(row["text"]) in answers else found | {"text"}


def _letters(text):
    return re.sub(r"[\W_]", "", text)


def _reasons(name, *lists):
    """Return the fields of a mail that may differ, with a reason."""
    fields = {field for one in lists for field in one.get(name, ())}
    return fields | ({"recipients"} if fields & {"to", "cc"} else set())


def test_an_independent_parser_reads_the_same(mails, rows):
    known = judge.known_differences()
    listed = json.loads(PIPELINE_DIFFERENCES.read_text(encoding="utf-8"))
    unexplained, explained, equal = {}, 0, 0
    for uid, path in mails.items():
        raw, name, row = path.read_bytes(), judge.name_of(path), rows[uid]
        if not judge.is_mail(raw):
            continue
        try:
            theirs = judge.other_facts(raw, fast_mail_parser.parse_email)
        except fast_mail_parser.ParseError:
            assert "*" in known[name]
            continue
        differing = (set(judge.differences(_facts_of_note(row), theirs)) if row["note"]
                     else _differences_of_row(row, theirs))
        rest = differing - _reasons(name, known, listed)
        if rest:
            unexplained[name] = sorted(rest)
        explained += bool(differing) and not rest
        equal += not differing
    print(f"{equal} mails equal, {explained} differ with a listed reason")
    assert not unexplained
    assert equal + explained > 270
    assert equal > 230


def test_the_bounces_name_their_recipients(mails, rows):
    folder = judge.CORPUS / "flufl.bounce-6.0.0"
    table = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    by_name = {path.name: rows[uid] for uid, path in mails.items() if folder in path.parents}
    wanted = {name: {one.lower() for one in row["permanent"]} for name, row in table.items() if row["permanent"]}
    found = 0
    for name, addresses in wanted.items():
        named = set(re.findall(r"[^\s,:]+@[^\s,]+", by_name[name]["reason"]))
        # the reason names the first five
        found += by_name[name]["kind"] == "bounce" and len(named & addresses) >= min(5, len(addresses))
    print(f"recipients of {found} of {len(wanted)} permanent bounces found")
    assert found / len(wanted) >= 0.9
