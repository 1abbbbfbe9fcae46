"""A real Odoo, its database and the servers around it, for tests from outside.

The database is a copy of a template with all addons installed; it costs half a second. Processes
end with their test, by their own pid.
"""

import json
import os
import subprocess
from pathlib import Path

import pytest

from dev import database as databases
from dev import odoo as odoo_module
from dev import paths, secrets
from dev.console import DevError
from dev.instance import Client, OdooProcess, OdooServer

CORPUS = paths.REPO.parent / "shared" / "corpus" / "mail"
MARK = "@@result@@"


class Database:
    """One database of a test, and what can be done with it from outside."""

    def __init__(self, odoo, name, log_folder):
        self.odoo = odoo
        self.name = name
        self.log_folder = log_folder
        self._processes = []

    def sql(self, query):
        """Rows as lists of texts (columns must not contain ``|``)."""
        return [line.split("|") for line in self.odoo.server.query(query, self.name)]

    def value(self, query):
        """The only value of the only row, as text."""
        (row,) = self.sql(query)
        (value,) = row
        return value

    def shell(self, script, **values):
        """Run a script in Odoo's shell, committed at its end; return what it set as ``result``.

        ``values`` are variables of the script (anything JSON can carry). An error in the script
        raises DevError with its traceback.
        """
        log = self.log_folder / f"{self.name}-shell.log"
        body = (
            f"import json as _json\nglobals().update(_json.loads({json.dumps(values)!r}))\n"
            f"result = None\n{script}\nenv.cr.commit()\n"
            f"print({MARK!r} + _json.dumps(result, default=str))\n"
        )
        before = log.stat().st_size if log.exists() else 0
        try:
            output = self.odoo.shell(self.name, body, log)
        except DevError as error:
            raise DevError(log.read_bytes()[before:].decode(errors="replace")[-4000:]) from error
        return json.loads(output.rpartition(MARK)[2])

    def server(self, *args, cron=False, ready=True):
        """Start Odoo's web server on this database; it ends with the test."""
        server = OdooServer(self.odoo, self.name, *args, cron=cron, name=f"{self.name}-server")
        self._processes.append(server.start())
        return server.wait_ready() if ready else server

    def process(self, *args, name="process"):
        """Start another command of Odoo, for example ``gateway``, ``-d``, name; ends with it."""
        process = OdooProcess(self.odoo, *args, name=f"{self.name}-{name}")
        self._processes.append(process.start())
        return process

    def client(self, server, login="admin", password="admin"):
        """XML-RPC as a user."""
        return Client(server.url, self.name, login, password)

    def stop_all(self):
        """End every process of this database."""
        for process in reversed(self._processes):
            process.stop()
        self._processes.clear()


@pytest.fixture(scope="session", autouse=True)
def logs_without_passwords():
    """No password that was used in this run stands in a log, of whatever process."""
    before = secrets.sizes(paths.log_dir())
    yield
    found = secrets.search(paths.log_dir(), before)
    assert not found, "passwords in logs:\n" + "\n".join(found[:20])


@pytest.fixture(scope="session")
def odoo():
    """Odoo, its sources and a running PostgreSQL."""
    with odoo_module.ready(os.environ.get("ODOO_SOURCE")) as prepared:
        databases.sweep(prepared)
        yield prepared


@pytest.fixture(scope="session")
def template(odoo):
    """Name of the database with all addons, to be copied."""
    return databases.with_our_addons(odoo)


def _database(odoo, template, label):
    with databases.temporary(odoo, template, label) as name:
        database = Database(odoo, name, paths.log_dir())
        try:
            yield database
        finally:
            database.stop_all()


@pytest.fixture
def database(odoo, template, request):
    """A database for one test."""
    yield from _database(odoo, template, request.node.name)


@pytest.fixture(scope="module")
def module_database(odoo, template, request):
    """A database that the tests of one file share."""
    yield from _database(odoo, template, Path(request.node.name).stem)


@pytest.fixture(scope="session")
def dovecot():
    """A running Dovecot on loopback."""
    from dev.servers import dovecot as module  # noqa: PLC0415 - Dovecot may be absent

    if not module.is_available():
        pytest.skip("Dovecot is not installed: apt-get install dovecot-imapd dovecot-pop3d")
    with module.Dovecot() as server:
        yield server


@pytest.fixture(scope="session")
def corpus():
    """Folder of the collected mails, which lie beside the repository."""
    if not CORPUS.is_dir():
        pytest.skip("the corpus is not on this machine")
    return CORPUS


@pytest.fixture
def in_background():
    """Start helper programs (``in_background(command)``) that end with the test."""
    running = []

    def start(command, **options):
        running.append(subprocess.Popen(command, start_new_session=True, **options))
        return running[-1]

    yield start
    for process in running:
        if process.poll() is None:
            process.kill()
        process.wait()
