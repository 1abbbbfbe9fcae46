"""Mailboxes on the real Dovecot, and how to read them as the ledger does."""

import dataclasses
import hashlib
import itertools

from odoo.addons.fetchmail_gateway.lib.imap import ImapTransport
from odoo.addons.fetchmail_gateway.lib.pop3 import Pop3Transport
from odoo.addons.fetchmail_gateway.lib.settings import ServerSettings
from odoo.addons.message_history.lib.transport import KeptMessage

_numbers = itertools.count(1)


def mail(number, size=0):
    """A small mail that can be told from others."""
    header = b"Subject: mail %d\r\nMessage-ID: <%d@test>" % (number, number)
    return header + b"\r\n\r\n" + b"x" * size + b"\r\n"


class Mailbox:
    """One user's mailbox, alone for one test."""

    def __init__(self, server, spool):
        self.server = server
        self.user = server.add_user(f"user{next(_numbers)}")
        self._spool = spool

    def put(self, *numbers, folder="INBOX", **options):
        """Put mails in, in this order."""
        for number in numbers:
            self.server.deliver_file(self.user, mail(number), folder, **options)
            # One by one: Dovecot numbers those it finds together as it likes.
            self.server.doveadm("mailbox", "status", "-u", self.user, "messages", folder)

    def settings(self, security="ssl", protocol="imap", **values):
        """Settings of this mailbox; the port follows from ``security``."""
        server = self.server
        ports = {
            "imap": {"ssl": server.imaps_port},
            "pop3": {"ssl": server.pop3s_port, "none": server.pop3_port},
        }[protocol]
        plain = server.pop3_port if protocol == "pop3" else server.imap_port
        values = {
            "host": "localhost",
            "port": ports.get(security, plain),
            "security": security,
            "verify": "ca",
            "ca_pem": server.ca_pem,
            "user": self.user,
            "password": "s3cret",
            "timeout": 10.0,
            "spool_folder": str(self._spool),
            **values,
        }
        return ServerSettings(**values)

    def imap(self, folders=("INBOX",), **values):
        """A transport to this mailbox."""
        return ImapTransport(self.settings(**values), folders)

    def pop3(self, **values):
        """A transport to this mailbox."""
        return Pop3Transport(self.settings(protocol="pop3", **values))

    def subjects(self, folder="INBOX"):
        """Subjects of what is in a folder, seen from outside."""
        return [row["hdr.subject"] for row in self.server.messages(self.user, folder)]

    def flags(self, folder="INBOX"):
        """Flags by UID, seen from outside."""
        return {
            int(row["uid"]): set(row["flags"].split()) - {"\\Recent"} for row in self.server.messages(self.user, folder)
        }


class Reader:
    """Fetches as the ledger does: keeps messages and cursor, and acknowledges after that."""

    def __init__(self, transport, request):
        self.transport = transport
        self.request = dataclasses.replace(request, known_ids=self._known, kept=self._originals)
        self.kept = {}
        self.chunks = []

    def _known(self, ids):
        return self.kept.keys() & set(ids)

    def _originals(self, ids):
        there = [self.kept[one] for one in ids if one in self.kept and not self.kept[one].truncated]
        return {one.external_id: as_kept(one).digest for one in there}

    def fetch(self, **changes):
        """Fetch what is new; returns the messages."""
        self.request = dataclasses.replace(self.request, **changes)
        self.chunks, new = [], []
        for chunk in self.transport.fetch(self.request):
            self.chunks.append(chunk)
            new += chunk.messages
            self.kept |= {one.external_id: one for one in chunk.messages}
            self.request = dataclasses.replace(self.request, cursor=chunk.cursor)
            self.transport.acknowledge(self.request, chunk)
        return new

    def subjects(self, **changes):
        """Fetch what is new; returns the numbers of the mails."""
        return [number_of(one) for one in self.fetch(**changes)]


def number_of(message):
    """Which of our mails a message is."""
    return int(message.content.split(b"\r\n", 1)[0].rsplit(b" ", 1)[1])


def as_kept(message, **names):
    """A message as the ledger has it after receiving it, perhaps under another name."""
    return KeptMessage({**message.names, **names}, hashlib.sha256(message.content).digest())
