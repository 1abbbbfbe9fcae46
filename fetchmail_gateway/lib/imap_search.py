"""Which old messages a start policy chooses, when a folder is read for the first time."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from odoo.addons.message_history.lib.errors import ConfigurationError
from odoo.addons.message_history.lib.transport import FirstLook, FolderRequest, StartPolicy

from .imap_cursor import Cursor
from .imap_errors import message_refused
from .imap_parse import from_set, number_of, search_date, text_of, to_set
from .imap_session import ImapSession, Mailbox
from .imap_wire import FetchItem


def search(session: ImapSession, criteria: str) -> list[int]:
    """UIDs that meet some criteria, ascending; as ranges (RFC 4731) where the server can."""
    short = session.offers("ESEARCH")
    options = "RETURN (ALL) " if short else ""
    command = session.wire.ask(f"UID SEARCH {options}{criteria}", "searching")
    if not command.ok:
        raise message_refused(command.text, "a search")
    uids: set[int] = set()
    for row in command.rows("SEARCH"):
        uids.update(filter(None, map(number_of, row)))
    for row in command.rows("ESEARCH"):
        for key, value in itertools.pairwise(row):
            if text_of(key).upper() == "ALL":
                uids.update(from_set(text_of(value)))
    return sorted(uids)


def begin(session: ImapSession, mailbox: Mailbox, request: FolderRequest) -> Cursor:
    """The first cursor of a folder: what is there now is old, except what the policy chooses."""
    cursor = Cursor(uidvalidity=mailbox.uidvalidity)
    if request.start is StartPolicy.ALL:
        return cursor
    last_uid, newest = _newest(session, mailbox)
    cursor = replace(cursor, last_uid=last_uid, since=newest)
    if request.start is StartPolicy.SINCE:
        cursor = replace(cursor, since=_since(request))
    return replace(cursor, backlog=frozenset(chosen(session, mailbox, request)))


def chosen(session: ImapSession, mailbox: Mailbox, request: FolderRequest) -> list[int]:
    """UIDs of messages in the open folder that the start policy chooses."""
    since = _since(request) if request.start is StartPolicy.SINCE else None
    if not mailbox.exists or request.start is StartPolicy.NOW:
        return []
    if request.start is StartPolicy.ALL:
        return search(session, "ALL")
    if since is None:
        return search(session, "UNSEEN")
    return _received_since(session, since)


def reconcile(session: ImapSession, request: FolderRequest) -> Mapping[str, Any]:
    """The cursor, with what the folder holds and ``known_ids`` doesn't know in its backlog.

    What was old when watching began stays old. A folder that was numbered anew needs no help:
    it is read from its beginning as it is.
    """
    if not request.cursor or request.known_ids is None:
        return request.cursor
    cursor = Cursor.load(request.cursor)
    mailbox = session.select(request.name)
    if not cursor.fits(mailbox) or not mailbox.exists:
        return request.cursor
    # the moment itself belongs to the newest of the old messages, unless somebody chose it
    exact = request.start is StartPolicy.SINCE
    since = cursor.since if exact or not cursor.since else cursor.since + timedelta(seconds=1)
    uids = _received_since(session, since) if since else search(session, "ALL")
    awaited = cursor.backlog | cursor.pending.keys()
    ids = {
        cursor.external_id(request.name, uid): uid
        for uid in uids
        if uid <= cursor.last_uid and uid not in awaited
    }
    known = request.known_ids(list(ids))
    missed = {uid for external_id, uid in ids.items() if external_id not in known}
    return replace(cursor, backlog=cursor.backlog | missed).dump()


def look(session: ImapSession, mailbox: Mailbox, request: FolderRequest) -> FirstLook:
    """Count what a first fetch would bring; counts are made by the server where it can."""
    unseen = len(search(session, "UNSEEN")) if mailbox.exists else 0
    matching = {StartPolicy.NOW: 0, StartPolicy.UNSEEN: unseen, StartPolicy.ALL: mailbox.exists}
    if request.start in matching:
        return FirstLook(mailbox.exists, unseen, matching[request.start])
    return FirstLook(mailbox.exists, unseen, len(chosen(session, mailbox, request)))


def _since(request: FolderRequest) -> datetime:
    if request.since is None:
        raise ConfigurationError("The date to start from is missing.", field="since")
    return request.since


def _received_since(session: ImapSession, since: datetime) -> list[int]:
    """Exact to the second, though SEARCH knows days only, and those in its own time zone."""
    day = timedelta(days=1)
    found = set(search(session, f"SINCE {search_date(since - day)}"))
    unsure = search(
        session, f"SINCE {search_date(since - day)} BEFORE {search_date(since + 2 * day)}"
    )
    if unsure:
        command, items = session.wire.put_listing(to_set(unsure), "UID INTERNALDATE")
        session.wire.wait(command)
        found -= {one.uid for one in items if one.received_at and one.received_at < since}
    return sorted(found)


def _newest(session: ImapSession, mailbox: Mailbox) -> tuple[int, datetime | None]:
    """The highest UID that was given so far, and when the newest message was received."""
    if not mailbox.exists:
        return max(0, mailbox.uidnext - 1), None
    command, items = session.wire.put_listing("*", "UID INTERNALDATE")
    session.wire.wait(command)
    newest = max(items, key=lambda item: item.uid, default=FetchItem())
    return max(newest.uid, mailbox.uidnext - 1), newest.received_at
