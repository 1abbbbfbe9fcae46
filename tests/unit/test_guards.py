"""Every guard is where its file says, so that ``dev guards`` can take it out; and its test is there."""

import re

import pytest

from dev import guards, paths

ALL = guards.read()


@pytest.mark.parametrize("guard", ALL, ids=lambda guard: guard.name)
def test_a_guard_stands_where_its_file_says(guard):
    guard.fits(paths.REPO)


@pytest.mark.parametrize("guard", ALL, ids=lambda guard: guard.name)
def test_its_test_is_there(guard):
    names = re.findall(r"[A-Za-z_]\w+", guard.pattern.rpartition(":")[2] if ":" in guard.pattern else guard.pattern)
    words = [name for name in names if name not in ("or", "and", "not")]
    folders = [paths.REPO / "tests"] + [paths.REPO / addon / "tests" for addon in paths.addons()]
    text = "\n".join(path.read_text() for folder in folders for path in folder.rglob("*.py"))
    files = "\n".join(path.stem for folder in folders for path in folder.rglob("*.py"))
    assert words
    for word in words:
        assert word in text or word in files, f"no test has {word} in its name"


def test_every_point_has_guards():
    points = {guard.point for guard in ALL}
    assert {"A0", "A1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B9", "C10", "C11", "C12", "C13", "C14"} <= points


def test_a_guard_that_is_gone_is_said(tmp_path):
    (tmp_path / "a.toml").write_text(
        'point = "X"\nsays = "y"\nring = "unit"\npattern = "z"\n[[removed]]\nfile = "README.md"\n'
        'old = "stands nowhere, ever"\nnew = ""\n')
    (guard,) = guards.read(tmp_path)
    with pytest.raises(guards.DevError, match="0 times"):
        guard.fits(paths.REPO)
