"""The ledger's conversations beside Dovecot's ``UID THREAD REFS``, an independent judge.

The mails take the whole way: delivered to Dovecot, fetched over IMAP, processed by the workers.
"""

import imaplib

import pytest

from tests.integration.pipeline import Mailbox
from tests.integration.test_threading_against_dovecot import conversations, pairs, read_threads

pytestmark = pytest.mark.slow


def judged(dovecot, user):
    """Return Dovecot's conversations as sets of UIDs."""
    with imaplib.IMAP4(dovecot.host, dovecot.imap_port) as imap:
        imap.login(user, "s3cret")
        imap.select("INBOX", readonly=True)
        status, answer = imap.uid("THREAD", "REFS", "UTF-8", "ALL")
        assert status == "OK", answer
    return [{position + 1 for position in thread} for thread in read_threads(answer[0].decode())]


def ours(rows):
    """Return the ledger's conversations as sets of UIDs."""
    grouped = {}
    for uid, row in rows.items():
        assert row["conversation"], row
        grouped.setdefault(row["conversation"], set()).add(uid)
    return list(grouped.values())


def agreement(mailbox, raws):
    """Deliver and process mails; return the share of pairs that both judges put together.

    Of the pairs that either of them does: a pair too many counts as much as a pair too few. A mail
    that came twice is one mail to us and counts once; Dovecot takes the second for a stranger.
    """
    mailbox.deliver(raws)
    mailbox.run()
    rows = mailbox.rows()
    assert len(rows) == len(raws)
    once = {uid for uid, row in rows.items() if not row["same_as"]}
    theirs = pairs(thread & once for thread in judged(mailbox.dovecot, mailbox.user))
    mine = pairs(thread & once for thread in ours(rows))
    share = len(theirs & mine) / len(theirs | mine)
    print(f"{share:.2%} of {len(theirs | mine)} pairs agree: {len(theirs - mine)} missing, "
          f"{len(mine - theirs)} too many ({len(rows)} mails, {len(rows) - len(once)} of them copies)")
    return share, len(theirs | mine)


@pytest.fixture
def mailbox(module_database, dovecot):
    """An empty mailbox of its own."""
    return Mailbox(module_database, dovecot, automatic_mail="process")


def test_made_up_conversations(mailbox):
    share, count = agreement(mailbox, conversations(seed=4, count=60))
    assert count > 500
    assert share >= 0.98


def test_corpus_among_made_up_conversations(mailbox, corpus):
    """Real mail, of which little belongs together, must not be mixed up with anything."""
    paths = sorted(path for path in corpus.rglob("*") if path.suffix in (".eml", ".txt", ".raw"))
    raws = [path.read_bytes() for path in paths if path.stat().st_size]
    share, count = agreement(mailbox, [*conversations(seed=5, count=60), *raws])
    assert count > 500
    assert share >= 0.98
