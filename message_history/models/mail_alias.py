from odoo import api, models
from odoo.fields import Domain

from ..tools.memo import is_active, memo


class MailAlias(models.Model):
    """Aliases, looked up once per batch of messages."""

    _name = "mail.alias"
    _inherit = ["mail.alias", "message.shared.search"]

    @api.model
    def search_fetch(self, domain, field_names=None, offset=0, limit=None, order=None):
        """Spare the question for a document's own alias where no document of its kind has one."""
        if is_active(self.env):
            asked = [condition.value for condition in Domain(domain).iter_conditions()
                     if condition.field_expr == "alias_parent_model_id.model" and condition.operator == "="]
            if asked and asked[0] not in self._parent_models():
                return self.browse()
        return super().search_fetch(domain, field_names, offset=offset, limit=limit, order=order)

    @api.model
    def _parent_models(self):
        """Return the names of the models whose records own aliases; see ``tools.memo``."""
        answers = memo(self.env, self._name)
        if "parent_models" not in answers:
            groups = self._read_group(
                [("alias_parent_model_id", "!=", False), ("alias_parent_thread_id", "!=", False)],
                ["alias_parent_model_id"])
            answers["parent_models"] = {parent.model for (parent,) in groups}
        return answers["parent_models"]
