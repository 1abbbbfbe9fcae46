"""Waiting for news from a real Dovecot."""

import threading
import time

from odoo.addons.message_history.lib import errors
from odoo.addons.message_history.lib.transport import FolderRequest, StartPolicy

from tests.integration.transport.mailboxes import Reader, mail


class Listening:
    """``listen`` in a thread; events with their time."""

    def __init__(self, transport, on_event=lambda _folder: None):
        self.events = []
        self.error = None
        self._on_event = on_event
        self._transport = transport
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        try:
            self._transport.listen(self._event, self._stop.is_set)
        except errors.ChannelError as error:
            self.error = error

    def _event(self, folder):
        self.events.append((folder, time.monotonic()))
        self._on_event(folder)

    def wait(self, count, seconds=5):
        end = time.monotonic() + seconds
        while len(self.events) < count and time.monotonic() < end and self._thread.is_alive():
            time.sleep(0.01)
        assert len(self.events) >= count, self.events
        return self.events[count - 1]

    def join(self, seconds=5):
        self._thread.join(seconds)
        assert not self._thread.is_alive()

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *exc_info):
        self._stop.set()
        self.join()


def test_idle_pushes(mailbox):
    """Dovecot itself gathers changes for half a second before it tells of them."""
    with mailbox.imap() as transport, Listening(transport) as listening:
        listening.wait(1)
        delays = []
        for number in range(1, 5):
            time.sleep(0.05)
            began = time.monotonic()
            mailbox.server.deliver_file(mailbox.user, mail(number))
            _folder, at = listening.wait(number + 1)
            delays.append(at - began)
        assert sorted(delays)[1] < 0.7, delays
        began = time.monotonic()
    assert time.monotonic() - began < 1, "stop is obeyed within a second"


def test_idle_costs_nothing_of_our_own(mailbox, proxy_to):
    """From the server's word to the event: at once."""
    proxy = proxy_to(mailbox.server.imap_port)
    transport = mailbox.imap(security="none", port=proxy.port)
    with transport, Listening(transport) as listening:
        listening.wait(1)
        time.sleep(0.3)
        before = proxy.total.received
        mailbox.server.deliver_file(mailbox.user, mail(1))
        while proxy.total.received == before:
            time.sleep(0.001)
        told = time.monotonic()
        assert listening.wait(2)[1] - told < 0.1


def test_fetching_while_listening(mailbox):
    """The listener fetches on the connection that listens; nothing is missed in between."""
    for folder in ("Sent", "Other"):
        mailbox.server.create_folder(mailbox.user, folder)
    transport = mailbox.imap(folders=["INBOX", "Sent", "Other"], poll_interval=0.5)
    readers = {
        folder: Reader(transport, FolderRequest(folder, start=StartPolicy.ALL, mark_seen=True))
        for folder in ("INBOX", "Sent", "Other")
    }
    with transport, Listening(transport, lambda folder: readers[folder].fetch()) as listening:
        listening.wait(3)
        for number in range(1, 31):
            folder = ("INBOX", "INBOX", "Sent", "Other")[number % 4]
            mailbox.server.deliver_file(mailbox.user, mail(number), folder)
            time.sleep(0.05)
        end = time.monotonic() + 10
        while sum(len(one.kept) for one in readers.values()) < 30 and time.monotonic() < end:
            time.sleep(0.05)
    assert listening.error is None
    assert {folder: len(one.kept) for folder, one in readers.items()} == {
        "INBOX": 15,
        "Sent": 8,
        "Other": 7,
    }


def test_mail_from_before_listening_is_told(mailbox):
    mailbox.put(1)
    with mailbox.imap() as transport, Listening(transport) as listening:
        assert listening.wait(1)[0] == "INBOX"


def test_idle_is_renewed(mailbox, proxy_to):
    proxy = proxy_to(mailbox.server.imap_port)
    transport = mailbox.imap(security="none", port=proxy.port, idle_renew=0.5)
    with transport, Listening(transport) as listening:
        listening.wait(1)
        before = proxy.snapshot()
        time.sleep(2.5)
        assert 3 <= (proxy.snapshot() - before).commands <= 6
        mailbox.put(1)
        listening.wait(2)


def test_break_while_listening(mailbox, proxy_to):
    proxy = proxy_to(mailbox.server.imap_port)
    transport = mailbox.imap(security="none", port=proxy.port)
    with Listening(transport) as listening:
        listening.wait(1)
        time.sleep(0.2)
        proxy.cut()
        listening.join()
        assert isinstance(listening.error, errors.ConnectionFailed)
    with Listening(transport) as listening:  # the same object connects again
        listening.wait(1)
        mailbox.put(1)
        listening.wait(2)
    transport.close()


def test_server_that_died_silently_while_listening(mailbox, proxy_to):
    proxy = proxy_to(mailbox.server.imap_port)
    transport = mailbox.imap(security="none", port=proxy.port, idle_renew=0.5, timeout=0.5)
    with transport, Listening(transport) as listening:
        listening.wait(1)
        proxy.faults.hang_after = 0
        listening.join(5)
        assert isinstance(listening.error, errors.ConnectionFailed)
