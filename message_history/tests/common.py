"""The test kit: a channel with a server in memory, the real intake and the real workers.

Whatever commits does so through ``tools/transaction.py``; within :meth:`MessageCase.at_work` these
commits are savepoints of the test's own transaction.
"""

import contextlib
import time
from email.message import EmailMessage
from email.utils import make_msgid
from unittest.mock import patch

from odoo.tests import TransactionCase, new_test_user, tagged
from odoo.tools import mute_logger

from ..tools import locks
from .fake_transport import FakeServer, FakeTransport

#: Warns of every failed message; the tests look at the ledger instead.
DISPATCHER = "odoo.addons.message_history.models.message_dispatcher"


def build_mail(text="Hello, this is the text.", *, sender="Ann <ann@example.com>", to="office@example.net",
               subject="A question", message_id=None, references="", attachments=(), **headers):
    """Return a raw mail; further headers as keywords, ``auto_submitted="auto-replied"``.

    :param attachments: pairs of file name and bytes
    """
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, to, subject
    message["Message-ID"] = message_id or make_msgid(domain="mail.example.com")
    message["Date"] = "Fri, 02 Jan 2026 10:00:00 +0000"
    if references:
        message["References"] = references
        message["In-Reply-To"] = references.split()[-1]
    for name, value in headers.items():
        message[name.replace("_", "-").title()] = value
    message.set_content(text)
    for filename, content in attachments:
        message.add_attachment(content, maintype="application", subtype="octet-stream", filename=filename)
    return message.as_bytes(policy=message.policy.clone(linesep="\r\n"))


@tagged("post_install", "-at_install")
class MessageCase(TransactionCase):
    """One channel of the neutral type whose server is in memory: ``self.channel``, ``self.server``.

    Its inbox makes contacts (``res.partner``), the only document that every Odoo has.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["ir.config_parameter"].sudo().set_param("mail.gateway.loop.threshold", "1000000")
        cls.alias_domain = cls.env["mail.alias.domain"].search([], limit=1) or cls.env["mail.alias.domain"].create(
            {"name": "odoo.example.net"})
        cls.env.company.alias_domain_id = cls.alias_domain
        cls.member = new_test_user(
            cls.env, "history_member", groups="message_history.group_user", email="member@example.net")
        cls.other = new_test_user(
            cls.env, "history_other", groups="message_history.group_user", email="other@example.net")
        cls.manager = new_test_user(
            cls.env, "history_manager", groups="message_history.group_manager", email="manager@example.net")
        cls._servers = {}
        cls.channel, cls.server = cls.make_channel("Office", member_ids=cls.member.ids)
        cls.folder = cls.channel.folder_ids

    def setUp(self):
        super().setUp()
        for server in self._servers.values():
            server.__init__()
        self.patch_transports()
        # a test's transaction never ends, and with it none of the locks that are to end with one
        self.patch(locks, "hold_work", lambda cr, space, keys: None)

    def patch_transports(self):
        """Let the channels speak to the servers in memory; addons replace a socket of their own."""
        servers, original = self._servers, type(self.env["message.channel"])._get_transport

        def get_transport(channel):
            server = servers.get(channel.id)
            return FakeTransport(server) if server is not None else original(channel)

        self.patch(type(self.env["message.channel"]), "_get_transport", get_transport)

    @classmethod
    def make_channel(cls, name, **values):
        """Return a channel of the neutral type and its server."""
        channel = cls.env["message.channel"].create({
            "name": name,
            "folder_ids": [(0, 0, {
                "name": "INBOX", "start": "all", "model_id": cls.env["ir.model"]._get_id("res.partner")})],
            **values,
        })
        cls._servers[channel.id] = FakeServer()
        return channel, cls._servers[channel.id]

    # Doing ----------------------------------------------------------------------------------

    @contextlib.contextmanager
    def at_work(self):
        """What commits in here commits into the test's transaction."""
        with self.enter_registry_test_mode():
            yield

    def fetch(self, channel=None, **options):
        """Fetch a channel as the scheduled action does; returns the report.

        The lock of the fetch before ends with its connection: PostgreSQL needs a moment to see that.
        """
        end = time.monotonic() + 2
        with self.at_work():
            while True:
                report = self.env["message.fetcher"]._fetch_channel(channel or self.channel, **options)
                if not report.busy or time.monotonic() > end:
                    return report
                time.sleep(0.01)

    def work(self):
        """Have the worker process what is there; returns how many messages it dealt with."""
        total = 0
        with self.at_work(), mute_logger(DISPATCHER), locks.AdvisoryLocks(self.env.cr.dbname) as held:
            while count := self.env["message.worker"]._process_batch(held):
                total += count
        return total

    def receive(self, *raws, channel=None, folder="INBOX", process=True):
        """Deliver mails to the server, fetch and process them; returns their ledger rows, in order."""
        channel = channel or self.channel
        before = self.ledger(channel)
        self._servers[channel.id].deliver(*raws, folder=folder)
        report = self.fetch(channel)
        self.assertFalse(report.error, report.error_text)
        if process:
            self.work()
        return self.ledger(channel) - before

    def ledger(self, channel=None):
        """Return the ledger rows of a channel in the order in which they came."""
        return self.env["message.history"].search([("channel_id", "=", (channel or self.channel).id)], order="id")

    def make_due(self, messages):
        """Let the time until the next attempt pass."""
        messages.write({"next_attempt": "2020-01-01 00:00:00"})

    @contextlib.contextmanager
    def failing(self, model, method, error):
        """Let a method of a model raise; yields the list of its calls."""
        calls = []

        def fail(records, *args, **kwargs):
            calls.append((records, args, kwargs))
            raise error

        with patch.object(self.env.registry[model], method, fail):
            yield calls

    # Looking --------------------------------------------------------------------------------

    def document(self, message):
        """Return the document that a message became."""
        return self.env[message.model].browse(message.res_id) if message.res_id else None

    def assertState(self, messages, state):
        """Every message is in a state; shows the reason and the traceback if not."""
        for message in messages:
            message.invalidate_recordset()
            self.assertEqual(message.state, state, f"{message.state_reason}\n{message.failure_traceback or ''}")
