"""Our conversations beside those of Dovecot's ``UID THREAD REFS``, an independent judge.

On the corpus of real mail, whose files seldom belong together, and on conversations made up here
of what clients really do: full and cut References, In-Reply-To alone, nothing at all, mails that
are missing, ids used twice.
"""

import imaplib
import os
import random
import re
from email import message_from_bytes
from itertools import combinations
from pathlib import Path

import pytest
from odoo.addons.message_history.lib.threading_ids import group, thread_ids

from dev.servers import dovecot

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus" / "mail"
pytestmark = pytest.mark.skipif(
    not dovecot.is_available() and not os.environ.get("CI"), reason="there is no Dovecot here"
)


def judge(mails):
    """Return Dovecot's conversations as sets of positions."""
    with dovecot.Dovecot() as server:
        server.add_user("ann", "s3cret")
        with imaplib.IMAP4(server.host, server.imap_port) as imap:
            imap.login("ann", "s3cret")
            for raw in mails:
                status, answer = imap.append("INBOX", None, None, raw)
                assert status == "OK", answer
            imap.select("INBOX", readonly=True)
            status, answer = imap.uid("THREAD", "REFS", "UTF-8", "ALL")
            assert status == "OK", answer
    return read_threads(answer[0].decode())


def read_threads(text):
    """Return the top-level lists of a THREAD answer, flattened, UIDs from 1 as positions from 0."""
    threads, depth, start = [], 0, 0
    for index, character in enumerate(text):
        if character == "(":
            start = start if depth else index
            depth += 1
        elif character == ")":
            depth -= 1
            if not depth:
                threads.append({int(uid) - 1 for uid in re.findall(r"\d+", text[start:index])})
    return threads


def pairs(threads):
    return {pair for thread in threads for pair in combinations(sorted(thread), 2)}


def agreement(mails):
    """Return the share of pairs that both put together, of those that either does, and how many."""
    theirs = pairs(judge(mails))
    ours = pairs(group([thread_ids(message_from_bytes(raw)) for raw in mails]))
    return len(theirs & ours) / len(theirs | ours), len(theirs | ours)


def conversations(seed, count):
    """Yield mails of made-up conversations, shuffled, as their clients would write them."""
    dice = random.Random(seed)
    mails = []
    for number in range(count):
        thread = []
        for position in range(dice.choice([1, 2, 3, 5, 8, 13])):
            own = f"<{number}.{position}.{dice.random()}@example.org>"
            parent = dice.choice(thread) if thread else None
            chain = [*parent[1], parent[0]] if parent else []
            thread.append((own, chain))
            mails.append(write(own, chain, dice))
    dice.shuffle(mails)
    # a fifth of the mail is elsewhere
    return [raw for raw in mails if dice.random() > 0.2]


def write(own, chain, dice):
    """Return a mail as one of several clients writes it."""
    headers = [f"Message-ID: {own}", "Subject: The same for all", "From: ann@example.org"]
    habit = dice.choice(
        ["full", "full", "cut", "only parent", "in-reply-to", "no in-reply-to", "words"]
    )
    if chain:
        references = {"cut": [chain[0], *chain[-3:]], "only parent": chain[-1:]}.get(habit, chain)
        if habit not in ("in-reply-to", "words"):
            folded = "\r\n ".join(dict.fromkeys(references))
            headers.append(f"References: {folded}")
        if habit == "words":
            headers.append(f'In-Reply-To: Your message of "Mon, 2 Mar 2026" {chain[-1]}')
        elif habit != "no in-reply-to":
            headers.append(f"In-Reply-To: {chain[-1]}")
    return "\r\n".join([*headers, "", "Hi", ""]).encode()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_made_up_conversations(seed):
    mails = conversations(seed, 60)
    share, count = agreement(mails)
    assert count > 500
    assert share >= 0.98


@pytest.mark.skipif(
    not CORPUS.is_dir() and not os.environ.get("CI"), reason="the corpus of real mail is not here"
)
def test_corpus():
    mails = []
    for path in sorted(CORPUS.rglob("*")):
        if path.is_file() and path.suffix in (".eml", ".txt", ".raw"):
            raw = re.sub(rb"\r?\n", b"\r\n", path.read_bytes()).replace(b"\0", b"")
            mails.append(re.sub(rb"\AFrom [^\r]*\r\n", b"", raw))
    mails = [raw for raw in mails if raw]  # Dovecot takes no empty message
    assert len(mails) > 450
    share, count = agreement(mails)
    assert count >= 1
    assert share >= 0.98
