import json
from datetime import timedelta

from odoo import fields, models
from odoo.tools import SQL

#: Days of the little graph.
DAYS = 7


class MessageChannel(models.Model):
    """What the dashboard shows of a channel."""

    _inherit = "message.channel"

    to_answer_count = fields.Integer(compute="_compute_to_answer_count", string="To Answer")
    week_graph = fields.Text(compute="_compute_week_graph")

    def _compute_to_answer_count(self):
        counters = {one["id"]: one["count"] for one in self.env["message.desk"].get_counters()["channels"]}
        for channel in self:
            channel.to_answer_count = counters.get(channel.id, 0)

    def _compute_week_graph(self):
        """Messages of the last days that the user sees, each day by the user's clock."""
        today = fields.Date.context_today(self)
        since = today - timedelta(days=DAYS - 1)
        query = self.env["message.history"]._search([
            ("channel_id", "in", self.ids), ("date", ">=", fields.Datetime.to_datetime(since) - timedelta(days=1))])
        channel, date = (SQL.identifier(query.table, name) for name in ("channel_id", "date"))
        rows = self.env.execute_query(SQL("%s GROUP BY 1, 2", query.select(channel, SQL(
            "(%s AT TIME ZONE 'UTC' AT TIME ZONE %s)::date", date, self.env.user.tz or "UTC"), SQL("COUNT(*)"))))
        counts = {(channel_id, day): count for channel_id, day, count in rows}
        days = [since + timedelta(days=number) for number in range(DAYS)]
        for channel in self:
            values = [{"label": day.strftime("%d.%m."), "value": counts.get((channel.id, day), 0), "type": "past"}
                      for day in days]
            channel.week_graph = json.dumps([{
                "values": values, "title": "", "key": self.env._("Messages"), "is_sample_data": False}])

    def action_view_inbox(self):
        """Open the inbox with what is to be answered on these channels."""
        action = self.env["ir.actions.act_window"]._for_xml_id("message_history.message_conversation_action")
        return {**action, "context": {"search_default_filter_open": 1, "search_default_channel_ids": self.ids[:1]}}
