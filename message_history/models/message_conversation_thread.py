from odoo import api, fields, models
from odoo.tools import SQL

#: States of messages that need a person; written out for the statement that counts them.
_FAILED = ("failed", "given_up", "held", "bounced", "partly_sent", "in_doubt")
#: What becomes of a conversation: new messages and failures are for somebody to act on, an answer ends that.
_STATE = SQL("""
    CASE WHEN fresh.problem THEN 'open'
         WHEN fresh.incoming AND (fresh.last_answer IS NULL OR fresh.last_in >= fresh.last_answer) THEN 'open'
         WHEN fresh.answered AND (c.state = 'open' OR fresh.incoming) THEN 'waiting' ELSE c.state END""")


class MessageConversation(models.Model):
    """How messages come together in conversations, and what a conversation shows of them."""

    _inherit = "message.conversation"

    def _merge_into(self, target):
        """Make these conversations part of another one, when a message turns out to join them."""
        others = self - target
        if not others:
            return target
        (others | target).flush_recordset()
        self.env.cr.execute(SQL(
            "UPDATE message_history SET conversation_id = %s WHERE conversation_id = ANY(%s)", target.id, others.ids))
        self.env["message.history"].invalidate_model(["conversation_id"])
        self._merge_members(others, target)
        self._merge_values(others, target)
        self.env["message.conversation.grant"]._copy(others, target)
        self.env["message.conversation.channel"]._make_anew(target.ids)
        self.env["message.draft"].sudo()._move(others, target)
        self._move_notes(others, target)
        others.unlink()
        return target

    def _merge_members(self, others, target):
        """Keep for each user what he had marked on any of the conversations."""
        self.env.cr.execute(SQL(
            "INSERT INTO message_conversation_member AS m (conversation_id, user_id, seen_message_id, follows, "
            "starred, mentioned) SELECT %s, user_id, MIN(seen_message_id), bool_or(follows), bool_or(starred), "
            "bool_or(mentioned) FROM message_conversation_member WHERE conversation_id = ANY(%s) GROUP BY user_id "
            "ON CONFLICT (user_id, conversation_id) DO UPDATE SET "
            "follows = COALESCE(m.follows, false) OR COALESCE(excluded.follows, false), "
            "starred = COALESCE(m.starred, false) OR COALESCE(excluded.starred, false), "
            "mentioned = COALESCE(m.mentioned, false) OR COALESCE(excluded.mentioned, false)", target.id, others.ids))
        self.env["message.conversation.member"].invalidate_model()

    def _merge_values(self, others, target):
        """Give the conversation that remains what it has not: document, responsible, tags."""
        values = {}
        if "open" in others.mapped("state"):
            values["state"] = "open"
        if not target.res_id and (with_document := others.filtered("res_id")[:1]):
            values |= {"model": with_document.model, "res_id": with_document.res_id}
        if not target.conversation_key and (with_key := others.filtered("conversation_key")[:1]):
            values["conversation_key"] = with_key.conversation_key
        if tags := others.tag_ids - target.tag_ids:
            values["tag_ids"] = [(4, tag.id) for tag in tags]
        target.write(values)
        if not target.assignee_id and (responsible := others.assignee_id[:1]):
            # by SQL: he goes on seeing what he was given, and nothing of what he joins
            target.flush_recordset()
            self.env.cr.execute(SQL(
                "UPDATE message_conversation SET assignee_id = %s WHERE id = %s", responsible.id, target.id))
            target.invalidate_recordset(["assignee_id"], flush=False)

    def _move_notes(self, others, target):
        """Keep what people noted on the conversations; chatter messages go with their document otherwise."""
        notes = self.env["mail.message"].sudo().search(
            [("model", "=", self._name), ("res_id", "in", others.ids), ("message_type", "=", "comment")])
        self._hand_notes(notes, target)

    def _hand_notes(self, notes, target):
        """Put notes, and the files on them, into another conversation."""
        notes.attachment_ids.filtered(lambda file: file.res_model == self._name).write({"res_id": target.id})
        notes.write({"res_id": target.id})

    def _split_off(self, messages):
        """Make a conversation of its own of some messages; returns it."""
        self.ensure_one()
        last = messages.sorted("date")[-1]
        fresh = self.sudo().create({
            "state": self.state, "channel_id": last.channel_id.id, "tag_ids": [(6, 0, self.tag_ids.ids)],
            "split_from_id": self.id, "last_date": last.date})
        self._move_messages(messages, fresh)
        fresh.flush_recordset()
        self.env.cr.execute(SQL(
            "UPDATE message_conversation SET assignee_id = %s WHERE id = %s", self.assignee_id.id or None, fresh.id))
        fresh.invalidate_recordset(["assignee_id"], flush=False)
        self.env["message.conversation.grant"]._copy(self, fresh)
        return fresh

    def _move_messages(self, messages, target):
        """Put messages into another conversation, and bring both up to date."""
        left = messages.conversation_id
        messages.sudo().conversation_id = target
        (left | target).flush_recordset()
        messages.flush_recordset()
        both = left.filtered("history_ids") | target
        both._settle_conversations(both.ids, moved=True)
        self._notify_changed((left | target).ids)

    # What it shows --------------------------------------------------------------------------

    @api.model
    def _settle(self, limit=1000):
        """Bring conversations up to date with messages processed since; returns how many messages.

        Kept out of the transactions that process messages: two of them that wrote one conversation
        would fail each other.
        """
        rows = self.env.execute_query(SQL(
            "SELECT id, conversation_id FROM message_history WHERE NOT settled ORDER BY id LIMIT %s "
            "FOR UPDATE SKIP LOCKED", limit))
        if not rows:
            return 0
        conversation_ids = sorted({conversation_id for _id, conversation_id in rows if conversation_id})
        if conversation_ids:
            self._settle_conversations(conversation_ids)
        self.env.cr.execute(SQL(
            "UPDATE message_history SET settled = true WHERE id IN %s", tuple(row[0] for row in rows)))
        self.env["message.history"].invalidate_model(["settled"])
        self._notify_changed(conversation_ids)
        return len(rows)

    def _settle_conversations(self, conversation_ids, moved=False):
        """Bring conversations up to date; what it costs depends on the messages that are new to them.

        :param moved: messages came from or went to other conversations, which is nothing new for anybody
        """
        ids = list(conversation_ids)
        self.flush_model()
        self.env["message.history"].flush_model()
        rows = self.env.execute_query(SQL(
            "SELECT id, conversation_id, state FROM message_history WHERE NOT settled AND conversation_id = ANY(%s)",
            ids))
        fresh_ids = [row[0] for row in rows]
        self._show_at_the_desk(fresh_ids)
        # what was taken back may have been the last message
        anew = set(ids) if moved else {conversation_id for _id, conversation_id, state in rows if state == "cancelled"}
        pairs = self.env["message.conversation.channel"]
        pairs._make_anew(sorted(anew))
        pairs._bring_up_to_date([row[0] for row in rows if row[1] not in anew])
        self._keep_company(fresh_ids)
        if moved:
            fresh_ids = []
        self.env.cr.execute(SQL("""
            UPDATE message_conversation c
               SET last_date = pair.last_date, channel_id = pair.channel_id,
                   state = %(state)s,
                   snooze_until = CASE WHEN fresh.incoming THEN NULL ELSE c.snooze_until END,
                   snooze_reply = c.snooze_reply AND NOT COALESCE(fresh.incoming, false),
                   waiting_since = CASE WHEN %(state)s <> 'open' THEN NULL
                                        ELSE COALESCE(c.waiting_since, fresh.first_in) END,
                   answered_date = COALESCE(fresh.last_answer, c.answered_date)
              FROM (SELECT conversation_id, MAX(last_date) AS last_date,
                           (array_agg(channel_id ORDER BY last_in DESC NULLS LAST, last_date DESC, channel_id))[1]
                               AS channel_id
                      FROM message_conversation_channel WHERE conversation_id = ANY(%(ids)s) GROUP BY 1) pair
              LEFT JOIN (%(fresh)s) fresh USING (conversation_id)
             WHERE c.id = pair.conversation_id""",
            ids=ids, fresh=self._fresh_query(fresh_ids), state=_STATE))
        self._note_answers(fresh_ids)
        self.invalidate_model()

    def _keep_company(self, fresh_ids):
        """Let what comes in on a channel of no company belong to the company that its conversation there is of."""
        self.env.cr.execute(SQL(
            "UPDATE message_history h SET company_id = p.company_id FROM message_conversation_channel p "
            "WHERE h.id = ANY(%s) AND h.company_id IS NULL AND p.company_id IS NOT NULL "
            "AND p.conversation_id = h.conversation_id AND p.channel_id = h.channel_id", fresh_ids))
        self.env["message.history"].invalidate_model(["company_id"])

    def _show_at_the_desk(self, fresh_ids):
        """Let those who read a mailbox find what was answered from it in their lists; it went out by a server.

        What was written at a desk says whose it is. The rest (notices of a document) belongs to the channel that
        the last incoming message before it came by.
        """
        self.env.cr.execute(SQL("""
            UPDATE message_history h SET desk_channel_id = NULLIF(came.channel_id, h.channel_id)
              FROM message_history o CROSS JOIN LATERAL (
                   SELECT i.channel_id FROM message_history i WHERE i.conversation_id = o.conversation_id
                      AND i.direction = 'in' ORDER BY i.date > o.date, i.date DESC, i.id DESC LIMIT 1) came
             WHERE h.id = o.id AND o.id = ANY(%s) AND o.direction = 'out' AND o.desk_channel_id IS NULL
               AND o.folder_id IS NULL AND came.channel_id <> o.channel_id""", fresh_ids))
        self.env["message.history"].invalidate_model(["desk_channel_id"])

    def _fresh_query(self, fresh_ids):
        """Return what is new in conversations: incoming messages, answers of people, failures to deliver one.

        An answer is what somebody wrote here or in another program; a notice of a document is none.
        """
        return SQL("""
            SELECT f.conversation_id, bool_or(f.incoming) AS incoming, bool_or(f.answer) AS answered,
                   bool_or(f.problem) AS problem,
                   MIN(f.date) FILTER (WHERE f.incoming) AS first_in, MAX(f.date) FILTER (WHERE f.incoming) AS last_in,
                   MAX(f.date) FILTER (WHERE f.answer) AS last_answer
              FROM (SELECT h.conversation_id, h.date, h.direction = 'in' AND h.state = 'processed' AS incoming,
                           h.direction = 'out' AND h.state IN %s
                               AND (m.id IS NULL OR m.message_type = 'comment') AS problem, %s AS answer
                      FROM message_history h LEFT JOIN mail_message m ON m.id = h.mail_message_id
                     WHERE h.id = ANY(%s)) f GROUP BY 1""", _FAILED, self._is_new_answer(), fresh_ids)

    @api.model
    def _is_new_answer(self):
        """Return the condition that a message ``h`` with its chatter message ``m`` is a person's, and new as such."""
        return SQL(
            "(h.direction = 'out' AND h.state <> 'cancelled' AND h.is_answer IS NOT TRUE "
            "AND (m.message_type = 'comment' OR (h.state = 'sent' AND h.folder_id IS NOT NULL)))")

    def _note_answers(self, fresh_ids):
        """Note which messages are answers, once, and how long the sender had waited for each."""
        self.env.cr.execute(SQL("""
            UPDATE message_history o SET is_answer = true, answer_minutes = (
                   SELECT EXTRACT(EPOCH FROM o.date - MIN(i.date)) / 60 FROM message_history i
                    WHERE i.conversation_id = o.conversation_id AND i.direction = 'in' AND i.state = 'processed'
                      AND i.date <= o.date AND i.date > COALESCE((
                          SELECT MAX(e.date) FROM message_history e WHERE e.conversation_id = o.conversation_id
                             AND e.is_answer AND e.date < o.date), '-infinity'))
              FROM message_history h LEFT JOIN mail_message m ON m.id = h.mail_message_id
             WHERE h.id = o.id AND o.id = ANY(%s) AND %s""",
            fresh_ids, self._is_new_answer()))
        self.env["message.history"].invalidate_model(["is_answer", "answer_minutes"])

    @api.model
    def _notify_changed(self, conversation_ids):
        """Tell the browsers of those who see the channels that conversations changed: ids only, never text."""
        if not conversation_ids:
            return
        rows = self.env.execute_query(SQL(
            "SELECT channel_id, array_agg(conversation_id ORDER BY conversation_id) "
            "FROM message_conversation_channel WHERE conversation_id IN %s GROUP BY 1", tuple(conversation_ids)))
        for channel_id, ids in rows:
            self.env["message.channel"].browse(channel_id)._bus_send(
                "message_history/changed", {"conversation_ids": ids})

    def _gc_empty(self):
        """Delete conversations without a message left."""
        empty = self.filtered(lambda conversation: not conversation.history_ids)
        empty.unlink()

    # Snooze -----------------------------------------------------------------------------------

    @api.model
    def _cron_wake(self):
        """Open again what was put off until now."""
        due = self.search([("snooze_until", "<=", fields.Datetime.now())], limit=1000)
        due.write({"state": "open", "snooze_until": False, "snooze_reply": False})
        self._notify_changed(due.ids)
