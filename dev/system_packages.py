"""Real servers that the integration tests need, installed by apt where that is allowed."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence

from dev import apt, console, paths
from dev.console import DevError

# Program that a test needs -> packages that bring it.
NEEDED: dict[str, tuple[str, ...]] = {
    "dovecot": ("dovecot-imapd", "dovecot-pop3d", "dovecot-lmtpd"),
    "postfix": ("postfix",),
    "chromium": ("chromium", "fonts-dejavu-core"),
}
ALSO_CALLED = {"chromium": ("chromium", "chromium-browser", "google-chrome")}
# Packages whose service would start at once; tests start their own, on ports of their own.
SERVICES = ("dovecot", "postfix")
SEARCH_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/lib/dovecot"])


def find(program: str) -> str | None:
    """Path of a program that tests need, or None."""
    names = ALSO_CALLED.get(program, (program,))
    return next((path for name in names if (path := shutil.which(name, path=SEARCH_PATH))), None)


def missing() -> list[str]:
    """Programs that are not there."""
    return [program for program in NEEDED if not find(program)]


def _installer() -> list[str] | None:
    """How to install without asking for a password, or None."""
    if not apt.available():
        return None
    if paths.is_root():
        return ["env"]
    if not shutil.which("sudo"):
        return None
    asked = subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False)
    return None if asked.returncode else ["sudo", "-n", "env"]


def ensure() -> None:
    """Install what is missing; without the right to do so say what will be left out."""
    absent = missing()
    if not absent:
        return
    installer = _installer()
    if installer is None:
        names = " ".join(name for program in absent for name in NEEDED[program])
        console.warn(f"Not installed: {', '.join(absent)}. Tests that need them are left out.")
        console.warn(f"   → sudo apt-get install --no-install-recommends {names}")
        return
    active = {service for service in SERVICES if _is_active(service)}
    for program in absent:
        try:
            _install(installer, NEEDED[program])
        except DevError as error:
            console.warn(f"{program} could not be installed, its tests are left out: {error}")
    for service in SERVICES:
        if service not in active and _is_active(service):
            _quietly([*installer, "systemctl", "disable", "--now", service])
            console.step(f"Stopped the service {service}: tests start their own")


def _install(installer: Sequence[str], packages: Sequence[str]) -> None:
    environment = ["DEBIAN_FRONTEND=noninteractive"]
    command = [*installer, *environment, "apt-get"]
    with console.progress(f"Installing {', '.join(packages)}"):
        console.run([*command, "update"], failure="Fetching the package lists failed")
        console.run(
            [*command, "install", "-y", "--no-install-recommends", *packages],
            failure=f"Installing {', '.join(packages)} failed",
        )


def _is_active(service: str) -> bool:
    return bool(shutil.which("systemctl")) and _quietly(["systemctl", "is-active", service]) == 0


def _quietly(command: Sequence[str]) -> int:
    return subprocess.run(command, capture_output=True, check=False).returncode
