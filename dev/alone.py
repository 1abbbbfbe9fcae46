"""An addon alone: installed with nothing but what it asks for, and uninstalled without a trace."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from dev import console, database, paths, results
from dev.console import DevError
from dev.odoo import Odoo
from dev.results import Results

# What Odoo 19 itself says here, with or without our addons.
HARMLESS = [
    re.compile(pattern)
    for pattern in (
        r"pg_trgm",
        r"Unable to create PostgreSQL extensions",
        r"Transient module states were reset",
        r"Running as user 'root' is a security risk",
        r"RuntimeWarning: The 'shell' command",
    )
]
UNINSTALL = """
module = env["ir.module.module"].search([("name", "=", "{addon}")])
module.button_immediate_uninstall()
env.cr.commit()
"""
# Tables and columns as lines.
STRUCTURE = (
    "SELECT table_name || '.' || column_name FROM information_schema.columns"
    " WHERE table_schema = 'public' ORDER BY 1"
)


def check(odoo: Odoo, addon: str) -> Results:
    """Install and uninstall one addon; each step that leaves a trace or an error has failed."""
    template = database.template(odoo, "alone", database.ALONE)
    log = paths.log_dir() / f"alone-{addon}.log"
    found = Results()
    console.step(f"{addon} alone: install, uninstall")
    with database.temporary(odoo, template, f"alone_{addon}") as name:
        before = _with_what_it_asks_for(odoo, name, addon, log)
        for title, complaints in (
            ("install", _install(odoo, name, addon, log)),
            ("uninstall", _uninstall(odoo, name, addon, log, before)),
        ):
            key = f"{addon}/alone: {title}"
            if complaints:
                found.failed.add(key)
                console.warn(f"{key} (log: {log})\n   " + "\n   ".join(complaints[:30]))
            else:
                found.passed.add(key)
    return found


def _with_what_it_asks_for(odoo: Odoo, name: str, addon: str, log: Path) -> set[str]:
    """Install what the addon depends on; the columns that there are then, rightly."""
    manifest = ast.literal_eval((paths.REPO / addon / "__manifest__.py").read_text())
    below = [module for module in manifest["depends"] if module not in database.ALONE]
    if below:
        odoo.install(name, below, log.with_name(f"{log.stem}-before.log"))
    return set(odoo.server.query(STRUCTURE, name))


def _install(odoo: Odoo, name: str, addon: str, log: Path) -> list[str]:
    log.unlink(missing_ok=True)
    try:
        odoo.install(name, [addon], log)
    except DevError as error:
        return [str(error), *_complaints(log)]
    return _complaints(log) + _wrong_state(odoo, name, addon, "installed")


def _uninstall(odoo: Odoo, name: str, addon: str, log: Path, before: set[str]) -> list[str]:
    log = log.with_name(f"{log.stem}-uninstall.log")
    log.unlink(missing_ok=True)
    try:
        odoo.shell(name, UNINSTALL.format(addon=addon), log)
    except DevError as error:
        return [str(error), *_complaints(log)]
    left = _wrong_state(odoo, name, addon, "uninstalled")
    records = f"SELECT model, name FROM ir_model_data WHERE module = '{addon}'"
    left += [f"its record {row} is still there" for row in odoo.server.query(records, name)]
    columns = odoo.server.query(STRUCTURE, name)
    left += [f"its column {column} is still there" for column in columns if column not in before]
    return _complaints(log) + left


def _complaints(log: Path) -> list[str]:
    with log.open(errors="replace") as lines:
        return results.errors_in_log(lines, HARMLESS)


def _wrong_state(odoo: Odoo, name: str, addon: str, wanted: str) -> list[str]:
    state = odoo.server.query(f"SELECT state FROM ir_module_module WHERE name = '{addon}'", name)
    return [] if state == [wanted] else [f"its state is {state}, not {wanted}"]
