from odoo import api, models
from odoo.exceptions import AccessError

from ..tools.words import words


class MessageWarrant(models.AbstractModel):
    """Which automatic answers a person may have given."""

    _inherit = "message.warrant"

    @api.model
    def _check_answer(self, action, model):
        """Check that an action sends a template's e-mail, and that the user could run and write that himself.

        :param action: the server action, as superuser
        :param model: name of the model of the documents that are answered
        :raise AccessError: when it is of another kind, for others, or has a template of others
        """
        _ = words(self.env)
        template = action.template_id
        if action.state != "mail_post" or action.model_id.model != model or template.model != model:
            raise AccessError(_("The automatic answer must send an e-mail template made for the folder's documents."))
        if action.group_ids and not (self.env.su or action.group_ids & self.env.user.all_group_ids):
            raise AccessError(_("The automatic answer “%(action)s” is for others only.", action=action.name))
        if not self._is_trusted() and not action.group_ids:
            self.env[model].check_access("write")
        if not template.with_user(self.env.uid).has_access("write"):
            raise AccessError(_(
                "The automatic answer “%(action)s” sends a template that may not be edited.", action=action.name))
