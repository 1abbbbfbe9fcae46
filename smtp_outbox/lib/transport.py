"""The transport of outgoing mail servers."""

from __future__ import annotations

import contextlib
import smtplib
import ssl
from collections.abc import Callable
from typing import Any

from odoo.addons.message_history.lib.checking import SENDING, Checker
from odoo.addons.message_history.lib.connect import Endpoint, open_tcp, resolve
from odoo.addons.message_history.lib.errors import ChannelError, ConfigurationError, ConnectionFailed
from odoo.addons.message_history.lib.transport import Capability, CheckReport, Transport

from .replies import Phase, classify


def translate_connect(error: Exception) -> ChannelError:
    """Return our error for whatever opening a session raised."""
    if isinstance(error, ChannelError):
        return error
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return classify(error.smtp_code, _words(error.smtp_error), Phase.AUTH)
    if isinstance(error, smtplib.SMTPResponseException):
        return ConnectionFailed(f"{error.smtp_code} {_words(error.smtp_error)}")
    if isinstance(error, ssl.SSLCertVerificationError):
        return ConnectionFailed(f"The certificate can't be trusted: {error.verify_message}", field="verify")
    if isinstance(error, ssl.SSLError):
        return ConnectionFailed(str(error), field="encryption")
    if isinstance(error, smtplib.SMTPException | OSError):
        return ConnectionFailed(str(error) or type(error).__name__)
    return ConfigurationError(str(error) or type(error).__name__)


def _words(said: bytes | str) -> str:
    """Return what a server said; smtplib hands on bytes."""
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else said


class SmtpTransport(Transport):
    """Speaks to one outgoing server.

    :param connect: opens a session, logged in
    :param place: where the server is
    :param sender: an address that the server should take as sender
    """

    capabilities = frozenset({Capability.CHECK})

    def __init__(self, *, connect: Callable[[], Any], place: Endpoint, sender: str) -> None:
        self._connect, self._place, self._sender = connect, place, sender

    def check(self) -> CheckReport:
        """Try, step by step: name, port, encryption and login, sender. Nothing is sent."""
        with Checker(SENDING) as checker:
            addresses = resolve(self._place)
            checker.done("resolve", ", ".join(dict.fromkeys(str(one[3][0]) for one in addresses)))
            open_tcp(self._place, addresses).close()
            checker.done("connect", f"{self._place.host}:{self._place.port}")
            self._check_session(checker)
        return checker.report()

    def _check_session(self, checker: Checker) -> None:
        try:
            session = self._connect()
        except Exception as error:  # whatever Odoo and its addons raise when they open a session
            raise translate_connect(error) from error
        try:
            version = getattr(getattr(session, "sock", None), "version", None)
            if callable(version):
                checker.done("tls", str(version()))
            checker.done("login", "")
            self._check_sender(session)
            checker.done("sender", self._sender)
        finally:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                session.quit()

    def _check_sender(self, session: Any) -> None:
        try:
            session.ehlo_or_helo_if_needed()
            code, answer = session.mail(self._sender)
            session.rset()
        except (OSError, smtplib.SMTPException) as error:
            raise translate_connect(error) from error
        if code // 100 != 2:
            raise classify(code, answer.decode("utf-8", "replace"), Phase.MAIL)
