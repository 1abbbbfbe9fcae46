"""What the runs measured, kept as JSON for ``docs/faults.md``."""

import json

from dev import paths
from dev.locks import file_lock

FILE = "faults.json"


#: The sections of the page, and the order of the faults in them.
_ORDER = ("test_documents", "test_crashes", "test_servers", "test_out_faults", "test_out_rules")


def _update(key, value):
    file = paths.log_dir() / FILE
    with file_lock(file.with_suffix(".lock"), "another test writes its results"):
        known = json.loads(file.read_text()) if file.exists() else {}
        known[key] = value
        file.write_text(json.dumps(known, indent=1))


def kills(**figures):
    """Keep what the test that kills found."""
    _update("kills", figures)


def out_kills(**figures):
    """Keep what the test that kills senders found."""
    _update("out_kills", figures)


def fault(name, place, title, **outcomes):
    """Keep what core and ours did with one fault.

    :param place: (module, line) of the test, for the order of the page
    :param outcomes: by system, a list of what was found, in words, in order of time
    """
    module, line = place
    _update(f"fault:{name}", {"title": title, "order": [_ORDER.index(module), line], **outcomes})
