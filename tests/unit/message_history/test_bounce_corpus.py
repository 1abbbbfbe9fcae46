"""The corpus of real mail: bounces are read, other mail is left in peace."""

import json
import os
from email import message_from_bytes
from email.policy import SMTP, compat32
from pathlib import Path

import pytest
from odoo.addons.message_history.lib.bounce import ReportKind, read_bounce

CORPUS = Path(__file__).resolve().parents[4] / "shared" / "corpus" / "mail"
BOUNCES = CORPUS / "flufl.bounce-6.0.0"
pytestmark = pytest.mark.skipif(
    not CORPUS.is_dir() and not os.environ.get("CI"), reason="the corpus of real mail is not here"
)

# Every other file of the corpus that reports about a mail; all the rest must not.
REPORTS = {
    "Webklex+php-imap/tests/messages/example_bounce.eml": "bounce",
    "Webklex+php-imap/tests/messages/issue-462.eml": "bounce",
    "jhillyerd+enmime/dsn/testdata/delayed_dsn.raw": "delay",
    "jhillyerd+enmime/dsn/testdata/dsn_with_multipart_alternative.raw": "bounce",
    "jhillyerd+enmime/dsn/testdata/multi_recipient_dsn.raw": "bounce",
    "jhillyerd+enmime/dsn/testdata/simple_dsn.raw": "bounce",
    "jhillyerd+enmime/dsn/testdata/simple_dsn_with_html.raw": "bounce",
    "jhillyerd+enmime/testdata/mail/multipart-wo-boundary.raw": "bounce",
    "nodemailer+mailparser/test/fixtures/delivery-status.eml": "bounce",
    "postalsys+postal-mime/test/fixtures/arf.eml": "complaint",
    "postalsys+postal-mime/test/fixtures/bounce.eml": "bounce",
    "python+cpython-3.11.7/msg_16.txt": "bounce",
    "python+cpython-3.11.7/msg_25.txt": "bounce",
    "python+cpython-3.11.7/msg_43.txt": "bounce",
}


def expected(kind):
    table = json.loads((BOUNCES / "expected.json").read_text())
    return {name: {one.lower() for one in row[kind]} for name, row in table.items() if row[kind]}


def read(path, policy=compat32):
    return read_bounce(message_from_bytes(path.read_bytes(), policy=policy))


@pytest.mark.parametrize("policy", [compat32, SMTP], ids=["compat32", "EmailPolicy"])
def test_permanent_failures_are_found(policy):
    wanted = expected("permanent")
    assert len(wanted) == 100
    found = missed = 0
    for name, addresses in wanted.items():
        report = read(BOUNCES / "tests" / "data" / name, policy)
        if report is not None and addresses <= set(report.failed_addresses):
            found += 1
            assert set(report.failed_addresses) == addresses, f"{name}: somebody else is blamed too"
        else:
            missed += 1
    assert found / (found + missed) >= 0.97


def test_temporary_failures_are_delays():
    for name, addresses in expected("temporary").items():
        if name in expected("permanent"):
            continue
        report = read(BOUNCES / "tests" / "data" / name)
        assert report.kind is ReportKind.DELAY, name
        assert {one.address for one in report.recipients} == addresses
        assert report.failed == ()


@pytest.mark.parametrize("policy", [compat32, SMTP], ids=["compat32", "EmailPolicy"])
def test_other_mail_is_no_report(policy):
    found = {}
    count = 0
    for path in sorted(CORPUS.rglob("*")):
        if not path.is_file() or BOUNCES in path.parents or path.name == "LICENSE":
            continue
        count += 1
        report = read(path, policy)
        if report is not None:
            found[path.relative_to(CORPUS).as_posix()] = report.kind.value
    assert count > 400
    assert found == REPORTS
