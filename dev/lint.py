"""``dev lint``: ruff, pylint-odoo, and mypy --strict on every ``lib/`` and on the tool itself."""

from __future__ import annotations

import os
import shutil
import subprocess
from argparse import Namespace
from pathlib import Path

from dev import console, paths, venv


def main(options: Namespace) -> int:
    """Run all checks, even when an earlier one complains; 0 when none does."""
    del options
    venv.ensure()
    return max(check() for check in (_ruff, _pylint, _mypy))


def _call(title: str, *command: str | Path, **env: str) -> int:
    console.step(title)
    done = subprocess.run(
        [str(part) for part in command], cwd=paths.REPO, env={**os.environ, **env}, check=False
    )
    return 1 if done.returncode else 0


def _ruff() -> int:
    return _call("ruff", venv.tool("ruff"), "check", "--no-cache", "--output-format=concise", ".")


#: Rules of another community's repository, and two that don't see what we do: texts go through
#: ``_ = self.env._``, and a model's longer parts have files of their own.
_NOT_OURS = (
    "manifest-required-author", "missing-readme", "prefer-env-translation",
    "consider-merging-classes-inherited",
)


def _pylint() -> int:
    if not paths.addons():
        return 0
    return _call("pylint-odoo", venv.tool("pylint"), "--score=n", "--reports=n", "--jobs=2",
                 f"--disable={','.join(_NOT_OURS)}",
                 "--rcfile=pyproject.toml", *paths.addons())  # fmt: skip


def _mypy() -> int:
    """Check types under the import path that the code has in Odoo: odoo.addons.<addon>.lib."""
    root = paths.state_dir() / "mypy"
    shutil.rmtree(root, ignore_errors=True)
    targets: list[Path] = []
    for folder in sorted(paths.REPO.glob("*/lib")):
        if any(folder.glob("*.py")):
            link = root / "odoo" / "addons" / folder.parent.name / "lib"
            link.parent.mkdir(parents=True)
            link.symlink_to(folder)
            targets.append(link)
    command: list[str | Path] = [
        venv.tool("mypy"), "--config-file=pyproject.toml",
        f"--python-executable={venv.python()}", f"--cache-dir={paths.cache_dir() / 'mypy'}",
    ]  # fmt: skip
    found = _call("mypy: lib", *command, *targets, MYPYPATH=str(root)) if targets else 0
    return max(found, _call("mypy: dev", *command, "-p", "dev"))
