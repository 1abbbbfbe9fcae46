import logging

from odoo import api, models
from odoo.addons.message_history.lib.errors import ChannelError
from odoo.addons.message_history.lib.refusal import is_bad_address
from odoo.addons.message_history.models.message_delivery import ARRIVED, PROBLEMS
from odoo.addons.message_history.tools.transaction import CONCURRENCY_ERRORS
from odoo.addons.message_history.tools.words import speaking
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..lib.addresses import wire_address
from ..lib.readdress import readdress

_logger = logging.getLogger(__name__)

#: Why it failed -> core's word for it, in mails, notifications and mass mailing's traces.
FAILURE_TYPES = {
    "recipient": "mail_email_invalid", "suppressed": "mail_bl", "configuration": "mail_from_invalid",
    "connection": "mail_smtp", "authentication": "mail_smtp", "throttled": "mail_smtp", "expired": "mail_smtp",
    "spam": "mail_spam",
}


class MessageOutbox(models.AbstractModel):
    """What hangs on the outcome of a mail: ``mail.mail``, chatter's icons, mass mailing's traces."""

    _inherit = "message.outbox"

    def _finish(self, messages):
        super()._finish(messages)
        self._suppress_dead(messages)
        mails = messages.mail_mail_id.filtered(lambda mail: mail.state in ("outgoing", "exception"))
        if not mails:
            return
        outcomes = self._outcomes(mails)
        sent = mails.filtered(lambda mail: outcomes[mail.id].state == "sent")
        self._safely(self._finish_sent, sent, outcomes)
        for mail in mails - sent:
            if outcomes[mail.id].state in ("exception", "cancel"):
                self._safely(self._finish_failed, mail, outcomes)

    def _safely(self, finish, mails, outcomes):
        """Finish mails; where an addon's code raises, one by one, so that one stops no other."""
        try:
            with self.env.cr.savepoint():
                finish(mails, outcomes)
        except CONCURRENCY_ERRORS:
            raise
        except Exception:  # an addon's reaction to the outcome must not stop the outbox, again and again
            if len(mails) <= 1:
                _logger.exception("What hangs on the outcome of mail %s could not be done", mails.ids)
                return
            for mail in mails:
                self._safely(finish, mail, outcomes)

    def _outcomes(self, mails):
        """Return {mail id: :class:`_Outcome`} over all messages that were made of each."""
        rows = self.env.execute_query(SQL(
            "SELECT h.mail_mail_id, d.state, d.address, d.partner_id, d.failure_type, d.server_reply "
            "FROM message_history h JOIN message_delivery d ON d.history_id = h.id WHERE h.mail_mail_id = ANY(%s) "
            "ORDER BY d.id", mails.ids))
        outcomes = {mail.id: _Outcome() for mail in mails}
        for mail_id, *row in rows:
            outcomes[mail_id].add(*row)
        return outcomes

    def _finish_sent(self, mails, outcomes):
        if not mails:
            return
        mails.write({"state": "sent", "failure_type": False, "failure_reason": False})
        partners = self.env["res.partner"].browse(
            {partner_id for mail in mails for partner_id in outcomes[mail.id].partner_ids})
        addresses = [address for mail in mails for address in outcomes[mail.id].addresses]
        mails._postprocess_sent_message(success_pids=list(partners), success_emails=addresses)

    def _finish_failed(self, mail, outcomes):
        outcome = outcomes[mail.id]
        if outcome.state == "cancel":
            mail.write({"state": "cancel"})
            self._notifications(mail).sudo().write({"notification_status": "canceled"})
            return
        failure_type = outcome.failure_type
        reason = self._words_for_failures(outcome)
        notifications = self._notifications(mail)
        mail.write({"state": "exception", "failure_type": failure_type, "failure_reason": reason})
        mail._postprocess_sent_message(
            success_pids=list(self.env["res.partner"].browse(outcome.partner_ids)),
            success_emails=outcome.addresses, failure_type=failure_type, failure_reason=reason)
        self._tell_notifications(notifications.exists(), outcome)

    def _notifications(self, mail):
        return self.env["mail.notification"].search(
            [("notification_type", "=", "email"), ("mail_mail_id", "=", mail.id)]) if mail.is_notification else (
            self.env["mail.notification"])

    def _tell_notifications(self, notifications, outcome):
        """Give each failed notification its own recipient's cause; core knows one for all of a mail."""
        for notification in notifications.filtered(lambda one: one.notification_status == "exception"):
            key = notification.res_partner_id.id or notification.mail_email_address
            if problem := outcome.problems.get(key):
                failure_type, reply = problem
                notification.sudo().write({
                    "failure_type": FAILURE_TYPES.get(failure_type, "unknown"), "failure_reason": reply or False})

    def _words_for_failures(self, outcome):
        """Return in words for whom a mail failed and why, one line for each of the first recipients."""
        env = speaking(self.env)
        words = env["message.delivery"]._words_for_cause
        lines = [f"{address}: {words(failure_type, reply)}" + (f" ({reply})" if reply else "")
                 for address, failure_type, reply in outcome.failures[:20]]
        if outcome.addresses or outcome.partner_ids:
            lines.insert(0, env._("Sent to %(count)s recipients, but not to:",
                                  count=len({*outcome.addresses, *outcome.partner_ids})))
        return "\n".join(lines)

    # Suppression -------------------------------------------------------------------------------

    def _suppress_dead(self, messages):
        """Put addresses of which the server says that they are dead on the suppression list."""
        if not any(message.problem_count for message in messages):
            return
        rows = self.env.execute_query(SQL(
            "SELECT id, server_reply FROM message_delivery WHERE history_id = ANY(%s) AND state = 'refused' "
            "AND failure_type = 'recipient' AND server_reply IS NOT NULL", messages.ids))
        dead = [delivery_id for delivery_id, reply in rows if is_bad_address(reply)]
        self.env["message.suppression"]._suppress(self.env["message.delivery"].browse(dead))

    # Correcting --------------------------------------------------------------------------------

    def _readdress(self, delivery, address):
        """Put the corrected address into the recipient's own copy, too."""
        if delivery.history_id.content_type != "message/rfc822":
            return super()._readdress(delivery, address)
        try:
            address = wire_address(address)
        except ChannelError as error:
            raise UserError(self.env._("%(address)s is no e-mail address.", address=address)) from error
        original = self._original(delivery.history_id)
        content = self._own_copy(delivery, original)
        copy = readdress(content, delivery.address, address)
        result = super()._readdress(delivery, address)
        if original and copy != content:
            self._give_copy(delivery, original, copy)
        return result

    # Taking back -------------------------------------------------------------------------------

    @api.model
    def _cancel_of(self, records):
        """Take back what was not begun of the mails of some ``mail.mail`` or ``mail.message`` records."""
        if self.env["mail.mail"]._sends_inline():
            return
        column = {"mail.mail": "mail_mail_id", "mail.message": "mail_message_id"}[records._name]
        ids = [record_id for record_id in records._ids if isinstance(record_id, int)]
        if not ids:
            return
        rows = self.env.execute_query(SQL(
            "UPDATE message_delivery d SET state = 'cancelled', next_attempt = NULL, settled = false "
            "FROM message_history h WHERE h.id = d.history_id AND h.%s = ANY(%s) AND NOT h.finished "
            "AND d.state IN ('queued', 'deferred') RETURNING d.history_id", SQL.identifier(column), ids))
        if rows:
            self.env["message.delivery"].invalidate_model(["state", "next_attempt", "settled"])
            self.env["message.worker"]._wake()

    @api.model
    def _replace(self, delivery_ids):
        """Close deliveries that are owed: they were replaced by new ones, with what is true now."""
        if delivery_ids:
            self.env.cr.execute(SQL(
                "UPDATE message_delivery SET state = 'cancelled', settled = false WHERE id = ANY(%s) "
                "AND state IN ('bounced', 'refused', 'failed')", list(delivery_ids)))
            self.env["message.delivery"].invalidate_model(["state", "settled"])

    @api.model
    def _hand_over(self, channel):
        """Give the queue of a channel that goes to its first fallback, or to what core would take now."""
        target = channel.fallback_ids.filtered(lambda one: one.active and not one._is_personal())[:1]
        if not target:
            server, _smtp_from = self.env["ir.mail_server"].sudo()._find_mail_server(False)
            target = (server or self.env["ir.mail_server"])._get_channel_sudo()
        self.env.cr.execute(SQL(
            "UPDATE message_delivery SET channel_id = %s WHERE channel_id = %s AND state IN ('queued', 'deferred')",
            target.id, channel.id))
        self.env["message.delivery"].invalidate_model(["channel_id"])

    def _reopen(self, messages):
        """A mail that is sent again is on its way again, for core as well."""
        failed = messages.mail_mail_id.filtered(lambda mail: mail.state in ("exception", "cancel"))
        if failed:
            failed.write({"state": "outgoing", "outbox_state": "done", "failure_type": False, "failure_reason": False})
            self.env["mail.notification"].sudo().search([
                ("mail_mail_id", "in", failed.ids), ("notification_status", "in", ("exception", "canceled"))]).write(
                {"notification_status": "ready", "failure_type": False, "failure_reason": False})
        return super()._reopen(messages)


class _Outcome:
    """What became of a mail's recipients."""

    def __init__(self):
        self.partner_ids, self.addresses = [], []
        self.failures, self.problems = [], {}
        self.open = self.cancelled = 0

    def add(self, state, address, partner_id, failure_type, reply):
        """Take one delivery into account."""
        if state in ARRIVED:
            if partner_id:
                self.partner_ids.append(partner_id)
            else:
                self.addresses.append(address)
        elif state in PROBLEMS:
            self.failures.append((address, failure_type, reply))
            self.problems[partner_id or address] = (failure_type, reply)
        elif state == "cancelled":
            self.cancelled += 1
        else:
            self.open += 1

    @property
    def state(self):
        """The state of ``mail.mail`` that tells the truth: partly sent is not sent."""
        if self.open:
            return "outgoing"
        if self.failures:
            return "exception"
        return "sent" if self.partner_ids or self.addresses or not self.cancelled else "cancel"

    @property
    def failure_type(self):
        """Core's word for the first failure."""
        address, failure_type, _reply = self.failures[0]
        return "mail_email_missing" if address == "?" else FAILURE_TYPES.get(failure_type, "unknown")
