"""The search for passwords in logs finds them, and the tests' passwords can be found."""

import ast
import base64
import re
from pathlib import Path

import pytest

from dev import secrets

REPO = Path(__file__).resolve().parents[3]
NAMES = {"password", "secret", "smtp_pass", "smtp_password", "passwd"}
#: Logins of people in Odoo itself, which every Odoo has, and no password at all.
FREE = {"", "admin", "demo"}
_IN_TEXT = re.compile(r"""['"](?:password|secret|smtp_pass)['"]\s*:\s*'([^']*)'""")


@pytest.mark.parametrize("text", [
    "LOGIN ann s3cret", 'a1 LOGIN "ann" "the s3cret word"', "PASS s3cret",
    *(f"AUTH PLAIN {base64.b64encode(word).decode()}" for word in (
        b"\0ann\0s3cret", b"\0anna\0s3cret", b"\0ann-b\0s3cret-wrong", b"ann\0ann\0my s3cret", b"s3cret",
        b"as3cret", b"aas3cret")),
])
def test_a_password_is_found_in_every_coat(tmp_path, text):
    (tmp_path / "odoo.log").write_text(f"one\n2026-01-01 INFO said {text}\nthree\n")
    assert len(secrets.search(tmp_path)) == 1


def test_what_was_there_before_is_not_looked_at(tmp_path):
    log = tmp_path / "odoo.log"
    log.write_text("s3cret\n")
    before = secrets.sizes(tmp_path)
    assert secrets.search(tmp_path, before) == []
    with log.open("a") as handle:
        handle.write("again s3cret\n")
    assert len(secrets.search(tmp_path, before)) == 1
    (tmp_path / "new.log").write_text("s3cret\n")
    assert len(secrets.search(tmp_path, before)) == 2


def passwords_of(path):
    """Yield the texts that a test gives as a password."""
    text = path.read_text()
    for node in ast.walk(ast.parse(text)):
        pairs = []
        if isinstance(node, ast.Dict):
            pairs = [(getattr(key, "value", None), value) for key, value in zip(node.keys, node.values, strict=True)]
        elif isinstance(node, ast.keyword):
            pairs = [(node.arg, node.value)]
        yield from (value.value for name, value in pairs
                    if name in NAMES and isinstance(value, ast.Constant) and isinstance(value.value, str))
    yield from _IN_TEXT.findall(text)


def test_the_passwords_of_tests_can_be_found():
    files = [*REPO.glob("tests/integration/**/*.py"),
             *(file for file in REPO.glob("*/tests/**/*.py") if file.relative_to(REPO).parts[0] != "tests")]
    found = {f"{path.relative_to(REPO)}: {word}" for path in files for word in passwords_of(path)
             if word not in FREE and secrets.MARK not in word}
    assert not found
    assert any(passwords_of(path) for path in files)
