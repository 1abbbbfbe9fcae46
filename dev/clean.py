"""``dev clean``: remove what the tool made."""

from __future__ import annotations

import shutil
from argparse import Namespace

from dev import console, paths, run_state
from dev.console import DevError
from dev.postgres import Cluster


def main(options: Namespace) -> int:
    """Remove databases, files and logs of this checkout; with ``--all`` the downloads too."""
    if run_state.read():
        raise DevError("`dev run` is still running here.", "End it with Ctrl-C first.")
    if options.all:
        _refuse_while_others_run()
    Cluster().remove()
    shutil.rmtree(paths.state_dir(), ignore_errors=True)
    console.say("The data of this checkout is removed.")
    if options.all:
        shutil.rmtree(paths.cache_dir(), ignore_errors=True)
        if paths.is_root():
            shutil.rmtree(paths.ROOT_SERVER_HOME, ignore_errors=True)
        console.say("The downloads of this user are removed.")
    return 0


def _refuse_while_others_run() -> None:
    """As root the clusters of all checkouts lie in one place; raises DevError when one is alive."""
    own = paths.checkout_key()
    for pid_file in paths.ROOT_SERVER_HOME.glob("*/data/postmaster.pid"):
        key = pid_file.parts[-3]
        if paths.is_root() and key != own:
            raise DevError(
                f"PostgreSQL of another checkout is running ({key}).",
                "Run `python3 dev postgres stop` there, or leave out --all.",
            )
