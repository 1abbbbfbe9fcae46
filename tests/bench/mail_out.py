"""Mail out: our outbox beside Odoo's own queue, the same mails to the same sink.

Odoo's own queue runs in a database without our addons and in a process of its own; the two take
turns within each round, and what counts is the median of the rounds' ratios. Ours runs as
``odoo gateway`` runs it: a worker with its senders, woken by a notification. The clock runs from
the moment that the mails may be sent until mail, chatter and notification say that they are.

Figures: rates in mails per second; SQL statements per mail, those of the senders' own connections
included; CPU milliseconds per mail of all Odoo processes of a side.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

from dev.servers.proxy import ProxyProcess
from dev.servers.smtp import SmtpProcess

from . import rig
from .mail_in import Cost, Pair
from .rig import Driver, Rig, median
from .sink import Sink

SETTLED = (
    "SELECT NOT EXISTS (SELECT FROM mail_mail WHERE state = 'outgoing') AND NOT EXISTS (SELECT FROM mail_notification "
    "WHERE notification_status <> 'sent' AND notification_type = 'email')"
)
# What is asked of a short run on a busy machine; the floors themselves are for a long run.
QUICK_FLOORS = {"single_ratio_0ms": 1.5, "single_ratio_20ms": 4, "thousand_recipients_ratio": 2.5}
QUICK_CEILINGS = {"thousand_recipients_transactions": 20, "sql_per_mail": 8, "claim_growth": 2}


class Core:
    """Odoo's own queue."""

    def __init__(self, bench: Rig, port: int) -> None:
        self.name = bench.database("out_core", ours=False)
        self.driver = bench.driver(self.name)
        self.server = self.driver("prepare_out", port=port)

    def run(self, count: int) -> Cost:
        """Send what was made."""
        self.driver("release")
        self.driver.measure("usage")
        spent = self.driver.measure("send_core")
        _check(self.driver)
        return Cost(count, spent["seconds"], spent["cpu"], spent["sql"])


class Ours:
    """Our outbox, and the workers of a gateway."""

    def __init__(self, bench: Rig, port: int) -> None:
        self.bench = bench
        self.name = bench.database("out_ours", ours=True)
        self.driver = bench.driver(self.name)
        self.sql = bench.sql(self.name)
        self.server = self.driver("prepare_out", port=port)
        self.channel = self.sql.value("SELECT channel_id FROM ir_mail_server WHERE id = %s", self.server)
        self.workers: list[Driver] = []

    def add_worker(self) -> None:
        """Start one more worker."""
        self.workers.append(self.bench.driver(self.name, "worker"))

    def run(self, count: int) -> Cost:
        """Send what was made, with the workers that there are."""
        for worker in self.workers:
            worker.measure("usage")
        started = time.monotonic()
        self.driver("release")
        ended = self.sql.wait_until(SETTLED)
        spent = [worker.measure("usage") for worker in self.workers]
        _check(self.driver)
        return Cost(count, ended - started, sum(one["cpu"] for one in spent), sum(one["sql"] for one in spent))


def _check(driver: Driver) -> None:
    found = driver("open_mails")
    assert found == {"outgoing": 0, "failed": 0, "notifications": 0}, found


class MailOut:
    """One run of this benchmark."""

    def __init__(self, bench: Rig, quick: bool, mails: int = 1000) -> None:
        self.bench, self.quick, self.mails = bench, quick, mails
        self.sink: Sink = bench.keep(Sink())
        folder: Path = bench.keep(rig.folder())
        self.judge: SmtpProcess = bench.keep(SmtpProcess(folder / "judge.jsonl"))
        self.proxy: ProxyProcess = bench.keep(
            ProxyProcess(self.sink.port, 0.02, stats=folder / "traffic.json"))
        rig.say("Databases with and without our addons")
        self.core, self.ours = Core(bench, self.sink.port), Ours(bench, self.sink.port)
        self.seed = 0
        self.figures: dict[str, float] = {}

    def all(self) -> dict[str, float]:
        """Every figure."""
        count, rounds = (100, 1) if self.quick else (self.mails, 3)
        self.ours.add_worker()
        self.compare(50, 1)  # to warm up
        pair = self.compare(count, rounds)
        self.note("single_0ms", pair, "single_ratio_0ms")
        self.figures["sql_per_mail"] = median([cost.sql / cost.mails for cost in pair.ours])
        self.figures["core_sql_per_mail"] = median([cost.sql / cost.mails for cost in pair.core])
        slow = self.compare(count if not self.quick else 40, max(1, rounds - 1), port=self.proxy.port)
        self.note("single_20ms", slow, "single_ratio_20ms")
        big = self.compare(1000, rounds, order="make_big", mails=1)
        self.note("thousand_recipients", big, "thousand_recipients_ratio")
        self.transactions()
        self.growth()
        if not self.quick:
            self.two_workers(count, rounds)
        return self.figures

    def note(self, label: str, pair: Pair, ratio: str) -> None:
        """Keep the figures of a comparison."""
        self.figures[ratio] = pair.ratio()
        self.figures |= pair.figures(label)
        rig.say(f"{ratio}: {pair.ratio()} ({pair.figures(label)})")

    def compare(self, count: int, rounds: int, *, order: str = "make_notifications", mails: int = 0,
                port: int = 0) -> Pair:
        """The same mails by core and by us, in turn."""
        pair = Pair()
        sides: list[tuple[Any, list[Cost]]] = [(self.core, pair.core), (self.ours, pair.ours)]
        for side, _costs in sides:
            side.driver("set_out_port", server_id=side.server, port=port or self.sink.port)
        time.sleep(11)  # a connection to the other port is closed when it was idle for ten seconds
        for number in range(rounds):
            self.seed += 1
            for side, costs in sides if number % 2 else reversed(sides):
                side.driver(order, seed=self.seed, count=count)
                costs.append(side.run(mails or count))
        return pair

    def transactions(self) -> None:
        """SMTP transactions for one mail to a thousand recipients."""
        self.seed += 1
        self.ours.driver("set_out_port", server_id=self.ours.server, port=self.judge.port)
        time.sleep(11)
        self.ours.driver("make_big", seed=self.seed, count=1000)
        self.ours.run(1)
        taken = self.judge.taken()
        recipients = {address for mail in taken for address in mail.recipients}
        assert len(recipients) == sum(len(mail.recipients) for mail in taken) == 1000
        self.figures["thousand_recipients_transactions"] = float(len(taken))

    def growth(self) -> None:
        """Claiming and counting with a long queue over a short one."""
        name = self.bench.database("out_growth", ours=True)
        driver = self.bench.driver(name)
        server = driver("prepare_out", port=self.sink.port)
        channel = self.bench.sql(name).value("SELECT channel_id FROM ir_mail_server WHERE id = %s", server)
        found = {}
        for count in (1000, 100_000):
            driver("fill_queue", channel_id=channel, count=count)
            driver("claim_and_count", channel_id=channel, times=10)
            found[count] = driver("claim_and_count", channel_id=channel, times=40)
        self.figures["claim_ms"] = round(found[100_000] * 1000, 3)
        self.figures["claim_growth"] = round(found[100_000] / found[1000], 4)
        rig.say(f"claim_growth: {found}")

    def two_workers(self, count: int, rounds: int) -> None:
        """What a second worker gains: each round first alone, then with it, so that a busy machine slows both."""
        self.ours.driver("set_out_port", server_id=self.ours.server, port=self.sink.port)
        time.sleep(11)
        alone, both = [], []
        for _round in range(rounds):
            alone.append(self.ours_alone(count))
            self.ours.add_worker()
            self.ours_alone(50)  # to warm up
            both.append(self.ours_alone(count))
            self.ours.workers.pop().close()
        gains = [second / first for first, second in zip(alone, both, strict=True)]
        self.figures["two_workers_gain"] = round(median(gains), 4)
        self.figures["two_workers_per_second"] = median(both)
        rig.say(f"two_workers_gain: {alone} {both}")

    def ours_alone(self, count: int) -> float:
        """Mails per second of ours."""
        self.seed += 1
        self.ours.driver("make_notifications", seed=self.seed, count=count)
        return self.ours.run(count).rate


def main(arguments: list[str]) -> dict[str, float]:
    """Run; the figures by name."""
    parser = argparse.ArgumentParser(prog="dev bench mail-out")
    parser.add_argument("--json", action="store_true", help="figures as the last line (always)")
    parser.add_argument("--quick", action="store_true", help="a short run, checked roughly")
    parser.add_argument("--mails", type=int, default=1000, help="mails in a round (default 1000)")
    options = parser.parse_args(arguments)
    with rig.ready() as bench:
        figures = MailOut(bench, options.quick, options.mails).all()
    if options.quick:
        rig.check(figures, QUICK_FLOORS, QUICK_CEILINGS)
    return figures
