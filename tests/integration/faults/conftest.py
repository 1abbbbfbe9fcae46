"""Odoo with and without our addons, beside each other, for the tests of faults."""

import os

import pytest

from dev import database as databases
from dev.servers import dovecot as dovecot_module
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
