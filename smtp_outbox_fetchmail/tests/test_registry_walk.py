from odoo.addons.message_history.tests.registry_walk import MARK, Call, RegistryWalk
from odoo.addons.message_history.tools.outgoing import Outgoing, Recipient


class TestRegistryWalk(RegistryWalk):
    """Every public method of smtp_outbox_fetchmail, by its entitled person and by four others."""

    ADDON = "smtp_outbox_fetchmail"
    TABLE = {
        "message.history.action_copy_again": Call(
            "member", lambda test, user: test.sent_message.with_user(user).action_copy_again()),
    }

    def setUp(self):
        super().setUp()
        account = self.env["fetchmail.server"].create(
            {"name": "Copies", "server_type": "imap", "server": "imap.example.net", "user": "office"})
        self.channel.sudo().write({"sends": True, "sent_server_id": account.id})
        ids = self.env["message.enqueue"]._enqueue([Outgoing(
            channel_id=self.channel.id, content=b"Subject: x\r\n\r\nx", message_uid="<copied@out.example>",
            recipients=[Recipient(f"{MARK}@example.com")], values={"subject": MARK})])
        self.sent_message = self.env["message.history"].browse(ids)
        self.sent_message.delivery_ids.state = "accepted"
        self.sent_message.sent_copy = "failed"
        self.env.flush_all()
        self.env.invalidate_all()

    def test_every_public_method_is_in_the_table(self):
        self.assert_table_is_complete()

    def test_each_is_for_the_entitled(self):
        self.walk()
