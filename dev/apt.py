"""Debian packages without installing them: download by lists of our own, unpack into a folder.

No root is needed. The mirror comes from the machine's own apt settings and is written nowhere
but into the cache.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from dev import console, paths
from dev.console import DevError

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


def available() -> bool:
    """Whether this machine has the tools of Debian packages."""
    return all(shutil.which(tool) for tool in ("apt-get", "apt-cache", "dpkg"))


def debian_mirror() -> str | None:
    """Address of the Debian mirror that the machine uses, or None on another distribution."""
    if not available():
        return None
    lines = console.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages",
         "Origin: Debian"],
        failure="apt does not tell its package sources",
    ).split()  # fmt: skip
    return lines[0] if lines else _mirror_without_lists()


def _mirror_without_lists() -> str | None:
    """The mirror of a machine whose lists were never fetched, where the origin is still unknown."""
    release = Path("/etc/os-release").read_text()
    if "ID=debian" not in release.splitlines():
        return None
    lines = console.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"],
        failure="apt does not tell its package sources",
    ).split()
    return next((line for line in lines if "security" not in line), None)


class Apt:
    """Package lists of our own: the machine's sources, or one suite of a Debian mirror."""

    def __init__(self, name: str, source: str | None = None) -> None:
        self._home = paths.cache_dir() / "apt" / name
        for folder in ("lists/partial", "archives/partial"):
            (self._home / folder).mkdir(parents=True, exist_ok=True)
        self._options = [
            "-o", f"Dir::State::Lists={self._home / 'lists'}",
            "-o", f"Dir::Cache={self._home}",
            "-o", "Debug::NoLocking=1",
            "-o", "APT::Sandbox::User=",
        ]  # fmt: skip
        if source:
            listing = self._home / "sources.list"
            listing.write_text(source + "\n")
            self._options += [
                "-o", f"Dir::Etc::SourceList={listing}", "-o", "Dir::Etc::SourceParts=/dev/null",
                "-o", f"Dir::State={self._home}",
            ]  # fmt: skip

    @classmethod
    def machine(cls) -> Apt:
        """The sources of the machine itself, with lists that an ordinary user may fetch."""
        return cls("machine")

    @classmethod
    def debian_suite(cls, suite: str) -> Apt:
        """One suite of the Debian mirror that the machine uses.

        Raises DevError when the machine is no Debian or lacks its keyring.
        """
        mirror = debian_mirror()
        if not mirror:
            raise DevError("This machine's apt settings name no Debian mirror.")
        if not KEYRING.exists():
            raise DevError(
                f"The keys of Debian are missing ({KEYRING}).",
                "Install the package debian-archive-keyring.",
            )
        return cls(suite, f"deb [signed-by={KEYRING}] {mirror} {suite} main")

    def update(self) -> None:
        """Fetch the package lists."""
        console.run(
            ["apt-get", *self._options, "update"],
            failure="Fetching the package lists failed",
            hint="Check the network and the files in /etc/apt, then try again.",
        )

    def version(self, package: str) -> str | None:
        """Version that these sources offer, or None."""
        output = console.run(
            ["apt-cache", *self._options, "show", "--no-all-versions", package],
            failure="",
        ) if self._known(package) else ""  # fmt: skip
        for line in output.splitlines():
            if line.startswith("Version:"):
                return line.split(":", 1)[1].strip()
        return None

    def _known(self, package: str) -> bool:
        names = console.run(
            ["apt-cache", *self._options, "pkgnames", package],
            failure="apt does not answer",
        )
        return package in names.split()

    def unpack(self, packages: list[str], target: Path) -> None:
        """Download packages and unpack them into ``target`` (nothing is installed)."""
        folder = self._home / "debs"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        target.mkdir(parents=True, exist_ok=True)
        console.run(
            ["apt-get", *self._options, "download", *packages],
            failure=f"Downloading {', '.join(packages)} failed",
            hint="Check the network, then try again.",
            cwd=folder,
        )
        for file in sorted(folder.glob("*.deb")):
            console.run(["dpkg", "-x", file, target], failure=f"Unpacking {file.name} failed")
        shutil.rmtree(folder)
