from email.message import EmailMessage

from odoo.addons.message_history.lib.transport import IncomingMessage
from odoo.tests import new_test_user


class MessageScene:
    """People, two channels and a way to let messages come in; for test cases to inherit."""

    @classmethod
    def set_scene(cls):
        """Make the people and the channels; call it in ``setUpClass``."""
        cls.clerk = new_test_user(
            cls.env, "clerk", groups="message_history.group_user,base.group_partner_manager")
        cls.stranger = new_test_user(cls.env, "stranger", groups="message_history.group_user")
        cls.manager = new_test_user(cls.env, "manager", groups="message_history.group_manager")
        cls.employee = new_test_user(cls.env, "employee", groups="base.group_user")
        partner_model = cls.env["ir.model"]._get("res.partner")
        cls.channel = cls.env["message.channel"].create({
            "name": "Inquiries", "address": "info@lamps.example", "member_ids": [(6, 0, cls.clerk.ids)],
            "folder_ids": [(0, 0, {"name": "INBOX", "model_id": partner_model.id})],
        })
        cls.lost_channel = cls.env["message.channel"].create({
            "name": "Office", "address": "office@lamps.example", "member_ids": [(6, 0, cls.clerk.ids)],
            "folder_ids": [(0, 0, {"name": "INBOX"})],
        })

    @classmethod
    def compose(cls, number, sender="Clara <clara@customer.example>", subject="Question", text="Hello",
                to="info@lamps.example", **headers):
        """Return a message as bytes; ``headers`` have underscores for dashes."""
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = sender, to, subject
        message["Date"] = "Fri, 20 Nov 2026 10:00:00 +0000"
        message["Message-ID"] = f"<{number}@customer.example>"
        for name, value in headers.items():
            message[name.replace("_", "-")] = value
        message.set_content(text)
        return message.as_bytes()

    @classmethod
    def receive(cls, number, channel=None, process=True, **values):
        """Let a message come in; returns its row of the ledger."""
        channel = channel or cls.channel
        content = cls.compose(number, **values)
        stored = cls.env["message.intake"]._store_chunk(channel, [IncomingMessage(
            f"INBOX/1/{number}", content, len(content),
            names={"folder": "INBOX", "uidvalidity": 1, "uid": number})], channel.folder_ids)
        if process:
            cls.env["message.dispatcher"]._dispatch_batch(stored.new_ids)
            cls.env["message.conversation"]._settle()
        return cls.env["message.history"].browse(stored.new_ids)
