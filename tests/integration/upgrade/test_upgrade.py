"""The upgrade from the version before, of each addon alone; the one with data and an old gateway is ``dev upgrade``."""

from dev import upgrade


def test_addons_that_are_alone_and_have_no_data_are_upgraded(odoo):
    """No migration relies on another addon, on a row, or on being run once."""
    assert upgrade.alone(odoo) == []
