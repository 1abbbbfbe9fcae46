"""Real mail that nobody here wrote, through the parsers that run before Odoo."""

import email
import email.policy
import os
from pathlib import Path

import pytest
from odoo.addons.message_history.lib.digest import address_digest, id_digest
from odoo.addons.message_history.lib.headers import read_headers
from odoo.addons.message_history.lib.peek import peek
from odoo.addons.message_history.lib.preview import preview
from odoo.addons.message_history.lib.repair import parse_mail

REPO = Path(__file__).resolve().parents[3]
CORPUS = REPO.parent / "shared" / "corpus" / "mail"
FILES = sorted(path for path in CORPUS.rglob("*") if path.suffix in {".eml", ".txt", ".raw"})

pytestmark = pytest.mark.skipif(
    not CORPUS.is_dir() and not os.environ.get("CI"), reason="the corpus is absent"
)


def _tree(message):
    payload = message._payload
    return (
        message._headers,
        message.preamble,
        [_tree(part) for part in payload] if isinstance(payload, list) else payload,
    )


def test_there_is_a_corpus():
    assert len(FILES) > 500


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(CORPUS).as_posix())
class TestFile:
    def test_headers_are_clean(self, path):
        headers = read_headers(path.read_bytes())
        texts = [headers.message_id, *headers.references, headers.subject, headers.sender_name]
        texts += [text for pair in (*headers.to, *headers.cc, *headers.reply_to) for text in pair]
        for text in texts:
            assert "\0" not in text
            assert "\n" not in text
            text.encode()
        assert all("@" in address for _name, address in headers.to)

    def test_peek_says_the_same_as_the_headers(self, path):
        raw = path.read_bytes()
        headers, found = read_headers(raw), peek(raw)
        if headers.sender_address:
            assert found.sender_key == address_digest(headers.sender_address)
        if headers.message_id:
            assert found.message_digest == id_digest(headers.message_id)

    def test_the_tree_is_that_of_the_standard_library(self, path):
        raw = path.read_bytes()
        parsed = parse_mail(raw, cut_above=1 << 30)
        if not parsed.repairs:
            standard = email.message_from_bytes(raw, policy=email.policy.SMTP)
            assert _tree(parsed.message) == _tree(standard)

    def test_contents_can_be_read(self, path):
        parsed = parse_mail(path.read_bytes(), cut_above=1000)
        for part in parsed.message.walk():
            if part.get_content_maintype() != "multipart":
                content = part.get_content()
                assert content is not None
                if isinstance(content, str):
                    preview(content).encode()
        for part in parsed.cut_parts:
            assert part.decode() or not part.size
        assert "unreadable" not in parsed.repairs


def test_few_mails_need_a_different_tree():
    mended = sum(bool(parse_mail(path.read_bytes()).repairs) for path in FILES)
    assert mended < 40
