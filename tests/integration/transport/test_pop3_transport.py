"""Pop3Transport against a real Dovecot."""

import dataclasses
import hashlib
import itertools
import os
import signal
import subprocess
import sys
import textwrap
import tracemalloc
from datetime import UTC, datetime, timedelta

import pytest
from odoo.addons.message_history.lib import errors
from odoo.addons.message_history.lib.transport import FolderRequest, StartPolicy

from tests.integration.transport.mailboxes import Reader, as_kept, mail

INBOX = FolderRequest("INBOX", start=StartPolicy.ALL)
DELETE = dataclasses.replace(INBOX, delete_after_fetch=True)


def test_left_on_the_server(mailbox):
    mailbox.put(*range(1, 8))
    with mailbox.pop3() as transport:
        reader = Reader(transport, INBOX)
        assert sorted(reader.subjects(max_messages=3)) == [1, 2, 3, 4, 5, 6, 7]
        assert [len(chunk.messages) for chunk in reader.chunks] == [3, 3, 1]
        assert [chunk.remaining for chunk in reader.chunks] == [4, 1, 0]
        assert reader.fetch() == []
        mailbox.put(8)
        assert reader.subjects() == [8]
    assert len(mailbox.subjects()) == 8
    assert set(map(frozenset, mailbox.flags().values())) <= {frozenset(), frozenset({"\\Seen"})}


def test_what_comes_with_a_message(mailbox):
    mailbox.put(1)
    with mailbox.pop3() as transport:
        (message,) = Reader(transport, INBOX).fetch()
        assert message.content == mail(1)
        assert message.size == len(mail(1))
        assert message.names == {"uidl": message.external_id}
        assert transport.fetch_one(message.names).content == mail(1)
        with pytest.raises(errors.MessageRefused):
            transport.fetch_one({"uidl": "no such"})


def test_bytes_are_exact(mailbox):
    content = b"Subject: mail 1\r\n\r\n.\r\n..two\r\n\r\n.\r\n" + bytes(range(128, 256)) + b"\r\n.x\r\n"
    mailbox.server.deliver_file(mailbox.user, content)
    with mailbox.pop3() as transport:
        (message,) = Reader(transport, INBOX).fetch()
        assert message.content == content


def test_deleted_after_the_commit(mailbox):
    mailbox.put(*range(1, 8))
    request = dataclasses.replace(DELETE, max_messages=3)
    with mailbox.pop3() as transport:
        for chunk in transport.fetch(request):
            assert len(mailbox.subjects()) == 7, "nothing is deleted before the last QUIT"
            transport.acknowledge(request, chunk)
        assert mailbox.subjects() == [], "QUIT follows the last chunk at once"


def test_abandoned_in_the_middle(mailbox):
    """What was acknowledged is deleted when the transport is closed, the rest stays."""
    mailbox.put(*range(1, 8))
    request = dataclasses.replace(DELETE, max_messages=3)
    with mailbox.pop3() as transport:
        for chunk in transport.fetch(request):
            transport.acknowledge(request, chunk)
            break
    assert len(mailbox.subjects()) == 4


def test_cut_before_quit(mailbox, proxy_to):
    """Kept, acknowledged, and the connection dies: known the next time, and deleted then."""
    mailbox.put(*range(1, 6))
    proxy = proxy_to(mailbox.server.pop3_port)
    transport = mailbox.pop3(security="none", port=proxy.port)
    reader = Reader(transport, dataclasses.replace(DELETE, max_messages=2))
    acknowledge, numbers = transport.acknowledge, itertools.count(1)

    def acknowledge_after_a_cut(request, chunk):
        if next(numbers) == 3:
            proxy.cut()
        acknowledge(request, chunk)

    transport.acknowledge = acknowledge_after_a_cut
    with pytest.raises(errors.ChannelError):
        reader.fetch()
    assert len(reader.kept) == 5
    assert len(mailbox.subjects()) == 5
    assert reader.fetch() == []
    assert mailbox.subjects() == []
    transport.close()


FETCHER = """
    import sys, runpy
    sys.path.insert(0, {repo!r})
    runpy.run_path({repo!r} + "/tests/conftest.py")
    from odoo.addons.fetchmail_gateway.lib.pop3 import Pop3Transport
    from odoo.addons.fetchmail_gateway.lib.settings import ServerSettings
    from odoo.addons.message_history.lib.transport import FolderRequest, StartPolicy
    request = FolderRequest(
        "INBOX", start=StartPolicy.ALL, delete_after_fetch=True, max_messages=2)
    transport = Pop3Transport(ServerSettings(
        "127.0.0.1", {port}, security="none", user={user!r}, password="s3cret"))
    for chunk in transport.fetch(request):
        print(*[one.external_id for one in chunk.messages], flush=True)
        sys.stdin.readline()  # the ledger commits
        transport.acknowledge(request, chunk)
"""


def test_killed_before_quit(mailbox, pytestconfig):
    """kill -9 after DELE and before QUIT: the server keeps the mails, and we know them again."""
    mailbox.put(*range(1, 6))
    code = textwrap.dedent(FETCHER).format(
        repo=str(pytestconfig.rootpath), port=mailbox.server.pop3_port, user=mailbox.user
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    first = process.stdout.readline().split()
    process.stdin.write("go on\n")
    process.stdin.flush()
    second = process.stdout.readline().split()  # so the first chunk is marked for deletion
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert (len(first), len(second)) == (2, 2)
    assert len(mailbox.subjects()) == 5
    with mailbox.pop3() as transport:
        originals = {one.external_id: as_kept(one).digest for one in Reader(transport, INBOX).fetch()}
    with mailbox.pop3() as transport:
        known = set(first)  # the second chunk was not committed
        request = dataclasses.replace(
            DELETE,
            known_ids=lambda ids: known & set(ids),
            kept=lambda ids: {one: originals[one] for one in ids},
            cursor={"begun": True, "owed": first},
        )
        got = []
        for chunk in transport.fetch(request):
            got += [one.external_id for one in chunk.messages]
            transport.acknowledge(request, chunk)
    assert set(second) <= set(got)
    assert not set(first) & set(got)
    assert len(got) == 3
    assert mailbox.subjects() == []


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (StartPolicy.NOW, []),
        (StartPolicy.UNSEEN, [1, 2, 3]),
        (StartPolicy.ALL, [1, 2, 3]),
        (StartPolicy.SINCE, [2, 3]),
    ],
)
def test_start(mailbox, start, expected):
    base = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    for number in (1, 2, 3):
        date = (base + timedelta(hours=number - 2)).strftime("%a, %d %b %Y %H:%M:%S +0000")
        content = mail(number).replace(b"Message-ID", b"Date: %s\r\nMessage-ID" % date.encode())
        mailbox.server.deliver_file(mailbox.user, content)
        mailbox.subjects()
    request = FolderRequest("INBOX", start=start, since=base.replace(tzinfo=None))
    with mailbox.pop3() as transport:
        look = transport.first_look(request)
        assert (look.total, look.matching) == (3, len(expected))
        reader = Reader(transport, request)
        assert sorted(reader.subjects()) == expected
        mailbox.put(4)
        assert reader.subjects() == [4]
        assert reader.fetch() == []


def test_25_mib_and_flat_memory(mailbox):
    block = bytes(range(32, 127)) * 11 + b"\r\n.\r\n"
    content = b"Subject: mail 1\r\n\r\n" + block * (25 * 1024 * 1024 // len(block))
    mailbox.server.deliver_file(mailbox.user, content)
    expected, size = hashlib.sha256(content).hexdigest(), len(content)
    del content
    with mailbox.pop3() as transport:
        tracemalloc.start()
        try:
            for chunk in transport.fetch(INBOX):
                (message,) = chunk.messages
                _now, peak = tracemalloc.get_traced_memory()
                with open(message.path, "rb") as handle:
                    assert hashlib.file_digest(handle, "sha256").hexdigest() == expected
        finally:
            tracemalloc.stop()
    assert message.size == size
    assert peak < 12 * 1024 * 1024, f"{peak / 2**20:.1f} MiB for a message of 25 MiB"


def test_too_large_and_fetched_anyway(mailbox):
    mailbox.server.deliver_file(mailbox.user, mail(1, 300_000))
    mailbox.put(2)
    with mailbox.pop3() as transport:
        reader = Reader(transport, dataclasses.replace(DELETE, max_message_size=100_000))
        by_size = {one.truncated: one for one in reader.fetch()}
        assert by_size[True].size > 300_000
        assert by_size[True].content == mail(1).partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
        assert mailbox.subjects() == ["mail 1"], "never deleted with only its header in hand"
        assert transport.fetch_one(by_size[True].names).content == mail(1, 300_000)


def test_pipelining_hides_the_distance(mailbox, proxy_to):
    """100 mails at 50 ms: a round trip for each would take five seconds."""
    mailbox.server.deliver_many(mailbox.user, (mail(number) for number in range(100)))
    proxy = proxy_to(mailbox.server.pop3_port, 0.05)
    with mailbox.pop3(security="none", port=proxy.port) as transport:
        reader = Reader(transport, INBOX)
        tracker = proxy.snapshot()
        assert len(reader.fetch()) == 100
        assert (proxy.snapshot() - tracker).connections == 1
