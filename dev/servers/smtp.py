"""An SMTP server that takes mail and, for chosen recipients, fails in a chosen way.

The fault is in the recipient's name:

    reject-      550 at RCPT                defer-       451 at RCPT
    data-reject- 554 after DATA             data-defer-  451 after DATA
    perm-        550 5.7.1 at RCPT: refused, though the address exists
    full-        552 5.2.2 at RCPT
    big-         552 5.3.4 after DATA, when the mail has more than ``BIG`` bytes
    grey-        451 at the first attempt of a sender and recipient, then taken
    defer2-      the same at the first two attempts
    drop-        taken, and the connection cut before the answer: the sender is in doubt
    drop1-       the same the first time only
    cut-         the connection cut before the content, the first time only
    close-       421 at RCPT and the connection closed
    garbage-     an answer that is none
    slow-        taken after ``slow`` seconds

Senders whose name begins with ``reject-`` are refused at MAIL. The whole server can be switched to
another mode while it runs: ``refuse`` connections, be ``busy`` (421), ``defer`` every recipient;
``few`` takes two recipients of a mail at most (452 4.5.3).

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
_AT_RCPT = {
    "reject": "550 5.1.1 no such user", "defer": "451 4.2.0 try again later", "perm": "550 5.7.1 not from you",
    "full": "552 5.2.2 mailbox full", "garbage": "hello there",
}
#: Attempts that fail before one is taken.
_FIRST_ATTEMPTS = {"grey": 1, "defer2": 2}
FEW = 2
BIG = 30_000
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


class _Server(SMTP):
    """aiosmtpd's server, which can also hang up where no hook is asked."""

    sink: SmtpSink

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a connection, or not."""
        super().connection_made(transport)
        if self.sink.mode() == "refuse" and isinstance(transport, asyncio.WriteTransport):
            transport.abort()

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - aiosmtpd's name
        """Take a content, unless the connection is to be cut before it."""
        envelope = self.envelope
        if envelope and any(_has(one, "cut") and self.sink.first(("cut", one)) for one in envelope.rcpt_tos):
            _cut(self)
            return
        await super().smtp_DATA(arg)


class _Controller(Controller):
    """Starts our kind of server."""

    sink: SmtpSink

    def factory(self) -> SMTP:
        """One for each connection."""
        server = _Server(self.handler, **self.SMTP_kwargs)
        server.sink = self.sink
        return server


class _Handler:
    """What aiosmtpd asks at each step."""

    def __init__(self, sink: SmtpSink) -> None:
        self._sink = sink
        self._attempts: dict[tuple[str, str], int] = {}

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Announce PIPELINING, which aiosmtpd does without a word."""
        session.host_name = hostname
        if self._sink.mode() == "busy":
            return ["421 4.3.2 come back later"]
        return [*responses[:-1], "250-PIPELINING", responses[-1]]

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take or refuse a sender."""
        if _has(address, "reject"):
            return "550 5.1.8 sender not known"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 fine"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take or refuse one recipient."""
        answer = self._refusal(envelope, address)
        if _has(address, "close"):
            answer = "421 4.3.2 closing"
            asyncio.get_running_loop().call_later(0.05, _cut, server)
        if answer:
            self._sink.note_refused(address, answer)
            return answer
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 fine"

    def _refusal(self, envelope: Envelope, address: str) -> str:
        """Return why a recipient is refused, '' if it isn't."""
        mode = self._sink.mode()
        if mode == "defer":
            return "451 4.3.0 not now"
        if mode == "few" and len(envelope.rcpt_tos) >= FEW:
            return "452 4.5.3 too many recipients"
        for name, times in _FIRST_ATTEMPTS.items():
            key = (envelope.mail_from or "", address)
            if _has(address, name) and self._attempts.get(key, 0) < times:
                self._attempts[key] = self._attempts.get(key, 0) + 1
                return "451 4.7.1 greylisted, come again"
        return next((text for name, text in _AT_RCPT.items() if _has(address, name)), "")

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Take or refuse the mail."""
        for name, text in _AFTER_DATA.items():
            if any(_has(address, name) for address in envelope.rcpt_tos):
                self._sink.note_refused(",".join(envelope.rcpt_tos), text)
                return text
        if any(_has(address, "big") for address in envelope.rcpt_tos) and len(envelope.original_content or b"") > BIG:
            text = "552 5.3.4 message size exceeds fixed limit"
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
        drop = any(_has(address, "drop") for address in envelope.rcpt_tos)
        drop |= any(_has(address, "drop1") and self._sink.first(("drop1", address)) for address in envelope.rcpt_tos)
        if drop:
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
        self._seen: set[tuple[str, str]] = set()
        self._mode_file = log.with_suffix(".mode") if log else None
        self._mode = ""
        self._controller = _Controller(_Handler(self), hostname=self.host, port=self.port, ready_timeout=10, **options)
        self._controller.sink = self

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

    def mode(self) -> str:
        """The present mode of the whole server; '' is the usual one."""
        if self._mode_file is not None and self._mode_file.exists():
            return self._mode_file.read_text().strip()
        return self._mode

    def set_mode(self, mode: str) -> None:
        """Change the mode of the whole server."""
        self._mode = mode

    def first(self, key: tuple[str, str]) -> bool:
        """Whether something happens for the first time; it is remembered."""
        fresh = key not in self._seen
        self._seen.add(key)
        return fresh

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

    def set_mode(self, mode: str) -> None:
        """Change the mode of the whole server."""
        file = self.log.with_suffix(".mode")
        file.with_suffix(".new").write_text(mode)
        file.with_suffix(".new").rename(file)

    def refused(self) -> list[tuple[str, str]]:
        """The refusals so far, as (recipients, answer)."""
        return [row for row in read_log(self.log) if not isinstance(row, Taken)]

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
