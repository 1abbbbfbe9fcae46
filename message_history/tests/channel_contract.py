"""What every kind of channel promises; each addon with a channel runs these tests on its own."""

import psycopg2
from odoo.exceptions import AccessError
from odoo.modules.neutralize import get_neutralization_queries
from odoo.tools import mute_logger

from ..lib.errors import AuthenticationError, ConfigurationError, ConnectionFailed
from ..lib.transport import Capability, Transport
from .common import build_mail

#: What is called for each capability, with arguments of any kind.
CALLS = {
    Capability.CHECK: ("check", ()),
    Capability.FETCH: ("fetch", (None,)),
    Capability.LISTEN: ("listen", (None, None)),
    Capability.SEND: ("send", (None,)),
    Capability.FOLDERS: ("folders", ()),
    Capability.MOVE: ("move", ((), "")),
}


class ChannelContractMixin:
    """Run by a test case that has ``channel``, its ``server`` (a ``FakeServer``), ``member``.

    The case overrides :meth:`contract_secrets` and, where its addon speaks a protocol,
    :meth:`contract_real_transport`.
    """

    allow_inherited_tests_method = True  # Odoo runs no inherited test without it

    def contract_secrets(self):
        """Return pairs (record, field name) of everything that must stay secret."""
        return []

    def contract_real_transport(self) -> Transport:
        """Return what really speaks the channel's protocol, not connected."""
        return self.channel._get_transport()

    # Receiving --------------------------------------------------------------------------------

    def test_contract_stored_before_the_server_is_told(self):
        self.server.deliver(build_mail(), build_mail())
        seen = []
        self.server.on_call = lambda name: name == "acknowledge" and seen.append(len(self.ledger()))
        report = self.fetch()
        self.assertEqual(report.received, 2)
        self.assertEqual(seen, [2], "the messages were in the ledger when the server was told")
        self.assertEqual(len(self.server.acknowledged), 2)

    def test_contract_what_is_not_stored_is_not_acknowledged(self):
        self.server.deliver(build_mail())
        error = psycopg2.OperationalError("the disk is full")
        with self.failing("message.intake", "_store_chunk", error), self.assertRaises(psycopg2.OperationalError):
            self.fetch()
        self.assertFalse(self.server.acknowledged)
        self.assertEqual(self.fetch().received, 1, "the next fetch brings it")

    def test_contract_a_crash_before_the_acknowledgement_makes_no_duplicate(self):
        self.server.deliver(build_mail(), build_mail())
        self.server.failures["acknowledge"] = ConnectionFailed("cut")
        self.assertTrue(self.fetch().error)
        self.assertEqual(len(self.ledger()), 2, "what was stored stays")
        self.server.failures.clear()
        self.assertFalse(self.fetch().error)
        self.assertEqual(len(self.ledger()), 2)
        self.assertFalse(self.fetch(reconcile=True).received, "not even when the server tells all of it again")
        self.assertEqual(len(self.ledger()), 2)
        self.assertEqual(len(self.server.acknowledged), 2)

    def test_contract_external_ids_are_unique_on_the_channel(self):
        raw = build_mail()
        self.server.deliver(raw, raw)
        self.assertEqual(self.fetch().received, 2, "two messages of the server stay two, however alike")
        ids = self.ledger().mapped("external_id")
        self.assertEqual(len(set(ids)), 2)
        with mute_logger("odoo.sql_db"), self.assertRaises(psycopg2.IntegrityError), self.cr.savepoint():
            self.ledger()[:1].copy({"external_id": ids[1]})

    def test_contract_the_cursor_survives(self):
        self.server.deliver(build_mail(), build_mail(), build_mail())
        self.assertEqual(self.fetch().received, 3)
        self.assertEqual(self.fetch().received, 0)
        self.server.deliver(build_mail())
        report = self.fetch()
        self.assertEqual((report.received, report.known), (1, 0), "only the new one was asked for")

    def test_contract_a_failure_is_noted_in_words_and_forgotten_on_success(self):
        self.server.failures["fetch"] = ConnectionFailed("no route to host")
        report = self.fetch()
        self.assertIn("no route to host", report.words(self.env))
        self.channel.invalidate_recordset()
        self.assertEqual(self.channel.health, "retrying")
        self.assertIn("no route to host", self.channel.health_text)
        self.server.failures["fetch"] = AuthenticationError("login failed", field="password")
        self.fetch()
        self.channel.invalidate_recordset()
        self.assertEqual(self.channel.health, "attention", "another attempt can't help")
        self.server.failures.clear()
        self.fetch()
        self.channel.invalidate_recordset()
        self.assertEqual(self.channel.health, "ok")
        self.assertFalse(self.channel.last_error)

    # Holding back -----------------------------------------------------------------------------

    def test_contract_a_pause_stops(self):
        self.server.deliver(build_mail())
        self.channel.action_pause()
        self.assertTrue(self.fetch().unusable)
        self.assertFalse(self.server.calls, "the server was not even reached")
        self.channel.action_continue()
        self.assertEqual(self.fetch().received, 1)

    def test_contract_a_copied_database_waits(self):
        self.server.deliver(build_mail())
        self.env["ir.config_parameter"].sudo().set_param("database.uuid", "another one")
        self.channel.invalidate_recordset()
        self.assertTrue(self.channel.held)
        self.assertTrue(self.fetch().unusable)
        self.assertFalse(self.server.calls)
        self.channel.action_confirm_database()
        self.assertEqual(self.fetch().received, 1)

    def test_contract_what_it_cannot_do_is_refused_aloud(self):
        transport = self.contract_real_transport()
        for capability, (name, arguments) in CALLS.items():
            if capability not in transport.capabilities:
                with self.subTest(capability=capability), self.assertRaises(ConfigurationError) as caught:
                    getattr(transport, name)(*arguments)
                self.assertIn(capability.value, str(caught.exception))

    # Secrets ----------------------------------------------------------------------------------

    def test_contract_secrets_are_for_nobody(self):
        for record, name in self.contract_secrets():
            secret = record[name]
            self.assertTrue(secret, f"the test needs a value in {name}")
            for user in (self.member, self.other, self.manager):
                with self.subTest(field=name, user=user.login), self.assertRaises(AccessError):
                    record.with_user(user).read([name])
            with self.subTest(field=name):
                self.assertNotEqual(record.copy()[name], secret)
                self.assertNotIn(secret, repr(vars(self.contract_real_transport())))

    def test_contract_a_neutralized_copy_is_silent(self):
        self.env.flush_all()
        modules = self.env["ir.module.module"].search([("state", "=", "installed")]).mapped("name")
        for query in get_neutralization_queries(modules):
            self.env.cr.execute(query)
        self.env.invalidate_all()
        self.server.deliver(build_mail())
        self.assertTrue(self.channel.paused)
        self.assertTrue(self.fetch().unusable)
        for record, name in self.contract_secrets():
            self.assertFalse(record[name], f"{name} is still there")
