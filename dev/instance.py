"""Odoo processes for tests and for ``dev run``: started, awaited, ended by their own pid."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
import xmlrpc.client
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from dev import paths
from dev.console import DevError
from dev.odoo import Odoo

STOP_SECONDS = 20
TAIL_LINES = 15


def free_port() -> int:
    """A TCP port on loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class OdooProcess:
    """Any Odoo command as a process of its own, for example ``gateway`` or the server.

    It has a session of its own: Ctrl-C on the terminal doesn't reach it before us.
    """

    def __init__(self, odoo: Odoo, *args: str, name: str = "odoo") -> None:
        self.odoo = odoo
        self.name = name
        self.args = args
        self.log = paths.log_dir() / f"{name}.log"
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """Number of the running process; raises DevError when there is none."""
        if self.process is None:
            raise DevError(f"{self.name} was not started.")
        return self.process.pid

    def start(self) -> Self:
        """Start it; the log of an earlier run is kept in front."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.odoo.command(*self.args), env=self.environment(), cwd=self.odoo.data_dir,
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip
        return self

    def environment(self) -> dict[str, str]:
        """Environment of the process."""
        return self.odoo.environment()

    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process is not None and self.process.poll() is None

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process."""
        os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once, as a crash would (SIGKILL)."""
        if self.process is not None and self.alive():
            self.process.kill()
            self.process.wait()

    def stop(self) -> int | None:
        """End it in order; killed when it doesn't listen. The exit code, None if never started."""
        if self.process is None:
            return None
        if self.alive():
            self.process.terminate()
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            return self.process.returncode

    def tail(self) -> str:
        """The end of the log."""
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return "\n".join("   " + line for line in lines[-TAIL_LINES:])

    def fail(self, what: str) -> DevError:
        """The error to raise when it didn't do what it should."""
        return DevError(f"{self.name}: {what}\n{self.tail()}", f"The whole log: {self.log}")


class OdooServer(OdooProcess):
    """Odoo's web server on loopback, with one database."""

    def __init__(
        self, odoo: Odoo, database: str, *args: str, port: int = 0, cron: bool = False,
        name: str = "server",
    ) -> None:  # fmt: skip
        self.database = database
        self.port = port or free_port()
        threads = "2" if cron else "0"
        super().__init__(
            odoo, "-d", database, "--db-filter", f"^{database}$", "--http-port", str(self.port),
            "--max-cron-threads", threads, *args, name=name,
        )  # fmt: skip

    @property
    def url(self) -> str:
        """Address of the web client."""
        return f"http://127.0.0.1:{self.port}"

    def wait_ready(self, seconds: float = 120) -> Self:
        """Wait until it answers; raises DevError when it ends or stays silent."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not self.alive():
                raise self.fail("it ended while starting.")
            try:
                with urllib.request.urlopen(f"{self.url}/web/health", timeout=10):  # noqa: S310
                    return self
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                time.sleep(0.2)
        raise self.fail(f"no answer within {seconds:.0f} s.")


class Client:
    """Calls methods of models from outside, as a user, over Odoo's own XML-RPC."""

    def __init__(
        self, url: str, database: str, login: str = "admin", password: str = "admin"  # noqa: S107
    ) -> None:
        self._database, self._password = database, password
        common = xmlrpc.client.ServerProxy(f"{url}/xmlrpc/2/common", allow_none=True)
        uid = common.authenticate(database, login, password, {})
        if not uid:
            raise DevError(f"{login} can't log in to {database}.")
        self.uid = int(str(uid))
        self._models = xmlrpc.client.ServerProxy(f"{url}/xmlrpc/2/object", allow_none=True)

    def call(self, model: str, method: str, *args: Any, **kwargs: Any) -> Any:
        """Call a public method; faults of Odoo come as xmlrpc.client.Fault."""
        return self._models.execute_kw(
            self._database, self.uid, self._password, model, method, list(args), kwargs
        )


def wait_until(check: Callable[[], Any], seconds: float, what: str, every: float = 0.1) -> Any:
    """Call ``check`` until it returns something true, and return that.

    Raises DevError with ``what`` when the time is over.
    """
    deadline = time.monotonic() + seconds
    while True:
        if value := check():
            return value
        if time.monotonic() > deadline:
            raise DevError(f"Not within {seconds:.0f} s: {what}")
        time.sleep(every)
