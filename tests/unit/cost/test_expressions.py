"""Every regular expression of the addons takes linear time over inputs that are made for it.

The table lists each with the length of the longest text that it is used on. A new expression fails
here until it is listed; listing it as shorter than a whole mail needs what bounds it.
"""

from __future__ import annotations

import importlib
import json
import re
from pathlib import Path

import pytest

from tests.unit.cost.expressions import HOSTILE, Expression, expressions, shapes
from tests.unit.cost.growth import LARGEST, LONG, Work, look

_LISTED = json.loads((Path(__file__).parent / "expressions.json").read_text(encoding="utf-8"))
#: {file: {name: longest text in characters, 0 for whole mails}}
TABLE: dict[str, dict[str, int]] = _LISTED["expressions"]
#: {file: what bounds the texts that its expressions are used on}
BOUNDS: dict[str, str] = _LISTED["bounds"]
#: Expressions that are made while the program runs: module and longest text; the subject and the fields of
#: a mail have 16 KiB at most (raw_headers), what is squeezed from a notice 4,000 characters (bounce_text).
_MADE = {
    "message_history/lib/automatic.py:_match": ("automatic", 16 * 1024),
    "message_history/lib/bounce_words.py:any_of": ("bounce_words", 4000),
    "message_history/lib/markup.py:_CLOSING#2": ("markup", 0),
}
#: Made of a boundary, of one literal text; tested with boundaries that begin alike.
_LITERAL = {"message_history/lib/boundaries.py:Boundary.__init__",
            "message_history/lib/boundaries.py:Boundary.__init__#2",
            "message_history/lib/boundaries.py:Boundary.__init__#3"}  # fmt: skip
#: Made of the name of a header, on the headers of a returned message.
_LITERAL |= {"message_history/lib/mime_policy.py:_readable_headers"}
#: Made of an address that a manager typed, as literal text; looked for in a subject.
_LITERAL |= {"message_history/wizard/message_privacy.py:MessagePrivacy._stands_in"}
_FOUND = {one.place: one for one in expressions()}


def _made(place: str) -> list[re.Pattern[str]]:
    name = _MADE[place][0]
    module = importlib.import_module(f"odoo.addons.message_history.lib.{name}")
    if name == "automatic":
        tables = (module._REPLY_HEADERS, module._BULK_HEADERS, module._GENERATED_HEADERS)
        return [re.compile(pattern, re.IGNORECASE) for table in tables for _header, pattern in table]
    if name == "markup":
        return list(module._CLOSING.values())
    marks = importlib.import_module("odoo.addons.message_history.lib.bounce_marks")
    constants = [*vars(module).values(), *vars(marks).values()]
    return [one for one in constants if isinstance(one, re.Pattern)]


def _work(expression: re.Pattern, method: str) -> Work:
    """Return the use of an expression that costs most: all its matches, or the one at the beginning."""
    if method in ("match", "fullmatch"):
        use = getattr(expression, method)
    else:
        def use(text):
            return [None for _match in expression.finditer(text)]

    if isinstance(expression.pattern, bytes):
        return lambda text: use(text.encode("utf-8", "surrogateescape"))
    return use


def _slow(expression: re.Pattern, methods: tuple[str, ...], longest: int) -> list[str]:
    found = []
    inputs = [*shapes(expression.pattern, expression.flags), *(HOSTILE if LONG else HOSTILE[::3])]
    for method in {one if one in ("match", "fullmatch") else "search" for one in methods}:
        work = _work(expression, method)
        for shape in inputs:
            row = look(work, f"{method} {shape}", shape.make, longest or LARGEST)
            if row is not None and not row.is_linear(longest or LARGEST):
                found.append(f"{expression.pattern!r:.80}: {row}")
                if len(found) > 3:
                    return found
    return found


def test_every_expression_is_in_the_table():
    listed = {f"{file}:{name}" for file, names in TABLE.items() for name in names}
    assert _FOUND.keys() - listed - _MADE.keys() - _LITERAL == set()
    assert listed - _FOUND.keys() == set(), "expressions that are no more"


def test_every_expression_that_the_table_lists_can_be_tried():
    unknown = {place for place, one in _FOUND.items() if one.pattern is None}
    assert unknown - _MADE.keys() - _LITERAL == set()


def test_every_bound_has_a_reason_in_words():
    assert {file for file, names in TABLE.items() if any(names.values())} == BOUNDS.keys()
    assert [file for file, why in BOUNDS.items() if len(why.split()) < 6] == []


def test_what_takes_a_text_whole_says_so_at_both_ends():
    """So that it costs the same by whatever method it is called, and nobody has to know by which."""
    whole = [one for one in _FOUND.values() if isinstance(one.pattern, str)
             and one.pattern.endswith(r"\Z") and not one.pattern.endswith(r"|\Z")]  # fmt: skip
    half = {one.place for one in whole if not one.pattern.startswith(r"\A") and set(one.methods) <= {"match"}}
    assert whole
    assert half == set()


@pytest.mark.parametrize("file", sorted(TABLE))
def test_expressions_take_linear_time(file):
    slow = []
    for name, longest in TABLE[file].items():
        found: Expression = _FOUND[f"{file}:{name}"]
        slow += _slow(re.compile(found.pattern, found.flags), found.methods, longest)
    assert not slow


@pytest.mark.parametrize("place", sorted(_MADE))
def test_expressions_that_are_made_take_linear_time(place):
    # all their matches, which costs no less than the one at the beginning
    assert [row for one in _made(place) for row in _slow(one, ("search",), _MADE[place][1])] == []


def test_boundaries_take_linear_time():
    module = importlib.import_module("odoo.addons.message_history.lib.boundaries")

    def work(text: str) -> None:
        source = text.encode("utf-8", "surrogateescape")
        module.Boundary(b"b" * 70).find(source, 0, len(source))
        module.Boundary(b"b").skip_run(source, 0, len(source))

    rows = [look(work, str(shape), shape.make) for shape in (*HOSTILE, *shapes(r"\n--b*(--)?[ \t]*\r\n", 0))]
    assert [str(row) for row in rows if row is not None and not row.is_linear(LARGEST)] == []
