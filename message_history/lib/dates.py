"""Dates of mail: RFC 5322, its obsolete forms, and what else arrives."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from email.utils import parsedate_tz

_MAX_LENGTH = 200
_EARLIEST = datetime(1970, 1, 1)
_LATEST = datetime(2200, 1, 1)
_COMMENT = re.compile(r"\([^()]*\)")
_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d))?(?:[.,]\d+)?\s*(Z|[+-]\d\d:?\d\d)?",
    re.IGNORECASE,
)
_DAY_FIRST = re.compile(
    r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})[ ,T]+(\d{1,2}):(\d\d)(?::(\d\d))?\s*([+-]\d{4})?"
)
#: Beginnings of month names that Python's parser does not know (German, French, Spanish,
#: Italian, Dutch).
_MONTHS = {
    foreign: english
    for english, names in {
        "Jan": "jän gen ene",
        "Feb": "fév fev",
        "Mar": "mär mrz mrt",
        "Apr": "avr abr",
        "May": "mai mei mag",
        "Jun": "juin giu",
        "Jul": "juil lug",
        "Aug": "aoû aou ago",
        "Sep": "set",
        "Oct": "okt ott",
        "Dec": "dez déc dic",
    }.items()
    for foreign in names.split()
}
_ENGLISH = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
#: "Wed, Apr 5, 2017 at 5:01 PM" and "5 April 2017 17:01", as programs write for people
_MONTH_FIRST = re.compile(r"([A-Z][a-z]{2})[a-z]*\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})")
_DAY_MONTH = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?\.? ([A-Z][a-z]{2})[a-z]*\.?,? (\d{4})")
_HALF_DAY = re.compile(r"\d\s*[AaPp]\.?[Mm]\b")
_CLOCK = re.compile(r"\b(\d{1,2}):(\d\d)(?::(\d\d))?(?:\s*([AaPp])\.?[Mm]\b)?\s*([+-]\d{4})?")
_WORD = re.compile(r"[^\W\d_]+\.?")


def parse_date(text: str) -> datetime | None:
    """Return the moment that a Date header names, in naive UTC, or None if it names none.

    A zone of ``-0000``, or none at all, is taken as UTC. Moments before 1970 or after 2200 are
    taken as no date: they come from broken clocks.
    """
    text = _COMMENT.sub(" ", text[:_MAX_LENGTH]).strip()
    for parser in (_parse_rfc, _parse_iso, _parse_day_first, _parse_foreign, _parse_words):
        try:
            moment = parser(text)
        except (ValueError, OverflowError, IndexError, TypeError):
            # impossible fields, or the standard parser stumbling over what it does not expect
            continue
        if moment is not None and _EARLIEST <= moment < _LATEST:
            return moment
    return None


def _parse_rfc(text: str) -> datetime | None:
    fields = parsedate_tz(text)
    if fields is None or _HALF_DAY.search(text):
        return None
    # the parser yields hours of 24 and days of 32 unchecked; datetime refuses them
    return datetime(*fields[:6]) - timedelta(seconds=fields[9] or 0)


def _zone(text: str | None) -> timedelta:
    if not text or text in "Zz":
        return timedelta()
    digits = text[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return -offset if text[0] == "-" else offset


def _parse_iso(text: str) -> datetime | None:
    match = _ISO.search(text)
    if not match:
        return None
    return datetime(*(int(group or 0) for group in match.groups()[:6])) - _zone(match[7])  # type: ignore[arg-type]


def _parse_day_first(text: str) -> datetime | None:
    match = _DAY_FIRST.search(text)
    if not match:
        return None
    day, month, year, hour, minute, second = (int(group or 0) for group in match.groups()[:6])
    return datetime(year, month, day, hour, minute, second) - _zone(match[7])


def _parse_foreign(text: str) -> datetime | None:
    """Read a date with the day's and month's names in another language."""

    def english(match: re.Match[str]) -> str:
        word = match[0].rstrip(".").lower()
        return next(
            (month for start, month in _MONTHS.items() if word.startswith(start)),
            match[0].rstrip("."),
        )

    # the day's name is of no use, and an unknown one stops the parser
    bare = re.sub(r"^[^\W\d_]+\.?\s*,?\s*(?=\d)", "", text)
    bare = re.sub(r"(?<=\d)\.(?=\s)", "", bare)
    translated = _WORD.sub(english, bare)
    return _parse_rfc(translated) if translated != text else None


def _parse_words(text: str) -> datetime | None:
    """Read a date as programs write it for people, with the month's English name."""
    if match := _MONTH_FIRST.search(text):
        month, day, year = match.groups()
    elif match := _DAY_MONTH.search(text):
        day, month, year = match.groups()
    else:
        return None
    clock = _CLOCK.search(text)
    hour, minute, second, half, zone = clock.groups() if clock else ("0", "0", "0", None, None)
    hours = int(hour) % 12 + (12 if half in "Pp" else 0) if half else int(hour)
    number = _ENGLISH.index(month) + 1
    return datetime(int(year), number, int(day), hours, int(minute), int(second or 0)) - _zone(zone)


def format_date(moment: datetime) -> str:
    """Return naive UTC as the value of a Date header (RFC 5322)."""
    day, month = _DAYS[moment.weekday()], _ENGLISH[moment.month - 1]
    return f"{day}, {moment.day:02d} {month} {moment.year:04d} {moment:%H:%M:%S} +0000"
