"""Where reading a folder stands."""

import json
from datetime import datetime

import pytest
from odoo.addons.fetchmail_gateway.lib.imap_cursor import Cursor
from odoo.addons.fetchmail_gateway.lib.imap_session import Mailbox
from odoo.addons.fetchmail_gateway.lib.imap_wire import FetchItem
from odoo.addons.message_history.lib.transport import StartPolicy

OLD, EDGE, NEW = (datetime(2026, 1, day) for day in (1, 2, 3))


def mailbox(uidvalidity=7, uidnext=100):
    return Mailbox("INBOX", uidvalidity, uidnext, 50, read_only=False)


def test_there_and_back_through_json():
    cursor = Cursor(7, 99, 1, 50, EDGE, frozenset({1, 2, 3, 9}), {5: 2})
    data = json.loads(json.dumps(cursor.dump()))
    assert data["backlog"] == "1:3,9"
    assert Cursor.load(data) == cursor
    assert Cursor.load({}) == Cursor()
    assert Cursor(7).dump() == {"uidvalidity": 7, "last_uid": 0}


@pytest.mark.parametrize(
    ("uidvalidity", "uidnext", "fits"),
    [
        (7, 100, True),  # nothing new
        (7, 150, True),
        (7, 0, True),  # the server does not tell
        (8, 100, False),
        (7, 99, False),  # the next number is one that was given already
        (7, 1, False),
    ],
)
def test_fits(uidvalidity, uidnext, fits):
    assert Cursor(7, 99).fits(mailbox(uidvalidity, uidnext)) is fits


def test_numbered_anew():
    cursor = Cursor(7, 99, since=EDGE, backlog=frozenset({3}), pending={4: 1})
    anew = cursor.begun_anew(mailbox(8, 60))
    assert anew == Cursor(8, 0, 0, 59, EDGE)
    assert anew.external_id("INBOX", 3) == "INBOX/8/3"


def test_numbers_went_back_without_a_new_uidvalidity():
    """Else new mail would get an id that the ledger has already, and be dropped."""
    once = Cursor(7, 99).begun_anew(mailbox(7, 60))
    assert once.external_id("INBOX", 3) == "INBOX/7+1/3"
    assert once.begun_anew(mailbox(7, 0)).external_id("INBOX", 3) == "INBOX/7+2/3"


@pytest.mark.parametrize(
    ("start", "uid", "received", "flags", "wanted"),
    [
        (StartPolicy.NOW, 10, NEW, (), True),
        (StartPolicy.NOW, 10, EDGE, (), True),  # same second as the newest old one: rather twice
        (StartPolicy.NOW, 10, OLD, (), False),
        (StartPolicy.NOW, 60, OLD, (), True),  # came after the folder was numbered anew
        (StartPolicy.NOW, 10, None, (), True),
        (StartPolicy.UNSEEN, 10, OLD, (), True),
        (StartPolicy.UNSEEN, 10, OLD, ("\\SEEN",), False),
        (StartPolicy.SINCE, 10, OLD, (), False),
    ],
)
def test_what_is_new_after_numbering_anew(start, uid, received, flags, wanted):
    cursor = Cursor(8, 0, relocated_to=59, since=EDGE)
    assert cursor.wants(FetchItem(uid, flags, received), start) is wanted


def test_all_are_wanted_when_nothing_was_left_out():
    assert Cursor(8, 0, relocated_to=59).wants(FetchItem(3, (), OLD), StartPolicy.ALL)


def test_after():
    cursor = Cursor(7, 10, backlog=frozenset({1, 2, 3}), pending={4: 2, 5: 1})
    after = cursor.after({1, 4, 11}, {2, 5, 12}, 12)
    assert after.last_uid == 12
    assert after.backlog == {3}
    assert after.pending == {2: 1, 5: 2, 12: 1}
    assert after.after(set(), set(), 0).last_uid == 12
