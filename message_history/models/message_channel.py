from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError

from ..lib.neutral import NeutralTransport
from ..lib.transport import Transport
from ..tools.client_fields import check_client_fields, without_other_defaults, without_users_defaults

#: How a channel is doing, worst last; the keys are used by views and by `odoo gateway status`.
HEALTH = [
    ("paused", "Paused"),
    ("idle", "Not used yet"),
    ("ok", "Works"),
    ("retrying", "Trying again"),
    ("attention", "Needs attention"),
]
#: What may get better by itself is left alone so long before somebody has to look.
RETRYING = timedelta(hours=1)
#: Nothing moves until somebody acts.
BLOCKED = ("attention", "paused")


class MessageChannel(models.Model):
    """One configured place that messages come from or go to.

    Read often, written seldom: whatever moves (heartbeat, cursors, errors) is on
    ``message.channel.status``. An addon for a protocol adds its value to ``channel_type`` with
    ``ondelete={...: "set default"}`` and overrides :meth:`_get_transport`; see
    ``docs/adding_a_channel.md``.
    """

    _name = "message.channel"
    _description = "Message Channel"
    # activities notify and subscribe people, which needs the whole of mail.thread
    _inherit = ["message.scoped", "mail.thread", "mail.activity.mixin"]
    _order = "sequence, name, id"

    name = fields.Char(required=True, translate=False)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    color = fields.Integer()
    channel_type = fields.Selection(
        [("none", "None"), ("local", "Handed to Odoo")], required=True, default="none", string="Kind",
        help="What the channel speaks. It becomes None when the addon for its kind is uninstalled.",
    )
    address = fields.Char(
        compute="_compute_address", store=True, readonly=False,
        help="The address or number that people write to.",
    )
    company_id = fields.Many2one("res.company", default=lambda self: self.env.company)
    member_ids = fields.Many2many(
        "res.users", "message_channel_member_rel", "channel_id", "user_id", string="Members",
        help="The people who see the messages of this channel. Managers see all channels.",
    )
    receives = fields.Boolean(default=True)
    sends = fields.Boolean()
    paused = fields.Boolean(
        copy=False, help="Nothing is fetched or sent until somebody presses Continue.",
    )
    database_uuid = fields.Char(
        copy=False, default=lambda self: self._current_database_uuid(), groups="base.group_system",
        help="The database this channel was set up in. In a copy of it the channel waits.",
    )
    folder_ids = fields.One2many("message.channel.folder", "channel_id", string="Folders")
    status_ids = fields.One2many("message.channel.status", "channel_id")

    # What happens to messages
    automatic_mail = fields.Selection(
        [("ignore", "Record and ignore"), ("process", "Process like any other")],
        required=True, default="ignore", string="Vacation notices and the like",
        help="Automatic replies and receipts. They are recorded in any case.",
    )
    spam_policy = fields.Selection(
        [("process", "Process like any other"), ("ignore", "Record and ignore"), ("hold", "Hold back")],
        required=True, default="process", string="Messages marked as spam",
    )
    loop_limit = fields.Integer(
        default=200, string="Messages per Sender",
        help="More messages than this of one sender within two hours are held back until somebody "
             "looks: it may be a loop. 0 means no limit.",
    )
    grace_minutes = fields.Integer(
        default=2, string="Grace Period (Minutes)",
        help="How long after a failure the message is left alone before it is tried again.",
    )
    retry_minutes = fields.Integer(
        default=20, string="Try Again Every (Minutes)",
    )
    retry_hours = fields.Integer(
        default=24, string="Try for (Hours)",
        help="After that the message is given up, and the members of the channel are told.",
    )
    failed_folder = fields.Char(
        string="Folder for Failed Messages",
        help="Where the server has folders: a message that can't be processed is moved there, and "
             "back when it was processed later. Empty: it stays where it is.",
    )
    max_message_mb = fields.Integer(
        default=50, string="Largest Message (MB)",
        help="Of a larger one only the headers are recorded, until somebody presses Fetch Anyway. "
             "0 means no limit.",
    )

    # How long things are kept
    keep_raw_days = fields.Integer(
        default=0, string="Keep Originals (Days)", help="0 means for ever.",
    )
    keep_body_days = fields.Integer(
        default=0, string="Keep Texts (Days)", help="0 means for ever.",
    )
    keep_rows_days = fields.Integer(
        default=0, string="Keep Entries (Days)", help="0 means for ever.",
    )

    # When to raise an alarm
    alarm_waiting_minutes = fields.Integer(
        default=60, string="Alarm When Waiting (Minutes)",
        help="An alarm is raised when a message waits longer than this to be processed or sent.",
    )
    alarm_silence = fields.Boolean(
        default=True, string="Alarm When Silent",
        help="An alarm is raised when the channel is silent for longer than it ever was.",
    )

    health = fields.Selection(HEALTH, compute="_compute_health")
    health_text = fields.Char(compute="_compute_health", string="State")
    held = fields.Boolean(compute="_compute_held", string="Copied Database")
    last_success = fields.Datetime(compute="_compute_health")
    last_error = fields.Char(compute="_compute_health")
    message_count = fields.Integer(compute="_compute_counts")
    waiting_count = fields.Integer(compute="_compute_counts", string="Waiting")
    failed_count = fields.Integer(compute="_compute_counts", string="Failed")
    received_today = fields.Integer(compute="_compute_counts")

    @api.model
    def _current_database_uuid(self):
        return self.env["ir.config_parameter"].sudo().get_param("database.uuid")

    @api.depends("channel_type")
    def _compute_address(self):
        for channel in self:
            channel.address = channel.address or False

    @api.depends("database_uuid")
    def _compute_held(self):
        current = self._current_database_uuid()
        for channel, channel_sudo in zip(self, self.sudo(), strict=True):
            channel.held = bool(channel_sudo.database_uuid) and channel_sudo.database_uuid != current

    @api.depends("paused", "active", "status_ids.last_success", "status_ids.last_error_date")
    def _compute_health(self):
        for channel, channel_sudo in zip(self, self.sudo(), strict=True):
            own = channel_sudo.status_ids.filtered(lambda status: not status.folder_id)[:1]
            channel.last_success = own.last_success
            channel.last_error = own.last_error_text
            channel.health, channel.health_text = channel_sudo._judge_health(own)

    def _judge_health(self, status):
        """Return (key, words) from measured successes only: never "works" without one."""
        _ = self.env._
        if self.held:
            return "paused", _("Waits: this database is a copy. Confirm to use the channel here.")
        if not self._is_usable():
            return "paused", _("Paused")
        if not status or not (status.last_success or status.last_error_date):
            return "idle", _("Not used yet")
        if not status.last_error_date:
            if status.is_live:
                return "ok", _("Live, last seen %(seconds)s s ago", seconds=status.seconds_since_heartbeat)
            return "ok", _("Works, last checked %(when)s ago", when=status._words_for_age(status.last_success))
        if status.last_error_retryable and fields.Datetime.now() - status.last_error_date < RETRYING:
            return "retrying", status.last_error_text or _("Trying again")
        return "attention", status.last_error_text or _("Needs attention")

    def _compute_counts(self):
        history = self.env["message.history"]
        today = fields.Datetime.now() - timedelta(hours=24)
        open_states = history._open_states()
        waiting = dict(history._read_group(
            [("channel_id", "in", self.ids), ("state", "in", open_states)], ["channel_id"], ["__count"]))
        failed = dict(history._read_group(
            [("channel_id", "in", self.ids), ("state", "in", history._failed_states())],
            ["channel_id"], ["__count"]))
        received = dict(history._read_group(
            [("channel_id", "in", self.ids), ("direction", "=", "in"), ("date", ">=", today)],
            ["channel_id"], ["__count"]))
        for channel in self:
            channel.waiting_count = waiting.get(channel, 0)
            channel.failed_count = failed.get(channel, 0)
            channel.received_today = received.get(channel, 0)
            # an exact count of millions of rows costs seconds and helps nobody
            channel.message_count = history.search_count([("channel_id", "=", channel.id)], limit=10000)

    @api.constrains("grace_minutes", "retry_minutes", "retry_hours", "keep_raw_days", "keep_body_days",
                    "keep_rows_days", "max_message_mb", "loop_limit")
    def _check_not_negative(self):
        for channel in self:
            if min(channel.grace_minutes, channel.retry_hours, channel.keep_raw_days, channel.keep_body_days,
                   channel.keep_rows_days, channel.max_message_mb, channel.loop_limit) < 0:
                raise ValidationError(self.env._("Times, sizes and limits can't be negative."))
            if channel.retry_minutes < 1:
                raise ValidationError(self.env._("Trying again needs at least one minute in between."))

    @api.model
    def _client_fields(self):
        """Return the names of the fields that a client may write.

        Not the kind, which goes with a server, nor what links to one: those are a system administrator's,
        or written by our own code. An addon adds the settings that managers may change.
        """
        return {
            "name", "active", "sequence", "color", "address", "company_id", "member_ids", "receives", "sends", "paused",
            "folder_ids", "automatic_mail", "spam_policy", "loop_limit", "grace_minutes", "retry_minutes",
            "retry_hours", "failed_folder", "max_message_mb", "keep_raw_days", "keep_body_days", "keep_rows_days",
            "alarm_waiting_minutes", "alarm_silence",
        }

    def _check_links(self, names):
        """Refuse links to what the user may not use himself.

        :param names: the fields that were written
        :raise AccessError: for a company that the user does not work in, or for none, which is all of them
        """
        if "company_id" in names and not self.env.su and self.filtered(lambda one: not one.company_id) and (
                not self._decides_for_all()):
            raise self._refuse_shared()
        if "company_id" in names and not self.env.su and self.company_id - self.env.user.company_ids:
            raise AccessError(self.env._("A channel can't be put into a company that you do not work in."))

    @api.model
    def _add_missing_default_values(self, values):
        filled = super()._add_missing_default_values(values)
        return without_users_defaults(self, values, filled, self._client_fields())

    @api.model_create_multi
    def create(self, vals_list):
        allowed = self._client_fields()
        check_client_fields(self, vals_list, allowed)
        channels = super(MessageChannel, without_other_defaults(self, allowed)).create(vals_list)
        channels._check_links({name for vals in vals_list for name in vals} | {"company_id"})
        channels._sight_changed()
        return channels

    def write(self, vals):
        check_client_fields(self, [vals], self._client_fields())
        result = super().write(vals)
        self._check_links(vals.keys())
        if vals.keys() & {"member_ids", "company_id", "active"}:
            self._sight_changed()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_used(self):
        if self.env["message.history"].sudo().search_count([("channel_id", "in", self.ids)], limit=1):
            raise UserError(self.env._(
                "This channel has messages, which are the proof of what came and went. Archive it instead."))

    def _get_transport(self) -> Transport:
        """Return the plain object that speaks this channel's protocol.

        The one hook of a protocol's addon: ``if self.channel_type != "mine": return super()...``.
        """
        self.ensure_one()
        return NeutralTransport()

    def _get_dispatch_context(self):
        """Return context keys for the processing of this channel's incoming messages."""
        self.ensure_one()
        return {}

    def _is_usable(self):
        """Whether anything may be fetched or sent: active, not paused, not in a copied database."""
        self.ensure_one()
        return self.active and not self.paused and not self.sudo().held

    def _settings_version(self):
        """Return something that changes whenever a listener must begin anew with the channel."""
        self.ensure_one()
        return str(self.write_date), tuple(sorted(str(folder.write_date) for folder in self.folder_ids))

    @api.model
    def _receiving_domain(self):
        """Return the domain of the channels that are fetched from; to be narrowed by addons."""
        return [("receives", "=", True), ("paused", "=", False), ("channel_type", "not in", ("none", "local"))]

    def action_pause(self):
        """Stop fetching and sending until :meth:`action_continue`."""
        self.write({"paused": True})

    def action_continue(self):
        """Go on after a pause, with the waiting messages first."""
        self.write({"paused": False})
        self.env["message.worker"]._wake()

    def action_confirm_database(self):
        """Use the channels in this database, which is a copy of the one they were set up in."""
        self.check_access("write")
        self.sudo().database_uuid = self._current_database_uuid()
        return True

    def action_fetch_now(self):
        """Fetch at once, and say in words what came of it."""
        self.ensure_one()
        self.check_access("write")
        report = self.env["message.fetcher"].sudo()._fetch_channel(self)
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "title": self.name,
                "message": report.words(self.env),
                "type": "danger" if report.error else "success",
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def _action_messages(self, domain, name):
        action = self.env["ir.actions.act_window"]._for_xml_id("message_history.message_history_action")
        return {**action, "name": name, "domain": [("channel_id", "in", self.ids), *domain],
                "context": {"search_default_filter_all": 1}}

    def action_view_messages(self):
        """Open every message of the channel."""
        return self._action_messages([], self.env._("Messages"))

    def action_view_failed(self):
        """Open the messages of the channel that need a person."""
        states = self.env["message.history"]._failed_states()
        return self._action_messages([("state", "in", states)], self.env._("Failed Messages"))

    def action_view_waiting(self):
        """Open the messages of the channel that are not dealt with yet."""
        states = self.env["message.history"]._open_states()
        return self._action_messages([("state", "in", states)], self.env._("Waiting Messages"))
