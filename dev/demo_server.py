"""The embedded mail server of ``dev run``: IMAP by pymap, SMTP by aiosmtpd, on loopback.

A process of its own: ``python -m dev.demo_server FOLDER IMAP_PORT SMTP_PORT``. Mail for a known
address goes to that inbox, everything else to the customer's, so that the answers of Odoo can be
read as well. Any SMTP client on this machine may send: it listens on loopback only.
"""

from __future__ import annotations

import asyncio
import imaplib
import signal
import sys
from argparse import Namespace
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session
from pymap.backend.maildir import Config, Identity, MaildirBackend
from pymap.imap import IMAPService
from pymap.user import Passwords, UserMetadata

from dev.demo_accounts import ACCOUNTS, OTHERS, PASSWORD

HOST = "127.0.0.1"
MAX_MAIL_BYTES = 50 * 1024 * 1024


class Delivery:
    """Puts each mail that arrives by SMTP into inboxes, over IMAP as any client would."""

    def __init__(self, imap_port: int) -> None:
        self._imap_port = imap_port

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Answer 250 only when every inbox has the mail."""
        owners = {address.lower(): login for login, address in ACCOUNTS.items()}
        logins = {owners.get(str(to).lower(), OTHERS) for to in envelope.rcpt_tos}
        content = envelope.content
        raw = content if isinstance(content, bytes) else str(content).encode()
        try:
            for login in sorted(logins):
                await asyncio.to_thread(self._append, login, raw)
        except (OSError, imaplib.IMAP4.error) as error:
            return f"451 The demo mailbox is not reachable: {type(error).__name__}"
        return "250 Delivered"

    def _append(self, login: str, raw: bytes) -> None:
        with imaplib.IMAP4(HOST, self._imap_port, timeout=20) as client:
            client.login(login, PASSWORD)
            status, answer = client.append("INBOX", "", "", raw)
            if status != "OK":
                raise imaplib.IMAP4.error(repr(answer))


def _settings(folder: Path, imap_port: int) -> Namespace:
    """What pymap's own command line would have produced."""
    return Namespace(
        host=HOST, port=imap_port, debug=False, cert=None, key=None, tls=False,
        base_dir=str(folder), layout="++", colon=None, concurrency=None, passlib_cfg=None,
        proxy_protocol=None, inherited_sockets=None,
    )  # fmt: skip


async def _create_accounts(backend: MaildirBackend, config: Config) -> None:
    passwords = Passwords(config)
    for login in ACCOUNTS:
        secret = await passwords.hash_password(PASSWORD)
        identity = Identity(config, backend.login.tokens, login, None, {"admin"})
        user: Any = UserMetadata(config, login, password=secret)
        await identity.set(user)


async def serve(folder: Path, imap_port: int, smtp_port: int) -> None:
    """Serve until SIGTERM or SIGINT."""
    folder.mkdir(parents=True, exist_ok=True)
    loop = asyncio.get_running_loop()
    backend, config = await MaildirBackend.init(_settings(folder, imap_port))
    config.apply_context()
    await _create_accounts(backend, config)
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    async with AsyncExitStack() as stack:
        await backend.start(stack)
        await IMAPService(backend, config).start(stack)
        delivery = Delivery(imap_port)
        smtp = await loop.create_server(
            lambda: SMTP(delivery, data_size_limit=MAX_MAIL_BYTES, hostname="demo.example"),
            HOST, smtp_port,
        )  # fmt: skip
        stack.callback(smtp.close)
        await stopped.wait()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
