"""Benchmarks of two commits: run in turns, and compared by the medians of what both have."""

import json
from argparse import Namespace

import pytest

from dev import beside, paths, upgrade
from dev.console import DevError


def _checkout(folder, text):
    """A folder whose ``dev`` prints a text, and notes that it ran."""
    (folder / "dev").mkdir(parents=True)
    (folder / "dev" / "__main__.py").write_text(
        f"import pathlib, sys\nprint('some words')\nprint({text!r})\n"
        f"log = pathlib.Path({str(folder.parent / 'log')!r})\n"
        f"before = log.read_text() if log.exists() else ''\n"
        f"log.write_text(before + ' '.join(['{folder.name}', *sys.argv[1:]]) + chr(10))")
    return folder


@pytest.fixture
def sides(tmp_path, monkeypatch):
    old = {"rate": 10, "gone": 1, "list": [1], "none": 0}
    new = {"rate": 12.5, "here": 1, "list": [1], "none": 3}
    folders = {name: _checkout(tmp_path / name, json.dumps(figures)) for name, figures in (("old", old), ("new", new))}
    monkeypatch.setattr(paths, "REPO", folders["new"])
    monkeypatch.setattr(upgrade, "worktree", lambda commit: folders[commit])
    return tmp_path


def _options(turns):
    return Namespace(beside="old", turns=turns, name="mail-in", arguments=["--quick"])


def test_both_run_in_turns_and_the_order_changes(sides, capsys):
    assert beside.main(_options(2)) == 0
    ran = (sides / "log").read_text().splitlines()
    assert ran == [f"{side} bench mail-in --quick" for side in ("old", "new", "new", "old")]
    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert figures == {"rate": {"before": 10, "after": 12.5, "ratio": 1.25}, "none": {"before": 0, "after": 3}}


def test_the_median_of_the_turns_counts():
    runs = {"before": [{"ms": 1}, {"ms": 9}, {"ms": 2}], "after": [{"ms": 4}, {"ms": 4}, {"ms": 40}]}
    assert beside.compare(runs) == {"ms": {"before": 2, "after": 4, "ratio": 2}}


def test_what_can_not_be_compared_has_no_ratio():
    lines = beside.table({"none": {"before": 0, "after": 3}, "rate": {"before": 10, "after": 12.5, "ratio": 1.25}})
    assert [line.split() for line in lines] == [
        ["before", "after", "ratio"], ["none", "0.00", "3.00", "–"], ["rate", "10.00", "12.50", "1.25"]]  # fmt: skip


def test_a_benchmark_that_fails_is_no_figure(tmp_path):
    folder = _checkout(tmp_path / "broken", "{}")
    (folder / "dev" / "__main__.py").write_text("print('what went wrong'); raise SystemExit(3)")
    with pytest.raises(DevError, match="ended with 3") as error:
        beside.run(folder, "mail-in", [])
    assert "what went wrong" in error.value.hint
