from odoo import api, fields, models


class ResUsersSettings(models.Model):
    """How one user works at the desk."""

    _inherit = "res.users.settings"

    message_after_send = fields.Selection(
        [("stay", "Stay with the conversation"), ("next", "Open the next one"), ("list", "Back to the list")],
        required=True, default="stay", string="After Sending")
    message_undo_seconds = fields.Integer(default=10, string="Can Be Taken Back for (Seconds)")
    message_keys = fields.Boolean(default=True, string="Single Keys", help="R answers, E is done, and so on.")
    message_ticker = fields.Selection(
        [("off", "Off"), ("sender", "Sender"), ("subject", "Sender and subject")], required=True, default="off",
        string="New Messages in the Menu Bar")
    message_pane_width = fields.Integer(string="Width of the List")
    message_order = fields.Selection(
        [("newest", "Newest first"), ("waiting", "Waiting longest")], required=True, default="newest",
        string="Order of the Inbox")

    @api.model
    def get_message_preferences(self):
        """Return the action that shows the user's own preferences."""
        own = self._find_or_create_for_user(self.env.user)
        view = self.env.ref("message_history.res_users_settings_view_form")
        return {"type": "ir.actions.act_window", "name": self.env._("My Preferences"), "target": "new",
                "res_model": self._name, "res_id": own.id, "views": [(view.id, "form")]}

    def action_message_save(self):
        """Have the browser read the preferences again."""
        return {"type": "ir.actions.client", "tag": "reload"}

    @api.model
    def _message_undo_seconds(self):
        """Return how long the user can take back what was just sent."""
        return max(0, min(self._find_or_create_for_user(self.env.user).message_undo_seconds, 120))
