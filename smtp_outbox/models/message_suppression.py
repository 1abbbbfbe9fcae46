from odoo import api, fields, models
from odoo.addons.message_history.tools.client_fields import (
    check_client_fields,
    without_other_defaults,
    without_users_defaults,
)
from odoo.exceptions import AccessError
from odoo.tools import SQL, email_normalize

#: What a person enters; the rest is what became of mail.
_BY_HAND = frozenset({"address", "reason", "company_id"})


class MessageSuppression(models.Model):
    """Addresses that mail came back from for good: nothing is sent there until somebody releases them.

    Sending on to dead addresses costs a sender the trust of the servers that receive its mail. An entry is a
    company's: what it wrote to is nobody else's business, and no other company can keep its mail back. An entry
    without a company holds for all; it comes of mail without one, or from who manages all.
    """

    _name = "message.suppression"
    _description = "Suppressed Address"
    _order = "date desc, id desc"
    _rec_name = "address"

    address = fields.Char(required=True, readonly=True)
    company_id = fields.Many2one(
        "res.company", readonly=True, ondelete="cascade", default=lambda self: self._default_company(),
        help="Whose mail is not sent there. Empty: nobody's.")
    active = fields.Boolean(default=True, readonly=True, help="Whether it holds; released entries stay as a record.")
    reason = fields.Char(readonly=True, help="What the server said, or what was entered.")
    kind = fields.Selection([
        ("refused", "Refused by the server"), ("bounced", "Came back"), ("manual", "Entered by hand"),
    ], required=True, default="manual", readonly=True)
    date = fields.Datetime(required=True, default=fields.Datetime.now, readonly=True)
    delivery_id = fields.Many2one("message.delivery", readonly=True, ondelete="set null", string="The Mail",
                                  index="btree_not_null")
    history_id = fields.Many2one(related="delivery_id.history_id", string="Message")
    partner_id = fields.Many2one("res.partner", "Contact", compute="_compute_partner_id")
    released_by_id = fields.Many2one("res.users", readonly=True)
    released_date = fields.Datetime(readonly=True, string="Released On")
    count = fields.Integer(default=1, readonly=True, string="Times", help="How often mail came back.")

    _address_uniq = models.UniqueIndex("(address, COALESCE(company_id, 0))")

    @api.model
    def _default_company(self):
        """Return the user's company, unless he decides for all."""
        decides = self.env["message.channel"]._decides_for_all() if not self.env.su else True
        return False if decides else self.env.company

    def _compute_partner_id(self):
        found = self.env["res.partner"].search_fetch(
            [("email_normalized", "in", self.mapped("address"))], ["email_normalized"], order="id desc")
        by_address = {partner.email_normalized: partner for partner in found}
        for entry in self:
            entry.partner_id = by_address.get(entry.address, False)

    @api.model_create_multi
    def create(self, vals_list):
        """Enter addresses by hand as they are compared: bare and in lower case."""
        check_client_fields(self, vals_list, _BY_HAND)
        for vals in vals_list:
            vals["address"] = email_normalize(vals.get("address")) or (vals.get("address") or "").strip().lower()
        entries = super(MessageSuppression, without_other_defaults(self, _BY_HAND)).create(vals_list)
        entries._check_company()
        return entries

    @api.model
    def _add_missing_default_values(self, values):
        filled = super()._add_missing_default_values(values)
        return without_users_defaults(self, values, filled, _BY_HAND)

    def _check_company(self):
        """Refuse to keep back the mail of companies that are not one's own.

        :raise AccessError: then
        """
        if self.env.su or self.env["message.channel"]._decides_for_all():
            return
        if any(entry.company_id not in self.env.user.company_ids for entry in self):
            raise AccessError(self.env._("You may only decide for companies that you work in."))

    @api.model
    def _reasons(self, addresses):
        """Return {(address, company id or None): why} of those of some addresses that are suppressed.

        None as company: for the mail of everybody.
        """
        if not addresses:
            return {}
        rows = self.env.execute_query(SQL(
            "SELECT address, company_id, reason FROM message_suppression WHERE active AND address = ANY(%s)",
            sorted({address.lower() for address in addresses})))
        return {(address, company_id): reason or address for address, company_id, reason in rows}

    @api.model
    def _suppress(self, deliveries, kind="refused"):
        """Enter the addresses of deliveries, or count once more; one that was released comes back."""
        for delivery in deliveries:
            self.env.cr.execute(SQL(
                "INSERT INTO message_suppression (address, company_id, active, reason, kind, date, delivery_id, count, "
                "create_uid, create_date) VALUES (%(address)s, %(company)s, true, %(reason)s, %(kind)s, %(now)s, "
                "%(delivery)s, 1, %(uid)s, %(now)s) ON CONFLICT (address, COALESCE(company_id, 0)) "
                "DO UPDATE SET active = true, reason = excluded.reason, kind = excluded.kind, date = excluded.date, "
                "delivery_id = excluded.delivery_id, count = message_suppression.count + 1, "
                "released_by_id = NULL, released_date = NULL "
                "WHERE message_suppression.delivery_id IS DISTINCT FROM excluded.delivery_id",
                address=delivery.address.lower(), company=delivery.history_id.company_id.id or None, kind=kind,
                reason=(delivery.server_reply or "")[:500], now=fields.Datetime.now(), delivery=delivery.id,
                uid=self.env.uid))
        self.invalidate_model()

    def action_release(self):
        """Let mail be sent to these addresses again, whoever sends it.

        :raise AccessError: unless a manager asks: the list is everybody's of the company
        """
        self.check_access("read")
        if not self.env.su and not self.env.user.has_group("message_history.group_manager"):
            raise AccessError(self.env._(
                "Only managers of the messages may release an address: the list is everybody's."))
        self._check_company()
        self.sudo().write({"active": False, "released_by_id": self.env.uid, "released_date": fields.Datetime.now()})
        return self.env["message.history"]._notify_done(
            self.env._("%(count)s released: mail is sent there again.", count=len(self)))
