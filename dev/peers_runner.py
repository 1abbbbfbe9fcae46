"""Starts Odoo so that every test runs when all addons are loaded.

Odoo runs a test marked ``at_install`` before addons further up are loaded, so it would never see
ours. This file runs in Odoo's process, as ``python peers_runner.py <Odoo's arguments>``.
"""

from __future__ import annotations

import os
import sys
import unittest
from typing import Any

import odoo.cli
from odoo.tests import common, loader
from odoo.tests.suite import OdooSuite

_make_suite = loader.make_suite


def make_suite(module_names: list[str], position: str = "at_install") -> Any:
    """All tests at the end, none before."""
    if position == "at_install":
        return OdooSuite([])
    first = _make_suite(module_names, "at_install")
    return OdooSuite([*first, *_make_suite(module_names, position)])


def browser_js(*_args: Any, **_kwargs: Any) -> None:
    """Takes the place of a tour in the browser."""
    raise unittest.SkipTest("browser tests run with `dev peers --browser`")


if __name__ == "__main__":
    if "PEERS_BROWSER" not in os.environ:
        common.HttpCase.browser_js = browser_js
    loader.make_suite = make_suite
    sys.argv[0] = "odoo"
    odoo.cli.main()
