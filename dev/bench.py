"""``dev bench``: run a benchmark of tests/bench; the last line printed is one JSON object."""

from __future__ import annotations

import os
from argparse import Namespace

from dev import beside, console, foreground, paths, system_packages, venv
from dev import odoo as odoo_module
from dev.console import DevError

# Runs inside the environment: the module's main(arguments) returns the figures.
RUNNER = """
import importlib, json, sys
figures = importlib.import_module(sys.argv[1]).main(sys.argv[2:])
print(json.dumps(figures, sort_keys=True), flush=True)
"""


def names() -> list[str]:
    """Benchmarks that there are."""
    files = (paths.REPO / "tests" / "bench").glob("[!_]*.py")
    return sorted(
        file.stem.replace("_", "-") for file in files if "def main(" in file.read_text()
    )


def main(options: Namespace) -> int:
    """Run one benchmark in a process of its own, with PostgreSQL and the servers at hand."""
    if options.name not in names():
        raise DevError(f"There is no benchmark {options.name!r}.", f"Known: {', '.join(names())}")
    if options.beside:
        return beside.main(options)
    module = f"tests.bench.{options.name.replace('-', '_')}"
    venv.ensure()
    system_packages.ensure()
    with odoo_module.ready(options.odoo) as odoo:
        env = {**os.environ, "ODOO_SOURCE": str(odoo.source.folder), "PYTHONPATH": str(paths.REPO)}
        console.step(f"Benchmark {options.name}")
        command = [venv.python(), "-c", RUNNER, module, *options.arguments]
        return foreground.run(command, env, cwd=paths.REPO)
