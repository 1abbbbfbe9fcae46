from datetime import datetime, timedelta

import pytz
from odoo import api, fields, models
from odoo.tools import SQL

from .message_channel import BLOCKED
from .message_delivery import ARRIVED, PROBLEMS

#: Messages of a conversation that are read at a time, and how many of them with their text.
PAGE, OPENED = 30, 3
#: An exact count above this helps nobody.
MANY = 1000
#: Deliveries listed for one message; of more the counts tell.
LISTED = 20


class MessageDesk(models.AbstractModel):
    """What the inbox asks the server for, each in one call."""

    _name = "message.desk"
    _description = "Message Desk"

    # Counters -------------------------------------------------------------------------------

    @api.model
    def get_counters(self):
        """Return how many conversations are to be answered, for the user, up to ``MANY`` each.

        :return: {"mine", "unassigned", "open", "unread", "snoozed", "mentioned", "failed": numbers,
            "channels": [{"id", "name", "medium", "color", "health", "count"}]}
        """
        self.env["message.conversation"].browse().check_access("read")
        visible = self._visible_open()
        total, mine, unassigned, unread = self.env.execute_query(SQL(
            "SELECT COUNT(*), COUNT(*) FILTER (WHERE assignee_id = %(uid)s), "
            "COUNT(*) FILTER (WHERE assignee_id IS NULL), COUNT(*) FILTER (WHERE last_message_id > COALESCE("
            "(SELECT m.seen_message_id FROM message_conversation_member m WHERE m.conversation_id = o.id "
            "AND m.user_id = %(uid)s), 0)) FROM (%(visible)s LIMIT %(many)s) o",
            uid=self.env.uid, visible=visible, many=MANY))[0]
        conversations = self.env["message.conversation"]
        return {
            "mine": mine, "unassigned": unassigned, "open": total, "unread": unread, "many": MANY,
            "snoozed": conversations.search_count(self._snoozed_domain(), limit=MANY),
            "mentioned": conversations.search_count(
                [("mentioned", "=", True), ("state", "!=", "done")], limit=MANY),
            "failed": self.env["message.history"].search_count(
                [("state", "in", self.env["message.history"]._failed_states())], limit=MANY),
            "channels": self._count_channels(visible),
        }

    @api.model
    def _snoozed_domain(self):
        return [("state", "=", "waiting"), "|", ("snooze_until", "!=", False), ("snooze_reply", "=", True)]

    @api.model
    def _visible_open(self):
        """Return the query for the conversations that are to be answered and that the user may see."""
        conversations = self.env["message.conversation"]
        conversations.flush_model()
        scope = conversations._scope()
        pairs = SQL("FROM message_conversation_channel p WHERE p.conversation_id = c.id AND %s", scope.pair_sql("p"))
        where = SQL("TRUE") if scope.everything else SQL("EXISTS (SELECT 1 %s)", pairs)
        return SQL("SELECT c.id, c.assignee_id, (SELECT MAX(p.last_message_id) %s) AS last_message_id "
                   "FROM message_conversation c WHERE c.state = 'open' AND %s "
                   "ORDER BY c.last_date DESC, c.id DESC", pairs, where)

    def _count_channels(self, visible):
        scope = self.env["message.conversation"]._scope()
        counts = dict(self.env.execute_query(SQL(
            "SELECT p.channel_id, COUNT(*) FROM (%s LIMIT %s) o JOIN message_conversation_channel p "
            "ON p.conversation_id = o.id WHERE %s GROUP BY 1", visible, MANY, scope.pair_sql("p"))))
        channels = self.env["message.channel"].search([("receives", "=", True), ("channel_type", "!=", "none")])
        # what somebody follows may be on channels of which he is no member
        channels |= channels.browse(list(counts)).exists()._filtered_access("read").filtered("receives")
        channels = channels.filtered(lambda channel: channel.channel_type != "local" or counts.get(channel.id))
        return [{"id": channel.id, "name": channel.name, "medium": channel.medium, "color": channel.color,
                 "health": channel.health, "count": counts.get(channel.id, 0)} for channel in channels]

    # One conversation -----------------------------------------------------------------------

    @api.model
    def open_conversation(self, conversation_id, before=None):
        """Return everything that the reading pane shows of a conversation, newest message first.

        :param before: id of the oldest message that is known already, for the next page
        :raise AccessError: when the user may not read it
        """
        conversation = self.env["message.conversation"].browse(conversation_id).exists()
        if not conversation:
            return None
        conversation.check_access("read")
        messages_sudo, more = self._page(conversation, before)
        opened = self._to_open(conversation, messages_sudo) if not before else messages_sudo.browse()
        result = {"messages": [self._describe(message_sudo, message_sudo in opened) for message_sudo in messages_sudo],
                  "more": more}
        if not before:
            result |= self._header(conversation)
            result["notes"] = self._notes(conversation)
        return result

    @api.model
    def open_message(self, history_id):
        """Return a message with its text, when somebody unfolds it; None if there is none to read."""
        message_sudo = self._readable_message_sudo(history_id)
        return self._describe(message_sudo, True) if message_sudo else None

    @api.model
    def _readable_message_sudo(self, history_id):
        """Return a message that the user may read; else None."""
        message = self.env["message.history"].browse(history_id).exists()
        if not message or message.sudo().private or not message.has_access("read"):
            return None
        return message.sudo()

    def _page(self, conversation, before):
        domain = [("conversation_id", "=", conversation.id), ("state", "!=", "cancelled")]
        if before:
            last = self.env["message.history"].browse(before)
            domain += ["|", ("date", "<", last.date), "&", ("date", "=", last.date), ("id", "<", last.id)]
        found = self.env["message.history"].search(domain, order="date DESC, id DESC", limit=PAGE + 1)
        return found[:PAGE].sudo(), len(found) > PAGE

    def _to_open(self, conversation, messages_sudo):
        """Return the messages whose text is shown at once: what the user has not seen, and the newest."""
        member = self.env["message.conversation.member"].sudo().search(
            [("conversation_id", "=", conversation.id), ("user_id", "=", self.env.uid)], limit=1)
        fresh = messages_sudo.filtered(
            lambda message: message.direction == "in" and message.id > member.seen_message_id)
        return messages_sudo[:1] | fresh[:OPENED]

    def _header(self, conversation):
        """Return what the pane says about a conversation as a whole."""
        conversation_sudo = conversation.sudo()
        document = conversation._get_document()
        channel_sudo = conversation._shown_channel_sudo()
        answer_sudo = channel_sudo and channel_sudo._get_answer_channel_sudo()
        blocked = bool(answer_sudo) and answer_sudo.health in BLOCKED
        return {
            "id": conversation.id, "subject": conversation.subject or "", "state": conversation_sudo.state,
            "spam": conversation_sudo.spam, "unread": conversation.unread,
            "snooze_until": _moment(conversation_sudo.snooze_until), "snooze_reply": conversation_sudo.snooze_reply,
            "assignee": self._person(conversation_sudo.assignee_id),
            "partner": self._partner(conversation.partner_id),
            "sender": conversation.sender or "",
            "tags": [{"id": tag.id, "name": tag.name, "color": tag.color} for tag in conversation_sudo.tag_ids],
            "channel": {"id": channel_sudo.id, "name": channel_sudo.name or "",
                        "medium": channel_sudo.medium or "other", "address": channel_sudo.address or "",
                        "health": channel_sudo.health,
                        "health_text": channel_sudo.health_text or "",
                        "can_answer": bool(answer_sudo),
                        "answers_wait": answer_sudo._words_for_trouble() if blocked else None},
            "document": {"model": document._name, "id": document.id, "name": document.display_name,
                         "kind": self.env["ir.model"]._get(document._name).name} if document else None,
            "last_message_id": conversation.last_message_id.id, "failed_count": conversation.failed_count,
            "history_count": conversation.history_count, "can_write": bool(conversation._can_handle()),
            "hidden_count": conversation.hidden_count, "beside": self._beside(conversation),
            "present": self.env["message.presence"]._others(conversation),
            "drafts": self.env["message.draft"]._of_conversation(conversation),
        }

    def _person(self, user):
        return {"id": user.id, "name": user.name} if user else None

    def _beside(self, conversation):
        """Return the same thread on channels with other readers, as far as the user sees it: [{"id", "subject"}]."""
        conversation_sudo = conversation.sudo()
        others = (conversation_sudo.beside_id | conversation_sudo.beside_ids[:PAGE]).with_env(self.env)
        return [{"id": one.id, "subject": one.subject or ""} for one in others._filtered_access("read")]

    def _partner(self, partner):
        """Return what is shown of a contact; nothing of one that the user may not read."""
        if not partner or not partner.with_env(self.env).has_access("read"):
            return None
        return {"id": partner.id, "name": partner.display_name, "email": partner.email or "",
                "phone": partner.phone or "", "readable": True}

    # Messages -------------------------------------------------------------------------------

    def _describe(self, message_sudo, with_text):
        """Return one message as the pane shows it."""
        labels = dict(message_sudo._fields["state"]._description_selection(self.env))
        author_sudo = message_sudo.mail_message_id.author_id
        described = {
            "id": message_sudo.id, "type": "message", "direction": message_sudo.direction,
            "date": _moment(message_sudo.date), "sender": message_sudo.sender or "",
            "address": message_sudo.sender_address or "", "recipients": message_sudo.recipients or "",
            "subject": message_sudo.subject or "", "preview": message_sudo.preview or "",
            "state": message_sudo.state, "state_text": labels.get(message_sudo.state, ""),
            "reason": message_sudo.state_reason or "", "advice": message_sudo.advice or "",
            "kind": message_sudo.kind or "person", "attachment_count": message_sudo.attachment_count,
            "authenticated": message_sudo.authenticated or "unknown", "author_id": author_sudo.id or None,
            "partner_id": message_sudo.partner_id.id or None, "channel": message_sudo.channel_id.name,
            "size": message_sudo.size, "raw_kept": message_sudo.raw_kept, "body": None,
        }
        if message_sudo.direction == "out":
            described |= self._describe_deliveries(message_sudo)
        if with_text:
            described |= self._text(message_sudo)
        return described

    def _text(self, message_sudo):
        display = self.env["message.content"].sudo()._display(message_sudo)
        trusted = display.remote and self.env["message.picture.sender"]._is_trusted(message_sudo)
        return {"body": display.html, "remote": display.remote, "pictures": bool(trusted),
                "files": display.files, "complete": display.complete}

    def _describe_deliveries(self, message_sudo):
        """Return what is known about the recipients of an outgoing message, the worst first."""
        rank = {state: index for index, state in enumerate((*PROBLEMS, "deferred", "queued", "claimed", "sending"))}
        deliveries_sudo = message_sudo.delivery_ids[:200].sorted(lambda one: (rank.get(one.state, 99), one.id))
        labels = dict(deliveries_sudo._fields["state"]._description_selection(self.env))
        listed = [{
            "id": one.id, "address": one.address, "state": one.state, "state_text": labels[one.state],
            "cause": one.reason or "", "first_step": one.first_step or None,
            "can_correct": one.can_correct, "can_link": one.can_link, "can_reroute": one.can_reroute,
            "server_reply": one.server_reply or "", "advice": one.advice or "",
            "sent": _moment(one.sent_date), "delivered": _moment(one.delivered_date),
            "next_attempt": _moment(one.next_attempt), "attempts": one.attempts,
        } for one in deliveries_sudo[:LISTED]]
        arrived = sum(one.state in ARRIVED for one in message_sudo.delivery_ids)
        return {"deliveries": listed, "recipient_count": message_sudo.recipient_count, "arrived_count": arrived,
                "can_send_again": message_sudo.can_send_again, "can_cancel": message_sudo.can_cancel}

    def _notes(self, conversation):
        """Return what colleagues wrote and did about a conversation, newest first."""
        found_sudo = self.env["mail.message"].search(
            [("model", "=", "message.conversation"), ("res_id", "=", conversation.id),
             ("message_type", "in", ("comment", "notification"))], limit=PAGE).sudo()
        notes = []
        for message_sudo in found_sudo:
            changes = [self._words_for_tracking(value) for value in message_sudo.tracking_value_ids]
            if not (message_sudo.body or changes):
                continue
            notes.append({
                "id": message_sudo.id, "type": "note" if message_sudo.message_type == "comment" else "event",
                "date": _moment(message_sudo.date),
                "sender": message_sudo.author_id.name or message_sudo.email_from or "",
                "author_id": message_sudo.author_id.id or None, "body": str(message_sudo.body or ""),
                "changes": changes,
                "files": [{"name": file.name, "url": f"/web/content/{file.id}?download=1", "size": file.file_size}
                          for file in message_sudo.attachment_ids]})
        return notes

    def _words_for_tracking(self, value_sudo):
        field = value_sudo.field_id.field_description or ""
        new = value_sudo.new_value_char or value_sudo.new_value_text or self.env._("none")
        return f"{field}: {new}"

    @api.model
    def get_colleagues(self, text="", limit=8):
        """Return colleagues, those who see the same channels first: [{"id", "name", "partner_id"}]."""
        self.env["message.conversation"].browse().check_access("read")
        users_sudo = self.env["res.users"].sudo()
        domain = [("share", "=", False), ("all_group_ids", "in", self.env.ref("message_history.group_user").ids),
                  ("id", "!=", self.env.uid), ("company_ids", "in", self.env.companies.ids)]
        if text:
            domain += [("name", "ilike", text)]
        near_sudo = self.env["message.channel"].sudo().browse(self.env.user._message_channel_ids()).member_ids
        ranked = users_sudo.search(domain, limit=200).sorted(lambda user: (user not in near_sudo, user.name or ""))
        return [{"id": user.id, "name": user.name, "partner_id": user.partner_id.id} for user in ranked[:limit]]

    # Times ----------------------------------------------------------------------------------

    @api.model
    def get_snooze_presets(self):
        """Return the usual moments to put something off to, as the user's clock has it.

        :return: [{"name", "label", "until": naive UTC, or None for until a reply}]
        """
        zone = pytz.timezone(self.env.tz.zone if hasattr(self.env.tz, "zone") else self.env.user.tz or "UTC")
        now = datetime.now(zone)
        morning = now.replace(hour=8, minute=0, second=0, microsecond=0)
        days_to_monday = 7 - now.weekday()
        return [
            {"name": "hours", "label": self.env._("In 3 Hours"), "until": _utc(now + timedelta(hours=3))},
            {"name": "tomorrow", "label": self.env._("Tomorrow"), "until": _utc(_at_local(zone, morning, 1))},
            {"name": "week", "label": self.env._("Next Week"), "until": _utc(_at_local(zone, morning, days_to_monday))},
            {"name": "reply", "label": self.env._("Until Reply"), "until": None},
        ]


def _at_local(zone, moment, days):
    """Return the same hour some days later, also over a change of the clock."""
    return zone.localize(moment.replace(tzinfo=None) + timedelta(days=days))


def _utc(moment):
    return fields.Datetime.to_string(moment.astimezone(pytz.utc).replace(tzinfo=None))


def _moment(value):
    return fields.Datetime.to_string(value) if value else None
