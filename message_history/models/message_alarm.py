import logging
from datetime import timedelta

from markupsafe import Markup
from odoo import api, fields, models

from ..tools import locks
from ..tools.transaction import CONCURRENCY_ERRORS
from ..tools.words import words

_logger = logging.getLogger(__name__)

#: A server that does not answer for less than this is no reason to call anybody.
OUTAGE = timedelta(minutes=10)
#: A channel must have been watched this long before its silence means anything.
MIN_SILENCE_HOURS = 24


class MessageAlarm(models.AbstractModel):
    """Tells people inside Odoo what is wrong, so that no broken channel is needed for it.

    One alarm for an outage: an activity on the channel for each of its members who manages
    messages (for all managers, if none does). It is marked done by itself when all is well again.
    """

    _name = "message.alarm"
    _description = "Alarms"

    @api.model
    def _cron_alarms(self):
        """Look at every channel and raise or clear its alarm."""
        self.env.cr.execute("SELECT pg_try_advisory_xact_lock(%s, 0)", [locks.ALARM])
        if not self.env.cr.fetchone()[0]:
            return
        for channel in self.env["message.channel"].search([("paused", "=", False)]):
            status = self.env["message.channel.status"]._get(channel)
            problem = self._find_problem(channel, status)
            if problem and not status.alarm_date:
                status.alarm_date = fields.Datetime.now()
                self._raise(channel, problem)
            elif not problem:
                status.alarm_date = False
                self._clear(channel)

    @api.model
    def _find_problem(self, channel, status):
        """Return what is wrong with a channel in a sentence, None if nothing is."""
        _ = words(self.env)
        now = fields.Datetime.now()
        if status.last_error_date and (
                not status.last_error_retryable or now - status.last_error_date >= OUTAGE):
            return _("%(channel)s has failed since %(when)s: %(reason)s", channel=channel.name,
                     when=self._words_for_moment(status.last_error_date), reason=status.last_error_text)
        oldest = self.env["message.history"].search(
            [("channel_id", "=", channel.id), ("state", "in", ("received", "queued"))], order="id", limit=1)
        if oldest and oldest.create_date < now - timedelta(minutes=channel.alarm_waiting_minutes):
            return _("A message on %(channel)s has waited since %(when)s.", channel=channel.name,
                     when=self._words_for_moment(oldest.create_date))
        limit = max(status.longest_silence * 1.5, MIN_SILENCE_HOURS * 3600)
        if (channel.alarm_silence and status.last_message and status.longest_silence
                and (now - status.last_message).total_seconds() > limit):
            return _("%(channel)s has been silent since %(when)s, longer than ever before.", channel=channel.name,
                     when=self._words_for_moment(status.last_message))
        return None

    def _words_for_moment(self, moment):
        return fields.Datetime.to_string(fields.Datetime.context_timestamp(self, moment))

    def _people(self, channel):
        """Return who is told: the channel's members who manage messages, or every manager who sees it."""
        managers = self.env.ref("message_history.group_manager").all_user_ids.filtered(
            lambda user: not user.share and user.active and user.id != self.env.ref("base.user_root").id
            and channel._is_seen_by(user))
        return (channel.member_ids & managers) or managers

    def _raise(self, channel, problem):
        for user in self._people(channel):
            channel.activity_schedule(
                "mail.mail_activity_data_warning", summary=problem[:200], note=_as_text(problem), user_id=user.id)
            user._bus_send("simple_notification", {
                "title": self.env._("Message channel"), "message": problem, "type": "danger", "sticky": True})

    def _note_unreadable(self, channel, folder, stuck):
        """Tell the channel's managers of messages that the server lists and does not hand over.

        :param stuck: {what the server calls it: its words}
        """
        _ = words(self.env)
        text = _("%(count)s messages in %(folder)s can't be read on the server. They were not touched there, "
                 "and are asked for again and again.", count=len(stuck), folder=folder.name)
        lines = Markup("").join(Markup("<li>%s: %s</li>") % (name[:200], said[:200])
                                for name, said in list(stuck.items())[:20])
        for user in self._people(channel):
            channel.activity_schedule("mail.mail_activity_data_todo", summary=text[:200], user_id=user.id,
                                      note=Markup("<p>%s</p><ul>%s</ul>") % (text, lines))

    def _clear(self, channel):
        alarms = channel.activity_ids.filtered(
            lambda activity: activity.activity_type_id == self.env.ref("mail.mail_activity_data_warning"))
        alarms.action_feedback(feedback=self.env._("All is well again."))

    # Given up -----------------------------------------------------------------------------

    @api.model
    def _note_given_up(self, mails):
        """Tell the sender of an alias once, and the members of the channel."""
        for mail in mails:
            for tell in (self._tell_sender, self._tell_members):
                try:
                    with self.env.cr.savepoint():
                        tell(mail)
                except CONCURRENCY_ERRORS:
                    raise
                except Exception:  # a notice that can't be given must not undo the batch, again and again
                    _logger.exception("Nobody could be told that message %s was given up", mail.message.id)

    def _tell_members(self, mail):
        """Tell who sees a message that it was given up.

        What stays on a channel of no company names neither sender nor subject: it is read by other companies, too.
        """
        channel = mail.message.channel_id
        _ = words(self.env)
        text = _("A message of %(sender)s was given up: %(subject)s",
                 sender=mail.values.get("sender_address") or "?",
                 subject=mail.values.get("subject") or "")
        summary, note = text[:200], _as_text(mail.values.get("state_reason"))
        if not channel.company_id and self.env["res.company"].sudo().search_count([], limit=2) > 1:
            link = Markup('<p><a href="/odoo/all-messages/{}">{}</a></p>')
            summary, note = _("A message was given up."), link.format(mail.message.id, _("Open the message"))
        members = channel.member_ids.filtered(lambda user: user.active and channel._is_seen_by(user))
        people = (members or self._people(channel)).filtered(mail.message._is_seen_by)
        for user in people:
            user._bus_send("simple_notification", {"message": text, "type": "warning", "sticky": True})
            channel.activity_schedule(
                "mail.mail_activity_data_todo", summary=summary, user_id=user.id, note=note)

    def _tell_sender(self, mail):
        """Send core's notice for a message to an alias that could not be processed, once."""
        alias = next((route[4] for route in mail.routes if route[4]), None)
        if alias and mail.values.get("kind") == "person" and not mail.message.sender_told:
            mail.message.sender_told = True
            alias.sudo().with_context(message_gateway=True)._alias_bounce_incoming_email(
                mail.parsed.message, mail.msg_dict, set_invalid=True)


def _as_text(words):
    """Return words of a server or a sender for a field of mark-up: as text."""
    return Markup("<p>{}</p>").format(words or "")
