"""The test kit: the real expander, sender and settling, with an SMTP server in memory."""

from pathlib import Path

from odoo.addons.message_history.tools import journal as journal_module
from odoo.addons.message_history.tools.journal import Journal, Rates
from odoo.tests import TransactionCase, new_test_user, tagged
from odoo.tools import config

from ..sender.sender import Sender, Way
from .fake_smtp import FakeServer


class TestJournal(Journal):
    """A sender's journal within the test's own transaction."""

    __test__ = False

    def __init__(self, cr):
        self._cursor = cr._obj
        self.claimer = 4711

    def close(self):
        """The connection is the test's."""

    def _lock(self, space, key):
        return True


@tagged("post_install", "-at_install")
class OutboxCase(TransactionCase):
    """One outgoing mail server, whose SMTP server is in memory: ``self.server``, ``self.channel``, ``self.smtp``.

    Mails are queued, as in production and unlike in other tests; :meth:`send_queue` works the queue off.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["ir.mail_server"].search([]).active = False
        # what demo data left in the queue
        cls.env.cr.execute("UPDATE mail_mail SET state = 'cancel' WHERE state = 'outgoing'")
        cls.alias_domain = cls.env["mail.alias.domain"].search([], limit=1) or cls.env["mail.alias.domain"].create(
            {"name": "odoo.example.net"})
        cls.env.company.alias_domain_id = cls.alias_domain
        cls.server = cls.env["ir.mail_server"].create({"name": "Office", "smtp_host": "mail.example.net"})
        cls.channel = cls.server.channel_id
        cls.manager = new_test_user(cls.env, "outbox_manager", groups="message_history.group_manager",
                                    email="manager@example.net")
        cls.clerk = new_test_user(cls.env, "outbox_clerk", groups="message_history.group_user",
                                  email="clerk@example.net")

    def setUp(self):
        super().setUp()
        self.smtp = FakeServer()
        self.patch(type(self.env["mail.mail"]), "_sends_inline", lambda _mails: False)
        self.patch(type(self.env["ir.mail_server"]), "_disable_send", classmethod(lambda _cls: False))
        self.patch(journal_module, "now", lambda: self.env.cr.now().replace(microsecond=0))

    # Doing ----------------------------------------------------------------------------------

    def mail(self, *to, partners=(), **values):
        """Return a mail that waits to be sent."""
        return self.env["mail.mail"].create({
            "subject": "An offer", "body_html": "<p>Hello, this is the offer.</p>",
            "email_from": "Sales <sales@example.net>", "email_to": ", ".join(to),
            "recipient_ids": [(6, 0, [partner.id for partner in partners])], "auto_delete": False, **values})

    def expand(self):
        """Enter what waits into the outbox; returns how many mails."""
        self.env.flush_all()
        count = self.env["mail.expander"]._expand_batch()
        self.env.invalidate_all()  # in production it is another transaction
        return count

    def send_queue(self, channel=None, rates=None):
        """Work the queue off as a worker does; returns how many deliveries were tried."""
        while self.expand():
            pass
        channel = channel or self.channel
        way = self.way(channel, rates)
        sender = Sender(self.env.cr.dbname, way, lambda _channel, _error: None)
        journal, before = TestJournal(self.env.cr), self._attempted()
        while shipments := sender._take(journal):
            if not sender._send_shipments(journal, shipments):
                break
        total = self._attempted() - before
        self.settle()
        return total

    def _attempted(self):
        """Return how many attempts there were at all deliveries together."""
        self.env.flush_all()
        self.env.cr.execute("SELECT COALESCE(SUM(attempts), 0) FROM message_delivery")
        return self.env.cr.fetchone()[0]

    def way(self, channel, rates=None):
        """Return how a channel sends: to the server in memory."""
        secret = self.env["message.bounce"]._secret()
        return Way(
            queue=channel.id, via=channel.id, connect=self.smtp.connect, rates=rates or Rates(), connections=1,
            recipients=channel.recipient_limit, resend=channel.resend_in_doubt, verp=secret if channel.verp else b"",
            secret=secret,
            store=Path(config["data_dir"]) / "message_history" / self.env.cr.dbname)

    def settle(self):
        """Settle what was sent."""
        self.env.flush_all()
        self.env.invalidate_all()
        while self.env["message.outbox"]._settle():
            pass
        self.env.invalidate_all()

    def make_due(self):
        """Let the time until the next attempt pass."""
        self.env["message.delivery"].search([("state", "=", "deferred")]).next_attempt = "2020-01-01 00:00:00"
        self.env.flush_all()

    # Looking --------------------------------------------------------------------------------

    def deliveries(self, mail):
        """Return the deliveries of a mail, in order."""
        return mail.history_ids.sorted("id").delivery_ids.sorted("id")

    def states(self, mail):
        """Return {address: state} of a mail's deliveries."""
        return {delivery.address: delivery.state for delivery in self.deliveries(mail)}
