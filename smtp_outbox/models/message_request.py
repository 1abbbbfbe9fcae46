import base64
import binascii

from odoo import api, fields, models
from odoo.addons.message_history.models.message_delivery import ARRIVED, PROBLEMS
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL, html_sanitize

from .message_request_party import one_line

#: What became of the messages in the ledger -> of the request.
_STATES = {"queued": "waiting", "bounced": "failed", "given_up": "failed"}
#: The same for a mail that never came into the ledger.
_MAIL_STATES = {"outgoing": "waiting", "sent": "sent", "exception": "failed", "cancel": "cancelled"}
#: What of the caller's context is kept: defaults and flags would change the mail.
_CONTEXT = ("lang", "tz", "allowed_company_ids")


class MessageRequest(models.Model):
    """The notification interface of the classic mail packages: ``post_request``, ``cancel_request``.

    A request is one mail: from one party to another, which may be a group. A party is a contact, a
    user, a group, or an address: as a record, as ``"res.users,7"``, as the external id of one, or
    as ``{"model": "res.users", "id": 7}``.
    """

    _name = "message.request"
    _description = "Mail Request"
    _inherit = ["message.request.party"]
    _order = "id desc"
    _rec_name = "subject"

    subject = fields.Char(readonly=True)
    sender = fields.Char(readonly=True, string="From")
    recipients = fields.Char(readonly=True, string="To")
    max_retries = fields.Integer(readonly=True, string="Further Attempts",
                                 help="Further attempts after the first; -1: until the time is over.")
    warning = fields.Text(readonly=True, help="Who can't get it, and why.")
    mail_mail_id = fields.Many2one("mail.mail", readonly=True, ondelete="set null", index="btree_not_null")
    history_ids = fields.One2many("message.history", "request_id", readonly=True, string="In the Ledger",
                                  groups="message_history.group_user")
    state = fields.Selection([
        ("waiting", "Waiting"), ("sending", "Sending"), ("sent", "Sent"), ("partly_sent", "Partly sent"),
        ("in_doubt", "In doubt"), ("failed", "Failed"), ("cancelled", "Cancelled"),
    ], required=True, default="waiting", readonly=True, index=True)
    reason = fields.Char(compute="_compute_reason", compute_sudo=True, help="Why it failed.")
    company_id = fields.Many2one("res.company", readonly=True, index="btree_not_null")
    recipient_count = fields.Integer(readonly=True)
    sent_count = fields.Integer(readonly=True, string="Sent To")
    failed_count = fields.Integer(readonly=True, string="Failed For")

    @api.depends("state")
    def _compute_reason(self):
        for request in self:
            request.reason = request.history_ids.sorted("id")[-1:].state_reason or (
                request.mail_mail_id.failure_reason)

    # The interface ----------------------------------------------------------------------------

    @api.model
    def post_request(self, party_from, party_to, subject, message, expand_group=False, max_retries=None,
                     subtype="text", attachments=(), attachment_ids=()):
        """Put a message into the outbox and return the id of the request.

        Who can't get it is named in the request's ``warning``; when nobody can, its state is ``failed``.

        :param party_from: who writes; another than the caller only for managers. False: the caller,
            and where the caller has no address, the company
        :param party_to: who gets it
        :param message: the text; with ``subtype="html"`` as HTML, which is sanitised (not the superuser's)
        :param expand_group: each member of a group gets it, else the group's own address does
        :param max_retries: further attempts after the first; None: until the channel's time is over
        :param attachments: pairs (name, content), the content as bytes or in base64
        :param attachment_ids: ids of ``ir.attachment`` that the caller may read
        :raise UserError: when a party or an attachment does not exist, or an argument makes no sense
        :raise AccessError: when the caller may not write in the name of ``party_from``, or not at all
        """
        if not (self.env.su or self.env.user._is_internal()):
            raise AccessError(self.env._("Only internal users may send messages this way."))
        author_sudo, address = self._get_sender(party_from)
        receivers = self._get_receivers(self._get_party(party_to), expand_group)
        context = {key: value for key, value in self.env.context.items() if key in _CONTEXT}
        request_sudo = self.with_env(self.env(su=True, context=context)).create({
            "subject": one_line(subject or ""), "sender": address, "recipients": receivers.words,
            "company_id": self.env.company.id,
            "max_retries": self._check_retries(max_retries), "warning": "\n".join(receivers.warnings) or False,
            "state": "waiting" if receivers else "failed"})
        self._warn(receivers)
        if receivers:
            request_sudo.mail_mail_id = request_sudo._make_mail({
                "email_from": address, "reply_to": address, "author_id": author_sudo.id or False,
                "recipient_ids": [(6, 0, receivers.partners.ids)], "email_to": ", ".join(receivers.addresses) or False,
                "body_html": self._prepare_body(message, subtype),
                **self._prepare_attachments(attachments, attachment_ids)})
        return request_sudo.id

    @api.model
    def cancel_request(self, request_id):
        """Take a request back while it is not sent, and return True.

        When part of a group has it already, the others don't get it: its state is ``partly_sent`` then.

        :raise UserError: when it is too late, or there is no such request
        """
        self.browse().check_access("read")
        request = self.browse(self._check_id(request_id) or 0).exists()
        if not request or not request.has_access("read"):
            raise UserError(self.env._("There is no request %(number)s.", number=request_id))
        request_sudo = request.sudo()
        if request_sudo.state not in ("waiting", "sending"):
            raise UserError(self.env._("It is too late: the request is not waiting any more."))
        if deliveries_sudo := request_sudo.history_ids.delivery_ids:
            self.env["message.outbox"].sudo()._cancel(deliveries_sudo)  # says so when it is too late
        else:
            request_sudo.mail_mail_id.cancel()
        return True

    def action_cancel(self):
        """Take these requests back."""
        self.check_access("read")
        for request in self:
            self.cancel_request(request.id)

    def action_view_deliveries(self):
        """Open the recipients and what became of each."""
        self.ensure_one().check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id("message_history.message_delivery_action")
        return {**action, "domain": [("history_id.request_id", "=", self.id)], "context": {}}

    # The mail ---------------------------------------------------------------------------------

    def _make_mail(self, values):
        """Return the mail of the request. It is no secret: the ledger keeps its text."""
        mail = self.env["mail.mail"].create({
            "subject": self.subject, "auto_delete": False, "is_notification": False,
            "outbox_max_attempts": self.max_retries + 1, **values})
        # files go with the message, and are seen by who sees it
        own = mail.attachment_ids.filtered(lambda one: not one.res_model and one.create_uid.id == self.env.uid)
        own.write({"res_model": "mail.message", "res_id": mail.mail_message_id.id})
        return mail

    def _prepare_body(self, message, subtype):
        if subtype not in ("text", "html") or not isinstance(message or "", str):
            raise UserError(self.env._("A message is either “text” or “html”."))
        message = (message or "").replace("\x00", "").encode("utf-8", "replace").decode()
        if subtype == "text":
            return self.env["mail.mail"]._plain_body(message)
        return message if self.env.su else html_sanitize(message, sanitize_attributes=True)

    def _prepare_attachments(self, pairs, attachment_ids):
        """Return values of a mail with attachments: the caller's own, and new ones."""
        ids = [self._check_id(attachment_id) or 0 for attachment_id in attachment_ids or ()]
        found = self.env["ir.attachment"].browse(ids).exists()
        if len(found) != len(set(ids)):
            raise UserError(self.env._("There is no such attachment."))
        found.check_access("read")
        try:
            new = [(0, 0, {"name": one_line(name), "raw": _content(content)})
                   for name, content in pairs or ()]
        except (binascii.Error, ValueError, TypeError) as error:
            raise UserError(self.env._(
                "An attachment is a pair of a name and a content, as bytes or in base64.")) from error
        return {"attachment_ids": [(4, attachment_id) for attachment_id in found.ids] + new}

    @api.model
    def _check_retries(self, max_retries):
        """Return a number of retries as it is stored."""
        if max_retries is None or max_retries is False:
            return -1
        if isinstance(max_retries, bool) or not isinstance(max_retries, int) or not 0 <= max_retries < 2**31 - 1:
            raise UserError(self.env._("The number of retries is a whole number from 0 on."))
        return max_retries

    # What became of it --------------------------------------------------------------------------

    @api.model
    def _follow(self, records, gone=False):
        """Bring the requests of ``mail.mail`` or ``mail.message`` records up to date.

        :param gone: they are about to be deleted
        """
        if self.env["mail.mail"]._sends_inline():
            return
        column = "mail_mail_id" if records._name == "mail.mail" else "mail_mail_id.mail_message_id"
        if records.ids:
            self.search([(column, "in", records.ids)])._update_states(gone)

    def _update_states(self, gone=False):
        """Note what became of the deliveries, and of mails that have none."""
        counts = self._count_states()
        for request in self:
            values = request._prepare_state(counts.get(request.id), gone)
            changed = {name: value for name, value in values.items() if request[name] != value}
            if changed:
                request.write(changed)

    def _count_states(self):
        """Return {request id: {state of a delivery: how many}}.

        When a mail is built again, what was owed before is cancelled in favour of the newer deliveries.
        """
        self.env["message.delivery"].flush_model(["history_id", "state"])
        self.env["message.history"].flush_model(["request_id"])
        rows = self.env.execute_query(SQL(
            "SELECT h.request_id, d.state, COUNT(*) FROM message_history h JOIN message_delivery d "
            "ON d.history_id = h.id WHERE h.request_id = ANY(%s) AND (d.state <> 'cancelled' OR h.id = "
            "(SELECT MAX(n.id) FROM message_history n WHERE n.request_id = h.request_id)) GROUP BY 1, 2", self.ids))
        counts = {}
        for request_id, state, count in rows:
            counts.setdefault(request_id, {})[state] = count
        return counts

    def _prepare_state(self, counts, gone):
        self.ensure_one()
        if not counts:
            state = _MAIL_STATES.get(self.mail_mail_id.state, self.state)
            return {"state": "cancelled" if gone and state == "waiting" else state}
        state = self.env["message.history"]._state_from_counts(counts)
        if state == "sent" and counts.get("cancelled"):
            state = "partly_sent"
        return {
            "state": _STATES.get(state, state), "recipient_count": sum(counts.values()),
            "sent_count": sum(counts.get(name, 0) for name in ARRIVED),
            "failed_count": sum(counts.get(name, 0) for name in PROBLEMS),
        }


def _content(content):
    """Return the bytes of an attachment.

    :raise ValueError: when a text is not base64
    """
    return content if isinstance(content, bytes) else base64.b64decode(content, validate=True)
