"""The upgrade from the version before, with data, an old gateway and real servers: a short form of ``dev upgrade``."""

from dev import upgrade
from tests.integration.upgrade import play

#: Mails before the upgrade: enough for every thread that the fill does something with.
SIZE = 90


def test_a_database_that_the_version_before_filled_is_upgraded_and_nothing_is_lost_or_sent_twice(odoo):
    """Everything is there, everybody sees what he saw, what waited leaves once, a second upgrade changes nothing."""
    assert play.play(odoo, size=SIZE) == []


def test_addons_that_are_alone_and_have_no_data_are_upgraded(odoo):
    """No migration relies on another addon, on a row, or on being run once."""
    assert upgrade.alone(odoo) == []
