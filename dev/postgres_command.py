"""``dev postgres``: keep the embedded PostgreSQL running between commands."""

from __future__ import annotations

from argparse import Namespace

from dev import console, venv
from dev.postgres import Cluster


def main(options: Namespace) -> int:
    """Start it for good, stop it, or tell how to reach it."""
    venv.ensure()
    cluster = Cluster()
    if options.action == "start":
        with cluster.use():
            cluster.keep.touch()
    elif options.action == "stop":
        cluster.keep.unlink(missing_ok=True)
        cluster.stop()
    running = cluster.running()
    console.say(f"PostgreSQL is {'running' if running else 'stopped'}; socket {cluster.socket_dir}")
    return 0
