"""What one hostile mail costs a worker: processor time and memory, through the whole pipeline.

Every mail of ``hostile_mails`` goes by itself through ledger, worker and core's steps into a lead,
and then through the desk's reading pane, in a process of its own. ``--megabytes 25`` for large ones.
"""

from __future__ import annotations

import argparse
import base64
import time
from typing import Any

from dev import odoo as odoo_module

from . import hostile_mails
from .rig import Rig

MEGABYTE = 1024 * 1024


def measure(driver: Any, names: list[str], size: int, show: bool = True) -> list[dict[str, Any]]:
    """Have the mails processed; a row for each."""
    channel_id = driver("prepare_channel")
    warm = base64.b64encode(hostile_mails.make("many tags", 2000, "-warm")).decode()
    driver("process_mails", channel_id=channel_id, mails=[("warm", warm)], show=show)
    found = []
    for name in names:
        coded = base64.b64encode(hostile_mails.make(name, size, f"-{time.time_ns()}")).decode()
        found += driver("process_mails", channel_id=channel_id, mails=[(name, coded)], show=show)
        row = found[-1]
        print(f"{name:32s} {row['bytes'] / MEGABYTE:5.1f} MiB  {row['cpu']:6.2f} s CPU  "
              f"{row['memory'] / MEGABYTE:6.0f} MiB  "
              f"shown in {row['shown']:5.2f} s  {row['state']} {row['repairs']} {row['reason'][:80]}", flush=True)
        if row["state"] in ("failed", "given_up", "lost"):
            print(row["trace"], flush=True)
    return found


def main(arguments: list[str]) -> dict[str, float]:
    """Run it; the greatest of each."""
    parser = argparse.ArgumentParser(prog="dev bench cost")
    parser.add_argument("--megabytes", type=float, default=1.0)
    parser.add_argument("--only", default="", help="part of a name")
    options = parser.parse_args(arguments)
    names = [name for name in hostile_mails.MAILS if options.only in name]
    with odoo_module.ready(None) as odoo, Rig(odoo) as rig:
        rows = measure(rig.driver(rig.database("bench_cost", ours=True)), names, int(options.megabytes * MEGABYTE))
    return {
        "mails": len(rows),
        "failed": sum(row["state"] in ("failed", "given_up", "lost") for row in rows),
        "most_cpu_seconds": max(row["cpu"] for row in rows),
        "most_memory_mib": max(row["memory"] for row in rows) / MEGABYTE,
        "most_display_seconds": max(row["shown"] for row in rows),
    }
