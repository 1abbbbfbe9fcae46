"""The parts of the tool that need no server."""

import os
import subprocess
import sys

import pytest

from dev import addon_tests, cli, console, odoo_source, paths, peers
from dev.console import DevError
from dev.locks import UserCount
from dev.results import Results
from dev.server import Server


@pytest.mark.parametrize(
    ("url", "server", "name"),
    [
        ("postgresql://ann:p%40ss@db.example:6543/main",
         Server("db.example", 6543, "ann", "p@ss"), "main"),
        ("postgres://localhost", Server("localhost", 5432, "odoo", ""), ""),
        ("postgresql://ann@/main?host=/run/postgresql",
         Server("/run/postgresql", 5432, "ann", ""), "main"),
    ],
)  # fmt: skip
def test_database_urls(url, server, name):
    assert Server.from_url(url) == (server, name)


def test_another_url_is_refused_with_advice():
    with pytest.raises(DevError) as caught:
        Server.from_url("mysql://localhost/x")
    assert "postgresql://" in caught.value.hint


def test_password_goes_to_the_environment_only_when_there_is_one():
    assert "PGPASSWORD" not in Server("h", 1, "u", "").environment()
    assert Server("h", 1, "u", "p").environment()["PGPASSWORD"] == "p"
    assert "db_password" not in Server("h", 1, "u", "").settings()


def make_odoo(folder, version="19, 0", addons="addons"):
    (folder / addons / odoo_source.PROOF).mkdir(parents=True, exist_ok=True)
    (folder / addons / odoo_source.PROOF / "mail_views.xml").touch()
    for name in odoo_source.NEEDED:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    (folder / "odoo/release.py").write_text(f"version_info = ({version}, 0, FINAL, 0, '')\n")
    return folder


@pytest.mark.parametrize("below", ["", "odoo", "../up"])
def test_a_chosen_odoo_is_found_from_near_it(tmp_path, below):
    home = make_odoo(tmp_path / "up")
    assert odoo_source.find(str(home / below)).folder == home


def test_debian_keeps_the_addons_inside_the_package(tmp_path):
    (tmp_path / "addons/mail").mkdir(parents=True)  # an incomplete copy
    make_odoo(tmp_path, addons="odoo/addons")
    assert odoo_source.find(str(tmp_path)).addons == tmp_path / "odoo/addons"


def test_an_incomplete_odoo_is_refused(tmp_path):
    with pytest.raises(DevError, match="no complete Odoo"):
        odoo_source.find(str(tmp_path))


@pytest.mark.parametrize("version", ["18, 0", "'saas~18', 2"])
def test_another_version_is_refused(tmp_path, version):
    with pytest.raises(DevError, match="not version 19"):
        odoo_source.find(str(make_odoo(tmp_path, version)))


def test_every_way_that_failed_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("ODOO_SOURCE", raising=False)
    with pytest.raises(DevError) as caught:
        odoo_source.find(None)
    assert "no apt" in str(caught.value)
    assert "git is not installed" in str(caught.value)
    assert "--odoo PATH" in caught.value.hint


def test_odoo_is_cloned_where_there_are_no_packages(tmp_path, monkeypatch):
    origin = make_odoo(tmp_path / "origin")
    git = ["git", "-C", str(origin), "-c", "user.name=x", "-c", "user.email=x@example.com"]
    for command in (["init", "-q", "-b", "19.0"], ["add", "."], ["commit", "-qm", "x"]):
        subprocess.run([*git, *command], check=True)
    config = tmp_path / "gitconfig"
    config.write_text(f'[url "file://{origin}"]\n\tinsteadOf = {odoo_source.REPOSITORY}\n')
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("ODOO_SOURCE", raising=False)
    monkeypatch.setattr("dev.apt.available", lambda: False)
    found = odoo_source.find(None)
    assert (found.folder / "odoo/release.py").exists()
    assert odoo_source.find(None) == found


def test_last_user_of_something_is_told(tmp_path):
    told = []
    first, second = UserCount(tmp_path / "users"), UserCount(tmp_path / "users")
    first.leave(lambda: told.append("first"))
    second.leave(lambda: told.append("second"))
    assert told == ["second"]


@pytest.fixture
def addon(tmp_path, monkeypatch):
    tests = tmp_path / "thing" / "tests"
    tests.mkdir(parents=True)
    (tests / "test_door.py").write_text(
        "class TestDoor:\n    def test_open(self): pass\n    def test_shut(self): pass\n"
        "class Helper:\n    def open(self): pass\n"
    )
    monkeypatch.setattr(paths, "REPO", tmp_path)
    monkeypatch.setattr(paths, "addons", lambda: ["thing"])


@pytest.mark.parametrize(
    ("pattern", "tags"),
    [
        ("open", ["/thing:TestDoor.test_open"]),
        ("Door", ["/thing:TestDoor"]),
        ("test_door", ["/thing:TestDoor"]),
        ("/thing:Any.test", ["/thing:Any.test"]),
        ("/thing:Any.test,open", ["/thing:Any.test", "/thing:TestDoor.test_open"]),
    ],
)
def test_a_part_of_a_name_selects_tests(addon, pattern, tags):
    assert addon_tests.select(pattern) == tags


def test_a_pattern_without_match_is_said(addon):
    with pytest.raises(DevError, match="window"):
        addon_tests.select("window")


def test_what_passed_without_us_must_pass_with_us():
    without = Results({"mail/a", "mail/b", "mail/c"}, {"mail/d"}, {})
    ours = Results({"mail/a"}, {"mail/b", "mail/d", "mail/e"}, {"mail/c": "x"})
    broken = peers.broken_tests(without, ours)
    assert broken == ["mail/b", "mail/c"]
    settings = peers.Settings([], [], {"mail/b": "we keep such mail"})
    text = peers.page(settings, without, ours, broken)
    assert "| `mail/b` | we keep such mail |" in text
    assert "| `mail/c` | **none yet** |" in text
    assert "| mail | 3 | 1 | 1 | 3 |" in text


def test_a_failing_command_shows_its_last_words_and_advice():
    with pytest.raises(DevError) as caught:
        console.run([sys.executable, "-c", "print('so sad'); exit(3)"], failure="It broke",
                    hint="Mend it")  # fmt: skip
    assert "It broke" in str(caught.value)
    assert "so sad" in str(caught.value)
    assert caught.value.hint == "Mend it"


def test_a_missing_program_is_named():
    with pytest.raises(DevError, match="no-such-program is missing"):
        console.run(["no-such-program"], failure="It broke")


def test_errors_for_developers_come_without_traceback(capsys, monkeypatch):
    monkeypatch.setattr("dev.run_state.read", lambda: None)
    assert cli.main(["mail"]) == 1
    shown = capsys.readouterr().err
    assert "The demo isn't running" in shown
    assert "→" in shown
    assert "Traceback" not in shown


@pytest.mark.parametrize("command", sorted(cli.COMMANDS))
def test_every_command_is_known_to_the_parser(command):
    more = {
        "bench": ["x"],
        "database": ["list"],
        "postgres": ["status"],
        "pictures": ["url", "login", "password"],
    }.get(command, [])
    assert cli.parser().parse_args([command, *more]).command == command


def test_it_runs_from_any_folder(tmp_path):
    done = subprocess.run(
        [sys.executable, str(paths.REPO / "dev"), "--help"],
        cwd=tmp_path, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "run" in done.stdout
