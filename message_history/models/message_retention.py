from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL


class MessageRetention(models.AbstractModel):
    """Removes what is older than its channel keeps it."""

    _name = "message.retention"
    _description = "Message Retention"

    @api.model
    def _cron_retention(self, batch=500):
        """Remove what is older than its channel keeps it, in small commits; resumes by itself."""
        progress = self.env["ir.cron"]._commit_progress
        channels = self.env["message.channel"].with_context(active_test=False).search(
            ["|", "|", ("keep_raw_days", ">", 0), ("keep_body_days", ">", 0), ("keep_rows_days", ">", 0)])
        for channel in channels:
            for step in (channel.keep_raw_days and self._prune_raw, channel.keep_body_days and self._prune_bodies,
                         channel.keep_rows_days and self._prune_rows):
                while step and (count := step(channel, batch)):
                    if not progress(count, remaining=1):
                        return
        progress(remaining=0)

    def _prunable(self, channel, days, batch, condition):
        limit = fields.Datetime.now() - timedelta(days=days)
        rows = self.env.execute_query(SQL(
            "SELECT h.id FROM message_history h WHERE h.channel_id = %s AND h.date < %s "
            "AND h.state IN ('processed', 'ignored', 'given_up', 'sent', 'bounced', 'cancelled', 'partly_sent') "
            "AND %s ORDER BY h.date LIMIT %s FOR UPDATE SKIP LOCKED", channel.id, limit, condition, batch))
        return [history_id for (history_id,) in rows]

    def _prune_raw(self, channel, batch):
        ids = self._prunable(channel, channel.keep_raw_days, batch, SQL(
            "EXISTS (SELECT FROM message_raw r WHERE r.history_id = h.id)"))
        return self.env["message.raw"]._drop(ids) if ids else 0

    def _prune_bodies(self, channel, batch):
        ids = self._prunable(channel, channel.keep_body_days, batch, SQL("h.body_text IS NOT NULL"))
        self.env["message.history"].browse(ids).write({"body_text": False, "preview": False})
        return len(ids)

    def _prune_rows(self, channel, batch):
        ids = self._prunable(channel, channel.keep_rows_days, batch, SQL("TRUE"))
        if ids:
            self.env["message.history"]._forget(ids)
        return len(ids)
