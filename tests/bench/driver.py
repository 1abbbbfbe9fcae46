"""One Odoo process of a benchmark: reads orders as lines of JSON, answers each with one.

Started by ``rig.Driver`` inside Odoo's environment. Each answer carries what the order cost: time,
CPU time of this process, SQL statements.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from typing import Any

from odoo import sql_db
from odoo.modules.registry import Registry
from odoo.service.server import load_server_wide_modules
from odoo.tools import config

from . import hostile_orders, ledger_orders, out_orders  # noqa: F401 - make their orders known
from .orders import ORDERS, environment, order


@order
def add_server(dbname: str, port: int, user: str, password: str) -> int:
    """Create an IMAP server whose new mail becomes leads; its id."""
    with environment(dbname) as env:
        server = env["fetchmail.server"].create({
            "name": user, "server_type": "imap", "server": "127.0.0.1", "port": port,
            "is_ssl": False, "user": user, "password": password, "state": "done",
            "object_id": env["ir.model"]._get("crm.lead").id,
        })  # fmt: skip
        if "channel_id" in server:
            server.channel_id.folder_ids.write({"start": "unseen", "afterwards": "seen"})
        return int(server.id)


@order
def keep_busy(dbname: str, code: str) -> None:
    """Add two scheduled actions that do something and ask for their next run at once."""
    with environment(dbname) as env:
        env.cr.execute("CREATE TABLE bench_runs (done int)")
        for number in range(2):
            cron = env["ir.cron"].create({
                "name": f"Busy {number}", "model_id": env["ir.model"]._get("res.partner").id,
                "state": "code", "interval_number": 1, "interval_type": "minutes", "priority": 0,
            })  # fmt: skip
            noted = 'env.cr.execute("INSERT INTO bench_runs VALUES (1)")\n'
            cron.code = noted + code.format(cron=cron.id)
            cron._trigger()


@order
def set_port(dbname: str, server_id: int, port: int) -> None:
    """Have a server reached over another port (a proxy's)."""
    with environment(dbname) as env:
        env["fetchmail.server"].browse(server_id).port = port


@order
def fetch(dbname: str, server_id: int) -> None:
    """Call Odoo's own loop once, as its scheduled action does."""
    with environment(dbname) as env:
        env["fetchmail.server"].browse(server_id)._fetch_mail()


@order
def fetch_leads(dbname: str, server_id: int, leads: int, messages: int) -> None:
    """Call Odoo's own loop until there are so many leads and messages on them."""
    for _attempt in range(1000):
        fetch(dbname, server_id)
        found = _counts(dbname)
        if found["leads"] >= leads and found["messages"] >= messages:
            return
    raise AssertionError(f"{found} instead of {leads} leads and {messages} messages")


@order
def work(dbname: str) -> int:
    """Process what is received; how many messages."""
    from odoo.addons.message_history.tools import locks  # noqa: PLC0415 - not in core's database

    done = 0
    with locks.AdvisoryLocks(dbname) as held:
        while True:
            with environment(dbname) as env:
                count = env["message.worker"]._process_batch(held)
            if not count:
                return done
            done += count


@order
def fetch_and_work(dbname: str, server_id: int) -> int:
    """Fetch, then process, in this one process."""
    fetch(dbname, server_id)
    return int(work(dbname))


@order
def counts(dbname: str) -> dict[str, int]:
    """Leads and messages on them."""
    return _counts(dbname)


def _counts(dbname: str) -> dict[str, int]:
    with environment(dbname) as env:
        env.cr.execute(
            "SELECT (SELECT COUNT(*) FROM crm_lead), (SELECT COUNT(*) FROM mail_message "
            "WHERE model = 'crm.lead' AND message_type = 'email')"
        )
        leads, messages = env.cr.fetchone()
    return {"leads": leads, "messages": messages}


@order
def profile(dbname: str, server_id: int, file: str) -> int:
    """As ``fetch_and_work``, under cProfile; for tuning by hand."""
    import cProfile  # noqa: PLC0415 - for this order only

    profiler = cProfile.Profile()
    count = profiler.runcall(fetch_and_work, dbname, server_id)
    profiler.dump_stats(file)
    return int(count)


@order
def idle_memory(dbname: str) -> int:
    """Forget what is cached, begin to measure the peak anew; bytes resident now."""
    import gc  # noqa: PLC0415 - for this order only

    gc.collect()
    with open("/proc/self/clear_refs", "w") as handle:
        handle.write("5")
    return _memory("VmRSS")


@order
def peak_memory(dbname: str) -> int:
    """Most bytes resident since ``idle_memory``."""
    return _memory("VmHWM")


def _memory(name: str) -> int:
    with open("/proc/self/status") as handle:
        (line,) = [line for line in handle if line.startswith(f"{name}:")]
    return int(line.split()[1]) * 1024


@order
def usage(dbname: str) -> None:
    """Nothing: the answer carries what the process has used so far."""


def answer(dbname: str, line: str) -> dict[str, Any]:
    """Carry one order out."""
    wanted = json.loads(line)
    name = wanted.pop("do")
    started = time.monotonic()
    result = ORDERS[name](dbname, **wanted)
    return {
        "result": result,
        "seconds": time.monotonic() - started,
        "cpu": time.process_time(),
        "sql": sql_db.sql_counter,
    }


def serve(dbname: str) -> None:
    """Answer orders until the input ends."""
    for line in sys.stdin:
        print(json.dumps(answer(dbname, line)), flush=True)


def main() -> None:
    """``python -m tests.bench.driver DATABASE driver|worker``."""
    dbname, role = sys.argv[1:]
    config.parse_config(["-d", dbname, "--no-http", "--log-level", "warn"], setup_logging=True)
    load_server_wide_modules()
    Registry(dbname)
    print(json.dumps({"result": "ready"}), flush=True)
    if role == "driver":
        serve(dbname)
        return
    from odoo.addons.message_history.gateway import worker  # noqa: PLC0415 - not in core's database

    threading.Thread(target=serve, args=(dbname,), daemon=True).start()
    worker.run(dbname)


if __name__ == "__main__":
    main()
