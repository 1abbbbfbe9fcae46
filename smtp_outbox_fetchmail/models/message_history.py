from odoo import fields, models
from odoo.exceptions import UserError


class MessageHistory(models.Model):
    """What became of the copy in the Sent folder."""

    _inherit = "message.history"

    sent_copy = fields.Selection(
        [("wanted", "Still to be put there"), ("done", "Put there"), ("failed", "Could not be put there")],
        readonly=True, copy=False, string="Copy in the Sent Folder")
    sent_copy_reason = fields.Char(readonly=True, copy=False, string="Why It Is Not There")
    sent_copy_since = fields.Datetime(readonly=True, copy=False, string="Copy Wanted Since")
    sent_copy_next = fields.Datetime(readonly=True, copy=False, string="Next Attempt at the Copy")
    sent_copy_tried = fields.Boolean(readonly=True, copy=False, string="Copy May Be There",
                                     help="Somebody began to put it there: it is looked for before it is put there.")

    _sent_copy_idx = models.Index("(channel_id, sent_copy_next) WHERE sent_copy = 'wanted'")

    def action_copy_again(self):
        """Have copies that could not be put into the Sent folder tried again, for as long as new ones."""
        self._check_handle()
        failed_sudo = self.sudo().filtered(lambda message: message.sent_copy == "failed")
        done = self.env["message.sent.copy"].sudo()._want(failed_sudo)
        if not done:
            raise UserError(self.env._("No account for copies is chosen any more, or the original is gone."))
        return self._notify_done(self.env._("%(count)s to be copied again.", count=len(done)))
