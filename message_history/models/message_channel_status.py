import os
import socket
from datetime import timedelta

from odoo import api, fields, models

#: A listener that was seen within this time is live.
LIVE_SECONDS = 90


class MessageChannelStatus(models.Model):
    """What moves about a channel: one row for the channel, one for each of its folders.

    Written by whoever holds the channel's advisory lock and by nobody else, so that no other
    transaction collides with it.
    """

    _name = "message.channel.status"
    _description = "Channel Status"
    _inherit = ["message.scoped"]
    _order = "channel_id, folder_id"
    _rec_name = "channel_id"

    channel_id = fields.Many2one("message.channel", required=True, ondelete="cascade", index=True)
    folder_id = fields.Many2one("message.channel.folder", ondelete="cascade", index="btree_not_null")
    cursor = fields.Json(help="Where the next fetch resumes.")
    unconfirmed = fields.Json(help="Stored messages that the server may not have been told of, by chunk.")
    heartbeat = fields.Datetime(help="When the listener that holds the channel was last alive.")
    held_by = fields.Char(help="Machine and process that hold the channel.")
    last_success = fields.Datetime()
    last_message = fields.Datetime(help="When the last message came.")
    longest_silence = fields.Integer(help="Seconds; the longest time between two messages so far.")
    last_error_date = fields.Datetime(help="Since when it fails; empty when it works.")
    last_error_type = fields.Char()
    last_error_text = fields.Char()
    last_error_retryable = fields.Boolean()
    error_count = fields.Integer(help="Failures in a row.")
    next_attempt = fields.Datetime(help="Not before this time.")
    received_count = fields.Integer()
    alarm_date = fields.Datetime(help="When the alarm of the present outage was raised.")

    is_live = fields.Boolean(compute="_compute_live")
    seconds_since_heartbeat = fields.Integer(compute="_compute_live")

    _place_uniq = models.UniqueIndex("(channel_id, COALESCE(folder_id, 0))")

    @api.model
    def _scope_domain(self, scope):
        return scope.on_channels("channel_id")

    @api.depends("heartbeat")
    def _compute_live(self):
        now = fields.Datetime.now()
        for status in self:
            age = (now - status.heartbeat).total_seconds() if status.heartbeat else LIVE_SECONDS + 1
            status.seconds_since_heartbeat = max(0, int(age))
            status.is_live = age <= LIVE_SECONDS

    def _words_for_age(self, moment):
        """Return how long ago a moment is, in the largest unit that fits."""
        _ = self.env._
        seconds = max(0, int((fields.Datetime.now() - moment).total_seconds())) if moment else 0
        if seconds < 120:
            return _("%(count)s s", count=seconds)
        if seconds < 7200:
            return _("%(count)s min", count=seconds // 60)
        if seconds < 172800:
            return _("%(count)s h", count=seconds // 3600)
        return _("%(count)s days", count=seconds // 86400)

    @api.model
    def _get(self, channel, folder=None):
        """Return the status row of a channel, or of one of its folders, made if need be."""
        domain = [("channel_id", "=", channel.id), ("folder_id", "=", folder.id if folder else False)]
        return self.search(domain, limit=1) or self.create(
            {"channel_id": channel.id, "folder_id": folder.id if folder else False})

    def _note_heartbeat(self):
        """Record that the listener that holds the channel is alive."""
        self.write({"heartbeat": fields.Datetime.now(), "held_by": f"{socket.gethostname()}:{os.getpid()}"})

    def _note_success(self, received=0):
        """Record that the channel worked just now, and how many messages came."""
        self.ensure_one()
        now = fields.Datetime.now()
        values = {"last_success": now, "last_error_date": False, "last_error_type": False,
                  "last_error_text": False, "error_count": 0, "next_attempt": False, "alarm_date": False}
        if received:
            silence = int((now - self.last_message).total_seconds()) if self.last_message else 0
            values |= {"last_message": now, "received_count": self.received_count + received,
                       "longest_silence": max(self.longest_silence, silence)}
        self.write(values)

    def _note_error(self, error, text):
        """Record a failure and when to try again: growing from 30 s to 15 minutes."""
        self.ensure_one()
        now = fields.Datetime.now()
        delay = min(900, 30 * 2 ** min(self.error_count, 6))
        self.write({
            "last_error_date": self.last_error_date or now,
            "last_error_type": error.failure_type,
            "last_error_text": text[:500],
            "last_error_retryable": error.retryable,
            "error_count": self.error_count + 1,
            "next_attempt": now + timedelta(seconds=max(delay, error.retry_after or 0)),
        })
