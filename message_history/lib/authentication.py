"""Whether the receiving server found the sender to be who he says he is (RFC 8601).

Anybody can write an Authentication-Results field. Those count that one of our own servers wrote,
which the caller names (:class:`TrustedServers`), and of those only what stands where that server
puts it: above the Received fields that came with the mail. What claims one of our names further
down was in the mail when it came, and is said to be forged where it claims more than we know.

Where servers put their results: OpenDKIM, OpenDMARC and Rspamd at the top or below the Received
line of their own MTA, Gmail below two Received lines of its own (and as ARC results below one),
Exchange Online, which gives no name, below those of its inner hops. So the number of Received
lines above the results is a part of what is known about a server.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email.message import Message

from .raw_headers import ADDRESS, clean, decode_words, values

_METHODS = ("spf", "dkim", "dmarc", "arc")
_DOMAIN_OF = {
    "spf": ("smtp.mailfrom", "smtp.mail", "envelope-from", "smtp.helo"),
    "dkim": ("header.d", "header.i"),
    "dmarc": ("header.from", "policy.from"),
}
_FIELDS = ("authentication-results", "arc-authentication-results")
#: Results that say that it is not the sender.
_FAILURES = ("fail", "permerror", "policy")
#: A field's length and number beyond which nothing is read: no server writes as much.
_MAX_LENGTH = 8192
_MAX_FIELDS = 100
_MAX_FROM = 2000
#: A field with more results than any server writes is not read.
_MOST_RESULTS = 200
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[();]|\\.|[^\s"();\\]+|\s+|.', re.DOTALL)
_NAME = re.compile(r"[a-z][a-z0-9.-]{0,60}")
#: How a server that gives no name (Exchange Online) is written among the names.
NAMELESS = "-"
#: Names of hosting providers under which everybody may have one of his own.
_SHARED = frozenset((
    "onmicrosoft.com", "github.io", "herokuapp.com", "appspot.com", "azurewebsites.net",
    "gappssmtp.com", "amazonses.com", "sendgrid.net", "mailgun.org", "uk.com", "eu.com", "de.com",
))  # fmt: skip
_SECOND_LEVEL = frozenset(("ac", "co", "com", "edu", "gov", "gv", "ne", "net", "or", "org"))


@dataclass(frozen=True)
class TrustedServers:
    """The servers whose word counts, as they name themselves (authserv-id).

    :param names: lower case; ``*.example.com`` stands for every name below example.com, ``-`` for
        a server that gives no name
    :param hops: Received lines that may stand above their results
    """

    names: tuple[str, ...] = ()
    hops: int = 0

    @classmethod
    def of(cls, text: str, hops: int = 0) -> TrustedServers:
        """Return the servers named in a text, separated by commas or blanks."""
        names = (one.strip(".").lower() for one in re.split(r"[\s,;]+", text))
        return cls(tuple(dict.fromkeys(name for name in names if name)), max(0, hops))

    def __bool__(self) -> bool:
        return bool(self.names)

    def covers(self, authserv_id: str) -> bool:
        """Return whether a field with that authserv-id claims to be of one of these servers."""
        if not authserv_id:
            return NAMELESS in self.names
        return any(
            authserv_id.endswith(name[1:]) if name.startswith("*.") else authserv_id == name
            for name in self.names
        )


@dataclass(frozen=True)
class MethodResult:
    """Result of one method (``pass``, ``fail``, ``softfail``, ``none`` ...; '' if not told)."""

    result: str = ""
    domain: str = ""

    def __str__(self) -> str:
        return f"{self.result} ({self.domain})" if self.domain else self.result


@dataclass(frozen=True)
class AuthenticationResults:
    """What our own server says about the sender.

    :param authserv_id: that server; '' if there is no word of it, or it gives no name
    :param sender_domain: of the one address in From; '' where From does not show just one
    :param forged: the name of ours in which the mail itself claims more than we know; else ''
    """

    authserv_id: str = ""
    spf: MethodResult = MethodResult()
    dkim: MethodResult = MethodResult()
    dmarc: MethodResult = MethodResult()
    arc: MethodResult = MethodResult()
    sender_domain: str = ""
    forged: str = ""

    def __bool__(self) -> bool:
        return any(getattr(self, name).result for name in _METHODS)

    @property
    def passed(self) -> bool | None:
        """Whether the From address is proven; None if the results don't tell.

        DMARC decides where it has a verdict about that very domain; else SPF or DKIM of it.
        """
        if self.dmarc.result in _FAILURES:
            return False
        if self.dmarc.result == "pass" and self.sender_domain:
            return True if self.dmarc.domain == self.sender_domain else None
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


#: No server is named: nothing is known of anybody.
NOBODY = TrustedServers()


def read_authentication(
    message: Message, trusted: TrustedServers = NOBODY, sender_address: str = ""
) -> AuthenticationResults:
    """Return what the trusted servers say; nothing without such servers. Linear in the headers.

    :param sender_address: the sender as he is shown to people; the From field must say the same
    """
    domain = _sender_domain(message, sender_address)
    if not trusted:
        return AuthenticationResults(sender_domain=domain)
    ours: list[_Claim] = []
    below: list[_Claim] = []
    for claim in _claims(message):
        if not trusted.covers(claim.authserv_id):
            continue
        if claim.depth <= trusted.hops and (not ours or _belongs(ours[0], claim)):
            ours.append(claim)
        elif not ours or claim.depth > max(trusted.hops, ours[0].depth):
            below.append(claim)
    found: dict[str, list[MethodResult]] = {}
    for method, result in (pair for claim in ours for pair in claim.results):
        found.setdefault(method, []).append(result)
    best = {
        method: _best(method, results, domain)
        for method, results in found.items()
        if method in _METHODS
    }
    known = {method for method, result in best.items() if result.result == "pass"}
    forged = [claim for claim in below if claim.passes - known]
    return AuthenticationResults(
        authserv_id=ours[0].authserv_id if ours else "",
        sender_domain=domain,
        forged=(forged[0].authserv_id or NAMELESS) if forged else "",
        **best,
    )


def find_server(message: Message) -> tuple[str, int] | None:
    """Return (authserv-id, Received lines above) of the topmost results, whoever wrote them."""
    return next(((claim.authserv_id, claim.depth) for claim in _claims(message)), None)


def common_server(messages: Iterable[Message]) -> tuple[str, int] | None:
    """Return what :func:`find_server` finds in all of some messages alike; else None."""
    found = {find_server(message) for message in messages}
    return found.pop() if len(found) == 1 else None


@dataclass(frozen=True)
class _Claim:
    """One field of results. ``depth``: Received lines above it."""

    field: str
    depth: int
    authserv_id: str
    results: tuple[tuple[str, MethodResult], ...]

    @property
    def passes(self) -> set[str]:
        return {
            method
            for method, result in self.results
            if result.result == "pass" and method in ("spf", "dkim", "dmarc")
        }


def _belongs(first: _Claim, other: _Claim) -> bool:
    """Whether a field is one more of the same server's: one filter each for SPF, DKIM, DMARC.

    Below a Received line the sender's own would look the same, so there the first stands alone,
    and of the others nothing is said: they may be the server's or not.
    """
    return first.depth == other.depth == 0 and (first.field, first.authserv_id) == (
        other.field,
        other.authserv_id,
    )


def _claims(message: Message) -> Iterator[_Claim]:
    depth = read = 0
    for key, value in message.raw_items():
        name = key.strip().lower()
        depth += name == "received"
        if name not in _FIELDS:
            continue
        read += 1
        if read > _MAX_FIELDS:
            return
        authserv_id, results = parse_results(clean(str(value)[:_MAX_LENGTH]))
        yield _Claim(name, depth, authserv_id, tuple(results))


def parse_results(text: str) -> tuple[str, list[tuple[str, MethodResult]]]:
    """Return the authserv-id and the results, by method, of one field's text (RFC 8601, 2.2).

    What a sender may have smuggled into it (his address in a comment, a quoted string) can't end
    either: where that is unclear, nothing is read.
    """
    pieces = _pieces(text)
    if pieces and pieces[0] and pieces[0][0].startswith("i="):
        pieces = pieces[1:]  # the instance of an ARC field (RFC 8617, 4.1.1)
    if not pieces:
        return "", []
    authserv_id = ""
    if pieces[0] and "=" not in pieces[0][0]:
        authserv_id = pieces[0][0].strip('"').strip(".").lower()[:255]
        pieces = pieces[1:]
    return authserv_id, [found for found in map(_method_result, pieces) if found]


def _pieces(text: str) -> list[list[str]]:
    """Return the words between semicolons, without comments; nothing if one does not end."""
    pieces: list[list[str]] = [[]]
    depth, word = 0, ""
    for match in _TOKEN.finditer(text):
        piece = match[0]
        if piece == '"' or (piece == ")" and not depth):
            return []
        depth += (piece == "(") - (piece == ")")
        if not depth and piece not in ("(", ")", ";") and not piece.isspace():
            word += piece
            continue
        if not depth or piece == "(":
            _add_word(pieces[-1], word)
            word = ""
        if piece == ";" and not depth:
            pieces.append([])
            if len(pieces) > _MOST_RESULTS:
                return []
    _add_word(pieces[-1], word)
    return [] if depth else pieces


def _add_word(words: list[str], word: str) -> None:
    """Add a word to a piece; blanks and comments may stand around an equals sign."""
    if not word:
        return
    at = words[-1].find("=") if words else 0
    if words and ((at < 0 and word[0] == "=") or at == len(words[-1]) - 1):
        words[-1] += word
    else:
        words.append(word)


def _method_result(words: list[str]) -> tuple[str, MethodResult] | None:
    if not words:
        return None
    start = next((at for at, word in enumerate(words) if "=" in word), len(words))
    if start == len(words):
        return None
    name, _equals, result = "".join(words[: start + 1]).lower().partition("=")
    method = name.partition("/")[0]
    if not _NAME.fullmatch(method) or not result.isalpha():
        return None
    properties: dict[str, str] = {}
    for word in words[start + 1 :]:
        key, equals, value = word.partition("=")
        if equals:
            properties.setdefault(key.lower(), value)
    names = (key for key in _DOMAIN_OF.get(method, ()) if properties.get(key))
    value = properties.get(next(names, ""), "").strip('"<>')
    domain = value.rpartition("@")[2].strip('"<>.').lower()
    return method, MethodResult(result[:20], "" if domain == "none" else domain[:255])


def _best(method: str, results: list[MethodResult], domain: str) -> MethodResult:
    """Return of several results the one that counts: of signatures the sender's own that passed.

    DMARC has one verdict only; where there are two, somebody wrote one of them into an address.
    """
    if method == "dmarc":
        return next((one for one in results if one.result != "pass"), results[0])
    return max(
        results,
        key=lambda one: (
            one.result == "pass" and aligned(one.domain, domain),
            one.result == "pass",
        ),
    )


def _sender_domain(message: Message, shown: str) -> str:
    """Return the domain of the one address that From shows; '' where it shows none or several.

    An address in the display name, in a group, in a second field or with a tag (``a+b@``) could
    pass for another's, so none of these is confirmed.
    """
    fields = values(message, "From")
    if len(fields) != 1 or len(fields[0]) > _MAX_FROM:
        return ""
    text = unicodedata.normalize("NFKC", decode_words(fields[0]))
    found = [match.group().strip(".").lower() for match in ADDRESS.finditer(text)]
    if len(set(found)) != 1 or text.count("@") != len(found):
        return ""
    local, _at, domain = found[0].rpartition("@")
    if "+" in local or (shown and shown.strip().lower() != found[0]):
        return ""
    return domain


def aligned(domain: str, sender_domain: str) -> bool:
    """Return whether two domains are the same or one lies below the other (relaxed alignment)."""
    if not domain or not sender_domain:
        return False
    if domain == sender_domain:
        return True
    upper, lower = sorted((domain, sender_domain), key=len)
    return lower.endswith(f".{upper}") and _is_owned(upper)


def _is_owned(domain: str) -> bool:
    """Whether all names below a domain are its owner's: not ``com``, ``co.uk``, ``github.io``."""
    labels = domain.split(".")
    if len(labels) < 2 or domain in _SHARED:
        return False
    return not (len(labels) == 2 and labels[0] in _SECOND_LEVEL and len(labels[1]) == 2)
