"""What the runs measured, kept as JSON for ``docs/faults.md``."""

import json

from dev import paths
from dev.locks import file_lock

FILE = "faults.json"


def _update(key, value):
    file = paths.log_dir() / FILE
    with file_lock(file.with_suffix(".lock"), "another test writes its results"):
        known = json.loads(file.read_text()) if file.exists() else {}
        known[key] = value
        file.write_text(json.dumps(known, indent=1))


def kills(**figures):
    """Keep what the test that kills found."""
    _update("kills", figures)


def fault(name, title, **outcomes):
    """Keep what core and ours did with one fault.

    :param outcomes: by system, a list of what was found, in words, in order of time
    """
    _update(f"fault:{name}", {"title": title, **outcomes})
