"""Orders of the benchmarks with hostile mail: each mail through ledger and worker by itself, measured."""

from __future__ import annotations

import base64
import gc
import time
from typing import Any

from .orders import environment, order


@order
def prepare_channel(dbname: str) -> int:
    """Make a mailbox whose mail becomes leads, without limits; its channel."""
    with environment(dbname) as env:
        server = env["fetchmail.server"].create({
            "name": "Hostile", "server_type": "imap", "server": "127.0.0.1", "port": 9, "is_ssl": False,
            "user": f"hostile{time.time_ns()}", "password": "x", "state": "done",
            "object_id": env["ir.model"]._get("crm.lead").id,
        })  # fmt: skip
        channel = server.channel_id
        channel.write({"loop_limit": 0, "max_message_mb": 0, "automatic_mail": "process", "retry_hours": 0})
        return int(channel.id)


@order
def process_mails(dbname: str, channel_id: int, mails: list[tuple[str, str]], show: bool = False) -> list[Any]:
    """Take mails in and have the worker process each; what it cost and what became of it.

    :param mails: (name, raw mail in base64)
    :param show: have the desk's reading pane prepare each too
    """
    from odoo.addons.message_history.lib.transport import IncomingMessage  # noqa: PLC0415 - not in core's database

    found = []
    for name, coded in mails:
        raw = base64.b64decode(coded)
        message = IncomingMessage(external_id=f"hostile/{time.time_ns()}/{name}", content=raw, size=len(raw))
        if show:  # memory is looked at: what earlier mails left goes first
            gc.collect()
        before = _begin_memory()
        begin, wall = time.process_time(), time.monotonic()
        with environment(dbname) as env:
            channel = env["message.channel"].browse(channel_id)
            stored = env["message.intake"]._store_chunk(channel, [message], folder=channel.folder_ids[:1])
        with environment(dbname) as env:
            env["message.worker"]._process_ids(stored.new_ids)
            env["message.worker"]._settle_conversations()
        cpu, wall = time.process_time() - begin, time.monotonic() - wall
        memory = _peak() - before
        row = _row(dbname, stored.new_ids)
        shown = _show(dbname, stored.new_ids) if show and stored.new_ids else 0.0
        found.append({"name": name, "bytes": len(raw), "cpu": cpu, "wall": wall, "memory": memory, "shown": shown,
                      **row})
    return found


def _row(dbname: str, ids: list[int]) -> dict[str, Any]:
    if not ids:
        return {"state": "lost", "reason": "", "trace": "", "repairs": ""}
    with environment(dbname) as env:
        row = env["message.history"].browse(ids[0])
        return {"state": row.state, "reason": row.state_reason or "", "trace": (row.failure_traceback or "")[-2000:],
                "repairs": row.repairs or "", "kind": row.kind or ""}


def _show(dbname: str, ids: list[int]) -> float:
    with environment(dbname) as env:
        message = env["message.history"].browse(ids[0])
        begin = time.process_time()
        env["message.content"]._display(message)
        return time.process_time() - begin


def _begin_memory() -> int:
    with open("/proc/self/clear_refs", "w") as handle:
        handle.write("5")
    return _memory("VmRSS")


def _peak() -> int:
    return _memory("VmHWM")


def _memory(name: str) -> int:
    with open("/proc/self/status") as handle:
        (line,) = [line for line in handle if line.startswith(f"{name}:")]
    return int(line.split()[1]) * 1024
