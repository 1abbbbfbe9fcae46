"""Mail in: our gateway beside Odoo's own, on the same mails from the same Dovecot, into leads.

Odoo's own gateway runs in a database without our addons and in processes of its own; the two take
turns within each round, and what counts is the median of the rounds' ratios. New mails are seen by
nobody before, of a few kilobytes each, each from another sender (Odoo loses those above twenty of
one sender). ``one_process`` figures fetch and process one after the other in one process; all
others have our fetching and our workers in processes of their own, as ``odoo gateway`` has.

Figures: rates in mails per second; SQL statements per mail; CPU milliseconds per mail of all
Odoo processes of a side (not PostgreSQL's).
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass, field
from typing import Any

from dev.servers.dovecot import Dovecot
from dev.servers.proxy import ProxyProcess

from . import mails, plain_imap, rig
from .rig import Driver, Rig, Sql, median

OLD = 20000
GROWTH_MAILS = 50
LARGE = 25 * 1024 * 1024
PASSWORD = "s3cret"
# What is asked of a short run on a busy machine; the floors themselves are for a long run.
QUICK_FLOORS = {
    "durable_share_20ms": 0.3, "end_to_end_ratio_0ms": 1.5, "end_to_end_ratio_20ms": 4,
    "two_workers_ratio_0ms": 1.5, "reply_ratio_0ms": 1.3,
}  # fmt: skip
QUICK_CEILINGS = {"growth_wire": 1.1, "growth_time": 2, "peak_memory_factor": 5}


@dataclass
class Cost:
    """What one side took for some mails."""

    mails: int
    seconds: float
    cpu: float = 0.0
    sql: int = 0

    @property
    def rate(self) -> float:
        """Mails per second."""
        return self.mails / self.seconds


@dataclass
class Pair:
    """The rounds of one comparison."""

    core: list[Cost] = field(default_factory=list)
    ours: list[Cost] = field(default_factory=list)

    def ratio(self) -> float:
        """How much faster ours is."""
        pairs = zip(self.core, self.ours, strict=True)
        return median([ours.rate / core.rate for core, ours in pairs])

    def figures(self, label: str) -> dict[str, float]:
        """Rates and costs under names that begin with ``label``."""
        found = {}
        for name, costs in (("core", self.core), ("ours", self.ours)):
            found[f"{label}_{name}_per_second"] = median([cost.rate for cost in costs])
            found[f"{label}_{name}_sql_per_mail"] = median([c.sql / c.mails for c in costs])
            cpu = [1000 * cost.cpu / cost.mails for cost in costs]
            found[f"{label}_{name}_cpu_ms_per_mail"] = median(cpu)
        return found


class Core:
    """Odoo's own gateway."""

    def __init__(self, bench: Rig, dovecot: Dovecot) -> None:
        self.name = bench.database("bench_core", ours=False)
        self.driver = bench.driver(self.name)
        self.user = dovecot.add_user("core", PASSWORD)
        self.server = self.driver(
            "add_server", port=dovecot.imap_port, user=self.user, password=PASSWORD
        )

    def run(self, count: int, *, new: bool = True) -> Cost:
        """Fetch and process so many mails."""
        before = self.driver("counts")
        wanted = {"messages": before["messages"] + count, "leads": before["leads"] + count * new}
        spent = self.driver.measure("fetch_leads", server_id=self.server, **wanted)
        assert self.driver("counts") == wanted
        return Cost(count, spent["seconds"], spent["cpu"], spent["sql"])


class Ours:
    """Our gateway: a process that fetches, and workers."""

    def __init__(self, bench: Rig, dovecot: Dovecot) -> None:
        self.bench = bench
        self.name = bench.database("bench_ours", ours=True)
        self.driver = bench.driver(self.name)
        self.sql: Sql = bench.sql(self.name)
        self.user = dovecot.add_user("ours", PASSWORD)
        self.server = self.add_server(dovecot.imap_port, self.user)
        self.workers: list[Driver] = []

    def add_server(self, port: int, user: str) -> int:
        """Create a server; its id."""
        return int(self.driver("add_server", port=port, user=user, password=PASSWORD))

    def add_worker(self) -> None:
        """Start one more worker."""
        self.workers.append(self.bench.driver(self.name, "worker"))

    def run(self, count: int, *, new: bool = True, server: int | None = None) -> Cost:
        """Fetch and process so many mails, with the workers that there are (none: in turn)."""
        before = self.driver("counts")
        workers = [worker.measure("usage") for worker in self.workers]
        self.driver.measure("usage")
        order = "fetch" if self.workers else "fetch_and_work"
        started = time.monotonic()
        spent = self.driver.measure(order, server_id=server or self.server)
        ended = self.sql.wait_until(
            "SELECT NOT EXISTS (SELECT FROM message_history WHERE state = 'received')"
        )
        workers = [worker.measure("usage") for worker in self.workers]
        after = self.driver("counts")
        assert after["messages"] - before["messages"] == count, (before, after)
        assert after["leads"] - before["leads"] == count * new, (before, after)
        return Cost(
            count, ended - started, spent["cpu"] + sum(one["cpu"] for one in workers),
            spent["sql"] + sum(one["sql"] for one in workers),
        )  # fmt: skip


class MailIn:
    """One run of this benchmark."""

    def __init__(self, bench: Rig, quick: bool) -> None:
        self.bench, self.quick = bench, quick
        self.dovecot: Dovecot = bench.keep(Dovecot())
        rig.say("Databases with and without our addons")
        self.core, self.ours = Core(bench, self.dovecot), Ours(bench, self.dovecot)
        stats = bench.keep(rig.folder()) / "traffic.json"
        self.proxy: ProxyProcess = bench.keep(
            ProxyProcess(self.dovecot.imap_port, 0.02, stats=stats)
        )
        self.counting: ProxyProcess = bench.keep(
            ProxyProcess(self.dovecot.imap_port, 0.0, stats=stats.with_name("counting.json"))
        )
        self.seed = 1000
        self.figures: dict[str, float] = {}

    def all(self) -> dict[str, float]:
        """Every figure."""
        count, rounds = (40, 1) if self.quick else (200, 5)
        self.compare(20, 1)  # to warm up
        pair = self.compare(count, rounds)
        self.note("one_process_0ms", pair, "one_process_ratio_0ms")
        self.durable(100 if self.quick else 1000, 1 if self.quick else 3)
        self.memory()
        self.ours.add_worker()
        self.compare(20, 1)
        pair = self.compare(count, rounds, replies=True)
        self.note("new_0ms", pair, "end_to_end_ratio_0ms")
        self.note("reply_0ms", self.replied, "reply_ratio_0ms")
        pair = self.compare(count // 2, max(1, rounds - 2), slow=True)
        self.note("new_20ms", pair, "end_to_end_ratio_20ms")
        self.growth(1 if self.quick else 5)
        self.ours.add_worker()
        self.compare(40, 1)
        pair = self.compare(count * 2, rounds)
        self.note("two_workers_0ms", pair, "two_workers_ratio_0ms")
        return self.figures

    def note(self, label: str, pair: Pair, ratio: str) -> None:
        """Keep the figures of a comparison."""
        self.figures[ratio] = pair.ratio()
        self.figures |= pair.figures(label)
        rig.say(f"{ratio}: {pair.ratio()} ({pair.figures(label)})")

    def compare(self, count: int, rounds: int, *, slow: bool = False, replies: bool = False) -> Pair:
        """New mails by core and by us, in turn; then answers to them, for ``self.replied``."""
        pair, self.replied = Pair(), Pair()
        port = self.proxy.port if slow else self.dovecot.imap_port
        for side in (self.core, self.ours):
            side.driver("set_port", server_id=side.server, port=port)
        for number in range(rounds):
            self.seed += 1
            self.turns(pair, list(mails.leads(self.seed, count)), number)
            if replies:
                answers = list(mails.replies(self.seed, count))
                self.turns(self.replied, answers, number, new=False)
        return pair

    def turns(self, pair: Pair, contents: list[bytes], number: int, *, new: bool = True) -> None:
        """The same mails for both; who begins changes from round to round."""
        sides = [(self.core, pair.core), (self.ours, pair.ours)]
        for side, costs in sides if number % 2 else reversed(sides):
            self.dovecot.deliver_many(side.user, contents)
            costs.append(side.run(len(contents), new=new))
            self.dovecot.expunge(side.user)

    def durable(self, count: int, rounds: int) -> None:
        """Raw mail committed and flagged, over a plain chunked FETCH and STORE."""
        ours, shares, rates = self.ours, [], []
        plain = self.dovecot.add_user("plain", PASSWORD)
        ours.driver("set_port", server_id=ours.server, port=self.proxy.port)
        for _round in range(rounds):
            self.seed += 1
            contents = list(mails.leads(self.seed, count))
            self.dovecot.deliver_many(plain, contents)
            self.dovecot.deliver_many(ours.user, contents)
            bare = plain_imap.fetch_and_flag(self.proxy.port, plain, PASSWORD)
            spent = ours.driver.measure("fetch", server_id=ours.server)["seconds"]
            seen = [one for one in self.dovecot.messages(ours.user) if "Seen" in one["flags"]]
            assert len(seen) == count, f"{len(seen)} of {count} are flagged"
            shares.append(bare / spent)
            rates.append(count / spent)
            self.dovecot.expunge(plain)
            self.dovecot.expunge(ours.user)
            ours.driver("work")
        self.figures["durable_share_20ms"] = median(shares)
        self.figures["durable_per_second_20ms"] = median(rates)
        rig.say(f"durable_share_20ms: {shares}, {rates} mails/s")

    def growth(self, rounds: int) -> None:
        """Fifty new mails beside 20,000 old ones, over the same alone."""
        ours, found = self.ours, {}
        old = self.dovecot.add_user("old", PASSWORD)
        empty = self.dovecot.add_user("empty", PASSWORD)
        rig.say(f"{OLD} old mails")
        some = list(mails.leads(1, 200))
        self.dovecot.deliver_many(old, some * (OLD // len(some)), seen=True)
        servers = {user: ours.add_server(self.counting.port, user) for user in (empty, old)}
        for user, server in servers.items():
            ours.driver("fetch", server_id=server)
            found[user] = {"commands": [], "bytes": [], "seconds": []}
        for _round in range(rounds):
            for user, server in servers.items():
                self.seed += 1
                self.dovecot.deliver_many(user, mails.leads(self.seed, GROWTH_MAILS))
                before = self.counting.snapshot()
                cost = ours.run(GROWTH_MAILS, server=server)
                time.sleep(0.2)  # until the proxy has noted the end of the connection
                passed = self.counting.snapshot() - before
                found[user]["commands"].append(passed.commands)
                found[user]["bytes"].append(passed.sent + passed.received)
                found[user]["seconds"].append(cost.seconds)
        self.note_growth(found[empty], found[old])

    def note_growth(self, alone: dict[str, list[Any]], beside: dict[str, list[Any]]) -> None:
        """Keep what growing costs."""
        grown = {key: round(median(beside[key]) / median(alone[key]), 4) for key in alone}
        self.figures |= {
            "growth_wire": max(grown["commands"], grown["bytes"]), "growth_time": grown["seconds"],
            "growth_commands": grown["commands"], "growth_bytes": grown["bytes"],
            "commands_for_50": median(alone["commands"]), "bytes_for_50": median(alone["bytes"]),
        }  # fmt: skip
        rig.say(f"growth: {alone} {beside}")

    def memory(self) -> None:
        """Peak of one process above idle for one large attachment, over its size."""
        content = mails.large(7, LARGE)
        for side in (self.ours, self.core):
            own = isinstance(side, Ours)
            driver = self.bench.driver(side.name)
            driver("set_port", server_id=side.server, port=self.dovecot.imap_port)
            order = "fetch_and_work" if own else "fetch"
            self.seed += 1
            self.dovecot.deliver_many(side.user, mails.leads(self.seed, 5))
            driver(order, server_id=side.server)
            self.dovecot.deliver_file(side.user, content)
            idle, before = driver("idle_memory"), driver("counts")["leads"]
            driver(order, server_id=side.server)
            factor = round((driver("peak_memory") - idle) / LARGE, 4)
            assert driver("counts")["leads"] == before + 1
            self.dovecot.expunge(side.user)
            driver.close()
            self.figures["peak_memory_factor" if own else "core_peak_memory_factor"] = factor
        rig.say(f"peak_memory_factor: {self.figures['peak_memory_factor']}")


def main(arguments: list[str]) -> dict[str, float]:
    """Run; the figures by name."""
    parser = argparse.ArgumentParser(prog="dev bench mail-in")
    parser.add_argument("--json", action="store_true", help="figures as the last line (always)")
    parser.add_argument("--quick", action="store_true", help="a short run, checked roughly")
    options = parser.parse_args(arguments)
    with rig.ready() as bench:
        figures = MailIn(bench, options.quick).all()
    if options.quick:
        rig.check(figures, QUICK_FLOORS, QUICK_CEILINGS)
    return figures
