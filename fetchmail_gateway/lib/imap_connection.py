"""An :class:`imaplib.IMAP4` on our own socket, logged in.

imaplib serves for the beginning of a session only, because that is what Odoo's ``_imap_login__``
and everything that overrides it (Gmail, Outlook) is given. After the login its ``stream`` is
driven by :mod:`.imap_wire`. Only documented methods of imaplib are overridden.
"""

from __future__ import annotations

import contextlib
import imaplib
import socket
from collections.abc import Iterator
from typing import Any

from odoo.addons.message_history.lib import connect
from odoo.addons.message_history.lib.errors import (
    ChannelError,
    ConfigurationError,
    ConnectionFailed,
    ProtocolError,
)
from odoo.addons.message_history.lib.masking import mask

from .imap_errors import login_refused, refusal
from .settings import ServerSettings
from .stream import Stream

#: Bytes of everything that a server says until we are logged in.
_MOST_SAID = 1024 * 1024
#: What a login consists of beside names and secrets.
_LOGIN_WORDS = ("LOGIN", "AUTHENTICATE", "PLAIN", "XOAUTH2", "CAPABILITY")


class ImapConnection(imaplib.IMAP4):
    """imaplib's client over a socket that is connected already.

    Constructing it reads the greeting and the capabilities. Raises what imaplib raises.
    """

    def __init__(self, settings: ServerSettings, sock: socket.socket) -> None:
        self.settings = settings
        self.stream = Stream(sock)
        self._told: bytearray | None = None
        self._said = 0
        super().__init__(settings.host, settings.port)

    def open(self, host: str = "", port: int = 143, timeout: float | None = None) -> None:
        """Take the socket as it is: imaplib calls this from its constructor."""
        self.host, self.port, self.sock = host, port, self.stream.sock

    def read(self, size: int) -> bytes:  # pylint: disable=method-required-super
        """Read exactly ``size`` bytes."""
        self._count(size)
        return self.stream.read(size)

    def _count(self, size: int) -> None:
        """Let nobody talk for ever who is to say whether we may come in."""
        self._said += size
        if self._said > _MOST_SAID:
            raise self.abort("the server does not stop talking")

    def readline(self) -> bytes:
        """Read a line; empty at the end, as imaplib expects it."""
        try:
            line = self.stream.readline()
        except EOFError:
            return b""
        self._count(len(line))
        return line

    def send(self, data: Any) -> None:
        """Send bytes."""
        if self._told is not None:
            self._told += bytes(data)
        self.stream.send(bytes(data))

    @contextlib.contextmanager
    def discreetly(self) -> Iterator[None]:
        """What is said in here is taken out of what imaplib raises: passwords, tokens, whoever knows them."""
        self._told = bytearray()
        try:
            yield
        except imaplib.IMAP4.error as error:
            raise type(error)(mask(said(error), self._secrets_told())) from None
        finally:
            self._told = None

    def _secrets_told(self) -> set[str]:
        words = (self._told or b"").decode("utf-8", "replace")
        parts = {part.strip('"') for line in words.splitlines() for part in [*line.split(), line.partition(" ")[2]]}
        return {self.settings.password, *parts} - {self.settings.user, *_LOGIN_WORDS}

    def shutdown(self) -> None:
        """Close the socket."""
        self.stream.close()

    def starttls(self, ssl_context: Any = None) -> Any:
        """Change to TLS (RFC 3501 6.2.1) as the settings say; ``ssl_context`` is not used."""
        if "STARTTLS" not in self.capabilities:
            raise ConfigurationError(
                "The server does not offer STARTTLS on this port.", field="encryption"
            )
        kind, data = self._simple_command("STARTTLS")
        if kind != "OK":
            raise ConfigurationError(f"STARTTLS was refused: {data}", field="encryption")
        if self.stream.buffered:
            raise ProtocolError("The server sent plain text after STARTTLS began.")
        self.sock = connect.start_tls(self.stream.sock, self.settings)
        self.stream = Stream(self.sock)
        self._get_capabilities()
        return kind, data

    def login(self, user: str, password: str) -> Any:
        """Log in with any characters in user and password.

        imaplib's own LOGIN knows ASCII only; AUTHENTICATE PLAIN (RFC 4616) is UTF-8.
        """
        no_login = "LOGINDISABLED" in self.capabilities
        if "AUTH=PLAIN" in self.capabilities and (no_login or not (user + password).isascii()):
            secret = f"\0{user}\0{password}".encode()
            return self.authenticate("PLAIN", lambda _challenge: secret)
        if no_login:
            raise ConfigurationError(
                "The server allows no login without encryption.", field="encryption"
            )
        try:
            return super().login(user, password)
        except UnicodeEncodeError as error:
            raise ConfigurationError(
                "The server can't take these characters in user or password.", field="password"
            ) from error


def open_connection(settings: ServerSettings, sock: socket.socket) -> ImapConnection:
    """Greet the server on a connected socket (TLS done already when ``ssl``), STARTTLS if asked."""
    try:
        connection = ImapConnection(settings, sock)
    except (OSError, EOFError, imaplib.IMAP4.error) as error:
        sock.close()
        raise _translate_greeting(error, settings) from error
    except BaseException:
        sock.close()
        raise
    if settings.security == "starttls":
        try:
            connection.starttls()
        except (OSError, EOFError, imaplib.IMAP4.error) as error:
            connection.shutdown()
            raise _translate(error, settings, "negotiating TLS") from error
        except BaseException:
            connection.shutdown()
            raise
    return connection


def log_in(connection: ImapConnection, settings: ServerSettings) -> None:
    """Log in by the settings' hook or by user and password; closes the connection on failure."""
    try:
        with connection.discreetly():
            if settings.login is not None:
                settings.login(connection)
            else:
                connection.login(settings.user, settings.password)
    except imaplib.IMAP4.abort as error:
        connection.shutdown()
        raise _translate(error, settings, "logging in") from error
    except imaplib.IMAP4.error as error:
        connection.shutdown()
        raise login_refused(said(error)) from error
    except (OSError, EOFError) as error:
        connection.shutdown()
        raise _translate(error, settings, "logging in") from error
    except BaseException:
        connection.shutdown()
        raise


def capabilities_after_login(connection: ImapConnection) -> frozenset[str]:
    """What the server can do now; many say it in the answer to the login, which saves asking."""
    told: Any = connection.untagged_responses.get("CAPABILITY")
    # Before the login imaplib asked once and took the answer out again, so this one is later.
    if not told:
        _kind, told = connection.capability()
    words = told[-1] or b""
    return frozenset(words.decode("ascii", "replace").upper().split())


def said(error: Exception) -> str:
    """The server's words in an exception of imaplib, which may hold them as bytes."""
    words = error.args[0] if error.args else ""
    return words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)


def _translate_greeting(error: Exception, settings: ServerSettings) -> ChannelError:
    if isinstance(error, TimeoutError):
        return connect.no_greeting(error, settings)
    if isinstance(error, imaplib.IMAP4.error):
        text = said(error)
        if "EOF" in text:
            return connect.no_greeting(ConnectionError("closed without a greeting"), settings)
        if "BYE" in text:
            with contextlib.suppress(IndexError):
                text = text.split("BYE", 1)[1].strip(" '\"")
            return refusal(text, "the connection", otherwise=ConnectionFailed, field=None)
        return ProtocolError(f"This does not look like an IMAP server: {text}", field="port")
    return _translate(error, settings, "greeting")


def _translate(error: Exception, settings: ServerSettings, doing: str) -> ChannelError:
    if isinstance(error, imaplib.IMAP4.abort):
        text = said(error)
        if "timed out" in text or "EOF" in text:
            return ConnectionFailed(f"The connection broke while {doing}: {text}")
        return refusal(text, doing, otherwise=ConnectionFailed, field=None)
    if isinstance(error, imaplib.IMAP4.error):
        return refusal(said(error), doing, otherwise=ProtocolError, field=None)
    return connect.translate(error, settings, doing)
