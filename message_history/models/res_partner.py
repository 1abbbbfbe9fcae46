from odoo import api, fields, models
from odoo.fields import Domain

from ..tools.memo import forget, is_active, memo

#: An exact count of a very long history costs seconds and helps nobody.
MOST_COUNTED = 1000


class ResPartner(models.Model):
    """Partners: their messages, and looking them up by address once per batch of messages."""

    _inherit = "res.partner"

    message_history_count = fields.Integer(
        compute="_compute_message_history_count", string="Message Count",
        groups="message_history.group_user")

    def _compute_message_history_count(self):
        for partner in self:
            partner.message_history_count = partner.id and self.env["message.history"].search_count(
                partner._message_history_domain(), limit=MOST_COUNTED)

    def _message_history_domain(self):
        """Return the domain of the messages from and to a contact and the contacts below it."""
        self.ensure_one()
        partners = self.with_context(active_test=False).search([("id", "child_of", self.id)])
        return (Domain("partner_id", "in", partners.ids)
                | Domain("delivery_ids.partner_id", "in", partners.ids))

    def action_view_message_history(self):
        """Open the messages from and to the contact, on every channel."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "message_history.message_history_action")
        return {**action, "name": self.env._("Messages of %(name)s", name=self.display_name),
                "domain": list(self._message_history_domain()), "context": {}}

    @api.model
    def search_fetch(self, domain, field_names=None, offset=0, limit=None, order=None):
        """Answer *who has these addresses* for a whole batch of messages from one query."""
        if order == "id ASC" and offset == 0 and limit is None and is_active(self.env):
            known = memo(self.env, self._name).get("by_email")
            emails = _addresses_asked_for(domain) if known else None
            if emails and emails <= known.keys():
                return self.browse(sorted({partner_id for email in emails for partner_id in known[email]}))
        return super().search_fetch(domain, field_names, offset=offset, limit=limit, order=order)

    @api.model_create_multi
    def create(self, vals_list):
        forget(self.env, self._name)
        return super().create(vals_list)

    def write(self, vals):
        forget(self.env, self._name)
        return super().write(vals)

    def unlink(self):
        forget(self.env, self._name)
        return super().unlink()

    @api.model
    def _share_by_email(self, emails):
        """Look all addresses of a batch up at once, for the searches to come; see ``tools.memo``."""
        if not emails:
            return
        partners = self.with_context(message_gateway=False).search_fetch(
            [("email_normalized", "in", list(emails))], ["email_normalized"], order="id ASC")
        by_email = {email: [] for email in emails}
        for partner in partners:
            by_email[partner.email_normalized].append(partner.id)
        memo(self.env, self._name)["by_email"] = by_email


def _addresses_asked_for(domain):
    """Return the addresses of a search that asks for normalised addresses and nothing else."""
    conditions = list(Domain(domain).iter_conditions())
    if len(conditions) != 1 or conditions[0] != Domain(domain):
        return None
    condition = conditions[0]
    if condition.field_expr == "email_normalized" and condition.operator == "in":
        return set(condition.value)
    return None
