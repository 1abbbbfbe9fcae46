"""The promise under fire: nothing lost, nothing twice, no thread split, however often it dies."""

import json
import random
import time

import pytest

from dev import database as databases
from dev import paths
from dev.instance import OdooProcess, wait_until
from tests.integration.faults import record
from tests.integration.faults.check import ledger, verify_flow
from tests.integration.faults.kills import CHANCE, POINTS, Flow, Killer
from tests.integration.faults.system import System, template

#: Seconds per kill at most, and for the rest after the last one.
PER_KILL, DRAIN = 20, 300


@pytest.fixture
def fresh(faults_odoo):
    """A database of our addons for this test alone."""
    with databases.temporary(faults_odoo, template(faults_odoo, "ours"), "kills") as name:
        system = System(faults_odoo, name, "ours")
        try:
            yield system
        finally:
            system.stop()


def test_kills(fresh, dovecot, kill_count, request, monkeypatch):
    """Kill fetcher, workers, supervisor and scheduled action at random while mail flows."""
    seed = int(time.time())
    print(f"random seed {seed}")
    rng = random.Random(seed)
    boxes = {
        "sales": fresh.mailbox(dovecot, folder={"afterwards": "seen"}),
        "support": fresh.mailbox(dovecot, folder={"afterwards": "leave"}),
        "post": fresh.mailbox(dovecot, kind="pop"),
    }
    flow = Flow(boxes, rng)

    points = {point: {"do": "kill", "chance": CHANCE, "id": point} for point in POINTS}
    monkeypatch.setenv("FAULTS_SYSTEM", "ours")
    monkeypatch.setenv("FAULTS", json.dumps(points))

    def start_gateway():
        command = ["gateway", "-d", fresh.dbname, "--workers", "2"]
        process = OdooProcess(fresh.odoo, *command, name=f"{fresh.dbname}-gateway")
        request.addfinalizer(process.stop)
        return process.start()

    killer = Killer(fresh, start_gateway, rng)
    began = time.monotonic()
    try:
        done = _kill_while_mail_flows(flow, killer, kill_count, rng, began + 60 + PER_KILL * kill_count)
        assert done == kill_count, f"only {done} kills in time: {killer.counts}"
        killer.keep_running()
        wait_until(lambda: _drained(fresh, flow), DRAIN, "everything delivered is processed", every=1)
        wait_until(killer.is_up, 60, "the gateway is up, for a clean end")
        code = killer.stop()
    finally:
        killer.stop()
    deaths = killer.gateway.log.read_text(errors="replace").count("ended (-9)")
    killer.count("child, between two steps", deaths - killer.counts.get("child", 0))
    boxes["sales"].recover()
    wrong, figures = verify_flow(fresh, flow)
    flags = {"sales": boxes["sales"].unseen(), "support": boxes["support"].unseen(), "post": boxes["post"].left()}
    record.kills(seed=seed, kills=done, killed=killer.counts, seconds=round(time.monotonic() - began),
                 wrong={what: len(tokens) for what, tokens in wrong.items()}, flags=flags, **figures)  # fmt: skip
    print(f"{done} kills {killer.counts}: {figures}, flags {flags}")
    assert not wrong, f"seed {seed}: {wrong}"
    assert code == 0, f"the gateway ended with {code}, see {paths.log_dir()}"
    support = sum(1 for mail in flow.mails if "support" in flow.places[mail.token])
    assert flags == {"sales": 0, "support": support, "post": 0}, f"seed {seed}"


def _kill_while_mail_flows(flow, killer, count, rng, deadline):
    done, looked = 0, 0.0
    while done < count and time.monotonic() < deadline:
        killer.keep_running()
        flow.deliver_some()
        if time.monotonic() > looked + 2:
            looked = time.monotonic()
            flow.known = set(ledger(killer.system))
        time.sleep(rng.uniform(0.05, 0.8))
        if rng.random() < 0.4 and killer.kill_one():
            done += 1
    return done


def _drained(system, flow):
    rows = ledger(system)
    return all(
        len(rows[mail.token]) >= flow.copies[mail.token]
        and not any(row["state"] in ("received", "failed") for row in rows[mail.token])
        for mail in flow.mails
    )
