"""Reading Odoo's log and pytest's report."""

import re

from dev.results import Results, errors_in_log, from_junit, from_odoo_log

PREFIX = "2026-01-02 03:04:05,678 42 {level} db odoo.addons.{addon}.tests.{module}: {text}"


def line(text, level="INFO", addon="crm", module="test_a"):
    return PREFIX.format(level=level, addon=addon, module=module, text=text)


def test_passed_failed_and_skipped_are_told_apart():
    found = from_odoo_log(
        [
            line("Starting TestA.test_good ..."),
            line("Starting TestA.test_bad ..."),
            line("FAIL: TestA.test_bad", "ERROR"),
            "Traceback (most recent call last):",
            line("Starting TestA.test_broken ...", module="test_b"),
            line("ERROR: TestA.test_broken", "ERROR", module="test_b"),
            line("Starting TestA.test_later ..."),
            line("skipped TestA.test_later : no time"),
        ]
    )
    assert found.passed == {"crm/test_a:TestA.test_good"}
    assert found.failed == {"crm/test_a:TestA.test_bad", "crm/test_b:TestA.test_broken"}
    assert found.skipped == {"crm/test_a:TestA.test_later": "no time"}
    assert str(found) == "1 passed, 2 failed, 1 skipped"


def test_a_failing_subtest_fails_its_test_once():
    found = from_odoo_log(
        [
            line("Starting TestA.test_many ..."),
            line("FAIL: Subtest TestA.test_many (i=1)", "ERROR"),
            line("FAIL: Subtest TestA.test_many (i=2)", "ERROR"),
        ]
    )
    assert (found.passed, found.failed) == (set(), {"crm/test_a:TestA.test_many"})


def test_a_failing_class_counts_for_its_addon():
    text = "ERROR: setUpClass (odoo.addons.crm.tests.test_a.TestA)"
    log = [f"2026-01-02 03:04:05,678 42 ERROR db odoo.tests.suite: {text}"]
    found = from_odoo_log(log)
    assert found.failed == {"crm/test_a:setUpClass (odoo.addons.crm.tests.test_a.TestA)"}
    assert found.groups() == ["crm"]


def test_errors_elsewhere_in_the_log_are_found_unless_harmless():
    log = [
        "2026-01-02 03:04:05,678 42 WARNING db odoo.models: pg_trgm is missing",
        "2026-01-02 03:04:05,678 42 WARNING db odoo.models: no rules",
        "2026-01-02 03:04:05,678 42 INFO db odoo.models: fine",
        "Traceback (most recent call last):",
    ]
    assert errors_in_log(log, [re.compile("pg_trgm")]) == [log[1], log[3]]


def test_skips_become_failures_except_the_allowed_ones():
    results = Results(skipped={"a/1": "corpus is absent", "a/2": "no Dovecot"})
    results.forbid_skips(["corpus"])
    assert results.skipped == {"a/1": "corpus is absent"}
    assert results.failed == {"a/2"}


def test_groups_are_separate():
    results = Results({"a/1", "ab/1"}, {"ab/2"}, {})
    assert results.groups() == ["a", "ab"]
    assert str(results.of_group("ab")) == "1 passed, 1 failed, 0 skipped"


def test_report_of_pytest(tmp_path, monkeypatch):
    monkeypatch.setattr("dev.paths.addons", lambda: ["crm_gateway"])
    report = tmp_path / "report.xml"
    report.write_text(
        "<testsuites><testsuite>"
        '<testcase classname="tests.unit.crm_gateway.test_a" name="test_1"/>'
        '<testcase classname="tests.unit.crm_gateway.test_a" name="test_2"><failure/></testcase>'
        '<testcase classname="tests.unit.test_b" name="test_3"><skipped message="why"/></testcase>'
        '<testcase classname="tests.unit.test_b" name="test_4"><error/></testcase>'
        "</testsuite></testsuites>"
    )
    found = from_junit(report, "unit")
    assert found.passed == {"unit crm_gateway/tests.unit.crm_gateway.test_a.test_1"}
    assert found.failed == {
        "unit crm_gateway/tests.unit.crm_gateway.test_a.test_2",
        "unit/tests.unit.test_b.test_4",
    }
    assert found.skipped == {"unit/tests.unit.test_b.test_3": "why"}


def test_no_report_is_no_result(tmp_path):
    assert from_junit(tmp_path / "none.xml", "unit") == Results()
