"""``dev database``: test databases by hand."""

from __future__ import annotations

import os
import subprocess
from argparse import Namespace

from dev import console, database, paths
from dev import odoo as odoo_module
from dev.console import DevError
from dev.odoo import Odoo


def main(options: Namespace) -> int:
    """Create a database from the template, drop it, list all, or ask one by SQL."""
    with odoo_module.ready(options.odoo) as odoo:
        if options.action == "list":
            console.say("\n".join(sorted(odoo.server.databases())))
            return 0
        if not options.arguments:
            raise DevError("The name of the database is missing.")
        name, *rest = options.arguments
        if options.action == "drop":
            database.drop(odoo, name)
            return 0
        if options.action == "psql":
            return _psql(odoo, name, rest)
        return _create(odoo, name, rest)


def _create(odoo: Odoo, name: str, modules: list[str]) -> int:
    """A copy of the full template, with more modules when they are named."""
    database.copy(odoo, database.full(odoo), name)
    if modules:
        odoo.install(name, modules, paths.log_dir() / f"create-{name}.log")
    return 0


def _psql(odoo: Odoo, name: str, rest: list[str]) -> int:
    env = {**os.environ, **odoo.server.environment()}
    return subprocess.run([odoo.server.client("psql"), "-X", "-d", name, *rest], env=env,
                          check=False).returncode  # fmt: skip
