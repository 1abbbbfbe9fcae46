"""What the running ``dev run`` tells other commands of the same checkout."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from dev import paths


def _file() -> Path:
    return paths.state_dir() / "run.json"


def read() -> dict[str, Any] | None:
    """Ports and database of the running demo, or None when none runs (or it was killed)."""
    try:
        state: dict[str, Any] = json.loads(_file().read_text())
    except (FileNotFoundError, ValueError):
        return None
    return state if Path(f"/proc/{state['pid']}").exists() else None


def write(state: dict[str, Any]) -> None:
    """Announce the demo that this process runs."""
    partial = _file().with_suffix(".partial")
    partial.write_text(json.dumps({**state, "pid": os.getpid()}))
    partial.rename(_file())


def remove() -> None:
    """The demo has ended."""
    _file().unlink(missing_ok=True)
