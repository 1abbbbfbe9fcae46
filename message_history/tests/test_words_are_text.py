from unittest.mock import patch

from markupsafe import Markup
from odoo.tools import mute_logger

from ..lib.errors import AuthenticationError
from .common import DISPATCHER, MessageCase, build_mail

HOSTILE = "<img src=x onerror=canary()><a href='https://evil.example'>log in again</a> & \"more\""


class TestWordsAreText(MessageCase):
    """What a server or a sender said is shown as it was said, wherever it is shown: never as mark-up."""

    def activities(self):
        self.channel.invalidate_recordset()
        return self.channel.activity_ids

    def assert_is_text(self, markup, words):
        """The words are in the mark-up, and nothing in it is made of them."""
        self.assertIsInstance(markup, Markup)
        self.assertIn(str(Markup.escape(words)).replace("&#34;", '"').replace("&#39;", "'"),
                      str(markup).replace("&#34;", '"').replace("&#39;", "'"))
        self.assertNotIn("<img", markup)
        self.assertNotIn("<a ", markup)

    def test_what_a_server_said_is_text_in_an_activity(self):
        self.server.failures["fetch"] = AuthenticationError(HOSTILE)
        self.fetch()
        self.env["message.alarm"]._cron_alarms()
        activities = self.activities()
        self.assertTrue(activities)
        for activity in activities:
            self.assert_is_text(activity.note, "<img src=x onerror=canary()>")
            self.assertIn("<img src=x", activity.summary, "a line of text, which every view escapes")

    def test_why_a_message_was_given_up_is_text_in_an_activity(self):
        message = self.receive(build_mail(subject=HOSTILE, sender=f'"{HOSTILE[:28]}" <ann@example.com>'))
        mail = type("Mail", (), {"message": message, "routes": [], "values": {
            "sender_address": "ann@example.com", "subject": HOSTILE, "state_reason": HOSTILE, "kind": "person"}})
        self.env["message.alarm"]._note_given_up([mail])
        activities = self.activities()
        self.assertTrue(activities)
        for activity in activities:
            self.assert_is_text(activity.note, HOSTILE)

    def test_what_is_said_at_the_edge_of_the_page_is_plain_text(self):
        """A notification escapes a text and renders mark-up; over the bus mark-up would arrive as a text."""
        said = []
        self.server.failures["fetch"] = AuthenticationError(HOSTILE)
        self.fetch()
        users = type(self.env["res.users"])
        with patch.object(users, "_bus_send", lambda _user, kind, values: said.append((kind, values))):
            self.env["message.alarm"]._cron_alarms()
        texts = [values["message"] for kind, values in said if kind == "simple_notification"]
        self.assertTrue(texts)
        for text in texts:
            self.assertIs(type(text), str)
            self.assertIn("<img src=x onerror=canary()>", text)

    def test_the_subjects_of_merged_conversations_are_text(self):
        first, second = (self.receive(build_mail(subject=f"{HOSTILE} {number}")).conversation_id for number in (1, 2))
        target = first.with_user(self.member)
        (target | second.with_user(self.member)).desk_merge()
        bodies = (first | second).exists().message_ids.mapped("body")
        told = [body for body in bodies if "onerror" in body]
        self.assertTrue(told)
        for body in told:
            self.assertNotIn("<img", body)

    def test_a_kept_text_is_text(self):
        message = self.receive(build_mail(f"{HOSTILE} javascript:x()"))
        self.env["message.raw"]._drop(message.ids)
        shown = self.env["message.content"]._display(message)
        self.assertFalse(shown.complete)
        self.assertNotIn("<img", shown.html)
        self.assertIn("onerror", shown.html)

    def test_a_mail_that_core_cannot_read_opens_all_the_same(self):
        """A body that is one comment makes core raise; the conversation around it must still open."""
        raw = build_mail("x").replace(b"text/plain", b"text/html").replace(
            b"\r\n\r\nx", b"\r\n\r\n<script>x</script><!-- </p> -->")
        self.assertIn(b"<!-- </p> -->", raw)
        with mute_logger(DISPATCHER, "odoo.addons.message_history.models.message_content"):
            shown = self.env["message.content"]._display(self.receive(raw))
        self.assertFalse(shown.complete)

    def test_names_and_subjects_turn_no_direction(self):
        message = self.receive(build_mail(
            subject="invoice \u202efdp.exe\u202c \u200bnow", sender='"Ann \u202e\u2066" <ann@example.com>'))
        for words in (message.subject, message.sender_name or "", message.sender or ""):
            self.assertFalse(set(words) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b"), words)
