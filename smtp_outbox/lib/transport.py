"""The transport of outgoing mail servers."""

from __future__ import annotations

import smtplib
import time
from collections.abc import Callable
from typing import Any

from odoo.addons.message_history.lib.errors import ChannelError, ConfigurationError, ConnectionFailed
from odoo.addons.message_history.lib.transport import Capability, CheckReport, CheckStep, Transport

from .replies import Phase, classify


def translate_connect(error: Exception) -> ChannelError:
    """Return our error for whatever opening a session raised."""
    if isinstance(error, ChannelError):
        return error
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return classify(error.smtp_code, str(error.smtp_error), Phase.AUTH)
    if isinstance(error, smtplib.SMTPResponseException):
        return ConnectionFailed(f"{error.smtp_code} {error.smtp_error!r}")
    if isinstance(error, smtplib.SMTPException | OSError):
        return ConnectionFailed(str(error) or type(error).__name__)
    return ConfigurationError(str(error) or type(error).__name__)


class SmtpTransport(Transport):
    """Speaks to one outgoing server."""

    capabilities = frozenset({Capability.CHECK})

    def __init__(self, *, connect: Callable[[], Any], host: str, port: int, sender: str) -> None:
        self._connect, self._host, self._port, self._sender = connect, host, port, sender

    def check(self) -> CheckReport:
        """Try a connection."""
        started = time.monotonic()
        try:
            self._connect().quit()
        except Exception as error:  # noqa: BLE001 - a boundary
            failure = translate_connect(error)
            return CheckReport((CheckStep("connect", False, time.monotonic() - started, str(failure)),), failure)
        return CheckReport((CheckStep("connect", True, time.monotonic() - started),))
