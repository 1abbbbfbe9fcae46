import base64
import binascii
import logging

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import email_normalize, email_normalize_all, formataddr, html_sanitize, plaintext2html

_logger = logging.getLogger(__name__)

#: What a party may be.
_MODELS = ("res.partner", "res.users", "res.groups")


class MessageRequest(models.Model):
    """The notification interface of the classic mail packages: ``post_request``, ``cancel_request``.

    A request is one mail: from one party to another, which may be a group. A party is a contact, a
    user, a group, or an address: as a record, as ``"res.users,7"``, as the external id of one, or
    as ``{"model": "res.users", "id": 7}``.
    """

    _name = "message.request"
    _description = "Mail Request"
    _order = "id desc"
    _rec_name = "subject"

    subject = fields.Char(readonly=True)
    sender = fields.Char(readonly=True, string="From")
    recipients = fields.Char(readonly=True, string="To")
    max_retries = fields.Integer(readonly=True, help="Further attempts after the first; -1: until the time is over.")
    warning = fields.Text(readonly=True, help="Who can't get it, and why.")
    mail_mail_id = fields.Many2one("mail.mail", readonly=True, ondelete="set null", index="btree_not_null")
    mail_message_id = fields.Many2one("mail.message", readonly=True, ondelete="set null", index="btree_not_null")
    cancelled = fields.Boolean(readonly=True)
    state = fields.Selection([
        ("waiting", "Waiting"), ("sending", "Sending"), ("sent", "Sent"), ("partly_sent", "Partly sent"),
        ("failed", "Failed"), ("cancelled", "Cancelled")], compute="_compute_state")

    @api.depends("mail_mail_id.state", "cancelled")
    def _compute_state(self):
        history_sudo = self.env["message.history"].sudo()
        names = {"queued": "waiting", "sending": "sending", "sent": "sent", "partly_sent": "partly_sent",
                 "cancelled": "cancelled"}
        for request in self:
            messages = history_sudo.search([("mail_message_id", "=", request.mail_message_id.id)], order="id desc",
                                           limit=1) if request.mail_message_id else history_sudo
            if request.cancelled:
                request.state = "cancelled"
            elif messages:
                request.state = names.get(messages.state, "failed")
            else:
                request.state = "waiting" if request.mail_mail_id.state == "outgoing" else "failed"

    @api.model
    def post_request(self, party_from, party_to, subject, message, expand_group=False, max_retries=None,
                     subtype="text", attachments=()):
        """Put a message into the outbox and return the id of the request.

        :param party_from: who writes; another than the caller only for managers. False: the caller
        :param party_to: who gets it
        :param message: the text; with ``subtype="html"`` as HTML, which is sanitised
        :param expand_group: each member of a group gets it, else the group's own address does
        :param max_retries: further attempts after the first; None: until the channel's time is over
        :param attachments: pairs (name, content), the content as bytes or in base64
        :raise UserError: when a party does not exist
        :raise AccessError: when the caller may not write in the name of ``party_from``
        """
        sender = self._sender(self._party(party_from) if party_from else self.env.user.partner_id)
        to = self._party(party_to)
        partners, addresses, warnings = self._receivers(to, expand_group)
        values = {
            "subject": subject, "sender": sender[1], "recipients": to if isinstance(to, str) else to.display_name,
            "max_retries": -1 if max_retries is None else int(max_retries), "warning": "\n".join(warnings) or False}
        request_sudo = self.sudo().create(values)
        if warnings:
            self._warn(warnings)
        if partners or addresses:
            mail_sudo = self._make_mail(request_sudo, sender, partners, addresses, message, subtype, attachments)
            request_sudo.write({"mail_mail_id": mail_sudo.id, "mail_message_id": mail_sudo.mail_message_id.id})
            mail_sudo.send()
        return request_sudo.id

    @api.model
    def cancel_request(self, request_id):
        """Take a request back while nobody has begun to send it.

        :raise UserError: when it is too late, or there is no such request
        """
        request = self.browse(int(request_id)).exists()
        if not request:
            raise UserError(self.env._("There is no request %(number)s.", number=request_id))
        request.check_access("read")
        deliveries_sudo = request.sudo().mail_mail_id.history_ids.delivery_ids
        if request.state not in ("waiting", "sending") or (
                deliveries_sudo and not deliveries_sudo.filtered(lambda one: one.state in ("queued", "deferred"))):
            raise UserError(self.env._("It is too late: the request is not waiting any more."))
        request.sudo().mail_mail_id.cancel()
        request.sudo().cancelled = True
        return True

    # Parties ----------------------------------------------------------------------------------

    def _party(self, party):
        """Return a party as a record, or as an address."""
        if isinstance(party, models.BaseModel):
            record = party
        elif isinstance(party, dict):
            record = self._record(party.get("model"), party.get("id"))
        elif isinstance(party, str) and "@" in party:
            if not email_normalize(party):
                raise UserError(self.env._("“%(party)s” is no e-mail address.", party=party))
            return " ".join(party.split())
        elif isinstance(party, str) and "," in party:
            record = self._record(*party.split(",", 1))
        elif isinstance(party, str) and "." in party:
            record = self.env.ref(party, raise_if_not_found=False)
        else:
            record = None
        if record is None or record._name not in _MODELS or len(record) != 1 or not record.sudo().exists():
            raise UserError(self.env._("There is no such contact, user or group: %(party)s", party=party))
        return record

    def _record(self, model, record_id):
        if model not in _MODELS or not str(record_id or "").strip().isdigit():
            return None
        return self.env[model].browse(int(record_id))

    def _sender(self, party):
        """Return (partner or empty, formatted address) of who writes; nobody writes in another's name."""
        partners_sudo = self.env["res.partner"].sudo()
        if not isinstance(party, str):
            partners_sudo = party.sudo().partner_id if party._name == "res.users" else (
                party.sudo() if party._name == "res.partner" else partners_sudo)
        address = party if isinstance(party, str) else (
            party.sudo().message_address if party._name == "res.groups" else partners_sudo.email_formatted)
        own = self.env.user.partner_id
        allowed = self.env.su or self.env.user.has_group("message_history.group_manager")
        if not allowed and partners_sudo != own and email_normalize(address) != own.email_normalized:
            raise AccessError(self.env._("You may only send in your own name."))
        return partners_sudo, address or self.env.company.sudo().email_formatted

    def _receivers(self, party, expand):
        """Return the partners and addresses that get it, and what is to be said about the others."""
        _ = self.env._
        nobody_sudo = self.env["res.partner"].sudo()
        if isinstance(party, str):
            return nobody_sudo, [party], []
        party_sudo = party.sudo()
        if party._name == "res.groups" and not expand:
            address = party_sudo.message_address
            if not address:
                return nobody_sudo, [], [_("The group %(name)s has no address of its own.", name=party.display_name)]
            return nobody_sudo, [formataddr((party.display_name, email_normalize(address)))], []
        if party._name == "res.groups":
            members = party_sudo.all_user_ids.filtered("active").partner_id
            warnings = [] if members else [_("The group %(name)s has no members.", name=party.display_name)]
        else:
            members, warnings = party_sudo.partner_id if party._name == "res.users" else party_sudo, []
        without = members.filtered(lambda partner: not email_normalize_all(partner.email or ""))
        warnings += [_("%(name)s has no e-mail address.", name=partner.display_name) for partner in without]
        return members - without, [], warnings

    def _warn(self, warnings):
        _logger.warning("A mail request does not reach everybody: %s", "; ".join(warnings))
        self.env.user._bus_send("simple_notification", {
            "title": self.env._("Not everybody gets the message"), "message": "\n".join(warnings[:10]),
            "type": "warning", "sticky": True})

    # The mail ---------------------------------------------------------------------------------

    def _make_mail(self, request, sender, partners, addresses, message, subtype, attachments):
        if subtype not in ("text", "html"):
            raise UserError(self.env._("A message is either “text” or “html”."))
        body = html_sanitize(message or "") if subtype == "html" else plaintext2html(message or "")
        author, address = sender
        return self.env["mail.mail"].sudo().create({
            "subject": request.subject, "body_html": body, "email_from": address, "reply_to": address,
            "author_id": author.id or False, "recipient_ids": [(6, 0, partners.ids)],
            "email_to": ", ".join(addresses) or False, "auto_delete": False,
            "outbox_max_attempts": request.max_retries + 1 if request.max_retries >= 0 else 0,
            "attachment_ids": [(0, 0, {"name": str(name), "raw": self._content(content)})
                               for name, content in attachments],
        })

    def _content(self, content):
        if isinstance(content, bytes):
            return content
        try:
            return base64.b64decode(content, validate=True)
        except (binascii.Error, ValueError, TypeError) as error:
            raise UserError(self.env._("An attachment is neither bytes nor base64.")) from error
