"""Odoo with and without our addons, beside each other, for the tests of faults."""

import os

import pytest

from dev import database as databases
from dev.servers import dovecot as dovecot_module
from tests.integration.faults import record
from tests.integration.faults.outcome import observe
from tests.integration.faults.system import System, prepared, template


@pytest.fixture(scope="session")
def faults_odoo(odoo):
    """Odoo that finds the addon of these tests."""
    return prepared(odoo)


@pytest.fixture(scope="session")
def dovecot():
    """A Dovecot of these tests alone."""
    if not dovecot_module.is_available():
        pytest.skip("Dovecot is not installed: apt-get install dovecot-imapd dovecot-pop3d")
    with dovecot_module.Dovecot() as server:
        yield server


def _system(odoo, kind):
    with databases.temporary(odoo, template(odoo, kind), f"faults_{kind}") as name:
        system = System(odoo, name, kind)
        try:
            yield system
        finally:
            system.stop()


@pytest.fixture(scope="session")
def core(faults_odoo):
    """A database with Odoo's own addons only."""
    yield from _system(faults_odoo, "core")


@pytest.fixture(scope="session")
def ours(faults_odoo):
    """A database with our addons on top."""
    yield from _system(faults_odoo, "ours")


@pytest.fixture(scope="session")
def kill_count():
    """How many processes the long test kills; ``python3 dev faults`` asks for 200."""
    return int(os.environ.get("FAULTS_KILLS", "12"))


class Scene:
    """One fault on one system: the mailboxes it needs, and what was seen of it."""

    def __init__(self, system, dovecot):
        self.system, self.dovecot = system, dovecot
        self.agent = system.agent
        self.boxes, self.steps, self.outcomes = [], [], []

    def box(self, **options):
        """A mailbox of its own and the server record that fetches it."""
        self.boxes.append(self.system.mailbox(self.dovecot, **options))
        return self.boxes[-1]

    def note(self, when="", *boxes, gone=(), more=""):
        """Look what became of the mails, and keep it for the page."""
        outcome = observe(*(boxes or self.boxes), gone=gone)
        said = outcome.words() + (f", {more}" if more else "")
        self.steps.append(f"{when}: {said}" if when else said)
        self.outcomes.append(outcome)
        return outcome

    def close(self):
        """Leave nothing to the next fault."""
        self.agent.disarm()
        for box in self.boxes:
            box.close()


@pytest.fixture
def compare(core, ours, dovecot, request):
    """Play one fault on core and on ours; returns what was seen of ours, core's is recorded.

    ``compare(title, scenario)``; the scenario is a function of a :class:`Scene`.
    """

    def play(title, scenario):
        said = {}
        for system in (core, ours):
            scene = Scene(system, dovecot)
            try:
                scenario(scene)
            finally:
                scene.close()
            said[system.kind] = scene.steps
        place = request.node.path.stem, request.node.function.__code__.co_firstlineno
        record.fault(request.node.name, place, title, **said)
        print(title, said)
        return scene

    return play
