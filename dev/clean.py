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
    Cluster().remove()
    shutil.rmtree(paths.state_dir(), ignore_errors=True)
    console.say("The data of this checkout is removed.")
    if options.all:
        shutil.rmtree(paths.cache_dir(), ignore_errors=True)
        if paths.is_root():
            shutil.rmtree(paths.ROOT_SERVER_HOME, ignore_errors=True)
        console.say("The downloads of this user are removed.")
    return 0
