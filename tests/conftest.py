"""Lets tests import ``odoo.addons.<addon>.lib`` under the path of production, without Odoo.

The packages registered here are empty: an ``import odoo.models`` inside a ``lib/`` fails.
"""

import os
import sys
from pathlib import Path
from types import ModuleType

import hypothesis

# CI judges a change by the same examples every time; new ones are found by people's own runs.
hypothesis.settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    hypothesis.settings.load_profile("ci")

REPO = Path(__file__).resolve().parent.parent


def _namespace(name: str, *path: Path) -> None:
    module = ModuleType(name)
    module.__path__ = [str(folder) for folder in path]
    sys.modules[name] = module
    parent, _dot, child = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], child, module)


_namespace("odoo")
_namespace("odoo.addons")
for _lib in sorted(REPO.glob("*/lib")):
    _namespace(f"odoo.addons.{_lib.parent.name}", _lib.parent)
