"""Where things are: the checkout, the cache of the user, the data of this checkout."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent
NAME = "odoo-message-gateways"
# PostgreSQL never runs as root, and its substitute can't enter root's home.
ROOT_SERVER_HOME = Path("/var/cache") / NAME


def is_root() -> bool:
    """Whether this process has the rights of the administrator."""
    return os.geteuid() == 0


def cache_dir() -> Path:
    """Downloads and the virtual environment, shared by all checkouts of one user."""
    base = os.environ.get("XDG_CACHE_HOME")
    folder = (Path(base) if base else Path.home() / ".cache") / NAME
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def checkout_key() -> str:
    """A short name that differs between two checkouts on one machine."""
    return f"{REPO.name}-{hashlib.sha256(str(REPO).encode()).hexdigest()[:8]}"


def state_dir() -> Path:
    """Data of this checkout: settings, logs, file store, demo mailboxes."""
    folder = REPO / ".dev"
    folder.mkdir(exist_ok=True)
    return folder


def log_dir() -> Path:
    """Logs of the processes that the tool starts."""
    folder = state_dir() / "log"
    folder.mkdir(exist_ok=True)
    return folder


def addons() -> list[str]:
    """Names of the addons of this repository, sorted."""
    return sorted(manifest.parent.name for manifest in REPO.glob("*/__manifest__.py"))
