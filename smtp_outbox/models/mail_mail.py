from odoo import api, fields, models, modules
from odoo.tools import SQL

from ..tools.parking import place_of
from ..tools.private import without_readable_body

#: Mails of this transaction that somebody asked to have sent.
_ASKED = "smtp_outbox_asked"


class MailMail(models.Model):
    """Odoo's outgoing mails: they go through the outbox.

    ``send`` queues and wakes a worker, so that nobody's click waits for SMTP and a transaction that
    is rolled back sends nothing. Who asks for the outcome (``raise_exception``) gets it at once. What
    core sends in a savepoint that it rolls back is parked, see ``message.parked``.

    Every method that clients can call asks first for what core asks for: the right to write mails.
    """

    _inherit = "mail.mail"

    outbox_state = fields.Selection(
        [("done", "In the outbox"), ("held", "Held until somebody releases it"), ("now", "Sent at once")],
        readonly=True, copy=False, string="Outbox")
    outgoing_since = fields.Datetime(readonly=True, copy=False)  # no default: it would be written into old rows
    outbox_not_before = fields.Datetime(readonly=True, copy=False, string="Not Before")
    history_ids = fields.One2many("message.history", "mail_mail_id", string="In the Ledger")

    _outbox_idx = models.Index("(id) WHERE state = 'outgoing' AND outbox_state IS NULL")
    _outbox_held_idx = models.Index("(id) WHERE outbox_state = 'held'")

    @api.model
    def _sends_inline(self):
        """Whether ``send`` is to send at once, as core does: within tests, which look at the result."""
        return bool(modules.module.current_test)

    @api.model_create_multi
    def create(self, vals_list):
        now = fields.Datetime.now()
        mails = super().create([
            {"outgoing_since": now, **without_readable_body(self.env, vals)} for vals in vals_list])
        if not self._sends_inline() and any(vals.get("state", "outgoing") == "outgoing" for vals in vals_list):
            self.env["message.worker"]._wake()
        return mails

    def write(self, vals):
        if vals.get("state") == "outgoing" and "outbox_state" not in vals:
            # somebody wants it sent (again): the expander finds out who is still owed it
            vals = {**vals, "outbox_state": False, "outgoing_since": fields.Datetime.now()}
        result = super().write(vals)
        if vals.get("state") == "outgoing" and not vals.get("outbox_state") and not self._sends_inline():
            self.env["message.worker"]._wake()
        if vals.get("state") == "cancel":
            self.env["message.outbox"].sudo()._cancel_of(self)
        return result

    def unlink(self):
        """Take back what nobody has begun to send; what this transaction itself asked to have sent is sent."""
        self.check_access("unlink")
        self._enter_asked()
        self.env["message.outbox"].sudo()._cancel_of(self)
        return super().unlink()

    def _enter_asked(self):
        """Enter mails into the outbox that are sent and deleted in one transaction, as core's test of a mailing does.

        Core would have sent them before they are deleted.
        """
        asked = self.env.cr.cache.get(_ASKED, {})
        mails_sudo = self.sudo().filtered(
            lambda mail: mail.id in asked and mail.state == "outgoing" and not mail.outbox_state)
        for mail_sudo in mails_sudo:
            own_env = mail_sudo.env(context=asked.pop(mail_sudo.id))
            self.env["mail.expander"].sudo()._expand(mail_sudo.with_env(own_env), True)
            mail_sudo.invalidate_recordset(["history_ids"])
            histories_sudo = mail_sudo.history_ids
            histories_sudo.write({"mail_mail_id": False, "mail_message_id": False})
            histories_sudo.flush_recordset()  # or it would be taken back with the mail

    def send(self, auto_commit=False, raise_exception=False, post_send_callback=None):
        """Queue these mails and wake a worker; with ``raise_exception`` send them at once.

        :raise AccessError: unless the caller may write mails
        """
        self.check_access("write")
        if raise_exception:
            return self._send_now(auto_commit, post_send_callback)
        if place := place_of(self.env):
            return self._park(place)
        if self._sends_inline():
            return super().send(
                auto_commit=auto_commit, raise_exception=raise_exception, post_send_callback=post_send_callback)
        self.filtered(lambda mail: mail.outbox_state == "held").outbox_state = False
        self.env.cr.cache.setdefault(_ASKED, {}).update(dict.fromkeys(self.ids, self.env.context))
        self.env["message.worker"]._wake()
        if post_send_callback:
            post_send_callback(self.ids)
        return True

    def _send_now(self, auto_commit=False, post_send_callback=None):
        """Send at once and raise what goes wrong; the ledger has the attempt whatever becomes of the caller.

        Mails that are in the outbox already are left to it: they would arrive twice.
        """
        mails = self.sudo().filtered(lambda mail: mail.state == "outgoing" and mail.outbox_state != "done")
        # takes the rows' locks before the network: a worker that wants them now is made to fail, or we are
        mails.outbox_state = "now"
        mails.flush_recordset(["outbox_state"])
        notes = self.env["ir.mail_server"]._note_mails(mails)
        try:
            return super(MailMail, self.browse(mails.ids)).send(  # pylint: disable=super-method-mismatch
                auto_commit=auto_commit, raise_exception=True, post_send_callback=post_send_callback)
        finally:
            notes.close()

    def _park(self, place):
        """Build these mails and park their bytes: the caller is about to roll back what it does."""
        mails_sudo = self.sudo().filtered(lambda mail: mail.state == "outgoing")
        messages = self.env["mail.expander"].sudo()._build_all(mails_sudo, careful=False)
        place.marks += self.env["message.parked"].sudo()._park(messages)
        return True

    def send_after_commit(self):
        """The queue is worked off after the commit anyway."""
        self.check_access("write")
        if self._sends_inline():
            return super().send_after_commit()
        return self.send()

    @api.model
    def process_email_queue(self, email_ids=(), batch_size=1000):
        """Work the queue off, as the scheduled action of core wants it; given mails are queued and woken."""
        self.check_access("write")
        if self._sends_inline():
            return super().process_email_queue(email_ids=email_ids, batch_size=batch_size)
        if email_ids:
            return self.browse(email_ids).exists().send()
        return self.env["mail.expander"]._cron_send()

    def _postprocess_sent_message(self, success_pids, success_emails, failure_reason=False, failure_type=None):
        """Partly sent is not sent: what a mail sent at once left out is a failure of the mail."""
        for mail in self:
            refused = self.env["ir.mail_server"]._refused_of(mail) if not failure_type else None
            if refused:
                reason = "\n".join(f"{address}: {reply}" for address, reply in refused.items())
                mail.write({"state": "exception", "failure_type": "mail_email_invalid", "failure_reason": reason})
                pids = [partner for partner in success_pids if partner.email_normalized not in refused]
                emails = [email for email in success_emails if email not in refused]
                super(MailMail, mail)._postprocess_sent_message(
                    pids, emails, failure_reason=reason, failure_type="mail_email_invalid")
                self -= mail
        if not self:
            return True
        return super()._postprocess_sent_message(
            success_pids, success_emails, failure_reason=failure_reason, failure_type=failure_type)

    # The outbox's side ---------------------------------------------------------------------

    @api.model
    def _claim_outgoing(self, limit):
        """Lock mails that are to be entered into the outbox now, and nobody else enters; returns them.

        Half of them are the newest, so that what somebody writes now does not wait behind a big mailing.
        """
        wanted = SQL(
            "SELECT id FROM mail_mail WHERE state = 'outgoing' AND outbox_state IS NULL "
            "AND (scheduled_date IS NULL OR scheduled_date <= %s)", fields.Datetime.now())
        half = limit // 2
        rows = self.env.execute_query(SQL(
            "WITH newest AS MATERIALIZED (%(wanted)s ORDER BY id DESC LIMIT %(half)s FOR NO KEY UPDATE SKIP LOCKED), "
            "oldest AS MATERIALIZED (%(wanted)s ORDER BY id LIMIT %(rest)s FOR NO KEY UPDATE SKIP LOCKED) "
            "SELECT id FROM newest UNION SELECT id FROM oldest ORDER BY id",
            wanted=wanted, half=half, rest=limit - half))
        return self.browse(mail_id for (mail_id,) in rows)

    def _in_ledger(self):
        """Return {mail id: [(delivery id, message id, address, partner id, state)]} of what was tried before."""
        rows = self.env.execute_query(SQL(
            "SELECT h.mail_mail_id, d.id, d.history_id, lower(d.address), d.partner_id, d.state "
            "FROM message_history h JOIN message_delivery d ON d.history_id = h.id WHERE h.mail_mail_id = ANY(%s)",
            self.ids))
        found = {}
        for mail_id, *row in rows:
            found.setdefault(mail_id, []).append(tuple(row))
        return found

    def _mark_outbox(self, state):
        """Note where the mails are, without touching anything else about them."""
        if self:
            self.env.cr.execute(SQL("UPDATE mail_mail SET outbox_state = %s WHERE id = ANY(%s)", state, self.ids))
            self.invalidate_recordset(["outbox_state"], flush=False)

    def action_release(self):
        """Send mails that were held because they are old."""
        self.check_access("write")
        held = self.filtered(lambda mail: mail.outbox_state == "held")
        held.sudo().write({"outbox_state": False, "outgoing_since": fields.Datetime.now()})
        self.env["message.worker"]._wake()
        return self.env["message.history"]._notify_done(
            self.env._("%(count)s released, to be sent now.", count=len(held)))

    def action_discard_held(self):
        """Cancel mails that were held because they are old."""
        self.check_access("write")
        held = self.filtered(lambda mail: mail.outbox_state == "held")
        held.cancel()
        held.sudo()._mark_outbox(None)
        return self.env["message.history"]._notify_done(self.env._("%(count)s cancelled.", count=len(held)))

    def action_view_deliveries(self):
        """Open the recipients and what became of each."""
        self.ensure_one().check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id("message_history.message_delivery_action")
        return {**action, "domain": [("history_id.mail_mail_id", "=", self.id)], "context": {}}
