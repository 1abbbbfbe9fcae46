"""What the receiving server found out about a mail: authentication and spam.

Authentication-Results (RFC 8601) and the headers that spam filters leave. Anybody can write such
headers; only those that our own server put on top count, so the caller says which servers (their
authserv-ids) are trusted.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from email.message import Message

from .raw_headers import addresses, clean

_METHODS = ("spf", "dkim", "dmarc", "arc")
_DOMAIN_OF = {
    "spf": ("smtp.mailfrom", "smtp.mail", "envelope-from", "smtp.helo"),
    "dkim": ("header.d", "header.i", "header.from"),
    "dmarc": ("header.from", "policy.from"),
}
_RESULT = re.compile(r"^([a-z][a-z0-9-]{0,30})(?:/\d+)?\s*=\s*([a-z]{1,20})", re.IGNORECASE)
_PROPERTY = re.compile(r"(?<![a-z0-9._-])([a-z][a-z0-9._-]{0,60})\s*=\s*(\"[^\"]*\"|[^\s;]{1,320})", re.IGNORECASE)
_FAILURES = ("fail", "permerror", "policy")


@dataclass(frozen=True)
class MethodResult:
    """Result of one method (``pass``, ``fail``, ``softfail``, ``none`` ...; '' if not told)."""

    result: str = ""
    domain: str = ""

    def __str__(self) -> str:
        return f"{self.result} ({self.domain})" if self.domain else self.result


@dataclass(frozen=True)
class AuthenticationResults:
    """What the topmost trusted server says about the sender.

    :param authserv_id: that server; '' if it gives no name (Exchange Online)
    :param sender_domain: of the From address, to compare with
    """

    authserv_id: str = ""
    spf: MethodResult = MethodResult()
    dkim: MethodResult = MethodResult()
    dmarc: MethodResult = MethodResult()
    arc: MethodResult = MethodResult()
    sender_domain: str = ""

    def __bool__(self) -> bool:
        return any(getattr(self, name).result for name in _METHODS)

    @property
    def passed(self) -> bool | None:
        """Whether the From address is proven; None if the results don't tell.

        DMARC decides where there is a verdict; else SPF or DKIM of the From address's domain.
        """
        if self.dmarc.result == "pass":
            return True
        if self.dmarc.result in _FAILURES:
            return False
        results = (self.spf, self.dkim)
        if any(one.result == "pass" and aligned(one.domain, self.sender_domain) for one in results):
            return True
        told = [
            one.result for one in results if one.result not in ("", "none", "neutral", "temperror")
        ]
        return False if told and not any(one == "pass" for one in told) else None

    def summary(self) -> str:
        """Return one line: ``SPF pass (example.com), DKIM none``; '' if nothing is told."""
        results = [(name.upper(), getattr(self, name)) for name in _METHODS]
        return ", ".join(f"{name} {result}" for name, result in results if result.result)


def read_authentication(
    message: Message, trusted_authserv_ids: Collection[str] = ()
) -> AuthenticationResults:
    """Return the results of the topmost trusted Authentication-Results header.

    Headers of the same server that follow without a Received header between them belong to it
    (one filter each for SPF, DKIM, DMARC).

    :param trusted_authserv_ids: servers whose word counts; empty: whoever wrote the topmost one.
        An empty string among them stands for servers that give no name (Exchange Online).
    """
    trusted = {one.lower() for one in trusted_authserv_ids}
    senders = addresses(message, "From")
    domain = senders[0].rpartition("@")[2] if senders else ""
    found: dict[str, list[MethodResult]] = {}
    server: str | None = None
    for name, text in _fields(message):
        if name == "received":
            if server is not None:
                break
            continue
        authserv_id, results = parse_results(text)
        if (server is None and (not trusted or authserv_id in trusted)) or authserv_id == server:
            server = authserv_id
            for method, result in results:
                found.setdefault(method, []).append(result)
    if server is None:
        return AuthenticationResults(sender_domain=domain)
    best = {
        method: _best(results, domain) for method, results in found.items() if method in _METHODS
    }
    return AuthenticationResults(authserv_id=server, sender_domain=domain, **best)


def _fields(message: Message) -> Iterator[tuple[str, str]]:
    for name, value in message.raw_items():
        if name.lower() in ("authentication-results", "received"):
            yield name.lower(), clean(str(value)[:8192])


def parse_results(text: str) -> tuple[str, list[tuple[str, MethodResult]]]:
    """Return the authserv-id and the results, by method, of one header's text."""
    pieces = [piece.strip() for piece in strip_comments(text).split(";")]
    first = pieces[0]
    authserv_id = ""
    if first and not _RESULT.match(first):
        authserv_id = first.split()[0].strip('"').lower()
        pieces = pieces[1:]
    results = []
    for piece in pieces:
        match = _RESULT.match(piece)
        if match:
            results.append((match[1].lower(), _method_result(match, piece)))
    return authserv_id, results


def _method_result(match: re.Match[str], piece: str) -> MethodResult:
    method = match[1].lower()
    properties = {
        one[1].lower(): one[2].strip('"') for one in _PROPERTY.finditer(piece[match.end() :])
    }
    names = (name for name in _DOMAIN_OF.get(method, ()) if properties.get(name))
    value = properties.get(next(names, ""), "")
    domain = value.rpartition("@")[2].strip("<>").lower()
    return MethodResult(match[2].lower(), "" if domain == "none" else domain[:255])


def strip_comments(text: str) -> str:
    """Return a structured header's text without its comments, which may be nested."""
    depth = 0
    kept = []
    quoted = escaped = False
    for character in text:
        if escaped:
            escaped = False
        elif character == "\\":
            escaped = True
        elif character == '"' and not depth:
            quoted = not quoted
        elif character == "(" and not quoted:
            depth += 1
        elif character == ")" and not quoted and depth:
            depth -= 1
            continue
        if not depth:
            kept.append(character)
    return "".join(kept)


def _best(results: list[MethodResult], domain: str) -> MethodResult:
    """Return of several signatures the one that says most: passed and of the sender's domain."""
    return max(
        results,
        key=lambda one: (
            one.result == "pass" and aligned(one.domain, domain),
            one.result == "pass",
        ),
    )


def aligned(domain: str, sender_domain: str) -> bool:
    """Return whether two domains are the same or one lies below the other (relaxed alignment)."""
    if not domain or not sender_domain:
        return False
    return (
        domain == sender_domain
        or domain.endswith(f".{sender_domain}")
        or (sender_domain.endswith(f".{domain}") and "." in domain)
    )
