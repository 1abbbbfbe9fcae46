import json
import logging
import re
import zipfile

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, email_normalize, split_every

from ..tools.download import pieces, safe_filename

_logger = logging.getLogger(__name__)

BATCH = 500
#: Messages in these states are in somebody's hands at this moment: they are left alone.
_BUSY_STATES = ("received", "queued", "sending")


class MessagePrivacy(models.TransientModel):
    """Finds, exports and erases what is recorded of one person's messages.

    It covers the ledger (``message.history`` and what hangs on it). Contacts, documents and their
    chatter are Odoo's own and have their own look-up (addon ``privacy_lookup``).
    """

    _name = "message.privacy"
    _description = "Privacy Look-up"
    _rec_name = "address"

    partner_id = fields.Many2one("res.partner", string="Contact")
    address = fields.Char(
        compute="_compute_address", store=True, readonly=False,
        help="The e-mail address or number of the person.")
    found = fields.Boolean()
    sent_count = fields.Integer(string="Written by the Person", readonly=True)
    received_count = fields.Integer(string="Sent to the Person", readonly=True)
    original_count = fields.Integer(string="Originals Kept", readonly=True)
    conversation_count = fields.Integer(string="Conversations", readonly=True)
    answer_count = fields.Integer(string="Automatic Answers", readonly=True)
    busy_count = fields.Integer(string="Not Finished", readonly=True)
    scope = fields.Selection(
        [("all", "All messages from and to the person"), ("sent", "Only what the person wrote")],
        required=True, default="all", string="Which Messages")
    erase_mode = fields.Selection(
        [("content", "Erase the content, keep an empty entry"), ("rows", "Remove the entries")],
        required=True, default="content", string="How",
        help="An empty entry says that there was a message, and keeps it from being fetched again "
             "should the mail server number its mailbox anew.")
    confirmation = fields.Char(string="Type the Address to Confirm", copy=False)
    result = fields.Char(readonly=True)

    @api.depends("partner_id")
    def _compute_address(self):
        for wizard in self:
            partner = wizard.sudo(False).partner_id  # computed as superuser, who reads every contact
            wizard.address = (partner.has_access("read") and partner.email) or wizard.address

    @api.model_create_multi
    def create(self, vals_list):
        wizards = super().create(vals_list)
        wizards.partner_id.check_access("read")  # by the name it would come back
        return wizards

    def write(self, vals):
        result = super().write(vals)
        if "partner_id" in vals:
            self.partner_id.check_access("read")
        return result

    # Finding ------------------------------------------------------------------------------

    def _get_address(self):
        """Return the address in the form in which the ledger has it.

        :raise UserError: when there is none
        """
        self.ensure_one()
        address = email_normalize(self.address) or (self.address or "").strip().lower()
        if len(address) < 3:
            raise UserError(self.env._("Give the address of the person."))
        return address

    def _get_partner_ids(self):
        partners_sudo = self.env["res.partner"].sudo().with_context(active_test=False)
        return (self.partner_id | partners_sudo.search(
            [("email_normalized", "=", self._get_address())])).ids

    def _pattern(self):
        """Return a regular expression for the address standing by itself in a list of addresses."""
        return rf"(^|[^a-z0-9._%+-]){re.escape(self._get_address())}($|[^a-z0-9._-])"

    def _written_by_person(self):
        """Return the SQL condition on ``message_history h`` for what the person wrote."""
        return SQL("(lower(h.sender_address) = %s OR (h.direction = 'in' AND h.partner_id = ANY(%s)))",
                   self._get_address(), self._get_partner_ids())

    def _sent_to_person(self):
        """Return the SQL condition for what went to the person.

        The ledger clips long lists of recipients; what core noted of the message is asked as well,
        unless the row was erased before.
        """
        address, partner_ids, pattern = self._get_address(), self._get_partner_ids(), self._pattern()
        return SQL(
            "(h.recipients ~* %(pattern)s "
            "OR EXISTS (SELECT FROM message_delivery d WHERE d.history_id = h.id "
            "           AND (lower(d.address) = %(address)s OR d.partner_id = ANY(%(partners)s))) "
            "OR (h.recipients IS NOT NULL AND EXISTS (SELECT FROM mail_message m "
            "           WHERE m.id = h.mail_message_id "
            "           AND (m.incoming_email_to ~* %(pattern)s OR m.incoming_email_cc ~* %(pattern)s))))",
            pattern=pattern, address=address, partners=partner_ids)

    def _find_ids(self, condition):
        self.env["message.history"].flush_model()
        self.env["message.delivery"].flush_model()
        rows = self.env.execute_query(SQL(
            "SELECT h.id FROM message_history h WHERE %s ORDER BY h.id", condition))
        # of what the user sees: another company's messages are not his to hand out, nor to erase
        return self.env["message.history"].search([("id", "in", [row[0] for row in rows])], order="id").ids

    def _find_scope_ids(self):
        """Return the ids of the messages that are exported or erased."""
        written = self._written_by_person()
        return self._find_ids(
            written if self.scope == "sent" else SQL("(%s OR %s)", written, self._sent_to_person()))

    def _find_drafts_sudo(self):
        """Return what users have written to the person and not sent, or sent and could take back."""
        self.env["message.draft"].flush_model()
        rows = self.env.execute_query(SQL(
            "SELECT id FROM message_draft WHERE CONCAT(recipients, ' ', copies) ~* %s ORDER BY id", self._pattern()))
        return self.env["message.draft"].sudo().browse(draft_id for (draft_id,) in rows).filtered(self._is_own_draft)

    def _is_own_draft(self, draft_sudo):
        """Whether a draft belongs to what the user sees: its conversation, its channel, or the one who writes it."""
        for place_sudo in (draft_sudo.conversation_id, draft_sudo.sender_id):
            if place_sudo:
                return place_sudo._is_seen_by(self.env.user)
        return draft_sudo.user_id.company_ids <= self.env.user.company_ids

    def action_look_up(self):
        """Count what is recorded of the person."""
        address = self._get_address()
        sent_ids = self._find_ids(self._written_by_person())
        received_ids = self._find_ids(self._sent_to_person())
        all_ids = sorted({*sent_ids, *received_ids})
        messages_sudo = self.env["message.history"].sudo().browse(all_ids)
        self.write({
            "address": address, "found": True, "confirmation": False, "result": False,
            "sent_count": len(sent_ids), "received_count": len(received_ids),
            "original_count": len(messages_sudo.filtered("raw_kept")),
            "conversation_count": len(messages_sudo.conversation_id),
            "answer_count": self.env["message.answer"].search_count([("address", "=", address)]),
            "busy_count": len(messages_sudo.filtered(lambda message: message.state in _BUSY_STATES)),
        })
        return self._reopen()

    def action_view_messages(self):
        """Open the messages that were found."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "message_history.message_history_action")
        return {**action, "name": self.env._("Messages of %(name)s", name=self._get_address()),
                "domain": [("id", "in", self._find_scope_ids())], "context": {}}

    def _reopen(self):
        return {
            "type": "ir.actions.act_window", "name": self.env._("Privacy Look-up"),
            "res_model": self._name, "res_id": self.id, "view_mode": "form", "target": "new",
        }

    # Exporting ----------------------------------------------------------------------------

    def action_export(self):
        """Download everything as an archive: the originals, and a list for programs."""
        self.check_access("read")
        self._get_address()
        return {"type": "ir.actions.act_url", "target": "download",
                "url": f"/message_history/privacy/{self.id}"}

    def _write_archive(self, handle):
        """Write the archive.

        :param handle: a binary file, opened for writing
        """
        entries = []
        with zipfile.ZipFile(handle, "w", zipfile.ZIP_DEFLATED) as archive:
            for ids in split_every(BATCH, self._find_scope_ids(), list):
                messages_sudo = self.env["message.history"].sudo().browse(ids)
                entries += [self._describe(message_sudo, self._add_original(archive, message_sudo))
                            for message_sudo in messages_sudo]
                self.env.invalidate_all()
            archive.writestr("messages.json", json.dumps(entries, ensure_ascii=False, indent=1))
            drafts = [self._describe_draft(draft_sudo) for draft_sudo in self._find_drafts_sudo()]
            archive.writestr("drafts.json", json.dumps(drafts, ensure_ascii=False, indent=1))

    def _add_original(self, archive, message_sudo):
        """Add an original to the archive; returns its name there, None if it is no longer kept."""
        with self.env["message.raw"]._opened_for_people(message_sudo) as content:
            if content is None:
                return None
            name = f"originals/{message_sudo.id} {safe_filename(message_sudo.subject)}"
            with archive.open(name, "w", force_zip64=True) as target:
                for piece in pieces(content):
                    target.write(piece)
            return name

    def _describe(self, message_sudo, original):
        """Return one message for the list."""
        labels = dict(message_sudo._fields["state"]._description_selection(self.env))
        return {
            "channel": message_sudo.channel_id.name,
            "direction": message_sudo.direction,
            "date": fields.Datetime.to_string(message_sudo.date),
            "state": labels.get(message_sudo.state),
            "sender": message_sudo.sender_name or "",
            "sender_address": message_sudo.sender_address or "",
            "recipients": message_sudo.recipients or "",
            "deliveries": [{"address": delivery.address, "state": delivery.state, "attempts": [
                {"date": fields.Datetime.to_string(attempt.date), "state": attempt.state,
                 "server_reply": attempt.server_reply or ""} for attempt in delivery.attempt_ids]}
                for delivery in message_sudo.delivery_ids],
            "subject": message_sudo.subject or "",
            "text": message_sudo.body_text or "",
            "message_id": message_sudo.message_uid or "",
            "document": message_sudo.document_name or "",
            "original": original,
        }

    def _describe_draft(self, draft_sudo):
        """Return one draft for the list."""
        return {"user": draft_sudo.user_id.name, "date": fields.Datetime.to_string(draft_sudo.write_date),
                "recipients": draft_sudo.recipients or [], "copies": draft_sudo.copies or [],
                "subject": draft_sudo.subject or "", "text": str(draft_sudo.body or "")}

    # Erasing ------------------------------------------------------------------------------

    def action_erase(self):
        """Erase what was found; what is being processed at this moment is left and counted.

        :raise UserError: unless the address was typed once more
        """
        self.check_access("write")
        address = self._get_address()
        if (email_normalize(self.confirmation) or (self.confirmation or "").strip().lower()) != address:
            raise UserError(self.env._("Type the address once more to confirm that it is to be erased."))
        found = self.env["message.history"].sudo().browse(self._find_scope_ids())
        busy = found.filtered(lambda message: message.state in _BUSY_STATES)
        doomed_ids = (found - busy).ids
        for ids in split_every(BATCH, doomed_ids, list):
            if self.erase_mode == "rows":
                self._remove_rows(ids)
            else:
                self._wipe_rows(ids)
        self._erase_traces(address)
        _logger.info("User %s erased %s messages of one person (%s)", self.env.uid, len(doomed_ids),
                     self.erase_mode)
        result = self.env._("%(count)s messages were erased.", count=len(doomed_ids))
        if busy:
            result += " " + self.env._(
                "%(count)s are not finished yet; look again later.", count=len(busy))
        self.write({"result": result, "found": False, "confirmation": False})
        return self._reopen()

    def _remove_rows(self, ids):
        conversations_sudo = self.env["message.history"].sudo().browse(ids).conversation_id
        self.env["message.history"].sudo()._forget(ids)
        self._clean_conversations(conversations_sudo.exists())

    def _wipe_rows(self, ids):
        """Take everything personal out of ledger rows; what keeps them from coming in again stays."""
        messages_sudo = self.env["message.history"].sudo().browse(ids)
        self.env["message.raw"].sudo()._drop(ids)
        unfinished_sudo = messages_sudo.filtered(
            lambda message: message.state in ("failed", "held", "given_up"))
        unfinished_sudo.write({"state": "ignored"})
        for message_sudo in messages_sudo.filtered(lambda message: (message.names or {}).get("options")):
            message_sudo.names = {
                key: value for key, value in message_sudo.names.items() if key != "options"}
        messages_sudo.write({
            "sender_name": False, "sender_address": False, "sender_key": False, "partner_id": False,
            "recipients": False, "subject": False, "preview": False, "body_text": False,
            "message_uid": False, "authentication": False, "failure_type": False,
            "failure_traceback": False, "next_attempt": False, "attachment_count": 0,
            "state_reason": self.env._("Erased at the request of the person."),
        })
        messages_sudo.delivery_ids.write({"address": "-", "partner_id": False, "server_reply": False})
        messages_sudo.delivery_ids.attempt_ids.unlink()
        self._clean_conversations(messages_sudo.conversation_id)

    def _clean_conversations(self, conversations_sudo):
        """Take what conversations show from what is left in them."""
        self.env.flush_all()
        self.env["message.conversation.channel"].sudo()._make_anew(conversations_sudo.ids)
        conversations_sudo._forget_sight()

    def _erase_traces(self, address):
        """Erase where else the address stands: drafts, given answers, rules, notices on channels.

        As far as the user may decide about them: what is another company's stays.
        """
        self._find_drafts_sudo().unlink()
        self.env["message.answer"].search([("address", "=", address)]).sudo().unlink()
        companies = self.env.user.company_ids
        self.env["message.picture.sender"].sudo().search([("address", "=", address)]).filtered(
            lambda one: one.user_id.company_ids <= companies).unlink()
        rules = self.env["message.sender.rule"].with_context(active_test=False)
        rules.search([("pattern", "=", address)])._filtered_access("unlink").unlink()
        channels = self.env["message.channel"].with_context(active_test=False).search(  # all that the user sees
            [("id", ">", 0)])._filtered_access("write")
        for model, place, names in (("mail.activity", "res_model", ("summary", "note")),
                                    ("mail.message", "model", ("subject", "body"))):
            notices_sudo = self.env[model].sudo().with_context(active_test=False).search(
                [(place, "=", "message.channel"), ("res_id", "in", channels.ids)])
            notices_sudo.filtered(lambda one, names=names: any(self._stands_in(one[name]) for name in names)).unlink()

    def _stands_in(self, text):
        """Whether the address stands by itself in a text."""
        return bool(re.search(self._pattern(), str(text or "").lower()))
