"""An SMTP session over an address that was checked, encrypted and verified as the endpoint says.

Odoo's own socket looks the name up by itself, and verifies no certificate unless the server is a
stored one that says so. Where neither will do (settings that are only being tried) the session is
opened here; what Odoo does with it afterwards, the login above all, is Odoo's.
"""

from __future__ import annotations

import smtplib
from collections.abc import Callable
from typing import Any

import idna
from odoo.addons.message_history.lib.connect import Endpoint, no_greeting, open_tcp, resolve, start_tls
from odoo.addons.message_history.lib.errors import ConfigurationError, ProtocolError

from .replies import Phase, classify

Login = Callable[[smtplib.SMTP, str], Any]


def open_session(place: Endpoint, login: Login | None = None, user: str = "") -> smtplib.SMTP:
    """Open a session: greeted, encrypted if asked, logged in if ``login`` is given.

    :param login: called with the session and the user's name as it goes over the wire (RFC 5321: in ASCII)
    :raise ChannelError: when the session can't be opened
    :raise smtplib.SMTPException: what the login raised
    """
    sock = open_tcp(place, resolve(place))
    session = smtplib.SMTP(timeout=place.timeout)
    session.sock = start_tls(sock, place) if place.security == "ssl" else sock
    try:
        _greet(session, place)
        if place.security == "starttls":
            _start_tls(session, place)
        session.ehlo_or_helo_if_needed()
        if login is not None:
            _log_in(session, login, user)
    except BaseException:
        session.close()
        raise
    return session


def _greet(session: smtplib.SMTP, place: Endpoint) -> None:
    try:
        code, text = session.getreply()
    except smtplib.SMTPServerDisconnected as error:
        # smtplib hides what happened to the socket behind its own error
        cause = error.__context__ if isinstance(error.__context__, OSError) else ConnectionError("no greeting")
        raise no_greeting(cause, place) from error
    if code == -1:
        raise ProtocolError(f"This does not look like an SMTP server: {_words(text)}", field="port")
    if code != 220:
        raise classify(code, _words(text), Phase.GREETING)


def _start_tls(session: smtplib.SMTP, place: Endpoint) -> None:
    """Change to TLS (RFC 3207); what was said in plain text before is forgotten, by both sides."""
    session.ehlo_or_helo_if_needed()
    if not session.has_extn("starttls"):
        raise ConfigurationError("The server does not offer STARTTLS on this port.", field="encryption")
    code, text = session.docmd("STARTTLS")
    if code != 220:
        raise ConfigurationError(f"STARTTLS was refused: {_words(text)}", field="encryption")
    session.file = None
    if session.sock is not None:
        session.sock = start_tls(session.sock, place)
    session.helo_resp = session.ehlo_resp = None
    session.esmtp_features, session.does_esmtp = {}, False


def _log_in(session: smtplib.SMTP, login: Login, user: str) -> None:
    local, at, domain = user.rpartition("@")
    if at:
        try:
            user = local + at + idna.encode(domain).decode("ascii")
        except idna.IDNAError as error:
            raise ConfigurationError(f"{domain!r} is no domain: {error}", field="user") from error
    try:
        login(session, user)
    except smtplib.SMTPNotSupportedError as error:
        raise ConfigurationError("The server takes no login on this connection.", field="login") from error


def _words(said: bytes) -> str:
    return said.decode("utf-8", "replace")
