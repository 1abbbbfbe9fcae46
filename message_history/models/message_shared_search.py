from odoo import api, models
from odoo.fields import Domain

from ..tools.memo import forget, is_active, memo


class MessageSharedSearch(models.AbstractModel):
    """Shares the results of equal searches within one batch of messages; see ``tools.memo``."""

    _name = "message.shared.search"
    _description = "Shared Searches"

    @api.model
    def search_fetch(self, domain, field_names=None, offset=0, limit=None, order=None):
        if not is_active(self.env):
            return super().search_fetch(domain, field_names, offset=offset, limit=limit, order=order)
        answers = memo(self.env, self._name)
        key = (repr(Domain(domain)), offset, limit, order, self.env.context.get("active_test", True))
        if key not in answers:
            answers[key] = super().search_fetch(
                domain, field_names, offset=offset, limit=limit, order=order)._ids
        return self.browse(answers[key])

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
