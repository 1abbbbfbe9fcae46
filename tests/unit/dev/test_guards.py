"""The command that takes guards out: what is run, and what each run means."""

from argparse import Namespace

import pytest

from dev import guards, paths
from dev.console import DevError

_ONE = """point = "B2"
says = "Nobody gets in"
ring = "addons"
pattern = "/thing:TestDoor"
[[removed]]
file = "door.py"
old = "locked"
new = "open"
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "B2-door.toml").write_text(_ONE)
    (tmp_path / "door.py").write_text("the door is locked")
    monkeypatch.setattr(paths, "REPO", tmp_path)
    monkeypatch.setattr(paths, "state_dir", lambda: tmp_path)
    monkeypatch.setattr(guards, "_copy", lambda: tmp_path)
    monkeypatch.setattr(guards, "_git", lambda *_arguments: (tmp_path / "door.py").write_text("the door is locked"))
    monkeypatch.setattr(guards, "_head", lambda: "")
    read = guards.read
    monkeypatch.setattr(guards, "read", lambda: read(tmp_path))
    return tmp_path


@pytest.fixture
def runs(folder, monkeypatch):
    """What is run: (name, whether the door is locked, arguments); it passes if that is in ``runs.passing``."""

    class Runs(list):
        passing = (True,)

    found = Runs()

    def passes(name, copy, *how):
        locked = "locked" in (copy / "door.py").read_text()
        found.append((name, locked, how))
        return locked in found.passing

    monkeypatch.setattr(guards, "_passes", passes)
    return found


def play(**options):
    return guards.main(Namespace(**{"only": None, "check": False, "fresh": False, "minutes": None, **options}))


@pytest.mark.parametrize(("old", "new"), [
    ('ring = "addons"', 'ring = "peers"'), ('new = "open"', 'new = "locked"'), ('pattern = "/thing:TestDoor"', ""),
    ("[[removed]]", "[[removed"),
])
def test_a_guard_that_says_too_little_is_refused(tmp_path, old, new):
    (tmp_path / "B2-door.toml").write_text(_ONE.replace(old, new))
    with pytest.raises(DevError, match=r"B2-door\.toml"):
        guards.read(tmp_path)


def test_a_test_goes_red_without_its_guard(runs, capsys):
    assert play() == 0
    assert runs == [
        ("ring-addons", True, ("addons", "-k", "/thing:TestDoor")),
        ("B2-door", False, ("addons", "-k", "/thing:TestDoor", "--installed")),
    ]
    assert "1 of 1 tests went red without their guard." in capsys.readouterr().out
    assert play() == 0
    assert len(runs) == 2, "what is known isn't tried again"


def test_a_test_that_stays_green_is_a_fault(runs, capsys):
    runs.passing = (True, False)
    assert play() == 1
    assert "STAYED GREEN" in capsys.readouterr().out


def test_a_test_that_fails_with_the_guard_proves_nothing(runs, capsys):
    runs.passing = ()
    assert play() == 1
    assert "red with the guard" in capsys.readouterr().out
    assert [name for name, _locked, _how in runs] == ["ring-addons", "B2-door"]


def test_what_is_no_python_is_installed_anew(runs, folder):
    (folder / "B2-door.toml").write_text(_ONE.replace("door.py", "door.xml"))
    (folder / "door.xml").write_text("locked")
    play()
    assert runs[-1][2] == ("addons", "-k", "/thing:TestDoor")


def test_no_guard_is_begun_after_the_time(runs, capsys):
    assert play(minutes=1e-9) == 0
    assert "1 are still to be tried" in capsys.readouterr().out
