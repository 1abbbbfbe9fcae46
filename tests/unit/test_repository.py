"""The rules of the house, kept by a test about the repository itself."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
ADDONS = sorted(path.parent for path in REPO.glob("*/__manifest__.py"))
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
CURSORS = ("cr", "_cr", "cursor")
# The one place that may commit; tests replace it.
# While modules are upgraded there is one transaction, and a lock has to be the first thing in it.
MAY_COMMIT = {"message_history/tools/transaction.py", "message_history/tools/upgrading.py"}
SECRET = re.compile(r"(password|passwd|secret|token|api_key|private_key)")
# Written in pieces, so that this file doesn't break its own rule.
FORBIDDEN = [
    "".join(parts)
    for parts in (
        ("deb.", "debian.org"), ("archive.", "ubuntu.com"), ("py", "pi.org"),
        ("files.", "pythonhosted.org"), ("registry.", "npmjs.org"), ("/work", "/main"),
        ("/work", "/shared"), ("/ro", "ot/"), ("/tmp", "/brief"),
    )
]  # fmt: skip
# A test may speak of a folder that only looks like one of ours.
TEXT = {".py", ".xml", ".csv", ".sql", ".md", ".rst", ".txt", ".toml", ".json", ".js", ".scss",
        ".cfg", ".yml", ".yaml", ".po", ".pot", ".html", ".service", ""}  # fmt: skip


def tracked():
    output = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPO, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    return [REPO / name for name in output.split("\0") if name and (REPO / name).is_file()]


FILES = tracked()
PYTHON = [path for path in FILES if path.suffix == ".py"]


def relative(path):
    return path.relative_to(REPO).as_posix()


def parsed(path):
    return ast.parse(path.read_text(), str(path))


def manifest(addon):
    return ast.literal_eval((addon / "__manifest__.py").read_text())


def imports(tree):
    """Absolute names that a module imports, wherever it does."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module


def test_there_are_addons():
    assert ADDONS


def test_lib_never_imports_odoo():
    allowed = re.compile(r"odoo\.addons\.\w+\.lib(\.|$)")
    bad = [
        f"{relative(path)} imports {name}"
        for path in PYTHON
        if "lib" in path.relative_to(REPO).parts[1:2]
        for name in imports(parsed(path))
        if name.split(".")[0] == "odoo" and not allowed.match(name)
    ]
    assert not bad


def test_every_test_module_of_an_addon_is_imported():
    bad = []
    for addon in ADDONS:
        init = addon / "tests" / "__init__.py"
        names = {path.stem for path in (addon / "tests").glob("test_*.py")}
        imported = {
            alias.name
            for node in (ast.walk(parsed(init)) if init.exists() else ())
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        bad += [f"{addon.name}/tests/{name}.py" for name in sorted(names - imported)]
    assert not bad, "Odoo never runs a test module that tests/__init__.py doesn't import"


def functions(tree):
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    yield from (node for node in ast.walk(tree) if isinstance(node, kinds))


def test_sizes():
    bad = []
    for path in PYTHON:
        lines = len(path.read_text().splitlines())
        if lines > MAX_FILE_LINES:
            bad.append(f"{relative(path)} has {lines} lines")
        for node in functions(parsed(path)):
            length = node.end_lineno - node.lineno + 1
            if length > MAX_FUNCTION_LINES:
                bad.append(f"{relative(path)}: {node.name} has {length} lines")
    assert not bad


def test_records_of_the_superuser_are_named_so():
    bad = [
        f"{relative(path)}:{node.lineno} {node.targets[0].id}"
        for path in PYTHON
        if "models" in path.parts or "wizard" in path.parts or "controllers" in path.parts
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Call)
        and getattr(node.value.func, "attr", "") == "sudo"
        and not node.targets[0].id.endswith("_sudo")
    ]
    assert not bad


def secret_fields():
    """(file, model, field) of every field whose name says that it is a secret."""
    for path in PYTHON:
        if path.relative_to(REPO).parts[1:2] not in (("models",), ("wizard",)):
            continue
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.ClassDef):
                model = model_name(node)
                for item in node.body:
                    if is_field(item) and SECRET.search(item.targets[0].id):
                        yield path, model, item


def model_name(node):
    for item in node.body:
        if isinstance(item, ast.Assign) and item.targets[0].id in ("_name", "_inherit"):
            value = item.value
            if isinstance(value, ast.Constant):
                return value.value
    return node.name


def is_field(item):
    return (
        isinstance(item, ast.Assign)
        and isinstance(item.targets[0], ast.Name)
        and isinstance(item.value, ast.Call)
        and isinstance(item.value.func, ast.Attribute)
        and getattr(item.value.func.value, "id", "") == "fields"
        and item.value.func.attr in ("Char", "Text", "Binary", "Json", "Serialized")
    )


def test_every_secret_is_guarded_and_neutralized():
    bad = []
    for path, model, item in secret_fields():
        name = item.targets[0].id
        keywords = {keyword.arg: keyword.value for keyword in item.value.keywords}
        stored = "compute" not in keywords or "store" in keywords
        where = f"{model}.{name} in {relative(path)}"
        if "groups" not in keywords:
            bad.append(f"{where} has no groups")
        if stored and getattr(keywords.get("copy"), "value", None) is not False:
            bad.append(f"{where} lacks copy=False")
        sql = path.parents[1] / "data" / "neutralize.sql"
        text = sql.read_text() if sql.exists() else ""
        if stored and not re.search(rf"\b{name}\b", text):
            bad.append(f"{where} is not wiped by neutralize.sql")
    assert not bad


def test_commits_only_in_the_one_place():
    bad = []
    for path in PYTHON:
        parts = path.relative_to(REPO).parts
        if parts[0] in ("dev", "tests") or "tests" in parts or relative(path) in MAY_COMMIT:
            continue
        bad += [
            f"{relative(path)}:{node.lineno}"
            for node in ast.walk(parsed(path))
            if isinstance(node, ast.Attribute)
            and node.attr == "commit"
            and getattr(node.value, "attr", getattr(node.value, "id", "")) in CURSORS
        ]
    assert not bad


@pytest.mark.parametrize("word", FORBIDDEN)
def test_no_hosts_of_registries_and_no_paths_of_a_machine(word):
    bad = [
        relative(path)
        for path in FILES
        if path.suffix in TEXT and word in path.read_text(errors="replace")
    ]
    assert not bad


@pytest.mark.parametrize("addon", ADDONS, ids=lambda addon: addon.name)
def test_manifest(addon):
    values = manifest(addon)
    assert values["license"] == "LGPL-3"
    assert values["author"]
    assert values["version"].startswith("19.0.")
    wanted = values.get("external_dependencies", {}).get("python", [])
    listed = {
        re.split(r"[<>=!~\[; ]", line.strip())[0].lower()
        for line in (REPO / "requirements.txt").read_text().splitlines()
        if line.strip() and not line.startswith("#")
    }
    assert {name.lower() for name in wanted} <= listed, "not in requirements.txt"
    for name in [*values.get("data", []), *values.get("demo", [])]:
        assert (addon / name).exists(), f"the manifest names {name}, which isn't there"


@pytest.mark.parametrize("addon", ADDONS, ids=lambda addon: addon.name)
def test_data_files_are_named_by_the_manifest(addon):
    values = manifest(addon)
    named = {*values.get("data", []), *values.get("demo", []), "data/neutralize.sql"}
    there = {
        path.relative_to(addon).as_posix()
        for folder in ("data", "demo", "security", "views", "wizard", "report")
        for path in (addon / folder).rglob("*")
        if path.suffix in (".xml", ".csv")
    }
    assert there <= named, "never loaded"


def test_no_addon_hides_the_namespace_of_odoo():
    assert not (REPO / "odoo" / "addons" / "__init__.py").exists()


# What reads the bytes of a message for itself; everything that is for people asks ``_opened_for_people``.
READ_ORIGINALS = {
    "message_history/models/message_raw.py", "message_history/models/message_dispatcher.py",
    "message_history/models/message_reader.py", "smtp_outbox_fetchmail/models/message_sent_copy.py",
    # headers, for the name of the server that wrote its results on top; digests, before something is deleted
    "message_history/models/message_channel_trust.py", "message_history/models/message_fetcher_remote.py",
    # digests of what is attached, to tell a copy from another mail
    "message_history/models/message_threader_known.py",
}  # fmt: skip


def test_one_function_opens_originals_for_people():
    reading = re.compile(r"\._opened\(|\[\"message\.raw\"\]\._read(_inline)?\(|FROM message_raw|JOIN message_raw")
    found = {
        relative(path)
        for path in PYTHON
        if "tests" not in path.parts and "dev" not in path.relative_to(REPO).parts[:1]
        and reading.search(path.read_text())
    }
    # asking whether there is one, and senders
    found -= {"message_history/models/message_history_out.py", "message_history/models/message_retention.py",
              "message_history/tools/journal.py"}  # fmt: skip
    assert found <= READ_ORIGINALS
