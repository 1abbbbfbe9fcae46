"""Odoo as the tool runs it: the interpreter, the source, the addons path, the database server."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dev import foreground, odoo_source, paths, venv
from dev.console import DevError
from dev.odoo_source import OdooSource
from dev.postgres import Cluster
from dev.server import Server


@dataclass(frozen=True)
class Odoo:
    """Everything that is needed to start an Odoo process of this checkout."""

    source: OdooSource
    server: Server
    data_dir: Path
    config: Path
    addons_path: str

    @classmethod
    def prepare(cls, source: OdooSource, server: Server, name: str = "odoo") -> Odoo:
        """Write the configuration file ``name`` that the processes of this checkout read."""
        data_dir = paths.state_dir() / "odoo-data"
        data_dir.mkdir(exist_ok=True)
        addons_path = f"{source.addons},{paths.REPO}" if paths.addons() else str(source.addons)
        settings = {
            **server.settings(),
            "addons_path": addons_path,
            "data_dir": str(data_dir),
            "http_interface": "127.0.0.1",
            "limit_time_real": "1200",
        }
        lines = ["[options]", *(f"{key} = {value}" for key, value in settings.items())]
        config = paths.state_dir() / f"{name}.conf"
        text = "\n".join(lines) + "\n"
        if not config.exists() or config.read_text() != text:
            partial = config.with_suffix(f".{os.getpid()}")
            partial.write_text(text)
            partial.chmod(0o600)
            partial.rename(config)
        return cls(source, server, data_dir, config, addons_path)

    def environment(self) -> dict[str, str]:
        """Environment of an Odoo process."""
        return {
            **os.environ,
            "ODOO_RC": str(self.config),
            "PYTHONPATH": str(self.source.folder),
            "PYTHONNOUSERSITE": "1",
            "PYTHONUNBUFFERED": "1",
        }

    def command(self, *args: str) -> list[str]:
        """Command line of Odoo; addons' own commands need the addons path before their name."""
        base = [str(venv.python()), "-m", "odoo"]
        if args and not args[0].startswith("-"):
            return [*base, f"--addons-path={self.addons_path}", *args]
        return [*base, *args]

    def run(self, *args: str, log: Path, stdin: str = "") -> int:
        """Run Odoo to its end, everything it says going into ``log``; the exit code."""
        with log.open("ab") as output:
            done = subprocess.run(
                self.command(*args), env=self.environment(), cwd=self.data_dir,
                input=stdin.encode(), stdout=output, stderr=subprocess.STDOUT, check=False,
            )  # fmt: skip
        return done.returncode

    def shell(self, database: str, script: str, log: Path, *args: str) -> str:
        """Run a script in Odoo's shell and return what it printed.

        The log goes to ``log``; raises DevError when the script fails.
        """
        done = subprocess.run(
            self.command("shell", "-d", database, "--no-http", *args),
            env=self.environment(), cwd=self.data_dir, input=script, text=True,
            stdout=subprocess.PIPE, stderr=log.open("a"), check=False,
        )  # fmt: skip
        if done.returncode:
            raise DevError(f"A script in Odoo's shell failed (database {database}).", f"See {log}")
        return done.stdout

    def install(self, database: str, modules: Sequence[str], log: Path, *args: str) -> None:
        """Install addons, creating the database when it isn't there.

        Raises DevError when Odoo fails.
        """
        code = self.run("-d", database, "-i", ",".join(modules), "--stop-after-init", "--no-http",
                        *args, log=log)  # fmt: skip
        if code:
            raise DevError(f"Installing {', '.join(modules)} failed.", f"See {log}")

    def interactive(self, *args: str) -> int:
        """Run Odoo on the developer's terminal; Ctrl-C reaches it directly."""
        return foreground.run(self.command(*args), self.environment())


@contextmanager
def ready(chosen: str | None = None) -> Iterator[Odoo]:
    """Odoo with the embedded PostgreSQL, everything fetched and started as needed."""
    venv.ensure()
    source = odoo_source.find(chosen)
    with Cluster().use() as server:
        yield Odoo.prepare(source, server)
