import re

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import email_normalize

#: An address, or a domain with at least two parts; lower case.
_PATTERN = re.compile(r"([^@\s]+@)?([^@\s.]+\.)+[^@\s.]+")


class MessageSenderRule(models.Model):
    """What always happens to the messages of one sender, or of a whole domain."""

    _name = "message.sender.rule"
    _description = "Sender Rule"
    _order = "pattern"
    _rec_name = "pattern"

    pattern = fields.Char(
        required=True, string="Sender", help="An address, or a domain such as example.com.")
    channel_id = fields.Many2one(
        "message.channel", ondelete="cascade", help="Empty: on every channel.")
    action = fields.Selection(
        [("ignore", "Record and ignore"), ("process", "Process in any case")], required=True, default="ignore")
    active = fields.Boolean(default=True)

    _pattern_uniq = models.UniqueIndex("(pattern, COALESCE(channel_id, 0))")

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

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([{**vals, "pattern": self._clean(vals.get("pattern"))} for vals in vals_list])

    def write(self, vals):
        if "pattern" in vals:
            vals = {**vals, "pattern": self._clean(vals["pattern"])}
        return super().write(vals)

    @api.model
    def _get_action(self, channel, sender_address):
        """Return ``ignore``, ``process`` or None for a sender; an address beats a domain."""
        address = (sender_address or "").lower()
        if not address:
            return None
        domain_part = address.rpartition("@")[2]
        parts = domain_part.split(".")
        candidates = [address, *(".".join(parts[index:]) for index in range(len(parts) - 1))]
        rules = self._get_rules()
        for candidate in candidates:
            for channel_id in (channel.id, False):
                if action := rules.get((candidate, channel_id)):
                    return action
        return None

    @api.model
    def _get_rules(self):
        """Return {(pattern, channel id): action}, read once per transaction."""
        cache = self.env.cr.cache
        if "message_sender_rules" not in cache:
            cache["message_sender_rules"] = {
                (rule.pattern, rule.channel_id.id): rule.action for rule in self.sudo().search([])
            }
        return cache["message_sender_rules"]
