"""Find the failed recipients in words meant for people.

Every address in the notice is weighed by what stands around it: words of failure, a server's
answer, a label, the shape of its line. Addresses of those who help, wrote or carry weigh less, and
our own and the daemon's do not count at all. No format is known by name.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache

from .bounce_fields import one_line, passing
from .bounce_marks import BYSTANDER, DAEMON_LOCAL, RECIPIENT_LABEL, REPLY_CODE, STATUS_CODE
from .bounce_types import BouncedRecipient, RecipientKind
from .bounce_words import DELAY, FAILURE, FINAL
from .raw_headers import ADDRESS

_MAX_LINES = 300
_MAX_LINE = 500
#: Characters of a notice, and addresses in it, that are weighed: each costs a look at hundreds of words.
_MAX_WEIGHED = 24 * 1024
_MAX_ADDRESSES = 200
_WINDOW = 4
_ENOUGH = 2
# What may stand on a line beside an address that fills it: bullets, brackets, a name, a type.
_ALONE = re.compile(
    r"^[\W_]*(?:\d{1,2}[.)]\s*)?(?:(?:smtp|mailto|rfc822|to|e-?mail)\s*[:;=]\s*)?[\W_]*$",
    re.IGNORECASE,
)
_OPENING = re.compile(r"^[\s>*•-]{0,12}[<\[\"'(]?$")
_TYPED = re.compile(r"^(?:smtp|rfc822|mailto|addr|to|user)[=:]", re.IGNORECASE)
_EXPLAINED = re.compile(r"^[>\])\"']?(?:\s*\([^)]*\))?\s*(?::|\.\.\.|-\s)")
_SUMMARY = re.compile(
    r"^\s*(?:>\s*)?(?:to|cc|an|für|à|para|a|subject|betreff|sent)\s*:", re.IGNORECASE
)
_PATH = re.compile(r"(?:mail\s+from|from\s*:|helo|ehlo)\Z", re.IGNORECASE)
_SENT_BY = re.compile(
    r"\b(?:sent by|message from|mail from|sender|from|von|absender)\W*$", re.IGNORECASE
)
_LOCAL_NAME = re.compile(
    r"^[\s*•>-]{0,12}<?([A-Za-z0-9][\w.+-]{1,63})>?(?:\s*\([^()]{3,120}\))?\s*$"
)
_RCPT = re.compile(r"rcpt to:?\s*<?$", re.IGNORECASE)
_MESSAGE_ID = re.compile(r"message-?id\W{0,4}$|^\s*<?[\w$.-]{16,}$", re.IGNORECASE)


@dataclass(frozen=True)
class Candidate:
    """An address of the notice with the weight of its best place."""

    address: str
    weight: int
    words: str
    summary: bool


def find_recipients(
    notice: str, ours: Collection[str], original: Collection[str] = ()
) -> tuple[BouncedRecipient, ...]:
    """Return the recipients that a notice declares failed or delayed.

    :param notice: the words for people, without the returned message
    :param ours: addresses that can't be meant (the sender, the daemon), lower-cased
    :param original: recipients of the returned message, if known: a hint, not a limit
    """
    candidates = _candidates(notice, set(ours), set(original))
    chosen = [one for one in candidates if one.weight >= _ENOUGH]
    if not chosen:
        rest = [one for one in candidates if one.weight >= 0] or candidates
        chosen = rest if len(rest) == 1 else []
    elif max(one.weight for one in chosen) >= 5:
        best = max(one.weight for one in chosen)
        chosen = [one for one in chosen if one.weight >= best - 4]
    delayed = is_delay(notice)
    return tuple(_recipient(one, notice, delayed) for one in chosen)


def find_local_names(notice: str, domain: str) -> tuple[str, ...]:
    """Return addresses for recipients that a daemon lists by their local part alone.

    Only lines that hold one bare word (and perhaps a reason in brackets) right below words of
    failure count; the domain is the daemon's own.
    """
    lines = _lines(notice)
    found = []
    for index, line in enumerate(lines):
        name = _LOCAL_NAME.match(line)
        opening = squeeze(" ".join(lines[max(0, index - 2) : index]))
        if name and domain and RECIPIENT_LABEL.search(opening) and _says_failure(opening):
            found.append(f"{name[1].lower()}@{domain}")
    return tuple(dict.fromkeys(found))[:5]


def _lines(notice: str) -> list[str]:
    """Return the lines that are looked at, each clipped."""
    lines = [line[:_MAX_LINE] for line in notice[:_MAX_WEIGHED].splitlines() if line.strip()]
    return lines[:_MAX_LINES]


def is_delay(notice: str) -> bool:
    """Return whether a notice says that the server goes on trying."""
    text = squeeze(notice)[:4000]
    return bool(DELAY.search(text)) and not FINAL.search(text)


def squeeze(text: str) -> str:
    """Return text with every run of white space as one blank, for matching across lines."""
    return re.sub(r"\s+", " ", text)


def _recipient(candidate: Candidate, notice: str, delayed: bool) -> BouncedRecipient:
    status = STATUS_CODE.search(candidate.words)
    code = status[1] if status else ""
    if delayed and not code.startswith("5"):
        kind = RecipientKind.DELAYED
    elif passing(code, candidate.words):
        kind = RecipientKind.TEMPORARY
    else:
        kind = RecipientKind.PERMANENT
    return BouncedRecipient(
        candidate.address, kind, status=code, diagnostic=one_line(candidate.words, 500)
    )


def _candidates(notice: str, ours: set[str], original: set[str]) -> list[Candidate]:
    lines = _lines(notice)
    places = [
        (index, match)
        for index, line in enumerate(lines)
        if "@" in line
        for match in ADDRESS.finditer(line)
    ]
    best: dict[str, Candidate] = {}
    for index, match in places[:_MAX_ADDRESSES]:
        line = lines[index]
        address = _TYPED.sub("", match.group()).strip("'\"`*_=").strip(".").lower()
        if address in ours or _never(address, line, match):
            continue
        weight = _weigh(lines, index, match) + (address in original)
        known = best.get(address)
        if known is None or weight > known.weight:
            words = _words(lines, index, address)
            best[address] = Candidate(address, weight, words, bool(_SUMMARY.match(line)))
    return list(best.values())


def _never(address: str, line: str, match: re.Match[str]) -> bool:
    """Return whether an address can't be a recipient: the envelope sender, a Message-ID, a URL."""
    local, _at, domain = address.partition("@")
    before = line[: match.start()]
    return (
        not local
        or "." not in domain
        or local.startswith("imceaex-")
        or _follows_path(before)
        or bool(_MESSAGE_ID.search(before))
        or before.endswith(("/", "://"))
        or (bool(DAEMON_LOCAL.match(local)) and not local.startswith("delivery"))
    )


def _follows_path(before: str) -> bool:
    """Return whether an address stands behind ``MAIL FROM:``, ``From:`` or ``HELO``."""
    words = before.removesuffix("<").rstrip()
    return bool(_PATH.search(words) or _PATH.search(words.removesuffix(":").rstrip()))


def _weigh(lines: Sequence[str], index: int, match: re.Match[str]) -> int:
    """Return how surely the address at that place is one that failed."""
    line = lines[index]
    before, after = line[: match.start()], line[match.end() :]
    rest = f"{before} {after}"
    alone = bool(_ALONE.match(before) and _ALONE.match(after))
    summary = bool(_SUMMARY.match(line))
    weight = 4 * _says_failure(line) - 2 * summary
    weight += _says_failure(squeeze(" ".join(lines[max(0, index - 3) : index + 1])))
    weight += _says_failure(squeeze(" ".join(lines[index : index + _WINDOW])))
    weight += _shape(before, after, summary, alone, alone and _listed(lines, index))
    if _RCPT.search(before):
        weight += 3
    elif RECIPIENT_LABEL.search(rest) and not summary:
        weight += 2
    if BYSTANDER.search(rest) or (index and alone and _SENT_BY.search(lines[index - 1])):
        weight -= 4 if not STATUS_CODE.search(rest) else 1
    return weight


def _shape(before: str, after: str, summary: bool, alone: bool, listed: bool) -> int:
    """Return what the shape of the line says: an entry of a list, an address with its reason."""
    if listed:
        return 4
    opening = bool(_OPENING.match(before)) and not summary
    if opening and _EXPLAINED.match(after):
        return 2
    return int(alone or opening)


@lru_cache(maxsize=64)
def _says_failure(text: str) -> bool:
    return bool(
        FAILURE.search(text)
        or STATUS_CODE.search(text)
        or REPLY_CODE.search(text)
        or DELAY.search(text)
    )


def _listed(lines: Sequence[str], index: int) -> bool:
    """Return whether a line stands in a list that words of failure or a label open."""
    first = index
    while first > 0 and index - first < 60 and ADDRESS.search(lines[first - 1]):
        first -= 1
    opening = squeeze(" ".join(lines[max(0, first - 3) : first]))
    return bool(_says_failure(opening) or RECIPIENT_LABEL.search(opening))


def _words(lines: Sequence[str], index: int, address: str) -> str:
    """Return the lines that explain: the address's own and what follows until another address."""
    found = [lines[index]]
    for line in lines[index + 1 : index + 6]:
        other = ADDRESS.search(line)
        if other and address not in line.lower() and not _says_failure(line):
            break
        found.append(line)
    return " ".join(found)
