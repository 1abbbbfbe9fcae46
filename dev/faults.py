"""``dev faults``: what Odoo's own gateway and ours do with every fault; writes docs/faults.md.

The tests of tests/integration/faults measure it; nothing of the page is written by hand.
"""

from __future__ import annotations

import json
import os
import subprocess
from argparse import Namespace
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from dev import console, paths, system_packages, venv
from dev import odoo as odoo_module
from dev.console import DevError

TESTS = (paths.REPO / "tests" / "integration" / "faults", paths.REPO / "tests" / "integration" / "outbox")
PAGE = paths.REPO / "docs" / "faults.md"
#: The first module of faults of outgoing mail, in the order of tests/integration/faults/record.py.
FIRST_OUT = 3
OUT = (
    "",
    "# Mail out",
    "",
    "The same for mail that is sent, with an SMTP server that fails in chosen ways and writes down what",
    "it takes: its log is the judge. *in_doubt*: the server may have it; nobody is sent it twice unless",
    "somebody chooses so.",
    "",
    "| fault | Odoo 19 alone | with these addons |",
    "|---|---|---|",
)


def measured() -> Path:
    """The file that the tests write what they measured into."""
    return paths.log_dir() / "faults.json"


def main(options: Namespace) -> int:
    """Run every fault and the kills, then write the page; 1 when a promise was broken."""
    venv.ensure()
    system_packages.ensure()
    measured().unlink(missing_ok=True)
    with odoo_module.ready(options.odoo) as odoo:
        env = {
            **os.environ,
            "ODOO_SOURCE": str(odoo.source.folder),
            "FAULTS_KILLS": str(options.kills),
        }
        tests = TESTS[1:] if options.out else TESTS
        command: list[str | Path] = [venv.python(), "-m", "pytest", *tests, "-s"]
        code = subprocess.run(command, cwd=paths.REPO, env=env, check=False).returncode
    if not measured().exists():
        raise DevError("Nothing was measured.", "Is Dovecot installed?")
    found = json.loads(measured().read_text())
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(_with_new_end(found) if options.out else page(found))
    console.say(f"Written: {PAGE.relative_to(paths.REPO)}")
    return 1 if code else 0


def _with_new_end(found: dict[str, Any]) -> str:
    """The page with what is there of incoming mail, and outgoing mail measured anew."""
    kept = PAGE.read_text().partition("\n# Mail out\n")[0].rstrip()
    return kept + "\n" + "\n".join(_mail_out(found)) + "\n"


def page(found: dict[str, Any]) -> str:
    """The text of docs/faults.md."""
    lines = [
        "# Faults, and what becomes of the mail",
        "",
        "Written by `python3 dev faults`: every line was measured by a test of",
        "`tests/integration`, first in a database with only Odoo's own addons, then in one",
        "with ours, with the same mails from the same Dovecot (a small server of ours where a server",
        "has to answer nonsense). *Lost* is a mail that is in no document and will never be: it is",
        "gone from the server or marked as read there. *Kept* is in the ledger, with its original,",
        "its reason, and buttons.",
        "",
        "| fault | Odoo 19 alone | with these addons |",
        "|---|---|---|",
    ]
    faults = [value for key, value in found.items() if key.startswith("fault:")]
    lines += _rows(fault for fault in faults if fault["order"][0] < FIRST_OUT)
    lines += _kills(found.get("kills"))
    return "\n".join([*lines, *_mail_out(found)]) + "\n"


def _mail_out(found: dict[str, Any]) -> list[str]:
    faults = [value for key, value in found.items() if key.startswith("fault:")]
    out = [fault for fault in faults if fault["order"][0] >= FIRST_OUT]
    return [*OUT, *_rows(out), *_out_kills(found.get("out_kills"))] if out else []


def _rows(faults: Iterable[dict[str, Any]]) -> list[str]:
    return [
        f"| {fault['title']} | {_cell(fault['core'])} | {_cell(fault['ours'])} |"
        for fault in sorted(faults, key=lambda one: one["order"])
    ]


def _cell(steps: list[str]) -> str:
    return "<br>".join(step.replace("|", "\\|") for step in steps)


def _kills(run: dict[str, Any] | None) -> list[str]:
    if run is None:
        return []
    killed = ", ".join(f"{count} × {role}" for role, count in sorted(run["killed"].items()))
    wrong = ", ".join(f"{count} {what}" for what, count in run["wrong"].items()) or "nothing"
    flags = run["flags"]
    return [
        "",
        f"## {run['kills']} kills",
        "",
        "A listener and two workers under their supervisor, and a process that fetches and works",
        "off like the scheduled actions, on two IMAP mailboxes and one over POP3. While mail flows",
        "in (new mails with and without Message-ID, replies, the same mail in two mailboxes) one of",
        "the processes is ended by `kill -9` at a random instant, again and again.",
        "",
        "| | |",
        "|---|---|",
        f"| killed | {killed} (a child is the listener or a worker) |",
        f"| random seed, seconds | {run['seed']}, {run['seconds']} |",
        f"| mails, copies in mailboxes | {run['mails']}, {run['delivered']} |",
        f"| threads, documents | {run['threads']}, {run['documents']} |",
        f"| wrong (lost, twice, split) | {wrong} |",
        f"| tried more than once | {run['tried_again']} |",
        f"| left unread where read is asked for | {flags['sales']} |",
        f"| left on the POP3 server | {flags['post']} |",
    ]


def _out_kills(run: dict[str, Any] | None) -> list[str]:
    if run is None:
        return []
    killed = ", ".join(f"{count} × {role}" for role, count in sorted(run["killed"].items()))
    wrong = ", ".join(f"{count} {what}" for what, count in run["wrong"].items()) or "nothing"
    states = ", ".join(f"{count} {state}" for state, count in sorted(run["counts"].items()))
    return [
        "",
        f"## {run['kills']} kills while mail goes out",
        "",
        "Two workers under their supervisor, and a process that sends like the scheduled action, through",
        "one server with two connections. While mails with one to five recipients are made, one of the",
        "processes is ended by `kill -9` at a random instant, again and again.",
        "",
        "| | |",
        "|---|---|",
        f"| killed | {killed} |",
        f"| random seed, seconds | {run['seed']}, {run['seconds']} |",
        f"| mails, recipients | {run['mails']}, {run['recipients']} |",
        f"| deliveries | {states} |",
        f"| taken by the server, once each | {run['arrived']} |",
        f"| in doubt, of which the server has | {run['counts'].get('in_doubt', 0)}, {run['in_doubt_that_arrived']} |",
        f"| wrong (lost, twice, not shown) | {wrong} |",
    ]
