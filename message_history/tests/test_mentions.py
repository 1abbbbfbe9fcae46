from odoo.tests import new_test_user

from .test_desk import DeskCase


class TestMentions(DeskCase):
    """A colleague named in a note is told inside Odoo, sees the conversation from then on, and gets no e-mail."""

    def note(self, conversation, *users, text="Please look"):
        links = "".join(
            f'<a class="o_mail_redirect" data-oe-model="res.partner" data-oe-id="{user.partner_id.id}">@{user.name}</a>'
            for user in users)
        drafts = self.env["message.draft"].with_user(self.member)
        stored = drafts.store({"conversation_id": conversation.id, "mode": "note", "body": f"<p>{text} {links}</p>"})
        drafts.browse(stored["id"]).send()
        self.env.flush_all()

    def mentioned(self, user):
        return self.env["message.conversation"].with_user(user).search([("mentioned", "=", True)])

    def test_who_is_named_sees_it(self):
        conversation = self.converse()
        self.assertFalse(conversation.with_user(self.other).has_access("read"))
        before = self.env["mail.mail"].search_count([])
        self.other.notification_type = "email"
        self.note(conversation, self.other)
        theirs = conversation.with_user(self.other)
        self.assertTrue(theirs.has_access("read"))
        self.assertTrue(theirs.mentioned and theirs.unread)
        self.assertEqual(self.mentioned(self.other), theirs)
        self.assertEqual(self.desk(self.other).get_counters()["mentioned"], 1)
        self.assertEqual(self.env["mail.mail"].search_count([]), before, "a note never becomes an e-mail")
        self.assertFalse(self.mentioned(self.member))
        conversation.desk_change({"name": "done"})
        self.assertEqual(self.desk(self.other).get_counters()["mentioned"], 0)

    def test_only_who_may_see_messages(self):
        conversation = self.converse()
        customer = self.env["res.partner"].create({"name": "Clara", "email": "clara@customer.example"})
        outsider = new_test_user(self.env, "mention_outsider", groups="base.group_user")
        portal = new_test_user(self.env, "mention_portal", groups="base.group_portal")
        before = self.env["mail.mail"].search_count([])
        body = f'<a data-oe-model="res.partner" data-oe-id="{customer.id}">@Clara</a>'
        self.note(conversation, outsider, portal, text=body)
        rows = self.env["message.conversation.member"].search(
            [("conversation_id", "=", conversation.id), ("mentioned", "=", True)])
        self.assertFalse(rows)
        self.assertEqual(self.env["mail.mail"].search_count([]), before)

    def test_rubbish_in_a_note(self):
        conversation = self.converse()
        users = conversation._mentioned_users(
            '<a data-oe-model="res.partner" data-oe-id="x">@</a><a data-oe-id="1">@</a><a data-oe-model="res.partner">')
        self.assertFalse(users)
        self.assertFalse(conversation._mentioned_users(""))

    def test_followers_get_no_mail_either(self):
        conversation = self.converse()
        customer = self.env["res.partner"].create({"name": "Clara", "email": "clara@customer.example"})
        conversation.sudo().message_subscribe(customer.ids)
        before = self.env["mail.mail"].search_count([])
        conversation.message_post(body="Inside", message_type="comment", subtype_xmlid="mail.mt_comment")
        self.assertEqual(self.env["mail.mail"].search_count([]), before)
