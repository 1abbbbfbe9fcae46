"""``dev run``: Odoo with all addons and demo data, a mail server, the listener; until Ctrl-C."""

from __future__ import annotations

import socket
import subprocess
import time
from argparse import Namespace
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from dev import console, database, demo_setup, odoo_source, paths, run_state, venv
from dev.console import DevError
from dev.demo_accounts import ACCOUNTS, PASSWORD, SALES
from dev.instance import OdooProcess, OdooServer, free_port
from dev.odoo import Odoo
from dev.postgres import Cluster
from dev.server import Server

DATABASE = "demo"
USUAL_PORT = 8069
MAIL_SECONDS = 30


def main(options: Namespace) -> int:
    """Bring everything up, tell how to use it, wait, and end what was started."""
    if run_state.read():
        raise DevError("`dev run` already runs in this checkout.", "End it with Ctrl-C first.")
    venv.ensure()
    source = odoo_source.find(options.odoo)
    with ExitStack() as stack:
        if options.database:
            server, name = Server.from_url(options.database)
            server.query("SELECT 1")  # says what is wrong before anything is built
        else:
            server, name = stack.enter_context(Cluster().use()), DATABASE
        odoo = Odoo.prepare(source, server, "run")
        name = name or DATABASE
        _prepare_database(odoo, name)
        _serve(odoo, name, options.port, stack)
    console.say("\nEverything that was started has ended. The data stays: `python3 dev clean` "
                "removes it.")  # fmt: skip
    return 0


def _prepare_database(odoo: Odoo, name: str) -> None:
    """Create the database with demo data, or bring its addons to the state of the files."""
    digest = database.files_digest()
    stamp = paths.state_dir() / f"addons-of-{name}"
    log = paths.log_dir() / "run-install.log"
    if name not in odoo.server.databases():
        log.unlink(missing_ok=True)
        template = database.template(odoo, "demo", database.FULL, demo=True)
        database.copy(odoo, template, name)
    elif stamp.exists() and stamp.read_text() == digest:
        return
    addons = paths.addons()
    if addons:
        with console.progress(f"Installing {', '.join(addons)} with demo data (log: {log})"):
            odoo.install(name, addons, log, "--with-demo", "-u", ",".join(addons))
    stamp.write_text(digest)


def _serve(odoo: Odoo, name: str, wanted_port: int | None, stack: ExitStack) -> None:
    ports = {"imap_port": _kept_port("imap"), "smtp_port": _kept_port("smtp")}
    stack.enter_context(_mail_server(ports))
    settings = {
        **ports, "mailbox": "Demo mailbox", "outgoing": "Demo mail server", "login": SALES,
        "password": PASSWORD, "domain": ACCOUNTS[SALES].partition("@")[2],
    }  # fmt: skip
    console.step("Pointing Odoo at the demo mail server")
    odoo.shell(name, demo_setup.script(settings), paths.log_dir() / "run-setup.log")
    server = OdooServer(odoo, name, port=_web_port(wanted_port), cron=True, name="run-server")
    processes: list[OdooProcess] = [stack.enter_context(server)]
    if (paths.REPO / "message_history/cli/gateway.py").exists():
        gateway = OdooProcess(odoo, "gateway", "-d", name, name="run-gateway")
        processes.append(stack.enter_context(gateway))
    with console.progress("Starting Odoo"):
        server.wait_ready()
    stack.callback(run_state.remove)
    run_state.write({**ports, "port": server.port, "database": name})
    _welcome(server, ports)
    _wait(processes)


def _web_port(wanted: int | None) -> int:
    for port in [wanted] if wanted else [USUAL_PORT]:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                if wanted:
                    raise DevError(
                        f"Port {wanted} is taken.", "Choose another one, or leave --port out."
                    ) from error
            else:
                return port
    return free_port()


def _kept_port(name: str) -> int:
    """The port of the last run when it is still free, so that mail programs keep working."""
    file = paths.state_dir() / f"port-{name}"
    port = int(file.read_text()) if file.exists() else free_port()
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            port = free_port()
    file.write_text(str(port))
    return port


@contextmanager
def _mail_server(ports: dict[str, int]) -> Iterator[None]:
    log = paths.log_dir() / "run-mail.log"
    console.step("Starting the demo mail server")
    with log.open("ab") as output:
        process = subprocess.Popen(
            [venv.python(), "-m", "dev.demo_server", paths.state_dir() / "demo-mail",
             str(ports["imap_port"]), str(ports["smtp_port"])],
            cwd=paths.REPO, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
    try:
        deadline = time.monotonic() + MAIL_SECONDS
        while not all(map(_accepts, ports.values())):
            if process.poll() is not None or time.monotonic() > deadline:
                raise DevError("The demo mail server did not start.", f"See {log}")
            time.sleep(0.1)
        yield
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _welcome(server: OdooServer, ports: dict[str, int]) -> None:
    console.say(f"""
Odoo is ready:  {server.url}   (database {server.database})
Logins:         admin / admin (administrator), demo / demo (an ordinary user)
Mail accounts:  sales / demo and customer / demo, IMAP 127.0.0.1:{ports["imap_port"]}, no encryption

Three things to try:
 1. In another window: python3 dev mail --subject "Question about an offer"
    Within seconds the opportunity stands in CRM and the mail in Messages.
 2. Open that opportunity, answer with "Send message", and read the answer as the customer:
    any mail program, the account above.
 3. Settings > Technical > Incoming Mail Servers > Demo mailbox: look at its folders, fetch by hand.

Ctrl-C ends everything.""")


def _wait(processes: list[OdooProcess]) -> None:
    """Wait for Ctrl-C; raises DevError when a process ends by itself."""
    try:
        while True:
            for process in processes:
                if not process.alive():
                    raise process.fail("it has ended.")
            time.sleep(1)
    except KeyboardInterrupt:
        console.say("\nStopping …")
