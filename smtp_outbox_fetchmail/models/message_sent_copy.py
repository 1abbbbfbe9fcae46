import time

from odoo import api, models
from odoo.addons.message_history.models.message_delivery import ARRIVED
from odoo.addons.message_history.tools.transaction import in_transaction
from odoo.addons.message_history.tools.words import words
from odoo.tools import SQL

from ..copier.copier import Copier, Copy

#: The fields that are written by SQL.
FIELDS = ["sent_copy", "sent_copy_reason", "sent_copy_since", "sent_copy_next", "sent_copy_tried"]
_NOW = SQL("(now() at time zone 'UTC')")
#: The delay doubles: as long again as it was wanted, from a minute to an hour.
_NEXT = SQL("%(now)s + GREATEST(interval '1 minute', LEAST(interval '1 hour', %(now)s - h.sent_copy_since))", now=_NOW)
_IS_OVER = SQL("h.sent_copy_since + make_interval(hours => c.send_hours) < %s", _NOW)


class MessageSentCopy(models.AbstractModel):
    """Which messages are to be copied into the Sent folders of IMAP accounts, and what became of it.

    A copy hangs on nothing and nothing hangs on it: it has columns of its own on the message, is
    written in transactions of its own, and never touches a delivery. The message is marked as tried,
    durably, before it goes to the server, so that after a crash it is looked for there first.
    """

    _name = "message.sent.copy"
    _description = "Copies in Sent Folders"

    @api.model
    def _want(self, messages):
        """Note that messages are to be copied: those that somebody's server took, and that are no secrets.

        :return: those that are to be copied from now on
        """
        wanted = messages.filtered(lambda message: (
            message.direction == "out" and not message.private and message.sent_copy not in ("wanted", "done")
            and message.channel_id.sudo().sent_server_id))
        if not wanted:
            return wanted
        self._flush()
        self.env["message.delivery"].flush_model(["state", "sent_date"])
        rows = self.env.execute_query(SQL(
            "UPDATE message_history h SET sent_copy = 'wanted', sent_copy_since = %(now)s, sent_copy_next = %(now)s, "
            "sent_copy_reason = NULL WHERE id = ANY(%(ids)s) "
            "AND EXISTS (SELECT FROM message_raw r WHERE r.history_id = h.id) "
            "AND EXISTS (SELECT FROM message_delivery d WHERE d.history_id = h.id "
            "AND (d.state = ANY(%(arrived)s) OR d.sent_date IS NOT NULL)) RETURNING id",
            now=_NOW, ids=wanted.ids, arrived=list(ARRIVED)))
        self._invalidate()
        if rows:
            self._trigger_scheduled()
        return messages.browse(history_id for (history_id,) in rows)

    def _trigger_scheduled(self):
        """Have the scheduled action run, unless the gateway's own workers are at work."""
        cron = self.env.ref("smtp_outbox_fetchmail.ir_cron_sent_copies", raise_if_not_found=False)
        if cron and cron.sudo().active and not self.env["message.gateway"]._is_alive("worker"):
            cron.sudo()._trigger()

    @api.model
    def _due_servers(self):
        """Return the ids of the accounts that can be used and have copies that are due."""
        self._flush()
        rows = self.env.execute_query(SQL(
            "SELECT DISTINCT c.sent_server_id FROM message_channel c WHERE c.sent_server_id IS NOT NULL "
            "AND EXISTS (SELECT FROM message_history h WHERE h.channel_id = c.id AND h.sent_copy = 'wanted' "
            "AND h.sent_copy_next <= %s) ORDER BY 1", _NOW))
        servers_sudo = self.env["fetchmail.server"].sudo().browse(server_id for (server_id,) in rows)
        return [server_sudo.id for server_sudo in servers_sudo if server_sudo._takes_copies()]

    # For the copier, each in a transaction of its own -------------------------------------------

    @api.model
    def _channels_of(self, server_id):
        """Return [(channel id, folder or '')] of the channels whose copies go to an account."""
        channels_sudo = self.env["message.channel"].sudo().with_context(active_test=False).search(
            [("sent_server_id", "=", server_id)])
        return [(channel_sudo.id, (channel_sudo.sent_folder or "").strip()) for channel_sudo in channels_sudo]

    @api.model
    def _claim(self, channel_id, limit):
        """Take the next copies of a channel that are due, and mark them as tried.

        :return: list of :class:`Copy`
        """
        self._flush()
        rows = self.env.execute_query(SQL(
            "UPDATE message_history h SET sent_copy_tried = true, sent_copy_next = %(next)s "
            "FROM (SELECT id, sent_copy_tried AS tried FROM message_history WHERE channel_id = %(channel)s "
            "AND sent_copy = 'wanted' AND sent_copy_next <= %(now)s ORDER BY sent_copy_next, id LIMIT %(limit)s "
            "FOR NO KEY UPDATE SKIP LOCKED) due WHERE h.id = due.id "
            "RETURNING h.id, h.message_uid, h.date, due.tried",
            next=_NEXT, now=_NOW, channel=channel_id, limit=limit))
        self._invalidate()
        return [Copy(history_id, message_uid or "", date, bool(tried))
                for history_id, message_uid, date, tried in sorted(rows)]

    @api.model
    def _read_original(self, history_id):
        """Return the bytes of a message; None when they are no longer kept."""
        try:
            return self.env["message.raw"]._read([history_id]).get(history_id)
        except FileNotFoundError:
            return None

    @api.model
    def _note_done(self, history_id):
        """Note that a copy is there."""
        self.env.cr.execute(SQL(
            "UPDATE message_history SET sent_copy = 'done', sent_copy_next = NULL, sent_copy_reason = NULL "
            "WHERE id = %s", history_id))
        self._invalidate()

    @api.model
    def _note_lost(self, history_id):
        """Note that a copy can't be made any more."""
        _ = words(self.env)
        self.env.cr.execute(SQL(
            "UPDATE message_history SET sent_copy = 'failed', sent_copy_next = NULL, sent_copy_reason = %s "
            "WHERE id = %s", _("The original is no longer kept."), history_id))
        self._invalidate()

    @api.model
    def _postpone(self, channel_ids, history_ids, error):
        """Have copies tried again later, or give them up at the end of their time.

        :param channel_ids: everything of theirs that is due
        :param history_ids: these, in any case
        :param error: ``ChannelError``
        """
        self._flush()
        self.env.cr.execute(SQL(
            "UPDATE message_history h SET sent_copy = CASE WHEN %(over)s THEN 'failed' ELSE 'wanted' END, "
            "sent_copy_next = CASE WHEN %(over)s THEN NULL ELSE %(next)s END, sent_copy_reason = %(reason)s "
            "FROM message_channel c WHERE c.id = h.channel_id AND h.sent_copy = 'wanted' AND (h.id = ANY(%(ids)s) "
            "OR (h.channel_id = ANY(%(channels)s) AND h.sent_copy_next <= %(now)s))",
            over=_IS_OVER, next=_NEXT, now=_NOW, ids=list(history_ids), channels=list(channel_ids),
            reason=self._words_for(error)))
        self._invalidate()

    def _words_for(self, error):
        if error.failure_type == "message":
            _ = words(self.env)
            said = _("The server does not take it: %(said)s", said=error.server_reply or error.reason)
        else:
            said = self.env["message.fetcher"]._words_for(error)
        return said.replace("\x00", "")[:500]

    @api.model
    def _give_up(self):
        """Give up copies whose time is over and that nobody could try: their account is switched off."""
        _ = words(self.env)
        self._flush()
        self.env.cr.execute(SQL(
            "UPDATE message_history h SET sent_copy = 'failed', sent_copy_next = NULL, "
            "sent_copy_reason = COALESCE(h.sent_copy_reason, %(reason)s) FROM message_channel c "
            "WHERE c.id = h.channel_id AND h.sent_copy = 'wanted' AND %(over)s "
            "AND h.sent_copy_next < %(now)s - interval '3 hours'",
            reason=_("The account for copies is paused, archived, or no longer chosen."), over=_IS_OVER, now=_NOW))
        self._invalidate()

    def _flush(self):
        self.env["message.history"].flush_model(FIELDS)

    def _invalidate(self):
        self.env["message.history"].invalidate_model(FIELDS, flush=False)

    # Scheduled action ---------------------------------------------------------------------------

    @api.model
    def _cron_copy(self):
        """Copy what is due until it is done or the time is up; the gateway does it better."""
        in_transaction(self.env, _give_up)
        servers = self._due_servers()
        progress = self.env["ir.cron"]._commit_progress
        # committed: waiting for a server must not keep a transaction open
        until = time.monotonic() + progress(remaining=len(servers))
        for index, server_id in enumerate(servers):
            report = Copier(self.env, server_id, lambda: time.monotonic() > until).run()
            if not progress(report.done, remaining=len(servers) - index - 1):
                break


def _give_up(env):
    env["message.sent.copy"]._give_up()
