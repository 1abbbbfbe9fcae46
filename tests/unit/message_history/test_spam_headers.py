"""Verdicts of spam filters, by the headers that each of them writes."""

from email import message_from_string

import pytest
from odoo.addons.message_history.lib.spam_headers import SpamVerdict, read_spam


def mail(*headers):
    return message_from_string("\n".join(["From: ann@example.org", *headers]) + "\n\nHi\n")


@pytest.mark.parametrize(
    ("header", "spam", "score"),
    [
        ("X-Spam-Flag: YES", True, None),
        ("X-Spam-Flag: NO", False, None),
        ("X-Spam-Status: Yes, score=15.2 required=5.0 tests=BAYES_99\n\tautolearn=no", True, 15.2),
        ("X-Spam-Status: No, score=-1.9 required=5.0", False, -1.9),
        ("X-Spam-Status: No, hits=2.1 required=4.0", False, 2.1),
        ("X-Spam: Yes", True, None),
        ("X-Spamd-Result: default: False [-1.50 / 15.00];\n\tARC_NA(0.00)[]", False, -1.5),
        ("X-Spamd-Result: default: True [16.00 / 15.00]", True, 16.0),
        ("X-Spamd-Result: default: False [15.50 / 15.00]", True, 15.5),
        ("X-Rspamd-Action: add header", True, None),
        ("X-Rspamd-Action: no action", False, None),
        ("X-MS-Exchange-Organization-SCL: -1", False, -1.0),
        ("X-MS-Exchange-Organization-SCL: 6", True, 6.0),
        ("X-Forefront-Antispam-Report: CIP:1.2.3.4;CTRY:DE;SCL:9;SRV:;SFV:SPM", True, 9.0),
        ("X-Forefront-Antispam-Report: CIP:1.2.3.4;SFV:NSPM", None, None),
        ("X-Barracuda-Spam-Status: No, SCORE=0.50 using global scores", False, 0.5),
        ("X-Bogosity: Spam, tests=bogofilter, spamicity=0.999", True, 0.999),
        ("X-Bogosity: Ham, tests=bogofilter, spamicity=0.01", False, 0.01),
        ("X-Bogosity: Unsure, tests=bogofilter, spamicity=0.5", None, 0.5),
        ("X-DSPAM-Result: Innocent", False, None),
        ("X-CRM114-Status: Good ( pR: 7.1 )", False, None),
        ("X-UI-Filterresults: junk:10;V03:K0:abc", True, None),
        ("X-UI-Filterresults: notjunk:1;V03:K0:abc", False, None),
        ("X-Spam-Score: 5.3 (+++++)", None, 5.3),
        ("X-Spam-Flag: perhaps", None, None),
        ("X-Spam-Score: high", None, None),
    ],
)
def test_filters(header, spam, score):
    found = read_spam(mail(header))
    assert (found.is_spam, found.score) == (spam, score)
    assert found.source == ("" if spam is None and score is None else header.partition(":")[0])


def test_nobody_said_anything():
    assert read_spam(mail()) == SpamVerdict()
    assert read_spam(mail()).summary() == ""


def test_one_that_says_spam_outweighs_the_others():
    found = read_spam(mail("X-Spam-Flag: NO", "X-MS-Exchange-Organization-SCL: 9"))
    assert found.is_spam is True
    assert found.summary() == "spam, score 9 (X-MS-Exchange-Organization-SCL)"


def test_the_score_may_come_from_another_header():
    found = read_spam(mail("X-Spam-Flag: YES", "X-Spam-Score: 7.25"))
    assert found == SpamVerdict(True, 7.25, "X-Spam-Flag")


def test_only_the_topmost_of_a_name_counts():
    assert read_spam(mail("X-Spam-Flag: YES", "X-Spam-Flag: NO")).is_spam is True
    assert read_spam(mail("X-Spam-Flag: NO", "X-Spam-Flag: YES")).is_spam is False


def test_summary():
    assert read_spam(mail("X-Spam-Status: No, score=-1.9")).summary() == (
        "not spam, score -1.9 (X-Spam-Status)"
    )
    assert read_spam(mail("X-Spam-Score: 2")).summary() == "unknown, score 2 (X-Spam-Score)"
