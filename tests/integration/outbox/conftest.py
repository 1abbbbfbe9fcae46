"""Odoo with and without our addons beside each other, and an SMTP server that is the judge."""

import pytest

from dev import database as databases
from dev.servers.smtp import SmtpProcess
from tests.integration.faults import record
from tests.integration.faults.system import prepared, template
from tests.integration.outbox.scene import OutScene
from tests.integration.outbox.system import OutSystem


@pytest.fixture(scope="session")
def outbox_odoo(odoo):
    """Odoo that finds the addon of the faults."""
    return prepared(odoo)


def _system(odoo, kind):
    with databases.temporary(odoo, template(odoo, kind), f"outbox_{kind}") as name:
        system = OutSystem(odoo, name, kind)
        try:
            yield system
        finally:
            system.stop()


@pytest.fixture(scope="session")
def out_core(outbox_odoo):
    """A database with Odoo's own addons only."""
    yield from _system(outbox_odoo, "core")


@pytest.fixture(scope="session")
def out_ours(outbox_odoo):
    """A database with our addons on top."""
    yield from _system(outbox_odoo, "ours")


@pytest.fixture
def sink(tmp_path):
    """An SMTP server in a process of its own, which writes down what it takes."""
    with SmtpProcess(tmp_path / "smtp.jsonl") as server:
        yield server


@pytest.fixture
def compare_out(out_core, out_ours, tmp_path, request):
    """Play one fault on core and on ours; returns what was seen of ours at the end, both are recorded.

    ``compare_out(title, scenario)``; the scenario is a function of an :class:`OutScene` that returns
    its last note.
    """

    def play(title, scenario):
        said = {}
        for system in (out_core, out_ours):
            with SmtpProcess(tmp_path / f"{system.kind}.jsonl") as server:
                scene = OutScene(system, server)
                try:
                    outcome = scenario(scene)
                finally:
                    scene.close()
                said[system.kind] = scene.steps
        place = request.node.path.stem, request.node.function.__code__.co_firstlineno
        record.fault(request.node.name, place, title, **said)
        print(title, said)
        return outcome

    return play
