"""Latency: from delivery into Dovecot to the committed document, with the listener at work.

``odoo gateway`` runs with its listener and one worker; beside it a server whose two threads for
scheduled actions never have a pause, so that nothing here can be the work of a scheduled action.
A mail comes every two seconds.
"""

from __future__ import annotations

import argparse
import statistics
import time

from dev.instance import OdooProcess, OdooServer
from dev.servers.dovecot import Dovecot

from . import mails, rig
from .rig import Rig, Sql, median

EVERY = 2.0
PASSWORD = "s3cret"
CEILINGS = {"median_s": 1.0, "p95_s": 3.0}
BUSY = """
for number in range(400):
    env["res.partner"].search_count([("name", "ilike", str(number)), ("email", "ilike", str(number))])
env["ir.cron"].browse({cron})._trigger()
"""


def main(arguments: list[str]) -> dict[str, float]:
    """Run; the figures by name."""
    parser = argparse.ArgumentParser(prog="dev bench latency")
    parser.add_argument("--json", action="store_true", help="figures as the last line (always)")
    parser.add_argument("--quick", action="store_true", help="ten mails, checked")
    options = parser.parse_args(arguments)
    with rig.ready() as bench:
        figures = measure(bench, 10 if options.quick else 60)
    if options.quick:
        rig.check(figures, {}, CEILINGS)
    return figures


def measure(bench: Rig, count: int) -> dict[str, float]:
    """Deliver and wait, one mail after the other."""
    dovecot: Dovecot = bench.keep(Dovecot())
    user = dovecot.add_user("ann", PASSWORD)
    name = bench.database("latency", ours=True)
    driver = bench.driver(name)
    driver("add_server", port=dovecot.imap_port, user=user, password=PASSWORD)
    driver("keep_busy", code=BUSY)
    sql = bench.sql(name)
    bench.keep(OdooServer(bench.odoo, name, cron=True, name="bench-busy")).wait_ready()
    bench.keep(OdooProcess(bench.odoo, "gateway", "-d", name, "--workers", "1", name="bench-gateway"))
    contents = list(mails.leads(5, count + 1))
    waited = []
    for number, content in enumerate(contents):
        started = time.monotonic()
        dovecot.deliver(user, content)
        ended = sql.wait_until(f"SELECT COUNT(*) > {number} FROM crm_lead", seconds=120)
        waited.append(ended - started)
        time.sleep(max(0.0, EVERY - (ended - started)))
    del waited[0]  # while the processes were starting
    busy = busy_share(sql)
    rig.say(f"{[round(one, 2) for one in waited]}, busy: {busy}")
    return {
        "median_s": median(waited),
        "p95_s": round(statistics.quantiles(waited, n=20)[-1], 4),
        "max_s": round(max(waited), 4),
        "mails": len(waited),
        "scheduled_runs": busy,
    }


def busy_share(sql: Sql) -> int:
    """How often the busy scheduled actions ran; raises when they did not."""
    runs = int(sql.value("SELECT COALESCE(SUM(done), 0) FROM bench_runs"))
    if not runs:
        raise RuntimeError("The scheduled actions were not busy.")
    return runs
