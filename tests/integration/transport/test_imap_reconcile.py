"""Finding what a resumption by cursor alone would miss, against a real Dovecot."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from odoo.addons.message_history.lib.transport import FolderRequest, StartPolicy

from tests.integration.transport.mailboxes import Reader

OLD = datetime(2026, 1, 1, tzinfo=UTC).timestamp()


def reconciled(transport, reader):
    """Fetch again with a reconciled cursor; returns the subjects that it brought."""
    return reader.subjects(cursor=transport.reconcile(reader.request))


@pytest.mark.parametrize("start", [StartPolicy.ALL, StartPolicy.NOW, StartPolicy.UNSEEN])
def test_what_the_ledger_lost_comes_again(mailbox, start):
    mailbox.put(1, 2, received_at=OLD, seen=True)
    with mailbox.imap() as transport:
        reader = Reader(transport, FolderRequest("INBOX", start=start))
        reader.fetch()
        mailbox.put(3, 4, 5)
        reader.fetch()
        lost = next(key for key in reader.kept if key.endswith("/4"))
        del reader.kept[lost]
        assert reader.fetch() == []
        assert reconciled(transport, reader) == [4]
        assert reconciled(transport, reader) == []


@pytest.mark.parametrize("start", [StartPolicy.NOW, StartPolicy.UNSEEN])
def test_what_was_old_at_the_beginning_stays_old(mailbox, start):
    mailbox.put(1, 2, received_at=OLD, seen=True)
    with mailbox.imap() as transport:
        reader = Reader(transport, FolderRequest("INBOX", start=start))
        assert reader.fetch() == []
        assert reconciled(transport, reader) == []
        mailbox.put(3)
        assert reader.subjects() == [3]
        assert reconciled(transport, reader) == []


def test_a_chosen_date_bounds_it(mailbox):
    now = time.time()
    mailbox.put(1, received_at=now - 3 * 86400)
    mailbox.put(2, received_at=now - 3600)
    since = datetime.fromtimestamp(now, UTC).replace(tzinfo=None) - timedelta(days=1)
    with mailbox.imap() as transport:
        reader = Reader(transport, FolderRequest("INBOX", start=StartPolicy.SINCE, since=since))
        assert reader.subjects() == [2]
        reader.kept.clear()
        assert reconciled(transport, reader) == [2]


def test_before_the_first_fetch_it_changes_nothing(mailbox):
    mailbox.put(1)
    with mailbox.imap() as transport:
        assert transport.reconcile(FolderRequest("INBOX", known_ids=lambda ids: set())) == {}


def test_a_folder_numbered_anew_is_left_to_the_fetch(mailbox):
    mailbox.put(1, 2)
    with mailbox.imap() as transport:
        reader = Reader(transport, FolderRequest("INBOX", start=StartPolicy.ALL))
        reader.fetch()
    mailbox.server.set_uidvalidity(mailbox.user, 4711, "INBOX")
    with mailbox.imap() as transport:
        assert transport.reconcile(reader.request) == reader.request.cursor
