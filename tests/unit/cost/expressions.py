"""Every regular expression of the addons, found in their sources, and inputs that are hard for each."""

from __future__ import annotations

import ast
import importlib
import re
import re._constants as codes  # type: ignore[import-not-found]
import re._parser as parser  # type: ignore[import-not-found]
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPO = Path(__file__).resolve().parents[3]
_CALLS = ("compile", "search", "match", "fullmatch", "sub", "subn", "split", "findall", "finditer")


@dataclass(frozen=True)
class Expression:
    """One expression: where it stands, and which of its methods are called."""

    file: str
    name: str
    pattern: str | bytes | None
    flags: int
    methods: tuple[str, ...]

    @property
    def place(self) -> str:
        """File and name, by which the table lists it."""
        return f"{self.file}:{self.name}"


def sources() -> list[Path]:
    """Return the modules of the addons, without their tests."""
    addons = [path.parent for path in sorted(REPO.glob("*/__manifest__.py"))]
    return [path for addon in addons for path in sorted(addon.rglob("*.py")) if "tests" not in path.parts]


def expressions() -> list[Expression]:
    """Return every call that makes or uses an expression; ``pattern`` None where it isn't a constant."""
    return [found for path in sources() for found in _of_module(path)]


def _of_module(path: Path) -> Iterator[Expression]:
    text = path.read_text(encoding="utf-8")
    if "re." not in text:
        return
    tree = ast.parse(text)
    file = str(path.relative_to(REPO))
    names = _namespace(path, tree)
    counts: dict[str, int] = {}
    for owner, call in _calls(tree):
        assert isinstance(call.func, ast.Attribute)
        counts[owner] = counts.get(owner, 0) + 1
        name = owner if counts[owner] == 1 else f"{owner}#{counts[owner]}"
        try:
            pattern = _value(call.args[0], names)
        except Exception:  # noqa: BLE001 - made of what only the running function knows: the table says which
            pattern = None
        methods = _methods(owner, text) if call.func.attr == "compile" else {call.func.attr}
        yield Expression(file, name, pattern, _flags(call), tuple(sorted(methods)))


def _methods(name: str, text: str) -> set[str]:
    """Return which methods of a constant its module calls, all where it is used from elsewhere too."""
    if name.startswith("_") and (called := set(re.findall(rf"\b{re.escape(name)}\.([a-z]+)\(", text))):
        return called & set(_CALLS)
    return {"search", "match"}


def _calls(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    """Yield the calls of ``re``, each with the name of the constant or function that it stands in."""
    for node in tree.body:
        yield from _calls_below(node, "")


def _calls_below(node: ast.AST, owner: str) -> Iterator[tuple[str, ast.Call]]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        owner = f"{owner}.{node.name}" if owner else node.name
    elif not owner and isinstance(node, ast.Assign | ast.AnnAssign):
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        owner = ast.unparse(target)
    if _is_call(node):
        yield owner or "module", node  # type: ignore[misc]
    for child in ast.iter_child_nodes(node):
        yield from _calls_below(child, owner)


def _is_call(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    called = node.func
    return isinstance(called.value, ast.Name) and called.value.id in ("re", "regex") and called.attr in _CALLS


def _namespace(path: Path, tree: ast.Module) -> dict[str, Any]:
    """Return the constants of a module: those of ``lib`` by import, of others the plain ones only."""
    if path.parent.name == "lib":
        module = importlib.import_module(f"odoo.addons.{path.parent.parent.name}.lib.{path.stem}")
        return vars(module)
    names: dict[str, Any] = {"re": re}
    for node in tree.body:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            try:
                names[node.targets[0].id] = ast.literal_eval(node.value)
            except ValueError:
                continue
    return names


def _value(node: ast.expr, names: dict[str, Any]) -> str | bytes:
    if isinstance(node, ast.Constant):
        found: Any = node.value
    else:
        found = eval(compile(ast.Expression(node), "pattern", "eval"), dict(names))
    if not isinstance(found, str | bytes):
        raise TypeError("no pattern")
    return found


def _flags(call: ast.Call) -> int:
    given = [*call.args[1:], *(keyword.value for keyword in call.keywords)]
    flags = 0
    for node in (one for extra in given for one in ast.walk(extra)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "re":
            flags |= int(getattr(re, node.attr, 0))
    return flags


# -- inputs ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shape:
    """A text of any length: a beginning, and what is repeated behind it."""

    begin: str
    pump: str

    def make(self, size: int) -> str:
        """Return the text, with an end that hardly any expression takes."""
        text = self.begin + self.pump * (size // max(1, len(self.pump)) + 1)
        return text[:size] + "\x01!"

    def __str__(self) -> str:
        return f"{self.begin[:40]!r} + n × {self.pump[:40]!r}"


def shapes(pattern: str | bytes, flags: int) -> list[Shape]:
    """Return inputs for an expression: each of its repeats alone, behind its beginning, and the two in turn."""
    repeats: list[tuple[str, str]] = []
    tree = parser.parse(pattern, flags)
    whole = _sample(tree, repeats, "")
    found: dict[Shape, None] = {}
    for begin, pump in [*repeats, ("", whole)]:
        for shape in (
            Shape(begin, pump or "a"), Shape("", begin or pump or "a"), Shape("", begin + 30 * (pump or "a")),
            Shape("", begin + (pump or "a")),
        ):
            found[shape] = None
    return list(found)


def _characters(items: Any) -> list[str]:
    """Return some characters that a set takes."""
    found: list[str] = []
    for kind, value in items:
        if kind is codes.LITERAL:
            found.append(chr(value))
        elif kind is codes.RANGE:
            found += [chr(value[0]), chr((value[0] + value[1]) // 2)]
        elif kind is codes.CATEGORY:
            found += {
                codes.CATEGORY_SPACE: [" ", "\n"], codes.CATEGORY_DIGIT: ["1"], codes.CATEGORY_WORD: ["a", "1"],
            }.get(value, ["-", "a"])
    if items and items[0][0] is codes.NEGATE:
        taken = set(found)
        found = [one for one in "a -<@.1\t=\"(" if one not in taken] or ["~"]
    return list(dict.fromkeys(one for one in found if one < "\ud800" or one > "\udfff"))[:3] or ["a"]


def _sample(tree: Any, repeats: list[tuple[str, str]], before: str) -> str:
    """Return a short text that a parsed pattern takes, and note (text before it, pump) of all that repeats."""
    text = ""
    for kind, value in tree:
        text += _sample_of(kind, value, repeats, before + text)
    return text


def _sample_of(kind: Any, value: Any, repeats: list[tuple[str, str]], before: str) -> str:
    if kind is codes.LITERAL:
        return chr(value)
    if kind is codes.NOT_LITERAL:
        return "a" if value != ord("a") else "b"
    if kind in (codes.ANY, codes.CATEGORY):
        return "a"
    if kind is codes.IN:
        return _characters(value)[0]
    if kind in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT):
        return _repeat(value, repeats, before)
    if kind is codes.SUBPATTERN:
        return _sample(value[3], repeats, before)
    if kind is codes.ATOMIC_GROUP:
        return _sample(value, repeats, before)
    if kind is codes.BRANCH:
        pieces = [_sample(branch, repeats, before) for branch in value[1]]
        repeats.extend((before, piece or "a") for piece in pieces[1:6])
        return pieces[0] if pieces else ""
    return ""


def _repeat(value: Any, repeats: list[tuple[str, str]], before: str) -> str:
    low, high, inner = value
    body = _sample(inner, repeats, before)
    pumps = [body]
    if len(inner) == 1 and inner[0][0] is codes.IN:
        pumps += _characters(inner[0][1])
    if high is codes.MAXREPEAT or high > 20:
        repeats.extend((before, pump or "a") for pump in pumps)
    return body * max(low, 1)


#: What is hard for parsers of mail in general.
HOSTILE = tuple(
    Shape("", text)
    for text in (
        *("<", "<!--", "<style", "<style>", "<script ", "<p ", "<a", "<br", "<title", "</", ">", "&", "&#", "&#1"),
        *("=?", "=?utf-8?q?", "=?x?b?", "=?utf-8?q?a?= ", "(", ")", "((", "()", '"', "\\", '"\\', '\\"', ";", "; "),
        *(";a=", ",", ", ", "@", "a@", "a@b.", "<a@b", "<a@b>", "<a@b.c>,", "a.", "a", "--", "-- ", "--\n", "\n"),
        *("\n\n", " \n", "\r\n ", "\t", " ", "\u00a0", "\u200b", "> ", ">>", "|", "[", "[a", "]", "{", "}", "url("),
        *("url(//", "data:", "begin 644 x\n", "1", "5.1.1 ", "550 ", "aa ", "is ", "not ", "user unknown ", "To:"),
        *("mailto:", "rfc822;", "mail from", "from: ", "_", "__", "-", "=", "=\n", "=0", "A", "\xe4", "\u4e2d", ":"),
        *("a:", "a: b\n", "'", "*", "%", "+AAA-", "&-", "&AAA-", "/", "\x00", "\udce4", "<>", "<a>", "Received: "),
        *("Subject: a\n", "\n--", "\n--x\n", "--x--\n", "<div>", "<b><i>", "<table><tr><td>", "<blockquote>"),
    )
)
