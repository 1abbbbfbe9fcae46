import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..tools import journal, locks
from ..tools.transaction import in_transaction
from ..tools.words import speaking
from .message_delivery import ARRIVED, OPEN, OWED, PROBLEMS, WAITING

_logger = logging.getLogger(__name__)

#: Messages settled at a time.
BATCH = 500


class MessageOutbox(models.AbstractModel):
    """Keeps messages in step with their deliveries, and does what people ask of deliveries.

    Senders write deliveries and nothing else: two workers that wrote one message's row would fail
    each other, after the server has accepted the mail. The message, and whatever else hangs on the
    outcome, is written here, by one process at a time.
    """

    _name = "message.outbox"
    _description = "Outbox"

    # Settling -------------------------------------------------------------------------------

    @api.model
    def _settle_all(self):
        """Settle what is there, unless another process is at it; returns how many messages."""
        total = 0
        while count := in_transaction(self.env, _settle):
            total += count
            if count < BATCH:
                break
        return total

    @api.model
    def _settle(self, limit=BATCH):
        """Bring messages up to date with deliveries that changed; returns how many messages."""
        rows = self.env.execute_query(SQL(
            "SELECT DISTINCT history_id FROM (SELECT history_id FROM message_delivery WHERE NOT settled "
            "ORDER BY history_id LIMIT 5000) few LIMIT %s", limit))
        ids = sorted(history_id for (history_id,) in rows)
        if not ids:
            return 0
        self.env.cr.execute(SQL(
            "UPDATE message_delivery SET settled = true WHERE id IN (SELECT id FROM message_delivery "
            "WHERE NOT settled AND history_id = ANY(%s) FOR NO KEY UPDATE SKIP LOCKED)", ids))
        self.env["message.delivery"].invalidate_model(["settled"])
        self._refresh(ids)
        return len(ids)

    @api.model
    def _refresh(self, ids):
        """Count the deliveries of messages anew, and finish those that are through."""
        counts = self._count_states(ids)
        problems = {}
        if any(set(found) & {*PROBLEMS, "deferred"} for found in counts.values()):
            problems = self._first_problems(ids)
            self.env["message.attempt"]._note(ids)
        messages = self.env["message.history"].browse(ids)
        values = {message.id: self._prepare_values(message, counts.get(message.id, {}), problems.get(message.id))
                  for message in messages}
        self.env["message.history"]._write_rows(values)
        over = messages.filtered(lambda message: not message.finished and not values[message.id]["waiting_count"])
        if over:
            self._finish(over)
            self.env.cr.execute(SQL("UPDATE message_history SET finished = true WHERE id = ANY(%s)", over.ids))
            over.invalidate_recordset(["finished"])

    def _count_states(self, ids):
        rows = self.env.execute_query(SQL(
            "SELECT history_id, state, COUNT(*) FROM message_delivery WHERE history_id = ANY(%s) GROUP BY 1, 2",
            list(ids)))
        counts = {}
        for history_id, state, count in rows:
            counts.setdefault(history_id, {})[state] = count
        return counts

    def _first_problems(self, ids):
        """Return {message id: (address, state, failure type, reply, next attempt)} of one delivery each."""
        rows = self.env.execute_query(SQL(
            "SELECT DISTINCT ON (history_id) history_id, address, state, failure_type, server_reply, next_attempt "
            "FROM message_delivery WHERE history_id = ANY(%s) "
            "AND state IN ('in_doubt', 'bounced', 'refused', 'failed', 'deferred') "
            "ORDER BY history_id, state = 'deferred', next_attempt, id", list(ids)))
        return {row[0]: row[1:] for row in rows}

    def _prepare_values(self, message, counts, problem):
        waiting = sum(counts.get(state, 0) for state in OPEN)
        state = message._state_from_counts(counts)
        values = {
            "state": state, "settled": False, "state_reason": None, "failure_type": None, "next_attempt": None,
            "recipient_count": sum(counts.values()), "waiting_count": waiting,
            "arrived_count": sum(counts.get(name, 0) for name in ARRIVED),
            "problem_count": sum(counts.get(name, 0) for name in PROBLEMS),
        }
        if problem:
            address, delivery_state, failure_type, reply, next_attempt = problem
            values |= {
                "failure_type": None if delivery_state == "deferred" else failure_type or "unknown",
                "state_reason": self._words_for_problem(
                    values, address, None if delivery_state == "deferred" else failure_type or "unknown", reply),
                "next_attempt": next_attempt if delivery_state == "deferred" else None,
            }
        return values

    def _words_for_problem(self, values, address, failure_type, reply):
        """Return in one sentence what stands in the way, for the first recipient it concerns."""
        env = speaking(self.env)
        _ = env._
        # None: only for the time being
        cause = _("not taken yet, it is tried again")
        if failure_type:
            cause = env["message.delivery"]._words_for_cause(failure_type, reply)
        said = _("%(address)s: %(cause)s", address=address, cause=cause) + (f" ({reply})" if reply else "")
        if values["recipient_count"] > 1 and values["problem_count"]:
            said = _("%(count)s of %(total)s failed. ", count=values["problem_count"],
                     total=values["recipient_count"]) + said
        return said[:500]

    def _finish(self, messages):
        """Tell whatever hangs on the outcome that all recipients are final; once for each message.

        For addons, in the transaction that settles: ``mail.mail``, notifications, copies.
        """
        if private := messages.filtered("private"):  # in doubt as well: nobody can have it sent again
            self.env["message.raw"]._drop(private.ids)

    # What died --------------------------------------------------------------------------------

    @api.model
    def _take_back(self, held):
        """Take back the deliveries of senders that died; returns how many.

        What was claimed goes back to the queue. What was being sent may have arrived: it is in
        doubt, unless the channel says that such mail is to be sent again.

        :param held: ``AdvisoryLocks``
        """
        rows = self.env.execute_query(SQL(
            "SELECT DISTINCT claimer FROM message_delivery WHERE state IN ('claimed', 'sending')"))
        claimers = [claimer for (claimer,) in rows if claimer]
        dead = journal.take_back(held, claimers) if claimers else []
        try:
            return in_transaction(self.env, _take_back, dead) if dead else 0
        finally:
            if dead:
                journal.let_go(held, dead)

    # Acts of people -----------------------------------------------------------------------------

    @api.model
    def _act(self, deliveries, act):
        """Do something with deliveries for a user who may handle their messages; says what was done.

        :param act: a key of :data:`ACTS`
        :raise AccessError: when the user may not; private messages can only be taken back, by anybody
        """
        do, on_private = ACTS[act]
        deliveries.check_access("read")
        messages = deliveries.history_id
        messages._check_handle(private=on_private)
        text = do(self.sudo(), deliveries.sudo())
        return messages._notify_done(text)

    def _send_again(self, deliveries, channel=None, also=()):
        """Queue what is owed once more.

        :param channel: the queue it goes to; None: the one it has
        :param also: further states of deliveries that are queued anew
        """
        whole = deliveries.history_id._with_original()
        kept = deliveries.filtered(lambda delivery: delivery.history_id in whole)
        if not kept:
            raise UserError(self.env._("The text of this message is no longer kept. Please write it anew."))
        self.env["message.attempt"]._note(kept.history_id.ids)
        # what has its moment still before it, or its turn, keeps it
        patient = kept.filtered(lambda delivery: delivery.state in WAITING and not delivery.attempts)
        moved = self._change(patient, WAITING, {"channel_id": channel.id}) if patient and channel else patient
        done = self._change(kept - patient, (*OWED, *also), {
            "state": "queued", "attempts": 0, "next_attempt": None, "failure_type": None, "server_reply": None,
            "priority": 1, "expires": None} | ({"channel_id": channel.id} if channel else {}))
        for own, rows in done.grouped("channel_id").items():
            rows.expires = own._get_expiry()
        self._reopen((done | moved).history_id)
        self.env["message.worker"]._wake()
        if moved and not done:
            return self.env._("To be sent to %(count)s recipients, when it is its turn.", count=len(moved))
        return self.env._("To be sent again to %(count)s recipients.", count=len(done))

    def _send_now(self, deliveries):
        """Have what waits for a moment sent at once; how long it is tried stays as it was."""
        done = self._change(
            deliveries, ("queued", "deferred"), {"state": "queued", "next_attempt": None, "priority": 1})
        self._refresh(done.history_id.ids)
        if not done:
            raise UserError(self.env._("Nothing waits here any more."))
        self.env["message.worker"]._wake()
        return self.env._("To be sent now to %(count)s recipients.", count=len(done))

    def _send_as_links(self, deliveries):
        """Send once more, with links in place of the attachments. For addons, which know what a message looks like.

        :raise UserError: when the message can't be sent so
        """
        raise UserError(self.env._("This message can't be sent with links."))

    def _readdress(self, delivery, address):
        """Give one delivery another address; the message stays as it is. For addons, which know the addresses.

        :raise UserError: when it can't be an address
        """
        if not address:
            raise UserError(self.env._("The address is missing."))
        self.env["message.attempt"]._note(delivery.history_id.ids)
        partner = self.env["res.partner"].search([("email_normalized", "=", address.lower())], limit=1)
        delivery.write({"address": address, "partner_id": partner.id or delivery.partner_id.id})
        history = delivery.history_id
        history.recipients = ", ".join(history.delivery_ids[:6].mapped("address")) + (
            ", …" if len(history.delivery_ids) > 6 else "")
        history.flush_recordset()

    def _mark_arrived(self, deliveries):
        done = self._change(deliveries, ("in_doubt",), {"state": "accepted", "failure_type": None})
        self._reopen(done.history_id)
        return self.env._("%(count)s noted as arrived.", count=len(done))

    def _cancel(self, deliveries):
        done = self._change(deliveries, ("queued", "deferred"), {"state": "cancelled", "next_attempt": None})
        self._refresh(done.history_id.ids)
        if not done:
            raise UserError(self.env._("It is too late: the sending has begun."))
        return self.env._("%(count)s taken back.", count=len(done))

    def _change(self, deliveries, states, values):
        """Change those deliveries that are in one of some states; returns them.

        A delivery that a sender takes at the same moment makes the transaction start anew.
        """
        deliveries.flush_recordset()
        assignments = SQL(", ").join(SQL("%s = %s", SQL.identifier(name), value) for name, value in values.items())
        rows = self.env.execute_query(SQL(
            "UPDATE message_delivery SET %s, settled = false WHERE id = ANY(%s) AND state = ANY(%s) RETURNING id",
            assignments, deliveries.ids, list(states)))
        deliveries.invalidate_recordset()
        return deliveries.browse(sorted(delivery_id for (delivery_id,) in rows))

    def _reopen(self, messages):
        """Let messages that were finished be finished again, once all recipients are final again."""
        self.env.cr.execute(SQL("UPDATE message_history SET finished = false WHERE id = ANY(%s)", messages.ids))
        messages.invalidate_recordset(["finished"])
        self._refresh(messages.ids)
        messages._answer_after_all()

    @api.model
    def _expire(self, limit=1000):
        """Give up what has waited to the end of its time without being tried (its server is down)."""
        rows = self.env.execute_query(SQL(
            "UPDATE message_delivery SET state = 'failed', failure_type = 'expired', settled = false, "
            "next_attempt = NULL WHERE id IN (SELECT id FROM message_delivery WHERE state IN ('queued', 'deferred') "
            "AND expires < %s LIMIT %s FOR NO KEY UPDATE SKIP LOCKED) RETURNING id",
            fields.Datetime.now() - timedelta(minutes=1), limit))
        self.env["message.delivery"].invalidate_model()
        return len(rows)


#: What people may do with deliveries: the function, and whether it may be done with private messages.
ACTS = {
    "again": (lambda outbox_sudo, deliveries_sudo: outbox_sudo._send_again(deliveries_sudo), False),
    "now": (lambda outbox_sudo, deliveries_sudo: outbox_sudo._send_now(deliveries_sudo), False),
    "links": (lambda outbox_sudo, deliveries_sudo: outbox_sudo._send_as_links(deliveries_sudo), False),
    "arrived": (lambda outbox_sudo, deliveries_sudo: outbox_sudo._mark_arrived(deliveries_sudo), False),
    "cancel": (lambda outbox_sudo, deliveries_sudo: outbox_sudo._cancel(deliveries_sudo), True),
}


def _settle(env):
    env.cr.execute("SELECT pg_try_advisory_xact_lock(%s, 1)", [locks.SETTLE])
    return env["message.outbox"]._settle() if env.cr.fetchone()[0] else 0


def _take_back(env, claimers):
    """Take back the rows of senders whose locks are ours."""
    rows = env.execute_query(SQL(
        "UPDATE message_delivery d SET claimer = NULL, settled = false, "
        "state = CASE WHEN d.state = 'claimed' OR c.resend_in_doubt THEN 'queued' ELSE 'in_doubt' END, "
        "failure_type = CASE WHEN d.state = 'claimed' OR c.resend_in_doubt THEN d.failure_type ELSE 'in_doubt' END, "
        "attempts = d.attempts + CASE WHEN d.state = 'claimed' THEN 0 ELSE 1 END "
        "FROM message_channel c WHERE c.id = d.channel_id AND d.claimer = ANY(%s) "
        "AND d.state IN ('claimed', 'sending') RETURNING d.id, d.state", list(claimers)))
    env["message.delivery"].invalidate_model()
    _logger.warning("Senders %s died: %s deliveries back in the queue, %s in doubt", claimers,
                    sum(state == "queued" for _id, state in rows), sum(state == "in_doubt" for _id, state in rows))
    env["message.worker"]._wake()
    return len(rows)
