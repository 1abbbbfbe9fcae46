"""``dev odoo``: Odoo with the addons path and the database server of this checkout."""

from __future__ import annotations

from argparse import Namespace

from dev import odoo as odoo_module


def main(options: Namespace) -> int:
    """Pass all arguments to Odoo."""
    with odoo_module.ready() as odoo:
        return odoo.interactive(*options.arguments)
