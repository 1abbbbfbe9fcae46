from datetime import timedelta

from odoo import fields
from odoo.exceptions import ValidationError

from .common import MessageCase, build_mail


class TestRules(MessageCase):
    """What is put aside: by sender, as spam, as automatic, as too much."""

    def make_rule(self, pattern, action="ignore", channel=None):
        return self.env["message.sender.rule"].create(
            {"pattern": pattern, "action": action, "channel_id": channel and channel.id})

    # Senders ------------------------------------------------------------------------------------

    def test_patterns(self):
        sales, _server = self.make_channel("Sales")
        self.make_rule("Bad@Example.com ")
        self.make_rule("@lists.example.org")
        self.make_rule("vip@lists.example.org", "process")
        self.make_rule("example.net", channel=sales)
        cases = [
            (self.channel, "bad@example.com", "ignore"),
            (self.channel, "BAD@EXAMPLE.COM", "ignore"),
            (self.channel, "good@example.com", None),
            (self.channel, "any@lists.example.org", "ignore"),
            (self.channel, "any@deep.lists.example.org", "ignore"),
            (self.channel, "any@notlists.example.org", None),
            (self.channel, "vip@lists.example.org", "process"),
            (self.channel, "a@example.net", None),
            (sales, "a@example.net", "ignore"),
            (self.channel, "", None),
            (self.channel, None, None),
        ]
        for channel, address, action in cases:
            with self.subTest(address=address, channel=channel.name):
                self.assertEqual(self.env["message.sender.rule"]._get_action(channel, address), action)

    def test_what_is_no_pattern_is_refused(self):
        for pattern in ("nonsense", "@", "a@b", "a@@b.example", ""):
            with self.subTest(pattern=pattern), self.assertRaises(ValidationError):
                self.make_rule(pattern)

    def test_ignored_senders_are_recorded_and_make_nothing(self):
        self.make_rule("ann@example.com")
        partners = self.env["res.partner"].search_count([])
        message = self.receive(build_mail())
        self.assertState(message, "ignored")
        self.assertEqual(message.subject, "A question")
        self.assertIn("ignored", message.state_reason)
        self.assertEqual(self.env["res.partner"].search_count([]), partners)

    def test_ignore_always_from(self):
        self.channel.spam_policy = "hold"
        message = self.receive(build_mail(x_spam_flag="YES"))
        message.with_user(self.member).action_ignore_sender()
        self.assertState(message, "ignored")
        self.assertState(self.receive(build_mail(subject="Again")), "ignored")

    def test_trying_an_ignored_message_again_asks_for_this_very_one(self):
        self.channel.automatic_mail = "ignore"
        message = self.receive(build_mail(auto_submitted="auto-replied"))
        self.assertState(message, "ignored")
        message.with_user(self.member).action_try_again()
        self.work()
        self.assertState(message, "processed")

    # Spam ---------------------------------------------------------------------------------------

    def test_spam(self):
        for policy, state in (("process", "processed"), ("ignore", "ignored"), ("hold", "held")):
            with self.subTest(policy=policy):
                self.channel.spam_policy = policy
                message = self.receive(build_mail(x_spam_flag="YES"))
                self.assertState(message, state)
                self.assertTrue(message.spam)
        self.assertEqual(message.failure_type, "spam")
        message.with_user(self.member).action_try_again()
        self.work()
        self.assertState(message, "processed")

    def test_a_trusted_sender_is_never_spam(self):
        self.channel.spam_policy = "ignore"
        self.make_rule("example.com", "process")
        self.assertState(self.receive(build_mail(x_spam_flag="YES")), "processed")

    def test_what_the_server_found_out_is_shown_and_can_be_filtered(self):
        self.channel.authserv_ids = "mx.example.net"
        good, bad, unknown = self.receive(
            build_mail(authentication_results="mx.example.net; spf=pass smtp.mailfrom=example.com; dmarc=pass "
                       "header.from=example.com"),
            build_mail(authentication_results="mx.example.net; dmarc=fail header.from=example.com"),
            build_mail())
        self.assertEqual((good | bad | unknown).mapped("authenticated"), ["pass", "fail", "unknown"])
        self.assertIn("DMARC pass", good.authentication)
        found = self.env["message.history"].search(
            [("channel_id", "=", self.channel.id), ("authenticated", "=", "fail")])
        self.assertEqual(found, bad)

    # Automatic ----------------------------------------------------------------------------------

    def test_automatic_mail(self):
        kinds = [
            ({"auto_submitted": "auto-replied"}, "auto_reply", "ignored"),
            ({"x_autoreply": "yes"}, "auto_reply", "ignored"),
            ({"auto_submitted": "auto-generated"}, "auto_generated", "processed"),
            ({"precedence": "bulk"}, "bulk", "processed"),
            ({"list_id": "<news.example.com>"}, "bulk", "processed"),
            ({}, "person", "processed"),
        ]
        for headers, kind, state in kinds:
            with self.subTest(headers=headers):
                message = self.receive(build_mail(**headers))
                self.assertEqual(message.kind, kind)
                self.assertState(message, state)

    def test_automatic_mail_can_be_processed(self):
        self.channel.automatic_mail = "process"
        self.assertState(self.receive(build_mail(auto_submitted="auto-replied")), "processed")

    def test_a_vacation_notice_joins_its_conversation(self):
        first = self.receive(build_mail(message_id="<v@example.com>"))
        notice = self.receive(build_mail(references="<v@example.com>", auto_submitted="auto-replied"))
        self.assertState(notice, "ignored")
        self.assertEqual(notice.conversation_id, first.conversation_id)

    # Loops --------------------------------------------------------------------------------------

    def test_the_limit_holds_and_loses_nothing(self):
        self.channel.loop_limit = 5
        messages = self.receive(*(build_mail(subject=f"Mail {number}") for number in range(5)))
        self.assertState(messages, "processed")
        more = self.receive(*(build_mail(subject=f"Mail {number}") for number in range(5, 8)), build_mail(
            sender="bob@example.com"))
        self.assertState(more[:3], "held")
        self.assertEqual(set(more[:3].mapped("failure_type")), {"loop"})
        self.assertIn("perhaps a loop", more[0].state_reason)
        self.assertState(more[3], "processed")
        more[:3].with_user(self.member).action_try_again()
        self.work()
        self.assertState(more, "processed")

    def test_what_is_older_than_two_hours_does_not_count(self):
        self.channel.loop_limit = 3
        old = self.receive(*(build_mail(subject=f"Mail {number}") for number in range(3)))
        old.write({"date": fields.Datetime.now() - timedelta(hours=3)})
        self.assertState(self.receive(build_mail()), "processed")

    def test_no_limit(self):
        self.channel.loop_limit = 0
        self.assertState(self.receive(*(build_mail(subject=str(number)) for number in range(4))), "processed")

    def test_an_answer_to_our_refusal_is_ignored(self):
        message = self.receive(build_mail(references="<1-loop-detection-bounce-email@odoo.example.net>"))
        self.assertState(message, "ignored")
