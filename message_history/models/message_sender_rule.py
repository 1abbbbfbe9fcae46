import functools
import re

from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Domain
from odoo.tools import email_normalize

#: An address, or a domain with at least two parts; lower case.
_PATTERN = re.compile(r"\A(?:[^@\s]+@)?[^@\s.]+(?:\.[^@\s.]+)+\Z")


class MessageSenderRule(models.Model):
    """What always happens to the messages of one sender, or of a whole domain.

    A rule for a whole domain, or for more than one channel, decides for others, too: managers make those. One for
    a channel of no company decides for every company: it is made by who works in all of them.
    """

    _name = "message.sender.rule"
    _description = "Sender Rule"
    _inherit = ["message.scoped"]
    _order = "pattern"
    _rec_name = "pattern"

    pattern = fields.Char(
        required=True, string="Sender", help="An address, or a domain such as example.com.")
    channel_id = fields.Many2one(
        "message.channel", ondelete="cascade", help="Empty: on every channel.")
    company_id = fields.Many2one(
        "res.company", ondelete="cascade", default=lambda self: self._default_company(),
        help="Where no channel is given: on every channel of this company. Empty: of every company.")
    action = fields.Selection(
        [("ignore", "Record and ignore"), ("process", "Process in any case")], required=True, default="ignore")
    active = fields.Boolean(default=True)

    _pattern_uniq = models.UniqueIndex("(pattern, COALESCE(channel_id, 0), COALESCE(company_id, 0))")

    def _default_company(self):
        """Return the user's company, unless he manages all that there are."""
        return False if self._scope().everything else self.env.company

    @api.constrains("pattern")
    def _check_pattern(self):
        for rule in self:
            if not _PATTERN.fullmatch(rule.pattern or ""):
                raise ValidationError(self.env._(
                    "%(pattern)s is neither an address nor a domain.", pattern=rule.pattern))

    @api.model
    def _clean(self, pattern):
        pattern = (pattern or "").strip().lower().lstrip("@*").lstrip(".")
        return email_normalize(pattern) or pattern

    # Rights ---------------------------------------------------------------------------------------

    @api.model
    def _scope_domain(self, scope):
        if scope.everything:
            return Domain.TRUE
        everywhere = Domain("channel_id", "=", False) & Domain("company_id", "in", [False, *scope.company_ids])
        return everywhere | (Domain("channel_id", "!=", False) & scope.on_channels("channel_id"))

    def _check_access(self, operation):
        refused = super()._check_access(operation)
        if refused or self.env.su or operation == "read":
            return refused
        scope = self._scope()
        if scope.everything or not any(self._ids):
            return None
        forbidden = self.browse(rule_sudo.id for rule_sudo in self.sudo() if not rule_sudo._is_for(scope))
        return (forbidden, functools.partial(self._refuse_for_all)) if forbidden else None

    def _is_for(self, scope):
        """Whether a rule decides for nobody but whom a user may decide for."""
        if self.channel_id:
            if self.channel_id.id in scope.shared_ids:
                return False
            return scope.manages or "@" in (self.pattern or "")
        return scope.manages and self.company_id.id in scope.company_ids

    def _refuse_for_all(self):
        return AccessError(self.env._(
            "A rule for a whole domain, or for every channel, decides for others, too: please ask a manager."))

    @api.model_create_multi
    def create(self, vals_list):
        rules = super().create([{**vals, "pattern": self._clean(vals.get("pattern"))} for vals in vals_list])
        rules.check_access("create")  # of what became of it, defaults included
        return rules

    def write(self, vals):
        if "pattern" in vals:
            vals = {**vals, "pattern": self._clean(vals["pattern"])}
        result = super().write(vals)
        self.check_access("write")
        return result

    # Use ------------------------------------------------------------------------------------------

    @api.model
    def _ignore(self, messages):
        """Make the rules by which the senders of some messages are ignored from now on."""
        scope = self._scope()
        everywhere = scope.manages or self.env.su
        # a rule for his company says nothing of a channel of none
        wanted = {(message.sender_address, False if everywhere and message.channel_id.id not in scope.shared_ids
                   else message.channel_id.id) for message in messages if message.sender_address}
        for address, channel_id in sorted(wanted):
            known = [("pattern", "=", self._clean(address)), ("channel_id", "=", channel_id), ("action", "=", "ignore")]
            if not self.search_count(known, limit=1):
                self.create({"pattern": address, "channel_id": channel_id})

    @api.model
    def _get_action(self, channel, sender_address):
        """Return ``ignore``, ``process`` or None for a sender.

        An address beats a domain; then a channel beats its company, and that beats all companies.
        """
        address = (sender_address or "").lower()
        if not address:
            return None
        domain_part = address.rpartition("@")[2]
        parts = domain_part.split(".")
        candidates = [address, *(".".join(parts[index:]) for index in range(len(parts) - 1))]
        rules = self._get_rules()
        if not rules:
            return None
        for candidate in candidates:
            for place in ((channel.id, None), (None, channel.company_id.id or None), (None, None)):
                if action := rules.get((candidate, *place)):
                    return action
        return None

    @api.model
    def _get_rules(self):
        """Return {(pattern, channel id, company id): action}, read once per transaction."""
        cache = self.env.cr.cache
        if "message_sender_rules" not in cache:
            cache["message_sender_rules"] = {
                (rule.pattern, rule.channel_id.id or None,
                 None if rule.channel_id else rule.company_id.id or None): rule.action
                for rule in self.sudo().search([])
            }
        return cache["message_sender_rules"]
