"""Ring 2: Odoo's own runner on all addons together, and each addon alone."""

from __future__ import annotations

import ast
import subprocess
import sys
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

from dev import alone, console, database, paths, results, secrets
from dev import odoo as odoo_module
from dev.console import DevError
from dev.instance import free_port
from dev.odoo import Odoo
from dev.results import Results


def run(options: Namespace) -> Results:
    """Tests of all addons in one database, then each addon alone (not when ``-k`` is given)."""
    with odoo_module.ready(options.odoo) as odoo:
        database.sweep(odoo)
        found = _together(odoo, options.pattern, installed=options.installed)
        if not options.pattern and not (options.stop and found.failed):
            for addon in paths.addons():
                found.add(alone.check(odoo, addon))
        return found


def _together(odoo: Odoo, pattern: str | None, *, installed: bool = False) -> Results:
    tested = [addon for addon in paths.addons() if any(test_files(addon))]
    tags = select(pattern) if pattern else [f"/{addon}" for addon in tested]
    if not tags:
        return Results()
    log = paths.log_dir() / "addons.log"
    log.unlink(missing_ok=True)
    before = secrets.sizes(log.parent)
    template = database.template(odoo, "demo", database.FULL, demo=True)
    install = ["-i", ",".join(paths.addons()), "--with-demo"]
    if installed:
        template, install = _installed(odoo, template), []
    with database.temporary(odoo, template, "addons") as name:
        console.step(f"Tests of {', '.join(tested)} (log: {log})")
        code = odoo.run(
            "-d", name, *install, "--stop-after-init", "--http-port", str(free_port()),
            "--test-tags", ",".join(tags), log=log,
        )  # fmt: skip
    with log.open(errors="replace") as lines:
        found = results.from_odoo_log(lines)
    _show_failures(log, found)
    if code and not found.failed:
        console.say(log.read_text(errors="replace")[-4000:])
        found.failed.add(f"odoo/ended with code {code}, see {log}")
    if leaks := secrets.search(log.parent, {name: size for name, size in before.items() if name != log.name}):
        console.say("Passwords in logs:\n" + "\n".join(leaks[:20]))
        found.failed.add(f"logs/passwords, see {leaks[0].partition(':')[0]}")
    if not pattern:
        silent = set(tested) - set(found.groups())
        found.failed |= {f"{addon}/none of its tests ran" for addon in silent}
    return found


def _installed(odoo: Odoo, base: str) -> str:
    """Name of a template with all addons, as they are in the last commit."""
    head = subprocess.run(
        ["git", "-C", str(paths.REPO), "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()
    return database.template(odoo, "installed", tuple(paths.addons()), demo=True, base=f"{base}|{head}")


def _show_failures(log: Path, found: Results) -> None:
    """Print every failed test with its traceback, as Odoo logged it."""
    if not found.failed:
        return
    showing = False
    for line in log.read_text(errors="replace").splitlines():
        match = results.LOG_LINE.match(line)
        if match:
            showing = match["level"] in ("ERROR", "CRITICAL")
        if showing:
            print(line, file=sys.stderr)


def test_files(addon: str) -> Iterator[Path]:
    """Test modules of an addon."""
    yield from sorted((paths.REPO / addon / "tests").rglob("test_*.py"))


def select(pattern: str) -> list[str]:
    """Odoo's test tags for ``-k``, of pieces between commas: a tag itself (``/addon:Class.test``), or part of a name.

    Raises DevError when nothing matches a piece.
    """
    return [tag for piece in pattern.split(",") for tag in _select(piece)]


def _select(pattern: str) -> list[str]:
    if pattern.startswith(("/", ":")):
        return [pattern]
    tags = []
    for addon in paths.addons():
        for file in test_files(addon):
            whole = pattern in file.stem
            tags += [f"/{addon}{tag}" for tag in _matching(file, "" if whole else pattern)]
    if not tags:
        raise DevError(f"No test of an addon has {pattern!r} in its name.")
    return tags


def _matching(file: Path, pattern: str) -> list[str]:
    found = []
    for node in ast.parse(file.read_text()).body:
        if not isinstance(node, ast.ClassDef):
            continue
        functions = [item.name for item in node.body if isinstance(item, ast.FunctionDef)]
        methods = [name for name in functions if name.startswith("test")]
        if pattern in node.name and methods:
            found.append(f":{node.name}")
        else:
            found += [f":{node.name}.{name}" for name in methods if pattern in name]
    return found
