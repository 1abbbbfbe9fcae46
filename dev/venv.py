"""The virtual environment with everything that Odoo, the addons and the tools import."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from pathlib import Path

from dev import apt, console, paths
from dev.console import DevError
from dev.locks import file_lock

REQUIREMENT_FILES = ("dev/requirements-odoo.txt", "dev/requirements-tools.txt", "requirements.txt")
PYTHON_WHEELS = Path("/usr/share/python-wheels")


def folder() -> Path:
    """The environment of this Python version."""
    return paths.cache_dir() / f"venv-{sys.version_info.major}.{sys.version_info.minor}"


def python() -> Path:
    """The interpreter of the environment (which may not exist yet)."""
    return folder() / "bin" / "python"


def tool(name: str) -> Path:
    """A program that the environment brings."""
    return folder() / "bin" / name


def requirements() -> list[str]:
    """All requirement lines, without comments."""
    texts = [(paths.REPO / name).read_text() for name in REQUIREMENT_FILES]
    lines = (line.split("#")[0].strip() for text in texts for line in text.splitlines())
    return [line for line in lines if line]


def fingerprint() -> str:
    """Changes whenever the environment has to be completed."""
    return hashlib.sha256("\n".join(requirements()).encode()).hexdigest()[:16]


def ensure() -> Path:
    """Create or complete the environment and return its interpreter."""
    stamp = folder() / f"complete-{fingerprint()}"
    if stamp.exists():
        return python()
    with file_lock(paths.cache_dir() / "venv.lock", "another dev command prepares Python"):
        if not stamp.exists():
            if not python().exists():
                _create()
            _install()
            stamp.touch()
    return python()


def _create() -> None:
    """Make the environment; Debian's Python comes without pip, which is then fetched."""
    console.step("Creating the Python environment")
    shutil.rmtree(folder(), ignore_errors=True)
    console.run(
        [sys.executable, "-m", "venv", "--without-pip", folder()],
        failure="Creating the Python environment failed",
        hint="Is there enough space, and is Python 3.11 or newer complete?",
    )
    try:
        import ensurepip  # noqa: F401, PLC0415
    except ImportError:
        _pip_from_wheel()
    else:
        console.run(
            [python(), "-m", "ensurepip", "--default-pip"],
            failure="Installing pip failed",
            hint="Install the package python3-venv.",
        )


def _pip_from_wheel() -> None:
    wheels = sorted(PYTHON_WHEELS.glob("pip-*.whl"))
    if not wheels:
        if not apt.available():
            raise DevError(
                "This Python has no pip.", "Install python3-venv (or a complete Python) and retry."
            )
        unpacked = paths.cache_dir() / "apt" / "pip"
        lists = apt.Apt.machine()
        lists.update()
        lists.unpack(["python3-pip-whl"], unpacked)
        wheels = sorted(unpacked.glob("usr/share/python-wheels/pip-*.whl"))
    console.run(
        [python(), f"{wheels[-1]}/pip", "install", "--no-index", wheels[-1]],
        failure="Installing pip failed",
        hint="Install the package python3-venv.",
    )


def _install() -> None:
    # Wheels only: a machine without a compiler must do, and no foreign build script runs.
    with console.progress("Downloading Python packages (about 250 MB)", folder()):
        console.run(
            [python(), "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
             "--only-binary=:all:", *requirements()],
            failure="Installing Python packages failed",
            hint="Check the network and pip's settings (pip config list), then try again.",
            env={**os.environ, "PYTHONNOUSERSITE": "1"},
        )  # fmt: skip
