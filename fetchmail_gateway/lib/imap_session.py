"""One logged-in IMAP connection, made when it is needed, and the folder that is open on it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from odoo.addons.message_history.lib import connect
from odoo.addons.message_history.lib.errors import ChannelError, ConfigurationError
from odoo.addons.message_history.lib.transport import CheckStep

from .imap_connection import ImapConnection, capabilities_after_login, log_in, open_connection
from .imap_errors import folder_refused
from .imap_parse import encode_folder, number_of, text_of, whole_number
from .imap_wire import Command, Wire
from .settings import ServerSettings


@dataclass(frozen=True)
class Mailbox:
    """An open folder. ``uidnext`` is 0 where the server doesn't tell it."""

    name: str
    uidvalidity: int
    uidnext: int
    exists: int
    read_only: bool


class ImapSession:
    """Connects on first use, and again after a break when asked to. Not for several threads."""

    def __init__(self, settings: ServerSettings) -> None:
        self.settings = settings
        self.capabilities: frozenset[str] = frozenset()
        self.mailbox: Mailbox | None = None
        # By folder, the next UID at the time we last looked: what listening compares with.
        self.seen_next: dict[str, int] = {}
        self._wire: Wire | None = None

    # -- connection ---------------------------------------------------------------------------

    @property
    def wire(self) -> Wire:
        """The connection; made if there is none that works."""
        if self._wire is None or self._wire.broken:
            return self.connect()
        return self._wire

    @property
    def connected(self) -> bool:
        """Whether there is a connection that is not known to be broken."""
        return self._wire is not None and not self._wire.broken

    def connect(self, on_step: Callable[[CheckStep], None] | None = None) -> Wire:
        """Connect and log in; ``on_step`` is told of each step that succeeded."""
        self.reset()
        steps = _Steps(on_step)
        addresses = connect.resolve(self.settings)
        steps.done("resolve", ", ".join(dict.fromkeys(str(one[3][0]) for one in addresses)))
        sock = connect.open_tcp(self.settings, addresses)
        steps.done("connect", f"{sock.getpeername()[0]}:{self.settings.port}")
        if self.settings.security == "ssl":
            sock = connect.start_tls(sock, self.settings)
        connection = open_connection(self.settings, sock)
        if self.settings.security != "none":
            steps.done("tls", _tls_words(connection))
        log_in(connection, self.settings)
        try:
            self.capabilities = _asking(connection)
        except ChannelError:
            connection.shutdown()
            raise
        steps.done("login", self.settings.user)
        self._wire = Wire(connection)
        return self._wire

    def reset(self) -> None:
        """Drop the connection at once; the next use makes a new one."""
        if self._wire is not None:
            self._wire.close()
        self._wire = None
        self.mailbox = None

    def close(self) -> None:
        """Log out; never raises."""
        if self._wire is not None:
            self._wire.log_out()
        self._wire = None
        self.mailbox = None

    def offers(self, capability: str) -> bool:
        """Whether the server has an extension; connects if need be."""
        return bool(self.wire) and capability in self.capabilities

    # -- folders ------------------------------------------------------------------------------

    def put_select(self, folder: str, *, write: bool) -> Command:
        """Queue the opening of a folder; :meth:`opened` takes the answer."""
        verb = "SELECT" if write else "EXAMINE"
        self.mailbox = None
        self.wire.drain()
        return self.wire.put(f"{verb} {encode_folder(folder)}", f"opening {folder}")

    def opened(self, folder: str, command: Command) -> Mailbox:
        """Wait until a folder is open; raises ConfigurationError when there is none such."""
        wire = self.wire
        wire.wait(command)
        if not command.ok:
            raise folder_refused(command.text, folder)
        codes = command.codes
        validity = codes.get("UIDVALIDITY", "")
        if not whole_number(validity):
            raise ConfigurationError(
                f"The folder {folder!r} has no lasting numbers (UIDVALIDITY).", field="folder"
            )
        self.mailbox = Mailbox(
            name=folder,
            uidvalidity=int(validity),
            uidnext=whole_number(codes.get("UIDNEXT", "")),
            exists=wire.exists,
            read_only=command.read_only or "READ-ONLY" in codes,
        )
        wire.grown = False
        self.seen_next[folder] = self.mailbox.uidnext
        return self.mailbox

    def select(self, folder: str, *, write: bool = False) -> Mailbox:
        """Open a folder, or keep it when it is open already and may be written if that is asked."""
        current = self.mailbox if self.connected else None
        if current and current.name == folder and not (write and current.read_only):
            return current
        return self.opened(folder, self.put_select(folder, write=write))

    def select_for_writing(self, folder: str) -> Mailbox:
        """Open a folder to change it; raises ConfigurationError when it is read-only for us."""
        mailbox = self.select(folder, write=True)
        if mailbox.read_only:
            raise ConfigurationError(f"The folder {folder!r} is read-only.", field="folder")
        return mailbox

    def status(self, folder: str) -> tuple[int, int, int]:
        """UIDVALIDITY, UIDNEXT and number of messages of a folder that need not be open."""
        command = self.wire.ask(
            f"STATUS {encode_folder(folder)} (UIDVALIDITY UIDNEXT MESSAGES)", f"status of {folder}"
        )
        if not command.ok:
            raise folder_refused(command.text, folder)
        facts: dict[str, int] = {}
        for row in command.rows("STATUS"):
            values = row[-1] if isinstance(row[-1], list) else []
            for key, value in zip(values[::2], values[1::2], strict=False):
                facts[text_of(key).upper()] = number_of(value)
        return facts.get("UIDVALIDITY", 0), facts.get("UIDNEXT", 0), facts.get("MESSAGES", 0)


class _Steps:
    """Measures one step after the other."""

    def __init__(self, on_step: Callable[[CheckStep], None] | None) -> None:
        self._on_step = on_step
        self._began = time.monotonic()

    def done(self, name: str, detail: str) -> None:
        now = time.monotonic()
        if self._on_step is not None:
            self._on_step(CheckStep(name, True, now - self._began, detail))
        self._began = now


def _tls_words(connection: ImapConnection) -> str:
    sock = connection.socket()
    return str(getattr(sock, "version", lambda: "")() or "")


def _asking(connection: ImapConnection) -> frozenset[str]:
    try:
        return capabilities_after_login(connection)
    except (OSError, EOFError, connection.error) as error:
        raise connect.translate(error, connection.settings, "asking for capabilities") from error
