from odoo import api, fields, models
from odoo.addons.message_history.lib.errors import ChannelError
from odoo.addons.message_history.lib.transport import Capability, FolderRequest, StartPolicy
from odoo.exceptions import UserError


class FetchmailFolderWizard(models.TransientModel):
    """Choose the folders to watch from those that the server has, with the count of what would come."""

    _name = "fetchmail.folder.wizard"
    _description = "Choose Folders"

    server_id = fields.Many2one("fetchmail.server", required=True, readonly=True)
    start = fields.Selection(
        selection=lambda self: self.env["message.channel.folder"]._fields["start"].selection,
        required=True, default=StartPolicy.NOW.value, string="At First")
    start_date = fields.Datetime(default=lambda self: fields.Datetime.subtract(fields.Datetime.now(), days=7))
    line_ids = fields.One2many("fetchmail.folder.wizard.line", "wizard_id")

    @api.model
    def default_get(self, fields):
        values = super().default_get(fields)
        server = self.env["fetchmail.server"].browse(self.env.context.get("active_id"))
        if server and "line_ids" in fields:
            values |= {"server_id": server.id, "line_ids": self._prepare_lines(server)}
        return values

    def _prepare_lines(self, server):
        """Return a line for each folder on the server.

        :raise UserError: when the server can't be asked, with the cause in words
        """
        server.check_access("write")
        watched = set(server.folder_ids.mapped("name"))
        try:
            with server._get_transport__() as transport:
                if Capability.FOLDERS not in transport.capabilities:
                    raise UserError(self.env._("A POP3 mailbox has one folder only."))
                found = transport.folders()
        except ChannelError as error:
            raise UserError(self.env["message.fetcher"]._words_for(error)) from error
        return [fields.Command.create({
            "name": folder.name, "role": folder.role or False, "watched": folder.name in watched,
            "selected": folder.name in watched,
        }) for folder in found if folder.selectable]

    def action_count(self):
        """Count what a first fetch of the chosen folders would bring; fetches nothing."""
        self.ensure_one().check_access("write")
        try:
            with self.server_id._get_transport__() as transport:
                for line in self.line_ids.filtered("selected"):
                    look = transport.first_look(FolderRequest(
                        name=line.name, start=StartPolicy(self.start), since=self.start_date or None))
                    line.write({"total": look.total, "unseen": look.unseen, "matching": look.matching,
                                "counted": True})
        except ChannelError as error:
            raise UserError(self.env["message.fetcher"]._words_for(error)) from error
        return self._reopen()

    def _reopen(self):
        return {"type": "ir.actions.act_window", "res_model": self._name, "res_id": self.id,
                "view_mode": "form", "target": "new", "name": self.env._("Choose Folders")}

    def action_apply(self):
        """Watch the chosen folders; those no longer chosen are left alone, not forgotten."""
        self.ensure_one().check_access("write")
        server = self.server_id
        server.check_access("write")
        folders = self.env["message.channel.folder"].with_context(active_test=False).search(
            [("channel_id", "=", server.channel_id.id)])
        known = {folder.name: folder for folder in folders}
        for line in self.line_ids:
            if line.selected and line.name not in known:
                folders.create({
                    "channel_id": server.channel_id.id, "name": line.name, "start": self.start,
                    "start_date": self.start_date, "model_id": server.object_id.id if line.role != "sent" else False,
                    "role": "sent" if line.role == "sent" else "inbox",
                })
            elif line.name in known:
                known[line.name].active = line.selected
        return {"type": "ir.actions.client", "tag": "soft_reload"}


class FetchmailFolderWizardLine(models.TransientModel):
    """One folder on the server."""

    _name = "fetchmail.folder.wizard.line"
    _description = "Folder on the Server"
    _order = "id"

    wizard_id = fields.Many2one("fetchmail.folder.wizard", required=True, ondelete="cascade")
    name = fields.Char(readonly=True, string="Folder")
    role = fields.Selection([
        ("inbox", "Inbox"), ("sent", "Sent"), ("junk", "Spam"), ("trash", "Trash"), ("drafts", "Drafts"),
        ("archive", "Archive")], readonly=True)
    watched = fields.Boolean(readonly=True)
    selected = fields.Boolean(string="Watch")
    counted = fields.Boolean(readonly=True)
    total = fields.Integer(readonly=True, string="Messages")
    unseen = fields.Integer(readonly=True, string="Unread")
    matching = fields.Integer(readonly=True, string="Would Be Fetched")
