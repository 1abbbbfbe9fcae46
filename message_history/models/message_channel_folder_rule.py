from odoo import api, fields, models
from odoo.exceptions import UserError

from ..tools.client_fields import check_client_fields, without_other_defaults

#: What becomes of a message: done as superuser, so whoever sets it answers for it with his rights.
_RULE = {"model_id", "default_values", "answer_action_id"}
#: What may be written by whoever may write folders; the rest is ours.
_CLIENT = _RULE | {
    "name", "active", "sequence", "role", "without_document", "answer_days", "start", "start_date", "afterwards",
    "afterwards_folder",
}


class MessageChannelFolder(models.Model):
    """A folder's rule has no more rights than the person who set it, when it is set and when it is used."""

    _inherit = "message.channel.folder"

    set_by_id = fields.Many2one(
        "res.users", string="Rule Set By", readonly=True, copy=False, ondelete="set null",
        help="Documents are made and answers given with no more than this person's rights.")
    rule_problem = fields.Char(compute="_compute_rule_problem", string="Not Applied")

    @api.depends("model_id", "default_values", "answer_action_id", "set_by_id")
    def _compute_rule_problem(self):
        for folder in self:
            folder.rule_problem = False
            folder_sudo = folder._origin.sudo()
            if folder_sudo.model_id or folder_sudo.answer_action_id:
                try:
                    folder_sudo._check_rule(self.env["message.warrant"]._of(folder_sudo.set_by_id.id))
                except UserError as error:
                    folder.rule_problem = self.env._(
                        "Set by %(name)s: %(reason)s", name=folder_sudo.set_by_id.name or "?",
                        reason=" ".join(str(error).split()))

    def _check_access(self, operation):
        refused = super()._check_access(operation)
        if refused or self.env.su or operation == "read" or not any(self._ids):
            return refused
        if closed := self.sudo().channel_id.with_env(self.env)._check_access("write"):
            forbidden = self.sudo().filtered(lambda folder: folder.channel_id._ids[0] in closed[0]._ids)
            return forbidden.with_env(self.env), closed[1]
        return None

    @api.model
    def _client_fields(self):
        """Return the names of the fields that a client may write. For addons."""
        return _CLIENT

    @api.model_create_multi
    def create(self, vals_list):
        allowed = self._client_fields() | {"channel_id"}
        check_client_fields(self, vals_list, allowed)
        folders = super(MessageChannelFolder, without_other_defaults(self, allowed)).create(
            [{**vals, "set_by_id": self.env.uid} for vals in vals_list])
        folders.channel_id.check_access("write")
        folders._check_rule_when_set()
        return folders

    def write(self, vals):
        check_client_fields(self, [vals], self._client_fields())
        if vals.keys() & _RULE:
            vals = {**vals, "set_by_id": self.env.uid}
        result = super().write(vals)
        if vals.keys() & _RULE:
            self._check_rule_when_set()
        return result

    def _check_rule_when_set(self):
        """Refuse a rule that whoever sets it has no right to; what our own code sets is checked at use."""
        if not self.env.su:
            for folder in self:
                folder._check_rule(self.env["message.warrant"]._of(self.env.uid))

    def _check_rule(self, warrant):
        """Check what the folder has done with messages, with somebody's rights.

        :param warrant: ``message.warrant`` of who answers for it
        :raise AccessError: says what is not allowed
        """
        self.ensure_one()
        folder_sudo = self.sudo()
        if folder_sudo.model_id:
            warrant._check_given(folder_sudo.model_id.model, None, folder_sudo._get_default_values())
        if folder_sudo.answer_action_id:
            warrant._check_answer(folder_sudo.answer_action_id, folder_sudo.model_id.model)
