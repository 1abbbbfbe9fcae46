"""Runs that are repeated: counted by the state of the checkout, and summed up as they were."""

import json
import subprocess
from dataclasses import asdict

from dev import repeated
from dev.repeated import Run

GREEN = Run("abc", False, 100, 50, (), 1.0)
RED = Run("abc", True, 200, 49, ("desk/test_a_day",), 4.0)


def test_only_runs_of_this_state_count(tmp_path):
    log = tmp_path / "runs.jsonl"
    assert repeated.read(log, "abc") == []
    log.write_text("".join(json.dumps(asdict(run)) + "\n" for run in (GREEN, Run("old", True, 1, 1, (), 0.1), RED)))
    assert repeated.read(log, "abc") == [GREEN, RED]


def test_one_red_run_makes_all_red(capsys):
    assert repeated.report([GREEN, GREEN]) == 0
    assert repeated.report([GREEN, RED]) == 1
    assert repeated.report([]) == 1
    said = capsys.readouterr().out
    assert "busy: 0 of 1 green" in said
    assert "FAILED 1 of 2: desk/test_a_day" in said
    assert "1 of 2 runs green" in said


def test_cores_are_busy_no_longer_than_the_run(monkeypatch):
    started = []
    real = subprocess.Popen
    monkeypatch.setattr(repeated.subprocess, "Popen", lambda *args: started.append(real(*args)) or started[-1])
    with repeated.busy_cores(2):
        assert [process.poll() for process in started] == [None, None]
    assert all(process.poll() is not None for process in started)
    with repeated.busy_cores(0):
        assert len(started) == 2
