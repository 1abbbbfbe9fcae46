"""``dev python``: the interpreter of the environment, with PostgreSQL running."""

from __future__ import annotations

import os
import signal
import subprocess
from argparse import Namespace

from dev import odoo as odoo_module
from dev import paths, venv


def main(options: Namespace) -> int:
    """Run Python; ``odoo`` and the repository can be imported, the server's settings are set."""
    with odoo_module.ready() as odoo:
        path = f"{paths.REPO}{os.pathsep}{odoo.source.folder}"
        env = {**odoo.environment(), **odoo.server.environment(), "PYTHONPATH": path}
        process = subprocess.Popen([venv.python(), *options.arguments], env=env)
        previous = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            return process.wait()
        finally:
            signal.signal(signal.SIGINT, previous)
