import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.addons.message_history.tools.transaction import CONCURRENCY_ERRORS, in_transaction

from ..tools.build import Builder

_logger = logging.getLogger(__name__)

#: Mails entered into the outbox in one transaction.
BATCH = 100


class ExpansionFailed(Exception):
    """Something raised while a batch was built: it is to be started anew, each mail by itself."""


class MailExpander(models.AbstractModel):
    """Enters ``mail.mail`` into the outbox: one ledger row, its bytes, and a delivery per recipient.

    The mail is built by core's own steps, with a session that keeps instead of sending, so that
    every override of them stays in the chain. What is built is sent as it is at every attempt: one
    Message-ID, one date, whatever happens to the document meanwhile.
    """

    _name = "mail.expander"
    _description = "Mails into the Outbox"

    @api.model
    def _expand_batch(self, limit=BATCH):
        """Enter the next mails into the outbox, and commit; returns how many."""
        try:
            return in_transaction(self.env, _expand, limit, False)
        except ExpansionFailed as error:
            _logger.info("Mails are built one by one: %s", error)
            return in_transaction(self.env, _expand, limit, True)

    @api.model
    def _expand(self, mails, careful):
        """Enter claimed mails into the outbox, in the present transaction."""
        mails = mails.with_context(prefetch_fields=True)
        held = self._hold_old(mails)
        fresh = mails - held
        again = fresh._in_ledger()
        messages = self._build_all(fresh, careful)
        self._leave_out_served(messages, again)
        self.env["message.enqueue"]._enqueue([message for message in messages if message.recipients])
        fresh._mark_outbox("done")
        held._mark_outbox("held")
        return len(mails)

    @api.model
    def _build_all(self, mails, careful):
        """Return mails as they are to go out, as ``Outgoing``; recipients on the suppression list are refused.

        :raise ExpansionFailed: when one can't be built, unless ``careful``, which makes a failed one of it
        """
        builder = Builder(self.env, mails)
        messages = []
        for server_id, alias_domain_id, smtp_from, mail_ids in mails._split_by_mail_configuration():
            route = builder.route(server_id, alias_domain_id, smtp_from)
            group = mails.browse(mail_ids).with_prefetch(mails._prefetch_ids)
            messages += [self._build(builder, mail, route, careful) for mail in group]
        self._refuse_suppressed(messages)
        return messages

    def _build(self, builder, mail, route, careful):
        try:
            if not careful:
                return builder.build(mail, route)
            with self.env.cr.savepoint():
                return builder.build(mail, route)
        except CONCURRENCY_ERRORS:
            raise
        except Exception as error:  # whatever a document's code raises: this mail fails, with the reason
            if not careful:
                raise ExpansionFailed(str(error)) from error
            _logger.warning("Mail %s could not be built", mail.id, exc_info=True)
            return builder.failed(mail, route, error)

    def _hold_old(self, mails):
        """Return the mails that waited so long, untried, that a person is to be asked first."""
        default = self.env["ir.mail_server"]._get_channel_sudo()
        held = mails.browse()
        now = fields.Datetime.now()
        for mail in mails:
            channel_sudo = mail.mail_server_id._get_channel_sudo() if mail.mail_server_id else default
            since = max(filter(None, (mail.create_date, mail.scheduled_date, mail.outgoing_since)))
            if channel_sudo.hold_hours and since < now - timedelta(hours=channel_sudo.hold_hours):
                held |= mail
        return held

    def _leave_out_served(self, messages, again):
        """Leave out who has a mail already; what was owed before is replaced by what is built now.

        :param again: {mail id: [(delivery id, history id, address, partner id, state)]}
        """
        for message in messages:
            earlier = again.get(message.values.get("mail_mail_id"))
            if not earlier:
                continue
            rows = [row for row in earlier if row[4] not in ("bounced", "refused", "failed", "cancelled")]
            addresses, partner_ids = {row[2] for row in rows}, {row[3] for row in rows}
            message.recipients = [
                one for one in message.recipients if one.address.lower() not in addresses
                and (not one.partner_id or one.partner_id not in partner_ids)]
            replaced = [row[0] for row in earlier if row[4] in ("bounced", "refused", "failed")]
            self.env["message.outbox"]._replace(replaced)
            if not message.recipients:
                self.env["message.outbox"]._reopen(
                    self.env["message.history"].browse({row[1] for row in earlier}))

    def _refuse_suppressed(self, messages):
        """Refuse recipients who are on the suppression list, with the reason."""
        addresses = {one.address for message in messages for one in message.recipients if one.state == "queued"}
        reasons, channels = self.env["message.suppression"]._reasons(addresses), self.env["message.channel"]
        for message in messages if reasons else ():
            company_id = channels.browse(message.channel_id).company_id.id or message.values.get("company_id") or None
            for recipient in message.recipients:
                address = recipient.address.lower()
                reason = reasons.get((address, company_id)) or reasons.get((address, None))
                if recipient.state == "queued" and reason:
                    recipient.state, recipient.failure_type = "refused", "suppressed"
                    recipient.server_reply = reason

    # Scheduled action ------------------------------------------------------------------------

    @api.model
    def _cron_send(self):
        """Send what is to be sent until it is done or the time is up; the gateway does it better."""
        from ..sender.scheduled import run_scheduled  # noqa: PLC0415 - needs the registry's models

        run_scheduled(self.env)


def _expand(env, limit, careful):
    mails = env["mail.mail"]._claim_outgoing(limit)
    return env["mail.expander"]._expand(mails, careful) if mails else 0
