"""An SMTP server that takes mail and, for chosen recipients, fails in a chosen way.

The fault is in the recipient's name:

    reject-      550 at RCPT                defer-       451 at RCPT
    data-reject- 554 after DATA             data-defer-  451 after DATA
    grey-        451 at the first attempt of a sender and recipient, then taken
    drop-        taken, and the connection cut before the answer: the sender is in doubt
    slow-        taken after ``slow`` seconds

What was taken, and every command that was refused, is in ``taken`` and ``refused``, and in a file
of JSON lines if one is named, which other processes may read:

    with SmtpSink() as sink:
        smtplib.SMTP(sink.host, sink.port).sendmail(...)
        print(sink.taken[0].recipients)
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import ssl
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from .certificates import Certificate, make_certificate
from .ports import LOOPBACK, accepts, free_ports, wait_until

_REPOSITORY = Path(__file__).resolve().parents[2]
_AT_RCPT = {"reject": "550 5.1.1 no such user", "defer": "451 4.2.0 try again later"}
_AFTER_DATA = {"data-reject": "554 5.7.1 not wanted", "data-defer": "451 4.3.0 try again later"}


@dataclass(frozen=True)
class Taken:
    """One mail that was taken: envelope, bytes, who had logged in, and when (POSIX time)."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    user: str = ""
    tls: bool = False
    at: float = 0.0


class _Handler:
    """What aiosmtpd asks at each step."""

    def __init__(self, sink: SmtpSink) -> None:
        self._sink = sink
        self._grey: set[tuple[str, str]] = set()

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take or refuse one recipient."""
        answer = next((text for name, text in _AT_RCPT.items() if _has(address, name)), "")
        key = (envelope.mail_from or "", address)
        if _has(address, "grey") and key not in self._grey:
            self._grey.add(key)
            answer = "451 4.7.1 greylisted, come again"
        if answer:
            self._sink.note_refused(address, answer)
            return answer
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 fine"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Take or refuse the mail."""
        for name, text in _AFTER_DATA.items():
            if any(_has(address, name) for address in envelope.rcpt_tos):
                self._sink.note_refused(",".join(envelope.rcpt_tos), text)
                return text
        if any(_has(address, "slow") for address in envelope.rcpt_tos):
            await asyncio.sleep(self._sink.slow)
        self._sink.note_taken(
            Taken(
                sender=envelope.mail_from or "",
                recipients=tuple(envelope.rcpt_tos),
                content=bytes(envelope.original_content or b""),
                user=_user(session),
                tls=bool(session.ssl),
                at=time.time(),
            )
        )
        if any(_has(address, "drop") for address in envelope.rcpt_tos):
            _cut(server)
        return "250 2.0.0 taken"


class SmtpSink:
    """See the module's words.

    :param folder: for a certificate; STARTTLS is offered when it is given
    :param users: name to password; AUTH is offered, and required, when it is given
    :param log: file of JSON lines
    """

    host = LOOPBACK

    def __init__(
        self,
        *,
        port: int = 0,
        folder: Path | None = None,
        users: dict[str, str] | None = None,
        log: Path | None = None,
        slow: float = 5.0,
        size_limit: int = 64 * 1024 * 1024,
    ) -> None:
        self.port = port or free_ports(1)[0]
        self.slow = slow
        self.taken: list[Taken] = []
        self.refused: list[tuple[str, str]] = []
        self.certificate: Certificate | None = make_certificate(folder) if folder else None
        self._users = users
        self._log = log
        options: dict[str, Any] = {"data_size_limit": size_limit, "enable_SMTPUTF8": True}
        if self.certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.certificate.cert, self.certificate.key)
            options["tls_context"] = context
        if users is not None:
            options |= {
                "auth_required": True,
                "auth_require_tls": bool(self.certificate),
                "authenticator": self._authenticate,
            }
        self._controller = Controller(_Handler(self), hostname=self.host, port=self.port, ready_timeout=10, **options)

    def start(self) -> SmtpSink:
        """Start to listen."""
        self._controller.start()
        return self

    def stop(self) -> None:
        """Close everything."""
        self._controller.stop()

    def __enter__(self) -> SmtpSink:
        return self.start()

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    def _authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any
    ) -> AuthResult:
        if not isinstance(data, LoginPassword):
            return AuthResult(success=False, handled=False)
        name, password = data.login.decode(), data.password.decode()
        fits = (self._users or {}).get(name) == password
        return AuthResult(success=fits, handled=False, auth_data=name)

    def note_taken(self, mail: Taken) -> None:
        """Record a mail that was taken."""
        self.taken.append(mail)
        row = asdict(mail) | {"content": base64.b64encode(mail.content).decode()}
        self._write({"taken": row})

    def note_refused(self, address: str, answer: str) -> None:
        """Record a refusal."""
        self.refused.append((address, answer))
        self._write({"refused": [address, answer]})

    def _write(self, row: dict[str, Any]) -> None:
        if self._log is not None:
            with self._log.open("a") as handle:
                handle.write(json.dumps(row) + "\n")


class SmtpProcess:
    """The server in a process of its own, so that it lives on when the sender is killed."""

    host = LOOPBACK

    def __init__(self, log: Path) -> None:
        self.log = log
        self.port = free_ports(1)[0]
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> SmtpProcess:
        command = [sys.executable, "-m", "dev.servers.smtp", str(self.port), str(self.log)]
        self._process = subprocess.Popen(command, cwd=_REPOSITORY)
        if not wait_until(lambda: accepts(self.port), 10):
            self.__exit__()
            raise RuntimeError("The SMTP server did not start.")
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)

    def taken(self) -> list[Taken]:
        """The mails taken so far."""
        return [row for row in read_log(self.log) if isinstance(row, Taken)]


def read_log(log: Path) -> list[Taken | tuple[str, str]]:
    """Read what a server has written: mails taken, and (recipients, answer) of refusals."""
    rows: list[Taken | tuple[str, str]] = []
    for line in log.read_text().splitlines() if log.exists() else []:
        data = json.loads(line)
        if "taken" in data:
            mail = data["taken"]
            mail["content"] = base64.b64decode(mail["content"])
            mail["recipients"] = tuple(mail["recipients"])
            rows.append(Taken(**mail))
        else:
            rows.append((data["refused"][0], data["refused"][1]))
    return rows


def _has(address: str, fault: str) -> bool:
    return address.lower().startswith(fault + "-")


def _cut(server: SMTP) -> None:
    if isinstance(server.transport, asyncio.WriteTransport):
        server.transport.abort()


def _user(session: Session) -> str:
    return str(session.auth_data) if session.authenticated else ""


def main() -> None:
    """``python -m dev.servers.smtp PORT LOG``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("log", type=Path)
    options = parser.parse_args()
    with SmtpSink(port=options.port, log=options.log):
        threading.Event().wait()


if __name__ == "__main__":
    main()
