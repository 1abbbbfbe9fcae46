"""The promise under fire: nobody gets a mail twice, nothing is lost, what is in doubt is shown so."""

import os
import random
import time

import pytest

from dev import database as databases
from dev import paths
from dev.instance import OdooProcess, wait_until
from dev.servers.proxy import ProxyProcess
from tests.integration.faults import record
from tests.integration.faults.system import template
from tests.integration.outbox.out_kills import OutFlow, OutKiller, judge
from tests.integration.outbox.system import OutSystem, arrivals

#: Seconds per kill at most, and for the rest after the last one.
PER_KILL, DRAIN = 20, 240
#: Connections that one process may have open.
CONNECTIONS = 2
OPEN = "SELECT COUNT(*) FROM mail_mail WHERE state = 'outgoing'"


@pytest.fixture
def fresh_out(outbox_odoo):
    """A database of our addons for this test alone."""
    with databases.temporary(outbox_odoo, template(outbox_odoo, "ours"), "out_kills") as name:
        system = OutSystem(outbox_odoo, name, "ours")
        try:
            yield system
        finally:
            system.stop()


@pytest.fixture
def kills_wanted():
    """How many processes are killed; ``python3 dev faults`` asks for 200."""
    return int(os.environ.get("FAULTS_KILLS", "12"))


def test_out_kills(fresh_out, sink, kills_wanted, request, tmp_path):
    """Kill workers, supervisor and a process like the scheduled action's while mail goes out."""
    seed = int(time.time())
    print(f"random seed {seed}")
    rng = random.Random(seed)
    with ProxyProcess(sink.port, 0.01, stats=tmp_path / "traffic.json") as proxy:
        fresh_out.server(proxy.port, channel={"connection_limit": CONNECTIONS, "command_seconds": 60,
                                              "content_seconds": 60})
        flow = OutFlow(fresh_out, rng)

        def start_gateway():
            command = ["gateway", "-d", fresh_out.dbname, "--workers", "2", "--no-listener"]
            process = OdooProcess(fresh_out.odoo, *command, name=f"{fresh_out.dbname}-gateway")
            request.addfinalizer(process.stop)
            return process.start()

        killer = OutKiller(fresh_out, start_gateway, rng)
        began = time.monotonic()
        try:
            done = _kill_while_mail_flows(flow, killer, kills_wanted, rng, began + 60 + PER_KILL * kills_wanted)
            assert done == kills_wanted, f"only {done} kills in time: {killer.counts}"
            killer.keep_running()
            wait_until(lambda: fresh_out.sql(OPEN) == [["0"]], DRAIN, "every mail is settled", every=1)
            code = killer.stop()
        finally:
            killer.stop()
        taken = arrivals(sink.taken())
    wrong, counts = judge(fresh_out, flow, taken)
    in_doubt = counts.get("in_doubt", 0)
    arrived = sum(1 for key in flow.wanted if taken.get(key))
    record.out_kills(
        seed=seed, kills=done, killed=killer.counts, seconds=round(time.monotonic() - began),
        mails=len({key[0] for key in flow.wanted}), recipients=len(flow.wanted), counts=counts, arrived=arrived,
        in_doubt_that_arrived=sum(1 for key in _doubtful(fresh_out) if taken.get(key)),
        wrong={what: len(keys) for what, keys in wrong.items()})
    print(f"{done} kills {killer.counts}: {counts}")
    assert not wrong, f"seed {seed}: {wrong}"
    assert in_doubt <= done * CONNECTIONS, f"seed {seed}: {counts}"
    assert code == 0, f"the gateway ended with {code}, see {paths.log_dir()}"
    left = fresh_out.sql("SELECT COUNT(*) FROM message_delivery WHERE state IN ('claimed', 'sending', 'queued')")
    assert left == [["0"]]
    _core_agrees(fresh_out)


def _kill_while_mail_flows(flow, killer, count, rng, deadline):
    done = 0
    while done < count and time.monotonic() < deadline:
        killer.keep_running()
        flow.make_some()
        time.sleep(rng.uniform(0.05, 0.6))
        if rng.random() < 0.5 and killer.kill_one():
            done += 1
    return done


def _doubtful(system):
    rows = system.sql(
        "SELECT substring(h.subject from 'tok[0-9]{5}'), d.address FROM message_delivery d "
        "JOIN message_history h ON h.id = d.history_id WHERE d.state = 'in_doubt'")
    return {tuple(row) for row in rows}


def _core_agrees(system):
    """``mail.mail`` says sent where all arrived, and nowhere else."""
    rows = system.sql(
        "SELECT m.id FROM mail_mail m JOIN message_history h ON h.mail_mail_id = m.id JOIN message_delivery d "
        "ON d.history_id = h.id GROUP BY m.id, m.state HAVING (m.state = 'sent') <> bool_and(d.state = 'accepted')")
    assert not rows, rows[:5]
