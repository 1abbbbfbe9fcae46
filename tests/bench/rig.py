"""What the benchmarks run on: databases, Odoo processes, a mail server, and medians."""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg2

from dev import console, database, paths, venv
from dev import odoo as odoo_module
from dev.odoo import Odoo

LOG = "bench.log"


class Driver:
    """One Odoo process that carries out orders; see ``driver``."""

    def __init__(self, odoo: Odoo, name: str, role: str = "driver") -> None:
        env = odoo.environment()
        env["PYTHONPATH"] = os.pathsep.join([env["PYTHONPATH"], str(paths.REPO)])
        with (paths.log_dir() / LOG).open("ab") as log:
            self._process = subprocess.Popen(
                [str(venv.python()), "-m", "tests.bench.driver", name, role],
                cwd=paths.REPO, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                text=True,
            )  # fmt: skip
        self._before = {"cpu": 0.0, "sql": 0}
        self._read()

    def __call__(self, name: str, **arguments: Any) -> Any:
        """Carry out one order and return its result."""
        return self.measure(name, **arguments)["result"]

    def start(self, name: str, **arguments: Any) -> None:
        """Begin an order; its answer comes from :meth:`finish`."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": name, **arguments}) + "\n")
        self._process.stdin.flush()

    def finish(self) -> dict[str, Any]:
        """Return the answer to the order begun: result, seconds, cpu and sql since the last."""
        answer = self._read()
        spent = {key: answer[key] - self._before[key] for key in self._before}
        self._before = {key: answer[key] for key in self._before}
        return {**answer, **spent}

    def measure(self, name: str, **arguments: Any) -> dict[str, Any]:
        """Carry out one order; see :meth:`finish`."""
        self.start(name, **arguments)
        return self.finish()

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.terminate()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"An Odoo process ended: see {paths.log_dir() / LOG}")
        return json.loads(line)  # type: ignore[no-any-return]


class Rig:
    """Databases and processes of one run; everything ends with the context."""

    def __init__(self, odoo: Odoo) -> None:
        self.odoo = odoo
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Rig:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stack.close()

    def keep(self, manager: Any) -> Any:
        """Enter a context that ends with the rig."""
        return self._stack.enter_context(manager)

    def database(self, label: str, *, ours: bool) -> str:
        """A database of its own, with our addons or with Odoo's alone."""
        template = database.with_our_addons(self.odoo) if ours else database.full(self.odoo)
        name = self.keep(database.temporary(self.odoo, template, label))
        return str(name)

    def driver(self, name: str, role: str = "driver") -> Driver:
        """An Odoo process on a database; role ``worker`` works off the ledger as the gateway's."""
        driver = Driver(self.odoo, name, role)
        self._stack.callback(driver.close)
        return driver

    def sql(self, name: str) -> Sql:
        """A connection for questions to a database."""
        connection = Sql(self.odoo, name)
        self._stack.callback(connection.close)
        return connection


class Sql:
    """A connection in autocommit mode."""

    def __init__(self, odoo: Odoo, name: str, user: str = "") -> None:
        server = odoo.server
        self.connection = psycopg2.connect(
            host=server.host, port=server.port, user=server.user, password=server.password or None,
            dbname=name,
        )  # fmt: skip
        self.connection.autocommit = True
        self._cursor = self.connection.cursor()

    def rows(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Rows of a question."""
        self._cursor.execute(query, parameters or None)
        return self._cursor.fetchall() if self._cursor.description else []

    def value(self, query: str, *parameters: Any) -> Any:
        """The only value."""
        ((value,),) = self.rows(query, *parameters)
        return value

    def wait_until(self, query: str, seconds: float = 600) -> float:
        """Ask again and again until the answer is true; the monotonic time of that."""
        limit = time.monotonic() + seconds
        while not self.value(query):
            if time.monotonic() > limit:
                raise RuntimeError(f"Not within {seconds:.0f} s: {query}")
            time.sleep(0.004)
        return time.monotonic()

    def close(self) -> None:
        """End the connection."""
        self.connection.close()


@contextlib.contextmanager
def ready() -> Iterator[Rig]:
    """A rig on this checkout's Odoo."""
    with odoo_module.ready(os.environ.get("ODOO_SOURCE")) as odoo:
        database.sweep(odoo)
        with Rig(odoo) as rig:
            yield rig


def median(values: list[float]) -> float:
    """The median, rounded to six figures behind the point."""
    return round(statistics.median(values), 6)


def say(text: str) -> None:
    """Tell how far it is; the figures come at the end."""
    console.step(text)


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """A temporary folder."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        yield Path(name)


def check(
    figures: Mapping[str, float], floors: Mapping[str, float], ceilings: Mapping[str, float]
) -> None:
    """End with an error when a figure is worse than its limit."""
    bad = [f"{name}: {figures[name]} < {limit}" for name, limit in floors.items()
           if figures[name] < limit]  # fmt: skip
    bad += [f"{name}: {figures[name]} > {limit}" for name, limit in ceilings.items()
            if figures[name] > limit]  # fmt: skip
    if bad:
        raise SystemExit("Too slow: " + ", ".join(bad))
