import os
import socket
from datetime import timedelta

from odoo import fields

from ..lib.errors import AuthenticationError, ConnectionFailed
from .common import MessageCase, build_mail


class TestAlarms(MessageCase):
    """One alarm for an outage, for the right people, cleared when all is well."""

    def look(self):
        self.env["message.alarm"]._cron_alarms()
        self.channel.invalidate_recordset()
        return self.channel.activity_ids

    def test_a_healthy_channel_is_silent(self):
        self.receive(build_mail())
        self.assertFalse(self.look())

    def test_a_refused_login_is_told_once_and_taken_back(self):
        self.server.failures["fetch"] = AuthenticationError("bad password")
        self.fetch()
        alarms = self.look()
        self.assertTrue(alarms)
        self.assertIn("bad password", alarms[0].summary)
        self.assertEqual(self.look(), alarms, "one alarm for one outage")
        self.server.failures.clear()
        self.fetch()
        self.assertFalse(self.look())

    def test_a_second_outage_is_told_again(self):
        for _outage in range(2):
            self.server.failures["fetch"] = AuthenticationError("bad password")
            self.fetch()
            self.assertTrue(self.look())
            self.server.failures.clear()
            self.fetch()
            self.assertFalse(self.look())

    def test_a_passing_failure_is_no_alarm_a_lasting_one_is(self):
        self.server.failures["fetch"] = ConnectionFailed("timed out")
        self.fetch()
        for _attempt in range(9):
            self.fetch()
        self.assertFalse(self.look(), "a listener tries often: a restart of the server is no reason to call anybody")
        self.channel.status_ids.write({"last_error_date": fields.Datetime.now() - timedelta(minutes=11)})
        self.assertTrue(self.look())

    def test_members_who_manage_are_told_else_all_managers(self):
        self.server.failures["fetch"] = AuthenticationError("bad password")
        self.fetch()
        self.assertIn(self.manager, self.look().user_id)
        self.assertNotIn(self.member, self.channel.activity_ids.user_id)
        sales, server = self.make_channel("Sales", member_ids=(self.manager | self.member).ids)
        server.failures["fetch"] = AuthenticationError("bad password")
        self.fetch(sales)
        self.look()
        self.assertEqual(sales.activity_ids.user_id, self.manager)

    def test_a_message_that_waits_too_long(self):
        self.channel.alarm_waiting_minutes = 30
        message = self.receive(build_mail(), process=False)
        self.assertFalse(self.look())
        self.env.cr.execute("UPDATE message_history SET create_date = %s WHERE id = %s",
                            [fields.Datetime.now() - timedelta(minutes=31), message.id])
        self.env.invalidate_all()
        self.assertIn("has waited since", self.look()[0].summary)
        self.work()
        self.assertFalse(self.look())

    def silence(self, **hours):
        self.receive(build_mail())
        status = self.env["message.channel.status"]._get(self.channel)
        now = fields.Datetime.now()
        status.write({"longest_silence": hours["longest"] * 3600, "last_message": now - timedelta(hours=hours["now"])})

    def test_longer_silent_than_ever(self):
        self.silence(longest=30, now=40)
        self.assertFalse(self.look())
        self.silence(longest=30, now=46)
        self.assertIn("silent since", self.look()[0].summary)
        self.receive(build_mail())
        self.assertFalse(self.look())

    def test_silence_can_be_allowed(self):
        self.channel.alarm_silence = False
        self.silence(longest=30, now=460)
        self.assertFalse(self.look())

    def test_the_longest_silence_is_measured(self):
        self.receive(build_mail())
        status = self.env["message.channel.status"]._get(self.channel)
        status.last_message = fields.Datetime.now() - timedelta(hours=5)
        self.receive(build_mail())
        status.invalidate_recordset()
        self.assertAlmostEqual(status.longest_silence, 5 * 3600, delta=60)

    def test_a_paused_channel_raises_none(self):
        self.server.failures["fetch"] = AuthenticationError("bad password")
        self.fetch()
        self.channel.action_pause()
        self.assertFalse(self.look())


class TestHealth(MessageCase):
    """What channel and processes say of themselves."""

    def test_words(self):
        self.assertEqual(self.channel.health, "idle")
        self.assertEqual(self.channel.health_text, "Not used yet")
        self.fetch()
        self.channel.invalidate_recordset()
        self.assertIn("Works, last checked", self.channel.health_text)
        status = self.env["message.channel.status"]._get(self.channel)
        status._note_heartbeat()
        status.heartbeat = fields.Datetime.now() - timedelta(seconds=12)
        self.env.invalidate_all()
        self.assertRegex(self.channel.health_text, r"Live, last seen 1\d s ago")
        self.assertEqual(status.held_by, f"{socket.gethostname()}:{os.getpid()}")
        status.heartbeat = fields.Datetime.now() - timedelta(seconds=200)
        self.env.invalidate_all()
        self.assertNotIn("Live", self.channel.health_text)
        self.channel.action_pause()
        self.assertEqual(self.channel.health_text, "Paused")

    def test_ages(self):
        status = self.env["message.channel.status"]._get(self.channel)
        now = fields.Datetime.now()
        for delta, words in (({"seconds": 5}, "5 s"), ({"minutes": 10}, "10 min"), ({"hours": 5}, "5 h"),
                             ({"days": 3}, "3 days")):
            with self.subTest(words=words):
                number, unit = status._words_for_age(now - timedelta(**delta)).split(" ")
                self.assertEqual(unit, words.split(" ")[1])
                self.assertAlmostEqual(int(number), int(words.split(" ")[0]), delta=2)

    def test_the_counters(self):
        self.receive(build_mail(), build_mail())
        with self.failing("res.partner", "message_new", ValueError("no")):
            self.receive(build_mail())
        self.receive(build_mail(), process=False)
        channel = self.channel.with_user(self.member)
        channel.invalidate_recordset()
        self.assertEqual(
            (channel.message_count, channel.waiting_count, channel.failed_count, channel.received_today), (4, 2, 1, 4))

    def test_waiting_longer_after_each_failure(self):
        self.server.failures["fetch"] = ConnectionFailed("timed out")
        status = self.env["message.channel.status"]._get(self.channel)
        waits = []
        for _attempt in range(8):
            self.fetch()
            status.invalidate_recordset()
            waits.append((status.next_attempt - fields.Datetime.now()).total_seconds())
        rounded = [round(one, -1) for one in waits]  # some of a second pass until they are looked at
        self.assertEqual(sorted(rounded), rounded)
        self.assertAlmostEqual(waits[0], 30, delta=3)
        self.assertAlmostEqual(waits[-1], 900, delta=3)
        self.server.failures["fetch"] = ConnectionFailed("later, please", retry_after=3600)
        self.fetch()
        status.invalidate_recordset()
        self.assertAlmostEqual((status.next_attempt - fields.Datetime.now()).total_seconds(), 3600, delta=3)

    def test_processes(self):
        gateway = self.env["message.gateway"]
        gateway.search([]).unlink()
        self.assertFalse(gateway._is_alive("worker"))
        gateway._beat("host", 1, "worker", 5)
        gateway._beat("host", 1, "worker", 7)
        gateway.invalidate_model()
        self.assertEqual(gateway.search([]).mapped("handled"), [7])
        self.assertTrue(gateway._is_alive("worker"))
        self.assertFalse(gateway._is_alive("listener"))
        gateway._leave("host", 1)
        self.assertFalse(gateway.search([]))

    def test_processes_that_vanished_are_forgotten(self):
        gateway = self.env["message.gateway"]
        gateway._beat("host", 1, "worker")
        gateway.search([]).heartbeat = fields.Datetime.now() - timedelta(days=2)
        gateway._gc_gone()
        self.assertFalse(gateway.search([]))

    def test_with_a_worker_alive_no_scheduled_action_is_triggered(self):
        self.env["message.gateway"]._beat("host", 1, "worker")
        crons = [cron.id for cron in self.env["message.worker"]._scheduled_actions()]
        before = self.env["ir.cron.trigger"].search_count([("cron_id", "in", crons)])
        self.receive(build_mail(), process=False)
        self.assertEqual(self.env["ir.cron.trigger"].search_count([("cron_id", "in", crons)]), before)
