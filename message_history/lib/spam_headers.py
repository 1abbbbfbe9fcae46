"""The verdicts that spam filters leave in headers, as one yes, no or unknown.

SpamAssassin, rspamd, Exchange, Barracuda, Bogofilter, DSPAM, CRM114, the providers of GMX and
others. Each reader takes a header's text and returns (is spam, score), either None where it does
not tell.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message

from .raw_headers import values

Verdict = tuple[bool | None, float | None]
_NUMBER = re.compile(r"[-+]?\d{1,6}(?:\.\d{1,6})?")
_EXCHANGE_LIMIT = 5


@dataclass(frozen=True)
class SpamVerdict:
    """What a filter thinks: ``is_spam`` is None where it did not say; ``score`` is on its scale."""

    is_spam: bool | None = None
    score: float | None = None
    source: str = ""

    def summary(self) -> str:
        """Return one line: ``spam, score 7.3 (X-Spam-Status)``; '' if no filter said anything."""
        if not self.source:
            return ""
        word = {True: "spam", False: "not spam", None: "unknown"}[self.is_spam]
        score = "" if self.score is None else f", score {self.score:g}"
        return f"{word}{score} ({self.source})"


def _number(text: str) -> float | None:
    match = _NUMBER.search(text)
    return float(match.group()) if match else None


def _yes_no(text: str) -> Verdict:
    word = text.strip().lower()
    if re.match(r"yes|true|spam|1\b|junk", word):
        return True, None
    return (
        (False, None) if re.match(r"no|false|ham|0\b|innocent|good|clean", word) else (None, None)
    )


def _status(text: str) -> Verdict:
    score = re.search(r"(?:score|hits)\s*=\s*([-+]?\d{1,6}(?:\.\d{1,6})?)", text, re.IGNORECASE)
    return _yes_no(text)[0], float(score[1]) if score else None


def _rspamd(text: str) -> Verdict:
    match = re.search(
        r"\b(true|false)\b\s*\[\s*([-+]?[\d.]{1,12})\s*/\s*([-+]?[\d.]{1,12})", text, re.IGNORECASE
    )
    if not match:
        return None, None
    score, limit = _number(match[2]), _number(match[3])
    spam = match[1].lower() == "true" or (
        score is not None and limit is not None and score >= limit
    )
    return spam, score


def _action(text: str) -> Verdict:
    word = text.strip().lower()
    if word in ("add header", "rewrite subject", "reject", "quarantine", "discard"):
        return True, None
    return (False, None) if word in ("no action", "greylist") else (None, None)


def _scl(text: str) -> Verdict:
    match = re.search(r"(?:SCL:|^)\s*(-?\d{1,2})\b", text)
    if not match:
        return None, None
    return int(match[1]) >= _EXCHANGE_LIMIT, float(match[1])


def _score(text: str) -> Verdict:
    return None, _number(text)


def _bogofilter(text: str) -> Verdict:
    score = re.search(r"spamicity=(\d\.\d{1,6})", text)
    return _yes_no("unsure" if text.lower().startswith("unsure") else text)[0], float(
        score[1]
    ) if score else None


def _gmx(text: str) -> Verdict:
    word = text.strip().lower()
    if word.startswith("junk"):
        return True, None
    return (False, None) if word.startswith("notjunk") else (None, None)


_READERS: tuple[tuple[str, Callable[[str], Verdict]], ...] = (
    ("X-Spam-Flag", _yes_no),
    ("X-Spam-Status", _status),
    ("X-Spam", _yes_no),
    ("X-Spamd-Result", _rspamd),
    ("X-Rspamd-Action", _action),
    ("X-MS-Exchange-Organization-SCL", _scl),
    ("X-Forefront-Antispam-Report", _scl),
    ("X-Barracuda-Spam-Status", _status),
    ("X-Bogosity", _bogofilter),
    ("X-DSPAM-Result", _yes_no),
    ("X-CRM114-Status", _yes_no),
    ("X-UI-Filterresults", _gmx),
    ("X-Ovh-Spam-Status", _yes_no),
    ("X-Spam-Score", _score),
    ("X-Rspamd-Score", _score),
    ("X-Barracuda-Spam-Score", _score),
)


def read_spam(message: Message) -> SpamVerdict:
    """Return the verdict of the spam filters; one that says spam outweighs those that don't.

    The score comes from the same filter where it gives one, else from the first that does. Only
    the topmost header of a name counts: those below may be the sender's.
    """
    found: list[SpamVerdict] = []
    for name, reader in _READERS:
        for text in values(message, name)[:1]:
            spam, score = reader(text)
            if spam is not None or score is not None:
                found.append(SpamVerdict(spam, score, name))
    if not found:
        return SpamVerdict()
    order = {True: 0, False: 1, None: 2}
    chosen = min(found, key=lambda one: order[one.is_spam])
    scores = [one.score for one in found if one.score is not None]
    score = chosen.score if chosen.score is not None or not scores else scores[0]
    return SpamVerdict(chosen.is_spam, score, chosen.source)
