"""Sockets and TLS: how a connection is made, and what it means when it can't be made.

Every failure names in ``field`` the setting that most probably is wrong, so that a form can point
at it: a name that does not resolve → ``server``; nobody listens → ``port``; a certificate that
can't be trusted → ``verify``; TLS spoken to a plain port, or the reverse → ``encryption``. A wait
that runs out is a failure of the connection, never of the credentials.

Where a connection may go is said by the endpoint's ``reach``. Every connection goes through
:func:`open_tcp`, which asks it about each address that it connects to: names are looked up once,
here, and never again by the socket.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

from .errors import ChannelError, ConfigurationError, ConnectionFailed, OutOfReach
from .reach import ANYWHERE, Reach

Security = Literal["none", "starttls", "ssl"]
Verify = Literal["system", "ca", "none"]
Address = tuple[Any, ...]

# Dead peers behind a firewall send no reset: probe after a minute of silence, give up after two.
KEEPALIVE = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 15, "TCP_KEEPCNT": 4}
_PLAIN_ANSWER = ("WRONG_VERSION_NUMBER", "UNKNOWN_PROTOCOL", "HTTP_REQUEST", "RECORD_LAYER_FAILURE")


@dataclass(frozen=True)
class Endpoint:
    """Where a server is, and how it is to be trusted; all times are in seconds.

    :param security: ``none``, ``starttls`` (STARTTLS, STLS) or ``ssl`` (TLS from the first byte)
    :param verify: whom to trust: the ``system``'s authorities, only those of ``ca_pem``, or anybody
    :param ca_pem: certificates in PEM format, for ``verify="ca"``
    :param timeout: most time without a byte from the server in any one wait
    :param connect_timeout: most time for connecting and negotiating TLS
    :param reach: where the connection may go
    :param pinned: what the name was looked up to already; it is not looked up again
    """

    host: str
    port: int
    security: Security = "ssl"
    verify: Verify = "system"
    ca_pem: str = ""
    timeout: float = 60.0
    connect_timeout: float = 20.0
    reach: Reach = ANYWHERE
    pinned: tuple[Address, ...] = ()


def tls_context(settings: Endpoint) -> ssl.SSLContext:
    """Make the TLS context that the settings ask for; TLS 1.2 or later."""
    if settings.verify == "ca":
        if not settings.ca_pem.strip():
            raise ConfigurationError("No certificate authority is given to verify against.", field="verify")
        try:
            context = ssl.create_default_context(cadata=settings.ca_pem)
        except (ssl.SSLError, ValueError) as error:
            raise ConfigurationError(f"The certificate authority can't be read: {error}", field="verify") from error
    else:
        context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if settings.verify == "none":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def resolve(settings: Endpoint) -> list[Address]:
    """Look the server's name up; returns ``(family, kind, protocol, address)`` entries.

    :raise OutOfReach: when none of them may be connected to
    """
    host = settings.host.strip()
    if not host:
        raise ConfigurationError("No server name is given.", field="server")
    if not 0 < settings.port < 65536:  # the C library would take it modulo 65,536
        raise ConfigurationError(f"There is no port {settings.port}.", field="port")
    if not settings.reach.permits_port(settings.port):
        raise OutOfReach(f"{settings.port} is no port of mail servers.", field="port")
    return within_reach(settings, list(settings.pinned) or _look_up(host, settings))


def _look_up(host: str, settings: Endpoint) -> list[Address]:
    try:
        found = socket.getaddrinfo(host, settings.port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        if settings.reach.public_only:  # names of a private net are told apart from none by nothing
            raise _no_server(host) from None
        raise ConnectionFailed(f"The name {host!r} can't be resolved: {error.strerror}", field="server") from error
    except ValueError as error:  # names that IDNA can't encode
        raise ConfigurationError(f"{host!r} is no server name: {error}", field="server") from error
    return [(family, kind, protocol, address) for family, kind, protocol, _, address in found]


def within_reach(settings: Endpoint, addresses: list[Address]) -> list[Address]:
    """Return those of the addresses that may be connected to.

    :raise OutOfReach: when there are none, in the same words as when there is no such name
    """
    permitted = [one for one in addresses if settings.reach.permits(str(one[3][0]))]
    if addresses and not permitted:
        raise _no_server(settings.host.strip())
    return permitted


def _no_server(host: str) -> OutOfReach:
    return OutOfReach(f"{host!r} is no server on the internet.", field="server")


def open_tcp(settings: Endpoint, addresses: list[Address]) -> socket.socket:
    """Connect to the first address that answers, of those within reach."""
    addresses = within_reach(settings, addresses)
    failure: OSError | None = None
    deadline = time.monotonic() + settings.connect_timeout
    for tried, (family, kind, protocol, address) in enumerate(addresses):
        sock = socket.socket(family, kind, protocol)
        try:
            # Each gets its share, or an address that is dead would use up the time of the others.
            left = max(0.1, deadline - time.monotonic())
            sock.settimeout(left / (len(addresses) - tried))
            sock.connect(address)
        except OSError as error:
            sock.close()
            failure = error
            continue
        _tune(sock, settings.timeout)
        return sock
    raise translate(failure or TimeoutError("timed out"), settings, "connecting") from failure


def _tune(sock: socket.socket, timeout: float) -> None:
    sock.settimeout(timeout)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in KEEPALIVE.items():
        if hasattr(socket, name):  # macOS and Windows name them otherwise: the defaults will do
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def start_tls(sock: socket.socket, settings: Endpoint) -> ssl.SSLSocket:
    """Negotiate TLS on a connected socket."""
    context = tls_context(settings)
    sock.settimeout(settings.connect_timeout)
    try:
        wrapped = context.wrap_socket(sock, server_hostname=settings.host.strip())
    except (OSError, ValueError) as error:
        raise translate(error, settings, "negotiating TLS") from error
    wrapped.settimeout(settings.timeout)
    return wrapped


def translate(error: Exception, settings: Endpoint, doing: str) -> ChannelError:
    """Return our error for one of the socket or ssl modules; ``doing`` says what was going on."""
    where = f"{settings.host}:{settings.port}"
    if isinstance(error, ChannelError):
        return error
    if isinstance(error, ssl.SSLCertVerificationError):
        return ConnectionFailed(f"The certificate of {where} can't be trusted: {error.verify_message}", field="verify")
    if isinstance(error, ssl.SSLError):
        return _translate_tls(error, where, doing)
    if isinstance(error, TimeoutError):
        field = "server" if doing == "connecting" else None
        if doing == "negotiating TLS":
            field = "encryption"
        return ConnectionFailed(f"{where} did not answer in time while {doing}.", field=field)
    if isinstance(error, ConnectionRefusedError):
        return ConnectionFailed(f"{where} refuses connections.", field="port")
    if doing == "negotiating TLS":
        return ConnectionFailed(f"{where} closed the connection while {doing}: {error}", field="encryption")
    if doing == "connecting":
        return ConnectionFailed(f"{where} can't be reached: {error}", field="server")
    return ConnectionFailed(f"The connection to {where} broke while {doing}: {error}")


def _translate_tls(error: ssl.SSLError, where: str, doing: str) -> ChannelError:
    if (error.reason or "") in _PLAIN_ANSWER:
        return ConnectionFailed(f"{where} does not speak TLS on this port ({error.reason}).", field="encryption")
    if doing == "negotiating TLS":
        return ConnectionFailed(f"TLS with {where} failed: {error}", field="encryption")
    return ConnectionFailed(f"The connection to {where} broke while {doing}: {error}")


def speaks_tls(settings: Endpoint) -> bool:
    """Tell whether a port that does not greet expects TLS; asked only to explain a failure."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    patience = min(5.0, settings.connect_timeout, settings.timeout)
    patient = replace(settings, timeout=patience, connect_timeout=patience)
    try:
        with open_tcp(patient, resolve(patient)) as sock, context.wrap_socket(sock):
            return True
    except (ChannelError, OSError, ValueError):
        return False


def no_greeting(
    error: Exception, settings: Endpoint, probe: Callable[[Endpoint], bool] = speaks_tls
) -> ChannelError:
    """Explain a connection on which the server said nothing at all."""
    where = f"{settings.host}:{settings.port}"
    if settings.security != "ssl" and probe(settings):
        return ConnectionFailed(f"{where} expects TLS from the first byte (SSL).", field="encryption")
    return translate(error, settings, "waiting for the server's greeting")
