"""Mail from Dovecot through the gateway's own processes into documents, for tests from outside."""

import itertools
import time

_numbers = itertools.count(1)

_MAKE_SERVER = """
server = env["fetchmail.server"].create({
    "name": user, "server_type": "imap", "server": "127.0.0.1", "port": port, "is_ssl": False,
    "user": user, "password": "s3cret", "state": "done",
    "object_id": env["ir.model"]._get_id("crm.lead"),
})
server.channel_id.write({"loop_limit": 0, "max_message_mb": 0, **channel})
server.folder_ids.start = "all"
result = server.channel_id.id
"""

_ROWS = """
rows = env["message.history"].search([("channel_id", "=", channel_id)], order="id")
result = []
for row in rows:
    note = row.mail_message_id
    result.append({
        "uid": row.names["uid"], "state": row.state, "reason": row.state_reason or "", "kind": row.kind,
        "trace": row.failure_traceback or "", "conversation": row.conversation_id.id,
        "model": row.model or "", "res_id": row.res_id, "same_as": row.same_as_id.id,
        "message_uid": row.message_uid or "", "subject": row.subject or "",
        "sender": row.sender_address or "", "recipients": row.recipients or "",
        "date": row.header_date and row.header_date.isoformat(), "text": row.body_text or "",
        "attachment_count": row.attachment_count,
        "note": note and {
            "subject": note.subject or "", "email_from": note.email_from or "",
            "to": note.incoming_email_to or "", "cc": note.incoming_email_cc or "",
            "date": note.date.isoformat(), "body": str(note.body),
            "attachments": note.attachment_ids.mapped("name"),
        } or None,
    })
"""


class Mailbox:
    """A mailbox on Dovecot, and the mail server in Odoo that makes leads of what is in it.

    :param channel: settings of the channel
    """

    def __init__(self, database, dovecot, **channel):
        self.database, self.dovecot = database, dovecot
        self.user = dovecot.add_user(f"pipeline{next(_numbers)}")
        self.channel_id = database.shell(
            _MAKE_SERVER, user=self.user, port=dovecot.imap_port, channel=channel)

    def deliver(self, raws):
        """Deliver mails so that the first has the lowest UID."""
        self.dovecot.deliver_many(self.user, raws)

    def run(self, seconds=600):
        """Fetch and process everything, as ``odoo gateway --once`` does."""
        process = self.database.process("gateway", "-d", self.database.name, "--once", name="gateway")
        deadline = time.monotonic() + seconds
        while process.alive():
            assert time.monotonic() < deadline, process.tail()
            time.sleep(0.2)
        assert process.stop() == 0, process.tail()

    def rows(self):
        """Return {UID: what the ledger and the document's chatter say of the mail}."""
        return {row["uid"]: row for row in self.database.shell(_ROWS, channel_id=self.channel_id)}
