import ast

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..lib.transport import Afterwards, StartPolicy


class MessageChannelFolder(models.Model):
    """One folder of a channel, with its own rule for what comes in through it."""

    _name = "message.channel.folder"
    _description = "Channel Folder"
    _inherit = ["message.scoped"]
    _order = "channel_id, sequence, id"

    channel_id = fields.Many2one("message.channel", required=True, ondelete="cascade", index=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    name = fields.Char(required=True, default="INBOX", string="Folder")
    role = fields.Selection(
        [("inbox", "Incoming messages"), ("sent", "Messages sent elsewhere")],
        required=True, default="inbox",
        help="What people send from their own mail program is recorded from the folder with the "
             "sent messages; no document is made from it.",
    )
    model_id = fields.Many2one(
        "ir.model", string="Create", ondelete="set null",
        help="What a message becomes that is no reply and goes to no alias.",
    )
    model_name = fields.Char(related="model_id.model", string="Model Name")
    without_document = fields.Selection(
        [("fail", "Ask somebody where it belongs"), ("inbox", "Keep it in the inbox")],
        required=True, default="fail", string="Without a Document",
        help="What happens to a message that is no reply, goes to no alias, and of which nothing is to be created.")
    default_values = fields.Char(
        default="{}", help="Values for a new document, e.g. {'team_id': 1}.",
    )
    answer_action_id = fields.Many2one(
        "ir.actions.server", string="Automatic Answer", ondelete="set null",
        domain="[('model_id', '=', model_id), ('state', '=', 'mail_post')]",
        help="A server action of the kind Send Email, run for each new document: its e-mail goes to "
             "the sender and to nobody else, at most once per sender in the period below.",
    )
    answer_days = fields.Integer(
        default=1, string="Answer Once in (Days)", help="Per sender.",
    )
    start = fields.Selection(
        [(StartPolicy.NOW.value, "From now on"),
         (StartPolicy.UNSEEN.value, "Unread messages"),
         (StartPolicy.SINCE.value, "Since a date"),
         (StartPolicy.ALL.value, "All messages")],
        required=True, default=StartPolicy.NOW.value, string="At First",
        help="What is fetched when this folder is read for the first time.",
    )
    start_date = fields.Datetime()
    afterwards = fields.Selection(
        [(Afterwards.LEAVE.value, "Leave as it is"),
         (Afterwards.SEEN.value, "Mark as read"),
         (Afterwards.MOVE.value, "Move to a folder"),
         (Afterwards.DELETE.value, "Delete")],
        required=True, default=Afterwards.LEAVE.value,
        help="What happens to a message in the mailbox once it is processed.",
    )
    afterwards_folder = fields.Char(string="Move to")
    status_ids = fields.One2many("message.channel.status", "folder_id")

    _channel_name_uniq = models.Constraint(
        "UNIQUE(channel_id, name)", "Each folder can be watched once per channel.")

    @api.model
    def _scope_domain(self, scope):
        return scope.on_channels("channel_id")

    @api.constrains("default_values", "model_id")
    def _check_default_values(self):
        for folder in self:
            folder._get_default_values()

    @api.constrains("start", "start_date", "afterwards", "afterwards_folder", "name")
    def _check_complete(self):
        for folder in self:
            if folder.start == StartPolicy.SINCE.value and not folder.start_date:
                raise ValidationError(self.env._("Give the date since when messages are fetched."))
            if folder.afterwards == Afterwards.MOVE.value and not folder.afterwards_folder:
                raise ValidationError(self.env._("Give the folder to move processed messages to."))
            if folder.afterwards == Afterwards.MOVE.value and folder.afterwards_folder == folder.name:
                raise ValidationError(self.env._("A message can't be moved to the folder it is in."))

    @api.constrains("model_id")
    def _check_model_takes_messages(self):
        for folder in self.filtered("model_id"):
            if folder.model_name in self.env and not hasattr(self.env[folder.model_name], "message_new"):
                raise ValidationError(self.env._(
                    "%(model)s can't be created from messages.", model=folder.model_id.name))

    @api.constrains("answer_action_id", "model_id")
    def _check_answer_action(self):
        for folder in self:
            action = folder.answer_action_id
            if action and action.model_id != folder.model_id:
                raise ValidationError(self.env._(
                    "The automatic answer is for %(answer)s, but the folder creates %(model)s.",
                    answer=action.model_id.name, model=folder.model_id.name or self.env._("nothing")))

    def _get_default_values(self):
        """Return the values for new documents.

        :raise ValidationError: when they are not a dictionary
        """
        self.ensure_one()
        try:
            values = ast.literal_eval(self.default_values or "{}")
        except (ValueError, SyntaxError):
            values = None
        if not isinstance(values, dict):
            raise ValidationError(self.env._(
                "The default values of folder %(folder)s can't be read. Write them like {'priority': '1'}.",
                folder=self.name))
        return values

    def _get_failed_folder(self):
        """Return the folder on the server for messages that can't be processed; empty for none."""
        self.ensure_one()
        return self.channel_id.failed_folder or ""
