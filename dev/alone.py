"""An addon alone: installed with nothing but what it asks for, and uninstalled without a trace."""

from __future__ import annotations

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
    log.unlink(missing_ok=True)
    found = Results()
    console.step(f"{addon} alone: install, uninstall")
    with database.temporary(odoo, template, f"alone_{addon}") as name:
        for title, complaints in (
            ("install", _install(odoo, name, addon, log)),
            ("uninstall", _uninstall(odoo, name, addon, log, template)),
        ):
            key = f"{addon}/alone: {title}"
            if complaints:
                found.failed.add(key)
                console.warn(f"{key} (log: {log})\n   " + "\n   ".join(complaints[:30]))
            else:
                found.passed.add(key)
    return found


def _install(odoo: Odoo, name: str, addon: str, log: Path) -> list[str]:
    try:
        odoo.install(name, [addon], log)
    except DevError as error:
        return [str(error), *_complaints(log)]
    return _complaints(log) + _wrong_state(odoo, name, addon, "installed")


def _uninstall(odoo: Odoo, name: str, addon: str, log: Path, template: str) -> list[str]:
    log = log.with_name(f"{log.stem}-uninstall.log")
    log.unlink(missing_ok=True)
    try:
        odoo.shell(name, UNINSTALL.format(addon=addon), log)
    except DevError as error:
        return [str(error), *_complaints(log)]
    left = _wrong_state(odoo, name, addon, "uninstalled")
    records = f"SELECT model, name FROM ir_model_data WHERE module = '{addon}'"
    rows = odoo.server.query(records, name)
    left += [f"its record {row} is still there" for row in rows]
    if not _dependencies_installed(odoo, name, template):
        left += _structure_left(odoo, name, template)
    return _complaints(log) + left


def _complaints(log: Path) -> list[str]:
    with log.open(errors="replace") as lines:
        return results.errors_in_log(lines, HARMLESS)


def _wrong_state(odoo: Odoo, name: str, addon: str, wanted: str) -> list[str]:
    state = odoo.server.query(f"SELECT state FROM ir_module_module WHERE name = '{addon}'", name)
    return [] if state == [wanted] else [f"its state is {state}, not {wanted}"]


def _dependencies_installed(odoo: Odoo, name: str, template: str) -> bool:
    """Whether other addons came along, whose tables rightly stay."""
    sql = "SELECT count(*) FROM ir_module_module WHERE state = 'installed'"
    return odoo.server.query(sql, name) != odoo.server.query(sql, template)


def _structure_left(odoo: Odoo, name: str, template: str) -> list[str]:
    before = set(odoo.server.query(STRUCTURE, template))
    return [f"its column {column} is still there"
            for column in odoo.server.query(STRUCTURE, name) if column not in before]  # fmt: skip
