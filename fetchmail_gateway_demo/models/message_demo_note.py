from odoo import fields, models


class MessageDemoNote(models.Model):
    """A reply to a request."""

    _name = "message.demo.note"
    _description = "Reply to a Request (Example)"
    _order = "date, id"
    _rec_name = "author"

    request_id = fields.Many2one("message.demo.request", required=True, ondelete="cascade", index=True)
    author = fields.Char(string="From")
    date = fields.Datetime(required=True, default=fields.Datetime.now)
    body = fields.Html()
