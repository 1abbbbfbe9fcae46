"""Results of test runs: read from Odoo's log and from pytest's report."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from dev import paths

LOG_LINE = re.compile(
    r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} \d+ "
    r"(?P<level>[A-Z]+) (?P<database>\S+) (?P<logger>[^:]+): (?P<text>.*)$"
)
TEST_LOGGER = re.compile(r"^odoo\.addons\.(?P<addon>\w+)\.tests\.(?P<module>.+)$")
# The runner logs what fails around a whole class under its own name.
IN_CLASS = re.compile(r"\(odoo\.addons\.(?P<addon>\w+)\.tests\.(?P<module>\w+)\.")
STARTING = re.compile(r"^Starting (\S+) \.\.\.")
# A test, a subtest of it ("Subtest Class.test (i=3)"), or a class ("setUpClass (path.Class)").
BROKEN = re.compile(r"^(?:ERROR|FAIL): (?:Subtest )?(?P<test>(?:(?:setUp|tearDown)\w+ \(.+\))|\S+)")
SKIPPED = re.compile(r"^skipped (\S+) : (.*)$")


@dataclass
class Results:
    """Outcome per test; the key of a test begins with its group (an addon or a ring)."""

    passed: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    skipped: dict[str, str] = field(default_factory=dict)

    def add(self, other: Results) -> None:
        """Take over the results of another run."""
        self.passed |= other.passed
        self.failed |= other.failed
        self.skipped |= other.skipped

    def groups(self) -> list[str]:
        """Names of the groups, sorted."""
        keys = [*self.passed, *self.failed, *self.skipped]
        return sorted({key.split("/", 1)[0] for key in keys})

    def of_group(self, group: str) -> Results:
        """The part of one group."""

        def mine(key: str) -> bool:
            return key.split("/", 1)[0] == group

        return Results(
            set(filter(mine, self.passed)),
            set(filter(mine, self.failed)),
            {key: why for key, why in self.skipped.items() if mine(key)},
        )

    def forbid_skips(self, allowed_words: Iterable[str]) -> None:
        """Turn skips into failures, except those whose reason holds one of the words."""
        words = tuple(allowed_words)
        for key, why in list(self.skipped.items()):
            if not any(word in why for word in words):
                del self.skipped[key]
                self.failed.add(key)

    def __str__(self) -> str:
        return f"{len(self.passed)} passed, {len(self.failed)} failed, {len(self.skipped)} skipped"


def from_odoo_log(lines: Iterable[str]) -> Results:
    """Results of Odoo's own runner, whose only report is its log."""
    started: set[str] = set()
    failed: set[str] = set()
    skipped: dict[str, str] = {}
    for line in lines:
        match = LOG_LINE.match(line)
        if not match:
            continue
        logger, text = match["logger"], match["text"]
        found = TEST_LOGGER.match(logger)
        found = found or IN_CLASS.search(text)
        place = f"{found['addon']}/{found['module']}:" if found else "odoo/"
        if found and (start := STARTING.match(text)):
            started.add(place + start[1])
        elif broken := BROKEN.match(text):
            failed.add(place + broken["test"])
        elif found and (skip := SKIPPED.match(text)):
            skipped[place + skip[1]] = skip[2]
    return Results(started - failed - set(skipped), failed, skipped)


def errors_in_log(lines: Iterable[str], harmless: Iterable[re.Pattern[str]]) -> list[str]:
    """Lines at level WARNING or above, and tracebacks, except those known to be harmless."""
    patterns = list(harmless)
    found = []
    for line in lines:
        match = LOG_LINE.match(line)
        bad = match["level"] in ("WARNING", "ERROR", "CRITICAL") if match else (
            line.startswith("Traceback (most recent call last)")
        )  # fmt: skip
        if bad and not any(pattern.search(line) for pattern in patterns):
            found.append(line.rstrip())
    return found


def from_junit(report: Path, ring: str) -> Results:
    """Results of pytest; tests in a folder named like an addon count for that addon."""
    results = Results()
    if not report.exists():
        return results
    addons = set(paths.addons())
    # The file was just written by our own pytest.
    for case in ElementTree.parse(report).iter("testcase"):  # noqa: S314
        place = case.get("classname", "").split(".")
        addon = next((part for part in place if part in addons), "")
        group = f"{ring} {addon}".strip()
        key = f"{group}/{'.'.join(place)}.{case.get('name')}"
        skip = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            results.failed.add(key)
        elif skip is not None:
            results.skipped[key] = skip.get("message") or "no reason given"
        else:
            results.passed.add(key)
    results.passed -= results.failed
    return results
