"""Odoo with and without our addons beside each other, and an SMTP server that is the judge."""

import pytest

from dev import database as databases
from dev.servers.smtp import SmtpProcess
from tests.integration.faults.system import prepared, template
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
