"""``dev peers``: Odoo's own tests of its mail gateway, without and with our addons.

What passes without us has to pass with us. Exceptions need a reason in ``peers.json``; both are
written to docs/peers.md.
"""

from __future__ import annotations

import json
import subprocess
from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path

from dev import console, database, paths, results, venv
from dev import odoo as odoo_module
from dev.instance import free_port
from dev.odoo import Odoo
from dev.results import Results

SETTINGS = Path(__file__).with_name("peers.json")
RUNNER = Path(__file__).with_name("peers_runner.py")
PAGE = paths.REPO / "docs" / "peers.md"


@dataclass(frozen=True)
class Settings:
    """What is installed, whose tests run, and why some of them fail with us."""

    install: list[str]
    test: list[str]
    reasons: dict[str, str]

    @classmethod
    def load(cls) -> Settings:
        """Read peers.json."""
        return cls(**json.loads(SETTINGS.read_text()))


def main(options: Namespace) -> int:
    """Run both, compare, write the page; 1 when something broke without a reason."""
    settings = Settings.load()
    with odoo_module.ready(options.odoo) as odoo:
        database.sweep(odoo)
        base = database.template(odoo, "peers", tuple(settings.install))
        more = {"PEERS_BROWSER": "1"} if getattr(options, "browser", False) else {}
        without = _run(odoo, base, settings, [], more)
        ours = _run(odoo, base, settings, paths.addons(), more)
    broken = broken_tests(without, ours)
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(settings, without, ours, broken))
    unexplained = [test for test in broken if test not in settings.reasons]
    for test in unexplained:
        console.say(f"FAILED with our addons only: {test}")
    console.say(f"without our addons: {without}")
    console.say(f"with our addons:    {ours}")
    console.say(f"{len(broken)} broken by us, {len(unexplained)} of them without a reason")
    explained = len(broken) - len(unexplained)
    console.say(f"{len(ours.passed)} passed, {len(unexplained)} failed, {explained} skipped")
    return 1 if unexplained or not without.passed else 0


def _run(
    odoo: Odoo, base: str, settings: Settings, ours: list[str], more: dict[str, str]
) -> Results:
    label = "with" if ours else "without"
    log = paths.log_dir() / f"peers-{label}.log"
    log.unlink(missing_ok=True)
    with database.temporary(odoo, base, f"peers_{label}") as name:
        if ours:
            with console.progress("Installing our addons"):
                odoo.install(name, ours, log)
        tags = ",".join(f"/{addon}" for addon in settings.test)
        command = [
            str(venv.python()), "-P", str(RUNNER), "-d", name, f"--test-tags={tags}",
            "--stop-after-init", f"--http-port={free_port()}", "--max-cron-threads=0",
        ]  # fmt: skip
        title = f"Odoo's tests {label} our addons (log: {log})"
        with console.progress(title), log.open("ab") as out:
            subprocess.run(command, env={**odoo.environment(), **more}, cwd=odoo.data_dir,
                           stdout=out, stderr=subprocess.STDOUT, check=False)  # fmt: skip
    with log.open(errors="replace") as lines:
        return results.from_odoo_log(lines)


def broken_tests(without: Results, ours: Results) -> list[str]:
    """Tests that pass without us and don't pass with us: failed, skipped or never run."""
    return sorted(without.passed - ours.passed)


def page(settings: Settings, without: Results, ours: Results, broken: list[str]) -> str:
    """The text of docs/peers.md."""
    lines = [
        "# Odoo's own tests, without and with our addons",
        "",
        "Written by `python3 dev test peers`; the reasons come from `dev/peers.json`.",
        "Odoo's package fails some of its own tests here (newest Python packages), so what",
        "counts is the difference.",
        "",
        "| addon | without: passed | failed | with: passed | failed |",
        "|---|---|---|---|---|",
    ]
    for addon in sorted({*without.groups(), *ours.groups()}):
        before, after = without.of_group(addon), ours.of_group(addon)
        figures = [len(part) for part in (before.passed, before.failed, after.passed, after.failed)]
        lines.append(f"| {addon} | " + " | ".join(map(str, figures)) + " |")
    lines += ["", "## Exceptions", ""]
    if not broken:
        lines.append("None: every test that passes without our addons passes with them.")
    else:
        lines += ["| test | reason |", "|---|---|"]
        lines += [f"| `{test}` | {settings.reasons.get(test, '**none yet**')} |" for test in broken]
    return "\n".join(lines) + "\n"
