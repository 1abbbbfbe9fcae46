"""An office of its own for mails that mean harm, and a browser whose every request is on record."""

import json
import socket
import threading

import pytest

from dev import database as databases
from dev import paths, system_packages
from dev.servers.smtp import SmtpProcess
from tests.hostile_markup import HOST
from tests.integration.conftest import Database
from tests.integration.inbox.desk import Desk

_PICTURE = bytes.fromhex("47494638396101000100800000ffffff00000021f90400000000002c00000000010001000002024401003b")
_PAGE = b"<!doctype html><title>bare</title><script>window.ran = []; window.canary = (n) => ran.push(n);</script>"


class Recorder:
    """Takes whatever connects on loopback and keeps what it asked for; answers with a picture, or ``/bare`` page."""

    def __init__(self):
        self.asked, self.encrypted = [], 0
        self._servers = [socket.create_server(("127.0.0.1", 0))]
        self.port = self._servers[0].getsockname()[1]
        self._servers.append(socket.create_server(("::1", self.port), family=socket.AF_INET6))
        for server in self._servers:
            threading.Thread(target=self._serve, args=[server], daemon=True).start()

    def _serve(self, server):
        while True:
            try:
                peer, _address = server.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=[peer], daemon=True).start()

    def _answer(self, peer):
        with peer:
            peer.settimeout(10)
            try:
                data = peer.recv(65536)
            except OSError:
                return
            if data[:1] == b"\x16":  # a greeting in TLS: somebody wanted https
                self.encrypted += 1
                return
            line = data.split(b"\r\n")[0].decode("latin-1")
            if not line:
                return  # a connection made in advance; see the net log for these
            path = [*line.split(), "", ""][1]
            kind, body = (b"text/html", _PAGE) if path == "/bare" else (b"image/gif", _PICTURE)
            if path not in ("/bare", "/favicon.ico"):
                self.asked.append(line)
            peer.sendall(
                b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n"
                % (kind, len(body))
                + body
            )

    def close(self):
        """End."""
        for server in self._servers:
            server.close()


@pytest.fixture(scope="module")
def recorder():
    """The server at which every address of the table leads."""
    server = Recorder()
    yield server
    server.close()


@pytest.fixture(scope="module")
def office(odoo, template, dovecot, tmp_path_factory):
    """Odoo, its gateway, a mailbox, an SMTP server."""
    with (
        databases.temporary(odoo, template, "display") as name,
        SmtpProcess(tmp_path_factory.mktemp("display") / "smtp.jsonl") as sink,
    ):
        database = Database(odoo, name, paths.log_dir())
        try:
            yield Desk(database, dovecot, sink)
        finally:
            database.stop_all()


class Chromium:
    """A Chromium that finds ``canary.example`` at the recorder, and writes down every name that it looks up."""

    def __init__(self, driver, program, recorder, folder):
        self._log = folder / "net.json"
        names = (f"{HOST}:80", f"{HOST}:443", f"{HOST}.")
        rules = ", ".join(f"MAP {name} 127.0.0.1:{recorder.port}" for name in names)
        self.browser = driver.chromium.launch(
            executable_path=program,
            args=[
                "--no-sandbox",
                "--headless=new",
                "--disable-gpu",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--no-first-run",
                f"--log-net-log={self._log}",
                f"--host-resolver-rules={rules}",
            ],
        )

    def names(self):
        """Close the browser and return the hosts that it had to do with, for pictures or in advance."""
        self.browser.close()
        text = self._log.read_text(errors="replace")
        try:
            events = json.loads(text)["events"]
        except ValueError:
            events = json.loads(text.rstrip().rstrip(",") + "]}")["events"]
        return {str(event["params"]["host"]) for event in events if "host" in event.get("params", {})}


@pytest.fixture(scope="module")
def chromium(recorder, tmp_path_factory):
    """The browser."""
    from playwright.sync_api import TimeoutError as PageTimeout  # noqa: PLC0415 - only in the environment
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    program = system_packages.find("chromium")
    if not program:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    with sync_playwright() as driver:
        one = Chromium(driver, program, recorder, tmp_path_factory.mktemp("chromium"))
        one.TimeoutError = PageTimeout
        yield one
        one.browser.close()
