"""``dev upgrade``: fills a database with the code of an older commit, upgrades it, and compares.

The old code runs from a worktree of its own, with its own addons and demo data, against the same
PostgreSQL. What is played and compared is in ``tests/integration/upgrade``.
"""

from __future__ import annotations

import dataclasses
import os
import subprocess
from argparse import Namespace
from pathlib import Path

from dev import console, foreground, paths, system_packages, venv
from dev import database as databases
from dev import odoo as odoo_module
from dev.console import DevError
from dev.odoo import Odoo

#: Sets of addons that people have alone.
ALONE = (
    ("message_history",),
    ("message_history", "fetchmail_gateway"),
    ("message_history", "smtp_outbox"),
)
#: The last commit that was given to people before this version.
BEFORE = "a099d15"


def worktree(commit: str) -> Path:
    """Return a checkout of an older commit, made where there is none.

    :raise DevError: when the history isn't there (a shallow clone)
    """
    full = _git("rev-parse", "--verify", "--quiet", f"{commit}^{{commit}}")
    folder = paths.state_dir() / f"before-{full[:10]}"
    if not (folder / ".git").exists():
        _git("worktree", "prune")
        _git("worktree", "add", "--quiet", "--detach", "--force", str(folder), full)
    return folder


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(paths.REPO), *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise DevError(f"git {' '.join(arguments)}: {done.stderr.strip() or 'no such commit'}",
                       "The history is needed: git fetch --unshallow")  # fmt: skip
    return done.stdout.strip()


def addons_of(folder: Path) -> list[str]:
    """Return the names of the addons of a checkout, sorted."""
    return sorted(manifest.parent.name for manifest in folder.glob("*/__manifest__.py"))


def old_odoo(odoo: Odoo, folder: Path) -> Odoo:
    """Return Odoo with the addons of another checkout instead of ours."""
    addons_path = f"{odoo.source.addons},{folder}"
    config = paths.state_dir() / f"{folder.name}.conf"
    lines = [f"addons_path = {addons_path}" if line.startswith("addons_path") else line
             for line in odoo.config.read_text().splitlines()]  # fmt: skip
    config.write_text("\n".join(lines) + "\n")
    config.chmod(0o600)
    return dataclasses.replace(odoo, config=config, addons_path=addons_path)


def old_template(old: Odoo, folder: Path, addons: list[str], kind: str = "before") -> str:
    """Name of a database in which the old code installed addons, with demo data."""
    base = databases.template(old, "demo", databases.FULL, demo=True)
    return databases.template(old, kind, tuple(addons), demo=True, base=f"{base}|{folder.name}")


def main(options: Namespace) -> int:
    """Play it in a process that has the servers at hand; 1 when something is wrong."""
    venv.ensure()
    system_packages.ensure()
    with odoo_module.ready(options.odoo) as odoo:
        if options.alone:
            return 1 if alone(odoo, options.commit) else 0
        env = {**os.environ, **odoo.environment(), **odoo.server.environment(),
               "PYTHONPATH": f"{paths.REPO}{os.pathsep}{odoo.source.folder}"}  # fmt: skip
        command = [venv.python(), "-u", "-m", "tests.integration.upgrade.play", options.commit, str(options.size)]
        return foreground.run(command, env, cwd=paths.REPO)


def alone(odoo: Odoo, commit: str = BEFORE) -> list[str]:
    """Upgrade sets of addons with no data in them, twice each; returns what is wrong, in words."""
    folder = worktree(commit)
    old, wrong = old_odoo(odoo, folder), []
    for addons in ALONE:
        name = databases.template(old, f"before_{addons[-1]}", addons, base=f"{databases.full(old)}|{folder.name}")
        log = paths.log_dir() / f"upgrade-{addons[-1]}.log"
        log.unlink(missing_ok=True)
        with databases.temporary(odoo, name, "alone") as database:
            for number in (1, 2):
                code = odoo.run("-d", database, "-u", ",".join(addons), "--stop-after-init", "--no-http", log=log)
                console.say(f"{' + '.join(addons)}, {number}: {'upgraded' if not code else f'FAILED, see {log}'}")
                if code:
                    wrong.append(f"{addons}: {log}")
    return wrong
