"""What a mail says, according to Odoo's message dictionary and to a parser that shares no code
with Python's own (fast-mail-parser, written in Rust), in a form in which both can be compared."""

import html
import json
import re
from datetime import datetime
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
CORPUS = REPO.parent / "shared" / "corpus" / "mail"
DIFFERENCES = REPO / "tests" / "data" / "corpus_differences.json"
FIELDS = ("subject", "from", "to", "cc", "date", "text", "attachments")

_INVISIBLE = re.compile(r"<!--.*?-->|<(style|script)\b[^>]*>.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_TITLE = re.compile(r"<title\b[^>]*>.*?</title\s*>", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^<>]*>")
_ADDRESS = re.compile(r"[^\s<>\"(),:;]+@[^\s<>\"(),:;]+")
_NOISE = re.compile(r"[\s\x00-\x1f\x7f-\xa0\u200b\ufeff\ufffd]+")


def corpus_files():
    """Return the mails of the corpus; texts that go with them are tried as mails, too."""
    return [path for path in sorted(CORPUS.rglob("*")) if path.suffix in {".eml", ".txt", ".raw"}]


def is_mail(raw):
    """Whether bytes begin with headers of a mail (the corpus holds bare texts and parts, too)."""
    head = re.split(rb"\r?\n\r?\n", raw, maxsplit=1)[0]
    names = {name.lower() for name in re.findall(rb"(?m)^([A-Za-z-]+):", head)}
    return len(names & {b"from", b"to", b"subject", b"date", b"message-id", b"received"}) >= 2


def name_of(path):
    """Return the name by which a corpus file goes in the list of differences."""
    return path.relative_to(CORPUS).as_posix()


def known_differences():
    """Return file name -> field -> reason."""
    return json.loads(DIFFERENCES.read_text(encoding="utf-8"))


def words(text):
    """Return a text without white space and what can't be seen."""
    return _NOISE.sub("", text)


def html_words(source):
    """Return the visible letters of HTML, without white space."""
    return words(html.unescape(_TAG.sub("", _INVISIBLE.sub("", source))))


def addresses(text):
    """Return the addresses in a header's text, sorted."""
    return sorted({found.lower().strip(".'") for found in _ADDRESS.findall(text or "")})


def core_facts(msg_dict):
    """Return what core's message dictionary says of a mail."""
    date = msg_dict.get("date")
    return {
        "subject": words(msg_dict.get("subject") or ""),
        "from": addresses(msg_dict["email_from"])[:1],
        "to": addresses(msg_dict["to"]),
        "cc": addresses(msg_dict["cc"]),
        "date": datetime.fromisoformat(date) if date else None,
        "text": html_words(str(msg_dict["body"])),
        "attachments": sorted(words(one[0]) for one in msg_dict["attachments"]),
        "bounce": bool(msg_dict.get("is_bounce")),
    }


def _mailboxes(found):
    return sorted({box.address.lower() for box in found if box.address and "@" in box.address})


def _contents(mail, parse):
    """Return plain texts, HTML texts and attachment names; core looks into messages inside."""
    plain, rich = list(mail.text_plain), list(mail.text_html)
    names = [words(one.filename or "attachment") for one in mail.attachments]
    for one in mail.attachments:
        if one.mimetype == "message/rfc822":
            inner = _contents(parse(one.content), parse)
            plain, rich, names = plain + inner[0], rich + inner[1], names + inner[2]
    return plain, rich, names


def _answers(plain, rich):
    """Return every way in which core may put the texts of a mail together."""
    texts = [words(one) for one in plain]
    # the title of a page stays where the page has no body element
    for pages in (
        [html_words(one) for one in rich],
        [html_words(_TITLE.sub("", one)) for one in rich],
    ):
        yield from (pages or texts, texts, pages, texts + pages, pages + texts)


def other_facts(raw, parse):
    """Return what the independent parser says of a mail; ``text`` is a list of good answers."""
    mail = parse(raw)
    plain, rich, names = _contents(mail, parse)
    date = mail.date_parsed
    headers = {name.lower(): values for name, values in mail.headers.items()}
    return {
        "subject": words(mail.subject or ""),
        "from": _mailboxes([mail.from_] if mail.from_ else [])[:1],
        "to": sorted({*_mailboxes(mail.to), *addresses(" ".join(headers.get("delivered-to", [])))}),
        "cc": _mailboxes(mail.cc),
        "date": date.replace(tzinfo=None) if date else None,
        "text": ["".join(one) for one in _answers(plain, rich)],
        "first texts": [words(one) for one in plain] + [html_words(one) for one in rich],
        "attachments": sorted(names),
    }


def differences(ours, theirs):
    """Return the fields in which two readings of a mail differ."""
    differing = [
        field
        for field in FIELDS
        if (ours[field] not in theirs[field] if field == "text" else ours[field] != theirs[field])
    ]
    if ours["bounce"]:
        # of a bounce, core keeps the first text and what stands before it
        if ours["text"] in theirs["first texts"] and "text" in differing:
            differing.remove("text")
        if set(ours["attachments"]) <= set(theirs["attachments"]) and "attachments" in differing:
            differing.remove("attachments")
    return differing
