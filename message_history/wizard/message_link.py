from odoo import api, fields, models
from odoo.exceptions import UserError

#: Models that take messages but are no documents of anybody.
_NO_DOCUMENTS = ("mail.blacklist", "mail.canned.response", "phone.blacklist", "discuss.channel")


class MessageLink(models.TransientModel):
    """Puts messages on the document they belong to, or makes one of them."""

    _name = "message.link"
    _description = "Put on a Document"

    history_ids = fields.Many2many("message.history", string="Messages", required=True)
    message_count = fields.Integer(compute="_compute_message_count")
    mode = fields.Selection(
        [("existing", "A document that exists"), ("new", "A new document")],
        required=True, default="existing", string="Put On")
    document = fields.Reference(selection="_selection_existing")
    new_model = fields.Selection(selection="_selection_new", string="Kind of Document")
    together = fields.Boolean(
        string="All on One Document", default=lambda self: self._default_together(),
        help="Otherwise each message makes a document of its own.")

    @api.model_create_multi
    def create(self, vals_list):
        wizards = super().create(vals_list)
        wizards.history_ids._check_handle()
        return wizards

    def write(self, vals):
        result = super().write(vals)
        self.history_ids._check_handle()
        return result

    def _default_together(self):
        """Whether the messages are of one conversation, so that one document is for all of them."""
        messages = self.env["message.history"].browse(self.env.context.get("default_history_ids"))
        return len(messages.conversation_id) <= 1

    @api.depends("history_ids")
    def _compute_message_count(self):
        for wizard in self:
            wizard.message_count = len(wizard.history_ids)

    @api.model
    def _selection_existing(self):
        return self._selection_models(
            lambda model: model.has_access(getattr(model, "_mail_post_access", "write")))

    @api.model
    def _selection_new(self):
        return self._selection_models(
            lambda model: hasattr(model, "message_new") and model.has_access("create"))

    def _selection_models(self, allowed):
        """Return (model, name) of the models that take messages and that the user may use."""
        names = [name for name in self.env.registry if self._takes_messages(name)]
        found = [(name, self.env["ir.model"]._get(name).name) for name in names
                 if allowed(self.env[name])]
        return sorted(found, key=lambda pair: pair[1].lower())

    def _takes_messages(self, name):
        """Whether messages can be put on a model: it has chatter, or one of the two methods."""
        model = self.env.registry[name]
        if model._abstract or model._transient or name in _NO_DOCUMENTS:
            return False
        if model._original_module == self._original_module:
            return False  # the ledger's own
        return hasattr(model, "message_new") or hasattr(model, "message_update")

    def action_apply(self):
        """Put the messages where they belong and open the document.

        :raise UserError: when nothing was chosen
        :raise AccessError: when the user may not do this with the document or a message
        """
        self.ensure_one()
        self.history_ids._check_handle()
        incoming = self.history_ids.filtered(lambda message: message.direction == "in")
        if not incoming:
            raise UserError(self.env._("Only incoming messages can be put on a document."))
        if not all(incoming.mapped("raw_kept")):
            raise UserError(self.env._("The original is no longer kept."))
        model, res_id = self._get_target()
        for message_sudo in incoming.sudo().sorted("date"):
            self.env["message.dispatcher"].sudo()._dispatch_to(message_sudo, model, res_id)
            if self.together and not res_id:
                res_id = message_sudo.res_id
        return self._open_documents(incoming)

    def _get_target(self):
        """Return (model, record id or False), once the user's right to it is certain."""
        if self.mode == "new":
            if not self.new_model:
                raise UserError(self.env._("Choose what kind of document is to be made."))
            self.env[self.new_model].check_access("create")
            return self.new_model, False
        if not self.document:
            raise UserError(self.env._("Choose the document."))
        self.document.check_access(getattr(self.document, "_mail_post_access", "write"))
        return self.document._name, self.document.id

    def _open_documents(self, messages):
        messages.invalidate_recordset()
        documents = {(message.model, message.res_id) for message in messages}
        if len(documents) == 1:
            return messages[0].action_open_document()
        return messages._notify_done(
            self.env._("%(count)s documents were made.", count=len(documents)))
