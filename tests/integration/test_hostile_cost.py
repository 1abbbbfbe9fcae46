"""Hostile and damaged mail through the whole pipeline: what one costs a worker, and that none is lost.

The long forms: ``dev bench cost`` (every mail of the table) and ``dev bench mutate`` (thousands).
"""

import pytest

from tests.bench import cost, mutate
from tests.bench.rig import Driver

pytestmark = pytest.mark.slow
MEBIBYTE = 1024 * 1024
#: Those that were, or are, the most expensive of their kind.
WORST = (
    "nested messages", "paragraphs", "many tags", "children of a quotation", "one long style", "ampersands",
    "plain quotations", "bare addresses", "backslashes in an address", "tiny parts of HTML", "words of failure",
    "a picture of 13,000 points a side", "a picture of 30,000 points a side", "half a picture",
)  # fmt: skip


@pytest.fixture(scope="module")
def driver(odoo, module_database):
    """A process that works the ledger of a database off."""
    process = Driver(odoo, module_database.name)
    yield process
    process.close()


def test_a_mebibyte_takes_two_seconds_and_two_hundred_mebibytes(driver):
    rows = cost.measure(driver, list(WORST), MEBIBYTE)
    assert [row for row in rows if row["state"] in ("failed", "given_up", "lost")] == []
    assert {row["name"]: row["cpu"] for row in rows if row["cpu"] > 2} == {}
    assert {row["name"]: row["memory"] for row in rows if row["memory"] > 200 * MEBIBYTE} == {}
    assert {row["name"]: row["shown"] for row in rows if row["shown"] > 2} == {}


def test_damaged_mails_are_neither_lost_nor_failed(corpus, driver):
    rows = mutate.run(driver, list(range(1, 151)))
    assert len(rows) == 150
    assert {row["name"]: row["reason"] for row in rows if row["state"] in ("failed", "given_up", "lost")} == {}
    assert {row["name"]: row["cpu"] for row in rows if row["cpu"] > 2} == {}
