"""``dev python``: the interpreter of the environment, with PostgreSQL running."""

from __future__ import annotations

import os
from argparse import Namespace

from dev import foreground, paths, venv
from dev import odoo as odoo_module


def main(options: Namespace) -> int:
    """Run Python; ``odoo`` and the repository can be imported, the server's settings are set."""
    with odoo_module.ready() as odoo:
        path = f"{paths.REPO}{os.pathsep}{odoo.source.folder}"
        env = {**odoo.environment(), **odoo.server.environment(), "PYTHONPATH": path}
        return foreground.run([venv.python(), *options.arguments], env)
