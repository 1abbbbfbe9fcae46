from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools.fields import BigInteger

STATES = [
    # incoming
    ("received", "New"),
    ("processed", "Processed"),
    ("ignored", "Ignored"),
    ("failed", "Will be tried again"),
    ("held", "Held back"),
    ("given_up", "Given up"),
    # outgoing
    ("queued", "Queued"),
    ("sending", "Sending"),
    ("sent", "Sent"),
    ("partly_sent", "Partly sent"),
    ("in_doubt", "In doubt"),
    ("bounced", "Bounced"),
    ("cancelled", "Cancelled"),
]

FAILURES = [
    ("unknown", "Processing failed"),
    ("unroutable", "No document is known for it"),
    ("document", "The document could not be made or changed"),
    ("access", "Not allowed"),
    ("too_large", "Too large"),
    ("loop", "Too many messages of this sender"),
    ("spam", "Marked as spam"),
    ("unreadable", "The message can't be read"),
    ("configuration", "A setting is wrong"),
    ("authentication", "The server refused the login"),
    ("connection", "No connection"),
    ("throttled", "The server asks to slow down"),
    ("recipient", "The recipient was refused"),
    ("message", "The message was refused"),
    ("protocol", "The server answered oddly"),
    ("suppressed", "The address is on the suppression list"),
    ("expired", "Tried until the end of its time"),
    ("in_doubt", "The answer of the server was lost"),
]


class MessageHistory(models.Model):
    """One message on one channel, in or out: the ledger.

    A row is made before anything is parsed, and outlives the document that came of it. Strings in
    it are cleaned and clipped; the truth is the original (``message.raw``).
    """

    _name = "message.history"
    _description = "Message"
    _inherit = ["message.scoped"]
    _order = "date desc, id desc"
    _rec_name = "subject"

    channel_id = fields.Many2one("message.channel", required=True, readonly=True, ondelete="restrict")
    folder_id = fields.Many2one("message.channel.folder", readonly=True, ondelete="set null")
    company_id = fields.Many2one(
        "res.company", readonly=True, ondelete="set null",
        help="Whose message it is: the company of its channel or, where that is of none, of its document or author.")
    direction = fields.Selection([("in", "Incoming"), ("out", "Outgoing")], required=True, default="in",
                                 readonly=True)
    state = fields.Selection(STATES, required=True, default="received", readonly=True)
    state_reason = fields.Char(readonly=True, string="Reason", help="Why it is in this state.")
    priority = fields.Integer(default=10, readonly=True)
    external_id = fields.Char(required=True, readonly=True, string="Id on the Server")
    names = fields.Json(readonly=True, help="Every name the message has on its server.")
    content_type = fields.Char(default="message/rfc822", readonly=True)
    size = fields.Integer(readonly=True, help="Bytes on the server.")
    content_digest = BigInteger(readonly=True)
    sender_key = BigInteger(readonly=True)
    truncated = fields.Boolean(readonly=True, string="Headers Only")

    date = fields.Datetime(required=True, default=fields.Datetime.now, readonly=True,
                           help="When the server received it, or when it was sent.")
    header_date = fields.Datetime(readonly=True, string="Date in the Message")
    message_uid = fields.Char(readonly=True, string="Message-ID")
    sender_name = fields.Char(readonly=True)
    sender_address = fields.Char(readonly=True, index="trigram")
    sender = fields.Char(compute="_compute_sender", search="_search_sender", string="From")
    partner_id = fields.Many2one("res.partner", readonly=True, ondelete="set null", index="btree_not_null")
    recipients = fields.Char(readonly=True, string="To")
    subject = fields.Char(readonly=True, index="trigram")
    preview = fields.Char(readonly=True)
    body_text = fields.Text(readonly=True)
    attachment_count = fields.Integer(readonly=True)
    kind = fields.Selection([
        ("person", "Message"), ("auto_reply", "Automatic reply"), ("auto_generated", "Notification"),
        ("bulk", "Newsletter or list"), ("bounce", "Undeliverable"), ("receipt", "Receipt"),
    ], readonly=True)
    authentication = fields.Char(readonly=True, help="What the receiving server found out about the sender.")
    authenticated = fields.Selection(
        [("pass", "Confirmed"), ("fail", "Not confirmed"), ("unknown", "Unknown")], readonly=True,
        string="Sender Confirmed")
    spam = fields.Boolean(readonly=True, string="Marked as Spam")
    repairs = fields.Char(readonly=True, help="What had to be mended to read it.")

    model = fields.Char(readonly=True, string="Document Model")
    res_id = fields.Many2oneReference("Document Id", model_field="model", readonly=True)
    document_name = fields.Char(compute="_compute_document", search="_search_document", string="Document")
    mail_message_id = fields.Many2one("mail.message", readonly=True, ondelete="set null", index="btree_not_null")
    conversation_id = fields.Many2one("message.conversation", readonly=True, ondelete="set null")
    same_as_id = fields.Many2one("message.history", readonly=True, ondelete="set null", index="btree_not_null",
                                 help="The same message, which came in on another way before.")
    delivery_ids = fields.One2many("message.delivery", "history_id", string="Recipients")
    settled = fields.Boolean(default=True, readonly=True)

    attempts = fields.Integer(readonly=True)
    last_attempt = fields.Datetime(readonly=True)
    next_attempt = fields.Datetime(readonly=True)
    sender_told = fields.Boolean(readonly=True, help="The sender was told that it was given up.")
    failure_type = fields.Selection(FAILURES, readonly=True, string="Cause")
    failure_traceback = fields.Text(readonly=True, groups="message_history.group_manager")
    remote_action = fields.Selection([
        ("seen", "Mark as read"), ("move", "Move"), ("delete", "Delete"), ("failed", "Move to failed messages"),
        ("restore", "Move back"), ("fetch", "Fetch whole"),
    ], readonly=True, help="What is still to be done on the server.")
    raw_kept = fields.Boolean(compute="_compute_raw_kept", string="Original Kept")

    _external_uniq = models.UniqueIndex("(channel_id, external_id)")
    _claim_idx = models.Index("(priority, id) WHERE state = 'received'")
    _retry_idx = models.Index("(next_attempt) WHERE state = 'failed'")
    _open_idx = models.Index(
        "(channel_id, state) WHERE state IN "
        "('received', 'failed', 'held', 'given_up', 'queued', 'sending', 'bounced', 'partly_sent', 'in_doubt')")
    _list_idx = models.Index("(channel_id, date DESC, id DESC)")
    _date_idx = models.Index("(date DESC, id DESC)")
    _conversation_idx = models.Index("(conversation_id, date)")
    _document_idx = models.Index("(model, res_id) WHERE res_id IS NOT NULL")
    _digest_idx = models.Index("(channel_id, content_digest)")
    _sender_idx = models.Index("(sender_key, date)")
    _unsettled_idx = models.Index("(id) WHERE NOT settled")
    _remote_idx = models.Index("(channel_id, id) WHERE remote_action IS NOT NULL")

    # States -------------------------------------------------------------------------------

    @api.model
    def _open_states(self):
        """Return the states in which something is still to happen by itself."""
        return ["received", "failed", "queued", "sending"]

    @api.model
    def _failed_states(self):
        """Return the states that need a person."""
        return ["failed", "held", "given_up", "bounced", "partly_sent", "in_doubt"]

    # Computed fields ----------------------------------------------------------------------

    @api.depends("sender_name", "sender_address")
    def _compute_sender(self):
        for message in self:
            message.sender = message.sender_name or message.sender_address

    @api.model
    def _search_sender(self, operator, value):
        return Domain("sender_address", operator, value) | Domain("sender_name", operator, value)

    @api.depends("model", "res_id")
    @api.depends_context("uid")
    def _compute_document(self):
        env, readable = self.sudo(False).env, {}  # by what its reader may read, whoever asks on his behalf
        for model, messages in self.filtered("res_id").grouped("model").items():
            if model in env:
                records = env[model].browse(set(messages.mapped("res_id"))).exists()._filtered_access("read")
                readable |= {(model, record.id): record.display_name for record in records}
        for message in self:
            message.document_name = readable.get((message.model, message.res_id), False)

    @api.model
    def _search_document(self, operator, value):
        """Find by the document's name, in the models that messages became."""
        if operator not in ("ilike", "="):
            return NotImplemented
        found = []
        for (model,) in self.sudo()._read_group([("res_id", "!=", False)], ["model"]):
            if model in self.env and self.env[model].has_access("read"):
                ids = self.env[model]._search([("display_name", operator, value)], limit=1000)
                found.append(Domain("model", "=", model) & Domain("res_id", "in", ids))
        return Domain.OR(found)

    def _get_document(self):
        """Return the document of the message that the user may read, or None."""
        self.ensure_one()
        if not self.res_id or self.model not in self.env:
            return None
        record = self.env[self.model].browse(self.res_id)
        return record if record.exists() and record.has_access("read") else None

    # Actions ------------------------------------------------------------------------------

    def action_try_again(self):
        """Process failed, held or ignored messages again, now; send those again that did not arrive."""
        self._check_handle()
        outgoing = self.filtered(lambda message: message.direction == "out")
        if outgoing:
            done = outgoing.action_send_again()
            rest = self - outgoing
            return rest.action_try_again() if rest else done
        again_sudo = self.sudo().filtered(
            lambda message: message.direction == "in" and message.state in ("failed", "held", "given_up", "ignored"))
        if not again_sudo:
            raise UserError(self.env._("Only a message that was not processed can be tried again."))
        whole = again_sudo.filtered("truncated")
        whole.write({"remote_action": "fetch", "state": "held",
                     "state_reason": self.env._("Will be fetched whole.")})
        (again_sudo - whole)._requeue()
        return self._notify_done(self.env._("%(count)s to be tried again.", count=len(again_sudo)))

    def _requeue(self):
        """Put messages back to be processed, for as long again as new ones."""
        self.write({"state": "received", "priority": 1, "next_attempt": False, "state_reason": False,
                    "failure_type": False, "failure_traceback": False, "last_attempt": False})
        self.env["message.worker"]._wake()

    def action_fetch_anyway(self):
        """Fetch a message whole that was too large."""
        return self.action_try_again()

    def action_ignore(self):
        """Leave messages aside for good; they stay in the ledger."""
        self._check_handle()
        states = ("received", "failed", "held", "given_up")
        ignored_sudo = self.sudo().filtered(lambda message: message.state in states)
        ignored_sudo.write({
            "state": "ignored", "next_attempt": False, "failure_type": False,
            "state_reason": self.env._("Ignored by %(user)s.", user=self.env.user.name)})
        return self._notify_done(self.env._("%(count)s ignored.", count=len(ignored_sudo)))

    def action_ignore_sender(self):
        """Ignore these messages, and always those of the same senders: a manager everywhere, others on their channels.

        :raise AccessError: when a channel is none of the user's
        """
        self._check_handle()
        self.env["message.sender.rule"]._ignore(self)
        return self.action_ignore()

    def action_put_on_document(self):
        """Ask for the document that these messages belong on."""
        self._check_handle()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Put on a Document"),
            "res_model": "message.link",
            "view_mode": "form",
            "target": "new",
            "context": {"default_history_ids": self.ids},
        }

    def action_open_document(self):
        """Open the document that the message became or belongs to."""
        self.ensure_one()
        record = self._get_document()
        if not record:
            raise UserError(self.env._("The document is gone, or you may not see it."))
        return record.get_formview_action()

    def action_open_conversation(self):
        """Open the conversation of the message."""
        self.ensure_one()
        return self.conversation_id.get_formview_action()

    def action_download(self):
        """Download the original message."""
        self.ensure_one()
        self.check_access("read")
        if not self.raw_kept:
            raise UserError(self.env._("The original is no longer kept."))
        return {"type": "ir.actions.act_url", "target": "download", "url": f"/message_history/original/{self.id}"}

    def _notify_done(self, text):
        reload = {"type": "ir.actions.client", "tag": "soft_reload"}
        return {"type": "ir.actions.client", "tag": "display_notification",
                "params": {"message": text, "type": "success", "next": reload}}

    # The worker's side ----------------------------------------------------------------------

    @api.model
    def _write_rows(self, rows):
        """Write different values to many rows in one statement.

        :param rows: {id: values}; a missing value leaves the column as it is
        """
        if not rows:
            return
        names = sorted(set().union(*rows.values()))
        present = {name: [name in values for values in rows.values()] for name in names}
        assignments = SQL(", ").join(
            SQL("%s = CASE WHEN v.%s THEN v.%s::%s ELSE h.%s END", SQL.identifier(name),
                SQL.identifier(f"has_{name}"), SQL.identifier(name),
                SQL(self._fields[name].column_type[1].partition("(")[0]), SQL.identifier(name))
            if not all(present[name]) else
            SQL("%s = v.%s::%s", SQL.identifier(name), SQL.identifier(name),
                SQL(self._fields[name].column_type[1].partition("(")[0]))
            for name in names)
        partial = [name for name in names if not all(present[name])]
        columns = ["id", *names, *(f"has_{name}" for name in partial)]
        values = SQL(", ").join(
            SQL("%s", (history_id, *(row.get(name) for name in names), *(name in row for name in partial)))
            for history_id, row in rows.items())
        self.flush_model(names)
        self.env.cr.execute(SQL(
            "UPDATE message_history h SET %s, write_date = %s FROM (VALUES %s) AS v(%s) WHERE h.id = v.id::int",
            assignments, self.env.cr.now(), values, SQL(", ").join(SQL.identifier(name) for name in columns)))
        self.browse(rows).invalidate_recordset(flush=False)

    def _get_next_remote_action(self, state):
        """Return what is to be done on the server after processing, None if nothing."""
        self.ensure_one()
        folder = self.folder_id
        if (self.names or {}).get("changed"):  # its name was another message's: it stays where it is
            return None
        if not folder or not (self.names or {}).get("uid"):
            return "delete" if folder.afterwards == "delete" and state in ("processed", "ignored") else None
        if state in ("failed", "given_up"):
            return "failed" if folder._get_failed_folder() and not self._is_in_failed_folder() else None
        if state not in ("processed", "ignored", "sent"):
            return None
        if folder.afterwards in ("move", "delete"):
            return folder.afterwards
        return "restore" if self._is_in_failed_folder() else None

    def _is_in_failed_folder(self):
        self.ensure_one()
        return (self.names or {}).get("folder") == self.folder_id._get_failed_folder()

    def _get_remote_target(self):
        """Return the folder that ``remote_action`` moves the message to; empty where it doesn't."""
        self.ensure_one()
        targets = {
            "move": self.folder_id.afterwards_folder, "failed": self.folder_id._get_failed_folder(),
            "restore": self.folder_id.name,
        }
        return targets.get(self.remote_action) or ""

    # Retention (see message_retention.py) -----------------------------------------------------

    @api.model
    def _forget(self, ids):
        """Delete ledger rows, and remember their ids so that they never come in again."""
        self.env["message.raw"]._drop(ids)
        self.env.cr.execute(SQL(
            "INSERT INTO message_known (channel_id, external_digest) "
            "SELECT channel_id, hashtextextended(external_id, 0) FROM message_history WHERE id IN %s "
            "ON CONFLICT DO NOTHING", tuple(ids)))
        conversations = self.browse(ids).conversation_id
        self.browse(ids).unlink()
        conversations._gc_empty()
