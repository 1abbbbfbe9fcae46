from odoo import api, fields, models


class MessageDemoRequest(models.Model):
    """A request that came by mail: the example of a document without ``mail.thread``.

    The mixin makes a record of every new mail; here it also keeps who asked, what, and the
    attachments. A reply becomes a note.
    """

    _name = "message.demo.request"
    _description = "Request (Example)"
    _inherit = ["message.document.mixin"]
    _order = "id desc"

    name = fields.Char(required=True)
    requester = fields.Char(string="From")
    description = fields.Html()
    priority = fields.Selection(
        [("0", "Low"), ("1", "Normal"), ("2", "High")], default="1", required=True)
    state = fields.Selection([("new", "New"), ("answered", "Answered")], default="new", required=True)
    note_ids = fields.One2many("message.demo.note", "request_id", string="Replies")
    attachment_count = fields.Integer(compute="_compute_attachment_count", string="Attachments")

    def _compute_attachment_count(self):
        counts = dict(self.env["ir.attachment"]._read_group(
            [("res_model", "=", self._name), ("res_id", "in", self.ids)], ["res_id"], ["__count"]))
        for request in self:
            request.attachment_count = counts.get(request.id, 0)

    @api.model
    def message_new(self, msg_dict, custom_values=None):
        """Make a request of a new mail; X-Priority says how urgent it is."""
        urgency = msg_dict.get("priority") or "3"
        values = {
            "requester": msg_dict.get("from"),
            "description": msg_dict.get("body"),
            "priority": "2" if urgency < "3" else "0" if urgency > "3" else "1",
        }
        request = super().message_new(msg_dict, {**values, **(custom_values or {})})
        request._keep_attachments(msg_dict)
        return request

    def message_update(self, msg_dict, update_vals=None):
        """Take a reply: it becomes a note."""
        for request in self:
            request.note_ids = [fields.Command.create({
                "author": msg_dict.get("from"), "date": msg_dict.get("date"), "body": msg_dict.get("body")})]
            request._keep_attachments(msg_dict)
        return super().message_update(msg_dict, {"state": "answered", **(update_vals or {})})

    def _keep_attachments(self, msg_dict):
        self.ensure_one()
        self.env["ir.attachment"].create([{
            "name": name, "res_model": self._name, "res_id": self.id,
            "raw": content.encode() if isinstance(content, str) else content,
        } for name, content, _info in msg_dict.get("attachments") or ()])

    def action_view_attachments(self):
        """Open the files that came with the request and its replies."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window", "res_model": "ir.attachment", "view_mode": "list,form",
            "name": self.env._("Attachments"),
            "domain": [("res_model", "=", self._name), ("res_id", "=", self.id)],
        }
