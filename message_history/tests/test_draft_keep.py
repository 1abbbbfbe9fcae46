from odoo.exceptions import AccessError

from .test_desk import DeskCase


class TestDraftKeep(DeskCase):
    """What one window wrote is not overwritten by another one, and what somebody typed stays his own."""

    def setUp(self):
        super().setUp()
        self.conversation = self.converse()
        self.drafts = self.env["message.draft"].with_user(self.member)

    def store(self, user=None, **values):
        """Store an answer as a browser does."""
        return self.drafts.with_user(user or self.member).store(
            {"conversation_id": self.conversation.id, "mode": "reply", **values})

    def later(self, stored):
        """Let a moment pass, which a test's transaction doesn't; returns the stamp of the draft."""
        self.env.flush_all()
        self.env.cr.execute("UPDATE message_draft SET write_date = write_date + interval '1 second' WHERE id = %s "
                            "RETURNING write_date", [stored["id"]])
        (written,) = self.env.cr.fetchone()
        self.env.invalidate_all()
        return str(written)

    def test_a_second_window_overwrites_nothing(self):
        first = self.store(body="<p>One</p>", stamp=None)
        stamp = self.later(first)
        second = self.store(id=first["id"], body="<p>Two</p>", stamp=first["stamp"])
        self.assertTrue(second["stale"])
        self.assertIn("One", second["body"])
        self.assertEqual(second["stamp"], stamp)
        self.assertIn("One", str(self.drafts.browse(first["id"]).body), "nothing was written")
        both = self.store(id=first["id"], body="<p>Two</p><p>One</p>", stamp=second["stamp"])
        self.assertNotIn("stale", both)
        self.assertIn("Two", str(self.drafts.browse(first["id"]).body))

    def test_a_window_that_knows_of_no_draft_overwrites_none(self):
        """Both began to answer at the same time: the second finds a draft that it has not read."""
        first = self.store(body="<p>One</p>", stamp=None)
        people = [{"name": "", "address": "x@y.example"}]
        for values in ({"body": "<p>Two</p>"}, {"subject": "Two"}, {"recipients": people}):
            with self.subTest(values=values):
                self.assertTrue(self.store(stamp=None, **values)["stale"])
        self.assertIn("One", str(self.drafts.browse(first["id"]).body))

    def test_the_same_text_is_no_news(self):
        first = self.store(body="<p>One</p>", stamp=None)
        self.later(first)
        again = self.store(id=first["id"], body=first["body"], stamp=first["stamp"])
        self.assertNotIn("stale", again)

    def test_callers_that_name_no_stamp_write_as_before(self):
        first = self.store(body="<p>One</p>")
        self.later(first)
        self.store(id=first["id"], body="<p>Two</p>")
        self.assertIn("Two", str(self.drafts.browse(first["id"]).body))

    def test_a_text_is_stored_for_nobody_else(self):
        """Somebody else has logged in in the same browser; the page of the one before still stores."""
        answer = self.store(self.other, body="<p>Mine</p>", user_id=self.member.id, stamp=None)
        self.assertEqual(answer, {"other_user": True})
        self.assertFalse(self.env["message.draft"].search([("conversation_id", "=", self.conversation.id)]))
        mine = self.store(body="<p>Mine</p>", user_id=self.member.id, stamp=None)
        with self.assertRaises(AccessError):
            self.store(self.other, id=mine["id"], body="<p>His</p>", user_id=self.other.id, stamp=mine["stamp"])

    def test_a_deleted_conversation_leaves_a_message_of_its_own(self):
        conversation = self.conversation
        conversation.sudo().history_ids.unlink()
        conversation.sudo().unlink()
        people = [{"name": "", "address": "clara@customer.example", "partner_id": None}]
        for mode, kept in (("reply", people), ("note", [])):
            stored = self.drafts.store({"conversation_id": conversation.id, "mode": mode, "body": "<p>Typed</p>",
                                        "stamp": None, "recipients": people})
            draft = self.drafts.browse(stored["id"])
            self.assertEqual((draft.mode, draft.conversation_id.id, draft.recipients or []), ("new", False, kept), mode)
            self.assertIn("Typed", str(draft.body))

    def test_lost_rights_leave_a_message_of_its_own(self):
        """Whoever is no member any more keeps the words, and sees nothing of the conversation by them."""
        first = self.store(body="<p>One</p>", stamp=None)
        self.channel.member_ids = [(3, self.member.id)]
        self.env.invalidate_all()
        self.assertFalse(self.conversation.with_user(self.member).has_access("read"))
        for _attempt in range(2):  # what the browser knows of the draft is no longer so
            stored = self.store(id=first["id"], body="<p>One and more</p>", stamp=first["stamp"])
            first = {**first, "stamp": stored["stamp"]}
        draft = self.drafts.browse(first["id"])
        self.assertEqual((draft.mode, draft.conversation_id.id, draft.history_id.id), ("new", False, False))
        self.assertIn("One and more", str(draft.body))
        with self.assertRaises(AccessError):
            self.drafts.open(self.conversation.id, "reply")
