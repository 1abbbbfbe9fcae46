"""Where Odoo 19 comes from.

In this order: a folder that the developer names, the package ``odoo-19`` that the machine's apt
settings offer, the same from Debian's suite sid (unpacked, never installed), a shallow clone of
Odoo's public branch.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dev import apt, console, paths
from dev.console import DevError
from dev.locks import file_lock

PACKAGE = "odoo-19"
VERSION = "19.0"
BRANCH = "19.0"
REPOSITORY = "https://github.com/odoo/odoo.git"
# Odoo's package only links to these; without them the web client is incomplete.
WEB_PACKAGES = (
    "libjs-jquery", "libjs-jquery-form", "libjs-underscore", "fonts-roboto-unhinted",
    "fonts-montserrat", "fonts-inconsolata", "fonts-ocr-b",
)  # fmt: skip
# Odoo uses the file names of Font Awesome 4.7; newer packages have others.
ICONS, ICONS_VERSION, ICONS_SUITES = "fonts-font-awesome", "4.7", ("bookworm", "trixie")
NEEDED = ("odoo/release.py", "odoo/addons/base/__manifest__.py")
# Odoo's sources keep the addons beside the package, Debian's package inside it (and beside it an
# incomplete copy).
ADDON_FOLDERS = ("odoo/addons", "addons")
PROOF = "mail/views"


@dataclass(frozen=True)
class OdooSource:
    """A folder with the package ``odoo`` and its addons."""

    folder: Path

    @property
    def addons(self) -> Path:
        """Odoo's own addons (``base`` is always inside the package)."""
        found = [self.folder / name for name in ADDON_FOLDERS
                 if (self.folder / name / PROOF).is_dir()]  # fmt: skip
        return found[0]

    def fingerprint(self) -> str:
        """Changes with the version: templates of databases depend on it."""
        stamp = (self.folder / "odoo/release.py").stat().st_mtime_ns
        return f"{self.folder}:{stamp}"


def find(chosen: str | None) -> OdooSource:
    """The source to use; ``chosen`` is the developer's own folder, if any.

    Raises DevError with every reason why no source could be had.
    """
    chosen = chosen or os.environ.get("ODOO_SOURCE")
    if chosen:
        return _checked(_layout(Path(chosen).expanduser().resolve()))
    home = paths.cache_dir() / "odoo"
    if (home / "complete").exists():
        return OdooSource(home / (home / "complete").read_text().strip())
    with file_lock(paths.cache_dir() / "odoo.lock", "another dev command fetches Odoo"):
        if not (home / "complete").exists():
            _fetch(home)
    return OdooSource(home / (home / "complete").read_text().strip())


def _layout(folder: Path) -> Path:
    """A checkout, a Debian tree, or the folder of the package itself: find the one we need."""
    candidates = [folder, folder.parent, folder / "usr/lib/python3/dist-packages"]
    return next((path for path in candidates if (path / NEEDED[0]).exists()), folder)


def _checked(folder: Path) -> OdooSource:
    missing = [name for name in NEEDED if not (folder / name).exists()]
    if not any((folder / name / PROOF).is_dir() for name in ADDON_FOLDERS):
        missing.append(f"addons/{PROOF}")
    if missing:
        raise DevError(
            f"{folder} holds no complete Odoo: {missing[0]} is missing.",
            "Give the folder that contains the folders odoo/ and addons/.",
        )
    release = (folder / "odoo/release.py").read_text()
    match = re.search(r"version_info\s*=\s*\((?:'saas~)?'?(\d+)'?\s*,\s*(\d+)", release)
    if not match or f"{match[1]}.{match[2]}" != VERSION:
        raise DevError(f"The Odoo in {folder} is not version {VERSION}.", "Use the branch 19.0.")
    return OdooSource(folder)


def _fetch(home: Path) -> None:
    ways: list[tuple[str, Callable[[Path], str]]] = [
        ("the machine's own packages", _from_machine),
        ("Debian's suite sid", _from_sid),
        ("Odoo's public repository", _from_git),
    ]
    reasons = []
    for title, fetch in ways:
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        try:
            relative = fetch(home)
            _checked(home / relative)
        except DevError as error:
            reasons.append(f"   {title}: {error}")
            continue
        (home / "complete").write_text(relative)
        return
    raise DevError(
        "Odoo 19 could not be had from anywhere:\n" + "\n".join(reasons),
        "Fetch Odoo 19.0 yourself and give its folder: --odoo PATH",
    )


def _from_machine(home: Path) -> str:
    if not apt.available():
        raise DevError("this machine has no apt.")
    lists = apt.Apt.machine()
    with console.progress("Reading the machine's package lists"):
        lists.update()
    if not lists.version(PACKAGE):
        raise DevError(f"they have no {PACKAGE}.")
    return _unpack(lists, home)


def _from_sid(home: Path) -> str:
    lists = apt.Apt.debian_suite("sid")
    with console.progress("Reading the package lists of Debian sid"):
        lists.update()
    return _unpack(lists, home)


def _unpack(lists: apt.Apt, home: Path) -> str:
    with console.progress("Downloading Odoo 19 (about 130 MB)", home.parent):
        lists.unpack([PACKAGE, *WEB_PACKAGES], home)
        for source in _icon_sources():
            if (source.version(ICONS) or "").find(ICONS_VERSION) >= 0:
                source.unpack([ICONS], home)
                break
        else:
            console.warn(f"No {ICONS} {ICONS_VERSION} found: icons of the web client are missing.")
    return "usr/lib/python3/dist-packages"


def _icon_sources() -> list[apt.Apt]:
    sources = [apt.Apt.machine()]
    if apt.debian_mirror():
        sources += [apt.Apt.debian_suite(suite) for suite in ICONS_SUITES]
    wanted = []
    for source in sources:
        source.update()
        wanted.append(source)
        if ICONS_VERSION in (source.version(ICONS) or ""):
            break
    return wanted


def _from_git(home: Path) -> str:
    if not shutil.which("git"):
        raise DevError("git is not installed.")
    with console.progress("Cloning Odoo 19.0 (about 500 MB)", home):
        console.run(
            ["git", "clone", "--quiet", "--depth", "1", "--branch", BRANCH, REPOSITORY,
             home / "source"],
            failure="cloning failed",
            env={**os.environ, "GIT_TERMINAL_PROMPT": "0"},
        )  # fmt: skip
    return "source"
