from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user
from odoo.tools import mute_logger

from .common import MessageCase
from .common_gate import LOCAL

#: What core lets everybody do who reads a document: tell colleagues, or write to somebody about it.
_WHO_READS = ("message_notify", "message_mail_with_source")


class TestChannelRights(MessageCase):
    """What may be written on a channel, and by whom: also by the methods that come with the chatter."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.portal = new_test_user(cls.env, "rights_portal", groups="base.group_portal")
        cls.internal = new_test_user(cls.env, "rights_internal", groups="base.group_user")
        cls.follower = cls.env["res.partner"].create({"name": "Follower"})

    def methods(self, channel):
        """Return {name: call} of the public methods of chatter and activities."""
        own = channel.env.user.partner_id.ids
        return {
            "message_post": lambda: channel.message_post(body="evil"),
            "message_post_with_source": lambda: channel.message_post_with_source(
                "mail.message_origin_link", render_values={"self": channel, "origin": channel}),
            "message_notify": lambda: channel.message_notify(body="evil", partner_ids=self.follower.ids),
            "message_mail_with_source": lambda: channel.message_mail_with_source(
                "mail.message_origin_link", render_values={"self": channel, "origin": channel}),
            "message_subscribe others": lambda: channel.message_subscribe(self.follower.ids),
            "message_subscribe": lambda: channel.message_subscribe(own),
            "message_unsubscribe others": lambda: channel.message_unsubscribe(self.follower.ids),
            "message_update": lambda: channel.message_update({}, {"name": "evil"}),
            "message_new": lambda: channel.message_new({"subject": "evil"}, {}),
            "message_process": lambda: channel.message_process("message.channel", "From: a@b.c\r\n\r\nX"),
            "activity_schedule": lambda: channel.activity_schedule("mail.mail_activity_data_todo", summary="evil"),
            "write": lambda: channel.write({"name": "evil"}),
            "copy": channel.copy,
            "unlink": channel.unlink,
        }

    def test_who_is_no_manager_changes_nothing_by_any_of_them(self):
        self.channel.message_subscribe(self.follower.ids)
        for user in (self.portal, self.internal, self.other, self.member):
            for name, call in self.methods(self.channel.with_user(user)).items():
                if user == self.member and name in _WHO_READS:
                    continue
                with self.subTest(user=user.login, method=name):
                    channels = self.env["message.channel"].search_count([])
                    posts, followers = self.channel.message_ids, self.channel.message_partner_ids
                    # what a view is refused comes as "could not be rendered"
                    error = UserError if "with_source" in name else AccessError
                    with self.assertRaises(error), self.env.cr.savepoint(), mute_logger(LOCAL):
                        call()
                        self.env.flush_all()
                    self.env.invalidate_all()
                    self.assertEqual(self.channel.message_ids, posts)
                    self.assertEqual(self.channel.message_partner_ids, followers)
                    self.assertEqual(self.channel.name, "Office")
                    self.assertFalse(self.channel.activity_ids)
                    self.assertEqual(self.env["message.channel"].search_count([]), channels)

    def test_a_manager_can(self):
        channel = self.channel.with_user(self.manager)
        channel.message_post(body="Good")
        channel.message_subscribe(self.follower.ids)
        channel.activity_schedule("mail.mail_activity_data_todo", summary="Look")
        channel.write({"name": "Inquiries"})
        self.assertIn(self.follower, self.channel.message_partner_ids)

    def test_who_is_no_longer_a_member_is_no_longer_told(self):
        self.channel.message_subscribe(self.member.partner_id.ids + self.follower.ids)
        self.channel.with_user(self.manager).member_ids -= self.member
        self.assertNotIn(self.member.partner_id, self.channel.message_partner_ids)
        self.assertIn(self.follower, self.channel.message_partner_ids)

    def test_a_manager_writes_what_is_listed_and_nothing_else(self):
        """Every stored field of the two models is tried: a new one is refused until it is listed."""
        for record in (self.channel, self.folder):
            own = record.with_user(self.manager)
            allowed = record._client_fields()
            self.assertFalse(allowed & {"channel_type", "database_uuid", "status_ids", "set_by_id"})
            self.assertFalse({name for name in allowed if record._fields[name].comodel_name in (
                "fetchmail.server", "ir.mail_server")}, "links to servers are the administrators'")
            for name, field in record._fields.items():
                if name in allowed or (field.compute and not field.inverse and field.readonly):
                    continue
                value = False if field.type in ("many2one", "one2many", "many2many") else record[name]
                with self.subTest(model=record._name, field=name), self.assertRaises(AccessError), \
                        self.env.cr.savepoint():
                    own.write({name: value})

    def test_a_manager_makes_no_channel_of_a_kind_that_goes_with_a_server(self):
        for values in ({"channel_type": "local"}, {"status_ids": [(0, 0, {})]}, {"database_uuid": "evil"}):
            with self.subTest(values=values), self.assertRaises(AccessError), self.env.cr.savepoint():
                self.env["message.channel"].with_user(self.manager).create({"name": "X", **values})

    def test_a_manager_puts_no_channel_into_a_company_that_is_not_his(self):
        foreign = self.env["res.company"].create({"name": "Another Company"})
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            self.channel.with_user(self.manager).company_id = foreign
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            self.env["message.channel"].with_user(self.manager).create({"name": "X", "company_id": foreign.id})

    def test_a_manager_sends_by_no_channel_of_another_company(self):
        foreign = self.env["res.company"].create({"name": "Another Company"})
        other = self.env["message.channel"].create({"name": "Other", "company_id": foreign.id})
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            self.channel.with_user(self.manager).fallback_ids = other
        own = self.env["message.channel"].create({"name": "Own"})
        self.channel.with_user(self.manager).fallback_ids = own
        self.assertEqual(self.channel.fallback_ids, own)
