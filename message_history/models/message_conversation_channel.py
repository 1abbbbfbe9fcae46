from odoo import api, fields, models
from odoo.tools import SQL

#: What of the messages of a pair is kept on it, newest values first. An entry whose content was erased tells nothing.
_FRESH = SQL("""
    SELECT h.conversation_id, place.channel_id,
           (array_agg(h.subject ORDER BY h.date, h.id) FILTER (WHERE told))[1] AS subject, MIN(h.date) AS first_date,
           COALESCE(MAX(h.date) FILTER (WHERE shown), MAX(h.date)) AS last_date,
           (array_agg(h.preview ORDER BY shown DESC, h.date DESC, h.id DESC) FILTER (WHERE told))[1] AS preview,
           (array_agg(h.direction ORDER BY shown DESC, h.date DESC, h.id DESC))[1] AS last_direction,
           (array_agg(h.company_id ORDER BY h.date DESC, h.id DESC)
               FILTER (WHERE h.company_id IS NOT NULL))[1] AS company_id,
           MAX(h.id) FILTER (WHERE incoming) AS last_message_id, MAX(h.date) FILTER (WHERE incoming) AS last_in,
           (array_agg(COALESCE(h.sender_name, h.sender_address) ORDER BY incoming DESC, h.date DESC, h.id DESC)
               FILTER (WHERE told))[1] AS sender,
           (array_agg(h.partner_id ORDER BY h.date DESC, h.id DESC)
               FILTER (WHERE incoming AND h.partner_id IS NOT NULL))[1] AS partner_id
      FROM (SELECT m.*, m.state <> 'cancelled' AS shown, m.direction = 'in' AS incoming,
                   COALESCE(m.subject, m.preview, m.sender_address, m.sender_name) IS NOT NULL AS told
              FROM message_history m) h
      CROSS JOIN LATERAL (SELECT DISTINCT unnest(ARRAY[h.channel_id, h.desk_channel_id]) AS channel_id) place""")


class MessageConversationChannel(models.Model):
    """What one conversation is on one channel: the pair that people see, and all that they see of it.

    Subject, sender, text, last message and date are those of the messages on that channel. Who sees a pair sees
    these and nothing of the other pairs of the conversation. The inbox of a channel is read from here.
    """

    _name = "message.conversation.channel"
    _description = "Conversation on a Channel"
    _inherit = ["message.scoped"]
    _order = "last_date desc, id desc"
    _rec_name = "subject"
    _log_access = False

    conversation_id = fields.Many2one("message.conversation", required=True, readonly=True, ondelete="cascade")
    channel_id = fields.Many2one("message.channel", required=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one("res.company", readonly=True, ondelete="set null",
                                 help="Whose it is, where the channel is of no company.")
    subject = fields.Char(readonly=True)
    preview = fields.Char(readonly=True)
    sender = fields.Char(readonly=True)
    partner_id = fields.Many2one("res.partner", readonly=True, ondelete="set null", index="btree_not_null")
    first_date = fields.Datetime(readonly=True)
    last_date = fields.Datetime(required=True, readonly=True)
    last_in = fields.Datetime(readonly=True, help="When the last incoming message came.")
    last_direction = fields.Selection([("in", "Incoming"), ("out", "Outgoing")], readonly=True)
    last_message_id = fields.Many2one("message.history", readonly=True, ondelete="set null", index="btree_not_null",
                                      help="The last incoming message: newer than the user's watermark is unread.")

    _place_uniq = models.UniqueIndex("(conversation_id, channel_id)")
    _list_idx = models.Index("(channel_id, last_date DESC, conversation_id)")

    @api.model
    def _scope_domain(self, scope):
        return scope.pairs()

    @api.model
    def _scope_sql(self, scope, alias):
        return scope.pair_sql(alias)

    @api.depends("subject")
    @api.depends_context("uid")
    def _compute_display_name(self):
        seen = self._seen_by_user()
        for pair in self:
            pair.display_name = pair.subject or self.env._("No subject")
        for pair in self - seen:
            pair.display_name = self.env._("Conversation on another channel")

    # Upkeep -------------------------------------------------------------------------------------

    @api.model
    def _make_anew(self, conversation_ids):
        """Make the pairs of conversations from all their messages: some came, went to others, or are gone."""
        if conversation_ids:
            ids = list(conversation_ids)
            self.env.cr.execute(SQL("DELETE FROM message_conversation_channel WHERE conversation_id = ANY(%s)", ids))
            self._upsert(SQL("h.conversation_id = ANY(%s)", ids))

    @api.model
    def _bring_up_to_date(self, history_ids):
        """Bring pairs up to date with some messages that are new or have changed; costs what these are."""
        if history_ids:
            self._upsert(SQL("h.id = ANY(%s)", list(history_ids)))

    def _upsert(self, which):
        newer = SQL("excluded.last_date >= p.last_date")
        newer_in = SQL("excluded.last_in >= COALESCE(p.last_in, '-infinity')")
        self.env.cr.execute(SQL(
            "INSERT INTO message_conversation_channel AS p (conversation_id, channel_id, subject, first_date, "
            "last_date, preview, last_direction, company_id, last_message_id, last_in, sender, partner_id) "
            "%(fresh)s WHERE %(which)s AND h.conversation_id IS NOT NULL AND place.channel_id IS NOT NULL "
            "GROUP BY 1, 2 ORDER BY 1, 2 "
            "ON CONFLICT (conversation_id, channel_id) DO UPDATE SET "
            "subject = CASE WHEN excluded.first_date < p.first_date THEN excluded.subject ELSE p.subject END, "
            "first_date = LEAST(p.first_date, excluded.first_date), "
            "preview = CASE WHEN %(newer)s THEN excluded.preview ELSE p.preview END, "
            "last_direction = CASE WHEN %(newer)s THEN excluded.last_direction ELSE p.last_direction END, "
            "company_id = CASE WHEN %(newer)s THEN COALESCE(excluded.company_id, p.company_id) "
            "ELSE COALESCE(p.company_id, excluded.company_id) END, "
            "last_date = GREATEST(p.last_date, excluded.last_date), "
            "last_message_id = GREATEST(p.last_message_id, excluded.last_message_id), "
            "sender = CASE WHEN %(newer_in)s THEN excluded.sender ELSE p.sender END, "
            "partner_id = COALESCE(CASE WHEN %(newer_in)s THEN excluded.partner_id END, p.partner_id), "
            "last_in = GREATEST(p.last_in, excluded.last_in)",
            fresh=_FRESH, which=which, newer=newer, newer_in=newer_in))
        self.invalidate_model()
