"""Documents and messages are those that Odoo's own gateway would have made, field by field."""

import base64
import json

import pytest

from dev import database as databases
from dev import paths

from .conftest import Database
from .equivalence.mails import COUNT, Writer

#: Differences that are meant to be, and why.
DECIDED = {
    # core sends a refusal within the message's transaction; ours waits in the queue for its sender
    ("mail.mail", "state"): ("exception", "outgoing"),
    ("mail.mail", "failure_reason"): ("111\nConnection refused", False),
    # there is no mail server here: core gives up at once, our outbox goes on trying
    ("mail.notification", "notification_status"): ("exception", "ready"),
    ("mail.notification", "failure_type"): ("mail_smtp", False),
}

SCRIPT = """
import sys
sys.path.insert(0, repository)
from tests.integration.equivalence import {module}
result = {call}
"""


def step(database, module, call, **values):
    """Call a function of the folder ``equivalence`` inside Odoo."""
    script = SCRIPT.format(module=module, call=call)
    return database.shell(script, repository=str(paths.REPO), **values)


@pytest.fixture(scope="module")
def sides(odoo, template):
    """What both ways made of the same mails: {side: {"rows": ..., "raised": ..., "ids": ...}}."""
    patch = pytest.MonkeyPatch()
    # core puts addresses into sets, whose order would differ between two processes
    patch.setenv("PYTHONHASHSEED", "0")
    found, raws = {}, []
    try:
        for side, source in (("core", databases.full(odoo)), ("ours", template)):
            with databases.temporary(odoo, source, f"equal_{side}") as name:
                database = Database(odoo, name, paths.log_dir())
                ids = step(database, "start", "start.begin(env)")
                raws = raws or [base64.b64encode(raw).decode() for _kind, raw in Writer(**ids).all()]
                raised = step(database, "run", f"run.{side}(env, raws)", raws=raws)
                rows = step(database, "dump", "dump.Dump(env).all()")
                found[side] = {"raised": raised, "rows": rows, "ids": ids}
    finally:
        patch.undo()
    assert len(set(raws)) == COUNT >= 200
    return found


def test_both_begin_alike(sides):
    assert sides["core"]["ids"] == sides["ours"]["ids"]


def test_nothing_raises(sides):
    assert sides["core"]["raised"] == []
    assert sides["ours"]["raised"] == []


@pytest.mark.parametrize("model", [
    "crm.lead", "res.partner", "mail.message", "mail.followers", "mail.notification", "mail.mail",
    "ir.attachment", "mail.tracking.value", "mail.activity",
])  # fmt: skip
def test_every_stored_field_is_equal(sides, model):
    core, ours = (sides[side]["rows"][model] for side in ("core", "ours"))
    assert [key for key, _values in core] == [key for key, _values in ours]
    differences = [
        f"{key}\n    {name}: core {values[name]!r}\n    {' ' * len(name)}  ours {other.get(name)!r}"
        for (key, values), (_key, other) in zip(core, ours, strict=True)
        for name in values
        if json.dumps(values[name]) != json.dumps(other.get(name))
        and DECIDED.get((model, name)) != (values[name], other[name])
    ]  # fmt: skip
    assert not differences, "\n".join(differences[:30])
