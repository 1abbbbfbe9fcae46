from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL


class MessageDesk(models.AbstractModel):
    """The figures above the dashboard."""

    _inherit = "message.desk"

    @api.model
    def get_figures(self):
        """Return the figures of the dashboard.

        :return: {"open", "unassigned": conversations; "longest": hours that the oldest has waited; "queued": still to
            send; "failed": in 24 hours; "channels": with a problem; "answer": median minutes to an answer in 7 days}
        """
        counters = self.get_counters()
        conversations, now = self.env["message.conversation"], fields.Datetime.now()
        oldest = conversations.search(
            [("state", "=", "open"), ("waiting_since", "!=", False)], order="waiting_since, id", limit=1)
        channels = self.env["message.channel"].search([("active", "=", True)])
        history = self.env["message.history"]
        today = [("state", "in", history._failed_states()), ("date", ">=", now - timedelta(hours=24))]
        failed = history.search_count(today, limit=counters["many"])
        return {
            "open": counters["open"], "unassigned": counters["unassigned"], "many": counters["many"],
            "longest": round((now - oldest.waiting_since).total_seconds() / 3600, 1) if oldest else 0,
            "queued": sum(channels.mapped("queued_count")), "failed": failed,
            "channels": sum(channel.health == "attention" for channel in channels),
            "answer": self._median_answer(channels, now - timedelta(days=7)),
        }

    def _median_answer(self, channels, since):
        query = self.env["message.history"]._search([  # of what the user sees
            ("is_answer", "=", True), ("answer_minutes", "!=", False), ("date", ">=", since)])
        minutes, conversation = (SQL.identifier(query.table, name) for name in ("answer_minutes", "conversation_id"))
        query.add_where(SQL(
            "EXISTS (SELECT 1 FROM message_conversation_channel p WHERE p.conversation_id = %s "
            "AND p.channel_id = ANY(%s))", conversation, list(channels.ids)))
        rows = self.env.execute_query(query.select(SQL(
            "percentile_cont(0.5) WITHIN GROUP (ORDER BY %s)", minutes)))
        return round(rows[0][0]) if rows[0][0] is not None else None
