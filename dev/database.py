"""Test databases: templates that are built once, and cheap copies of them."""

from __future__ import annotations

import hashlib
import itertools
import os
import re
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dev import console, paths, venv
from dev.locks import file_lock
from dev.odoo import Odoo

# Alone: nothing but what an addon asks for. Full: what tests and demo use beside it.
ALONE = ("mail",)
FULL = ("mail", "contacts", "crm", "calendar", "privacy_lookup", "google_gmail",
        "microsoft_outlook")  # fmt: skip
TEMPLATE_PREFIX = "template_"
# How long a template that was replaced is kept for processes that began with it.
TEMPLATE_SECONDS = 3600
LOG_SECONDS = 24 * 3600
COPY_NAME = re.compile(r"^t_(\d+)_\d+_")
_numbers = itertools.count(1)


def template(
    odoo: Odoo, kind: str, modules: tuple[str, ...], demo: bool = False, base: str = ""
) -> str:
    """Name of a database with ``modules`` installed, built when it isn't there yet.

    It is built anew when Odoo, the Python packages or ``base`` change: the name of the template
    to begin with, or whatever else the content depends on after a ``|``.
    """
    parts = [odoo.source.fingerprint(), venv.fingerprint(), sys.version, *modules, str(demo), base]
    key = "|".join(parts)
    name = f"{TEMPLATE_PREFIX}{kind}_{hashlib.sha256(key.encode()).hexdigest()[:10]}"
    mark = paths.state_dir() / "templates" / name
    mark.parent.mkdir(exist_ok=True)
    mark.touch()
    if name in odoo.server.databases():
        return name
    with file_lock(paths.state_dir() / f"template_{kind}.lock", "a database is being prepared"):
        if name not in odoo.server.databases():
            _build(odoo, kind, name, modules, demo, base.partition("|")[0])
    return name


def _build(
    odoo: Odoo, kind: str, name: str, modules: tuple[str, ...], demo: bool, base: str
) -> None:
    partial = f"partial_{name}"
    for database in odoo.server.databases():
        outdated = database.startswith(f"{TEMPLATE_PREFIX}{kind}_") and not _used_lately(database)
        if database == partial or outdated:
            drop(odoo, database)
    log = paths.log_dir() / f"{TEMPLATE_PREFIX}{kind}.log"
    log.unlink(missing_ok=True)
    with console.progress(f"Preparing a database with {', '.join(modules)}"):
        if base:
            copy(odoo, base, partial)
        odoo.install(partial, modules, log, *(["--with-demo"] if demo else []))
    odoo.server.rename(partial, name)
    store = filestore(odoo, partial)
    if store.exists():
        store.rename(filestore(odoo, name))


def _used_lately(name: str) -> bool:
    """Whether another process of this checkout may still be copying that template."""
    mark = paths.state_dir() / "templates" / name
    return mark.exists() and time.time() - mark.stat().st_mtime < TEMPLATE_SECONDS


def files_digest() -> str:
    """Changes whenever a file of our addons does (their tests aside)."""
    digest = hashlib.sha256()
    for addon in paths.addons():
        for file in sorted((paths.REPO / addon).rglob("*")):
            if file.is_file() and file.suffix != ".pyc" and "tests" not in file.parts:
                digest.update(f"{file}\0".encode() + file.read_bytes())
    return digest.hexdigest()


def full(odoo: Odoo) -> str:
    """Name of the template with what tests use beside an addon."""
    return template(odoo, "full", FULL, base=template(odoo, "alone", ALONE))


def with_our_addons(odoo: Odoo) -> str:
    """Name of a template with all addons of the repository, as their files are now."""
    base = full(odoo)
    modules = tuple(paths.addons())
    return template(odoo, "ours", modules, base=f"{base}|{files_digest()}") if modules else base


def filestore(odoo: Odoo, database: str) -> Path:
    """Folder of a database's attachments."""
    return odoo.data_dir / "filestore" / database


def copy(odoo: Odoo, template_name: str, name: str) -> str:
    """Create database ``name`` as a copy, attachments included."""
    odoo.server.create(name, template_name)
    store = filestore(odoo, template_name)
    if store.exists():
        # Odoo never changes a stored file, so both may share it.
        shutil.copytree(store, filestore(odoo, name), copy_function=os.link, dirs_exist_ok=True)
    return name


def drop(odoo: Odoo, name: str) -> None:
    """Delete a database and its attachments."""
    odoo.server.drop(name)
    shutil.rmtree(filestore(odoo, name), ignore_errors=True)


@contextmanager
def temporary(odoo: Odoo, template_name: str, label: str = "test") -> Iterator[str]:
    """A copy that goes away at the end; its name carries this process, for ``sweep``."""
    label = re.sub(r"\W+", "_", label)[:30].lower()
    name = f"t_{os.getpid()}_{next(_numbers)}_{label}"
    copy(odoo, template_name, name)
    try:
        yield name
    finally:
        drop(odoo, name)


def sweep(odoo: Odoo) -> None:
    """Delete copies whose process was killed before it could, and their logs after a day."""
    for log in paths.log_dir().glob("t_*.log"):
        if time.time() - log.stat().st_mtime > LOG_SECONDS:
            log.unlink(missing_ok=True)
    for name in odoo.server.databases():
        match = COPY_NAME.match(name)
        if match and not Path(f"/proc/{match[1]}").exists():
            drop(odoo, name)
