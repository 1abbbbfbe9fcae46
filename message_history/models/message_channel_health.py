from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

#: Attempts that did not succeed, listed on a channel's form.
LISTED = 20


class MessageChannel(models.Model):
    """What an administrator must see of a channel, and the buttons that help when it does not work."""

    _inherit = "message.channel"

    last_received = fields.Datetime(compute="_compute_last", help="When the last message came.")
    last_sent = fields.Datetime(compute="_compute_last", help="When a server last took a message.")
    failed_today = fields.Integer(compute="_compute_failed_today", string="Failed in 24 Hours")
    answer_by = fields.Char(
        compute="_compute_answer_by", string="Answers Go Out By",
        help="The channel that answers to messages of this one go out by.")
    problem_since = fields.Datetime(compute="_compute_problem", string="Since")
    must_log_in = fields.Boolean(compute="_compute_problem", help="The server refused the login: nothing else helps.")
    has_settings = fields.Boolean(compute="_compute_has_settings", help="Its servers and login are on another form.")
    rule_problem = fields.Char(
        compute="_compute_rule_problem", string="Rules Not Applied", groups="message_history.group_manager")
    recent_attempt_ids = fields.Many2many(
        "message.attempt", compute="_compute_recent_attempts", string="What Did Not Succeed")

    @api.depends("status_ids.last_message")
    def _compute_last(self):
        deliveries_sudo = self.env["message.delivery"].sudo()
        for channel, channel_sudo in zip(self, self.sudo(), strict=True):
            channel.last_received = max(filter(None, channel_sudo.status_ids.mapped("last_message")), default=False)
            last_sudo = deliveries_sudo.search(
                [("via_channel_id", "=", channel.id), ("attempt_date", "!=", False),
                 ("state", "in", ("accepted", "delivered", "read", "bounced"))],
                order="attempt_date desc", limit=1) if channel_sudo.sends else deliveries_sudo
            channel.last_sent = last_sudo.sent_date or last_sudo.attempt_date

    def _compute_failed_today(self):
        history = self.env["message.history"]
        found = dict(history._read_group(
            [("channel_id", "in", self.ids), ("state", "in", history._failed_states()),
             ("date", ">=", fields.Datetime.now() - timedelta(hours=24))], ["channel_id"], ["__count"]))
        for channel in self:
            channel.failed_today = found.get(channel, 0)

    def _compute_answer_by(self):
        for channel in self:
            by_sudo = channel._get_answer_channel_sudo() if channel.receives else channel.sudo().browse()
            channel.answer_by = by_sudo.name if by_sudo and by_sudo != channel.sudo() else False

    @api.depends("status_ids.last_error_date", "status_ids.last_error_type")
    def _compute_problem(self):
        for channel, channel_sudo in zip(self, self.sudo(), strict=True):
            own = channel_sudo.status_ids.filtered(lambda status: not status.folder_id)[:1]
            channel.problem_since = own.last_error_date
            channel.must_log_in = bool(own.last_error_date) and own.last_error_type == "authentication"

    @api.depends_context("uid")
    def _compute_has_settings(self):
        for channel in self:
            settings_sudo = channel._get_settings_sudo()
            channel.has_settings = bool(settings_sudo) and settings_sudo.sudo(False).has_access("write")

    @api.depends("folder_ids.rule_problem")
    def _compute_rule_problem(self):
        for channel in self:
            found = [(folder.name, folder.rule_problem) for folder in channel.folder_ids if folder.rule_problem]
            channel.rule_problem = "; ".join(f"{name}: {problem}" for name, problem in found)

    def _compute_recent_attempts(self):
        for channel in self:
            channel.recent_attempt_ids = self.env["message.attempt"].search(
                [("channel_id", "=", channel.id)], limit=LISTED) if channel.sends else False

    def _words_for_trouble(self):
        """Return in one sentence what keeps messages of the channel waiting, None if nothing does."""
        self.ensure_one()
        channel_sudo, _ = self.sudo(), self.env._
        if channel_sudo.health == "paused":
            return _("“%(channel)s” is paused.", channel=channel_sudo.name)
        if channel_sudo.health not in ("attention", "retrying"):
            return None
        if channel_sudo.must_log_in:
            return _("“%(channel)s” must log in again.", channel=channel_sudo.name)
        if channel_sudo.health == "retrying":
            return _("“%(channel)s” gets no answer; it is tried again by itself.", channel=channel_sudo.name)
        return _("“%(channel)s” does not work: %(reason)s", channel=channel_sudo.name, reason=channel_sudo.health_text)

    def _get_settings_sudo(self):
        """Return the record with the channel's servers and login, None if it has none. For addons."""
        self.ensure_one()

    @api.model
    def _lines_for_steps(self, report):
        """Return the steps of a connection test (``lib.transport.CheckReport``) in words, a line for each."""
        _ = self.env._
        steps = {
            "resolve": _("Name found"), "connect": _("Connected"), "tls": _("Encrypted"), "login": _("Logged in"),
            "folder": _("Folder opened"), "read": _("Messages read"), "sender": _("Sender accepted"),
        }
        failed = {
            "resolve": _("Name not found"), "connect": _("Not connected"), "tls": _("Not encrypted"),
            "login": _("Not logged in"), "folder": _("Folder not opened"), "read": _("Messages not read"),
            "sender": _("Sender not accepted"),
        }
        return [f"{'✔' if step.ok else '✘'} {(steps if step.ok else failed).get(step.name, step.name)} {step.detail}"
                .rstrip() for step in report.steps]

    def action_test_connection(self):
        """Try the connection step by step and show every step."""
        self.ensure_one()
        self.check_access("write")
        with self._get_transport() as transport:
            report = transport.check()
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "title": self.env._("Connection works") if report.ok else self.env._("Connection failed"),
                "message": "\n".join(self._lines_for_steps(report)),
                "type": "success" if report.ok else "danger",
                "sticky": not report.ok,
            },
        }

    def action_open_settings(self):
        """Open the form with the channel's servers and login."""
        self.ensure_one()
        self.check_access("write")
        if not self.has_settings:
            raise UserError(self.env._("You may not change the servers and the login of this channel."))
        settings_sudo = self._get_settings_sudo()
        return {"type": "ir.actions.act_window", "res_model": settings_sudo._name, "res_id": settings_sudo.id,
                "name": settings_sudo.display_name, "views": [(False, "form")]}

    def action_send_test(self):
        """Send a message to the user through this channel. For addons."""
        self.ensure_one()
        raise UserError(self.env._("A test message can't be sent by this kind of channel."))

    def action_view_attempts(self):
        """Open every attempt of the channel that did not succeed."""
        return {"type": "ir.actions.act_window", "res_model": "message.attempt", "views": [(False, "list")],
                "domain": [("channel_id", "in", self.ids)], "name": self.env._("What Did Not Succeed")}
