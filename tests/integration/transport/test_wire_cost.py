"""What reading costs on the wire: it depends on what is new, never on what is there."""

import imaplib
import time

import pytest
from odoo.addons.message_history.lib.transport import FolderRequest, StartPolicy

from tests.integration.transport.mailboxes import Reader, mail

NEW = 50


def cost(mailbox, proxy_to, old):
    """Commands and bytes for 50 new mails beside ``old`` seen ones, by a fresh connection."""
    server, user = mailbox.server, mailbox.user
    server.deliver_many(user, (mail(number) for number in range(old)), seen=True)
    proxy = proxy_to(server.imap_port)
    with mailbox.imap(security="none", port=proxy.port) as transport:
        reader = Reader(transport, FolderRequest("INBOX", mark_seen=True))
        reader.fetch()
    server.deliver_many(user, (mail(100_000 + number) for number in range(NEW)))
    before = proxy.snapshot()
    with mailbox.imap(security="none", port=proxy.port) as transport:
        assert len(Reader(transport, reader.request).fetch()) == NEW
    return proxy.snapshot() - before


@pytest.mark.slow
def test_growth(mailbox, proxy_to):
    """50 new mails alone, and beside 20,000 old ones: the same commands, hardly more bytes."""
    alone = cost(mailbox, proxy_to, 0)
    beside = cost(mailbox, proxy_to, 20_000)
    assert beside.commands / alone.commands <= 1.1
    assert (beside.sent + beside.received) / (alone.sent + alone.received) <= 1.1
    assert alone.commands <= 8, alone


def test_nothing_new_costs_two_commands(mailbox, proxy_to):
    """Opening and listing, in one round trip; no second chunk, no search."""
    mailbox.server.deliver_many(mailbox.user, (mail(number) for number in range(300)))
    proxy = proxy_to(mailbox.server.imap_port)
    with mailbox.imap(security="none", port=proxy.port) as transport:
        reader = Reader(transport, FolderRequest("INBOX", start=StartPolicy.ALL))
        assert len(reader.fetch()) == 300
        before = proxy.snapshot()
        assert reader.fetch() == []
        spent = proxy.snapshot() - before
        assert spent.commands == 2
        assert spent.received < 1500


def test_few_round_trips(mailbox, proxy_to):
    """500 mails at a distance of 20 ms, in chunks of 50, against the plainest way to do it."""
    count, distance = 500, 0.02
    contents = [mail(number, 2000) for number in range(count)]
    mailbox.server.deliver_many(mailbox.user, contents)
    proxy = proxy_to(mailbox.server.imap_port, distance)

    plain = imaplib.IMAP4(proxy.host, proxy.port)
    plain.login(mailbox.user, "s3cret")
    began = time.monotonic()
    plain.select()
    _kind, (uids,) = plain.uid("SEARCH", "ALL")
    uids = uids.decode().split()
    for start in range(0, count, 50):
        part = ",".join(uids[start : start + 50])
        plain.uid("FETCH", part, "(BODY.PEEK[])")
        plain.uid("STORE", part, "+FLAGS.SILENT", "(\\Flagged)")
    plain_time = time.monotonic() - began
    plain.logout()

    with mailbox.imap(security="none", port=proxy.port) as transport:
        transport.folders()
        began = time.monotonic()
        request = FolderRequest("INBOX", start=StartPolicy.ALL, mark_seen=True)
        assert len(Reader(transport, request).fetch()) == count
        our_time = time.monotonic() - began
    print(f"plain {count / plain_time:.0f}/s, ours {count / our_time:.0f}/s")
    assert our_time < plain_time
