import functools

from odoo import fields, models
from odoo.exceptions import AccessError


class MessageTag(models.Model):
    """A word that people sort conversations by."""

    _name = "message.tag"
    _description = "Conversation Tag"
    _order = "name"

    name = fields.Char(required=True, translate=True)
    color = fields.Integer(default=lambda self: self.env["message.tag"].search_count([]) % 11 + 1)
    active = fields.Boolean(default=True)

    _name_uniq = models.Constraint("UNIQUE(name)", "There is a tag of this name already.")

    def _check_access(self, operation):
        refused = super()._check_access(operation)
        if refused or self.env.su or operation not in ("write", "unlink") or not any(self._ids):
            return refused
        if self.env["message.channel"]._decides_for_all():
            return None
        elsewhere = self.filtered(lambda tag: tag._is_used_elsewhere())
        return (elsewhere, functools.partial(self._refuse_elsewhere)) if elsewhere else None

    def _is_used_elsewhere(self):
        """Whether conversations of companies in which the user does not work have the tag."""
        return bool(self.env["message.conversation.channel"].sudo().search_count([
            ("conversation_id.tag_ids", "in", self.ids), ("company_id", "!=", False),
            ("company_id", "not in", self.env.user.company_ids.ids)], limit=1))

    def _refuse_elsewhere(self):
        return AccessError(self.env._("Another company sorts its conversations by this tag, too."))
