from datetime import datetime

from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

#: What belongs to a state.
STATE_NAMES = ("state", "snooze_until", "snooze_reply")


class MessageConversation(models.Model):
    """What people do with conversations at the desk: in bulk, said in words, and with a way back."""

    _inherit = "message.conversation"

    def desk_change(self, change, known=None):
        """Change conversations for the whole team; what somebody else changed meanwhile is left alone.

        :param change: ``{"name": ...}`` and what it needs: ``done``, ``reopen``, ``spam``, ``assign``
            (``user_id``), ``snooze`` (``until``, naive UTC, or ``reply``), ``tag`` (``tag_ids``), ``untag``
        :param known: {conversation id: id of the last message the user saw}; a newer one makes
            ``done``, ``snooze`` and ``spam`` leave the conversation alone
        :return: {"done": ids, "skipped": [{"id", "name", "reason"}], "undo": what ``desk_undo`` takes,
            "text": what happened in words}
        """
        prepare = self._changes().get(change.get("name"))
        if not prepare:
            raise UserError(self.env._("This can't be done with conversations."))
        allowed = self._can_handle()
        skipped = [self._skip(one, self.env._("not allowed")) for one in self - allowed]
        undo = []
        for conversation in allowed:
            if reason := conversation._reason_to_skip(change, known or {}):
                skipped.append(self._skip(conversation, reason))
                continue
            values = prepare(conversation, change)
            # another state ends what put the conversation off, which comes back with it
            names = [*dict.fromkeys([*values, *(STATE_NAMES if "state" in values else ())])]
            before = conversation._desk_values(names)
            conversation._apply_change(values)
            undo.append({"id": conversation.id, "before": before, "after": conversation._desk_values(names)})
        done = [entry["id"] for entry in undo]
        self._notify_changed(done)
        return {"done": done, "skipped": skipped, "undo": self.env["message.conversation.undo"]._keep(undo),
                "text": self._words_for_change(change, done, skipped)}

    def _apply_change(self, values):
        """Write what a change of the desk makes of a conversation that the user may act on."""
        people = self._check_values({name: values[name] for name in ("assignee_id", "tag_ids") if name in values})
        own = {name: value for name, value in values.items() if name not in people}
        if own:
            self.sudo().write(own)
        if people:
            self.write(people)

    def desk_undo(self, undo):
        """Take a change back, except where somebody has changed the conversation since.

        :param undo: of the answer of :meth:`desk_change`, :meth:`desk_merge` or :meth:`desk_split`; what is to be
            written back is kept here (``message.conversation.undo``)
        """
        return self._undo_entries(self.env["message.conversation.undo"]._take(undo))

    def _undo_entries(self, entries):
        """Take changes back, from what was kept here of how conversations were."""
        count = 0
        for entry in entries:
            conversation = self.browse(entry["id"]).exists()
            if not conversation or not conversation._can_handle():
                continue
            if "before" not in entry:
                count += bool(conversation._undo_joining(entry))
                continue
            names = list(entry["before"])
            if conversation._desk_values(names) == {name: entry["after"][name] for name in names}:
                conversation._apply_change({
                    name: [(6, 0, value)] if name == "tag_ids" else value for name, value in entry["before"].items()})
                count += 1
        self._notify_changed([entry["id"] for entry in entries])
        return {"text": self.env._("%(count)s undone.", count=count)}

    def _changes(self):
        """Return {name of a change: method that returns its values}."""
        return {
            "done": lambda conversation, change: {"state": "done", "snooze_until": False, "snooze_reply": False},
            "reopen": lambda conversation, change: {
                "state": "open", "snooze_until": False, "snooze_reply": False, "spam": False},
            "spam": lambda conversation, change: {"state": "done", "spam": True},
            "assign": lambda conversation, change: {"assignee_id": change.get("user_id") or False},
            "snooze": MessageConversation._prepare_snooze,
            "tag": lambda conversation, change: {"tag_ids": [(4, tag_id) for tag_id in change["tag_ids"]]},
            "untag": lambda conversation, change: {"tag_ids": [(3, tag_id) for tag_id in change["tag_ids"]]},
        }

    def _prepare_snooze(self, change):
        until = change.get("until")
        if not until:
            return {"state": "waiting", "snooze_until": False, "snooze_reply": True}
        moment = datetime.fromisoformat(until) if isinstance(until, str) else until
        if moment <= fields.Datetime.now():
            raise UserError(self.env._("That moment is over. Choose a later one."))
        self.env.ref("message_history.ir_cron_wake").sudo()._trigger(at=moment)
        return {"state": "waiting", "snooze_until": moment, "snooze_reply": False}

    def _reason_to_skip(self, change, known):
        """Return why a change is not made to a conversation, in words; None if it is."""
        self.ensure_one()
        name, seen = change["name"], known.get(str(self.id), known.get(self.id))
        if seen is not None and name in ("done", "snooze", "spam") and self.last_message_id.id > (seen or 0):
            return self.env._("a new message came in")
        return None

    def _skip(self, conversation, reason):
        name = conversation.sudo().subject if conversation.has_access("read") else ""
        return {"id": conversation.id, "name": name or self.env._("No subject"), "reason": reason}

    def _desk_values(self, names):
        """Return fields of a conversation as JSON carries them."""
        self.ensure_one()
        values = {}
        for name in names:
            value = self[name]
            if isinstance(value, models.BaseModel):
                value = sorted(value.ids) if self._fields[name].type == "many2many" else value.id
            values[name] = fields.Datetime.to_string(value) if isinstance(value, datetime) else value
        return values

    def _words_for_change(self, change, done, skipped):
        _ = self.env._
        count = len(done)
        words = {
            "done": _("%(count)s done", count=count), "reopen": _("%(count)s opened again", count=count),
            "spam": _("%(count)s marked as spam", count=count), "assign": _("%(count)s assigned", count=count),
            "snooze": _("%(count)s snoozed", count=count), "tag": _("%(count)s tagged", count=count),
            "untag": _("%(count)s changed", count=count),
        }[change["name"]]
        if not skipped:
            return words
        reasons = ", ".join(dict.fromkeys(entry["reason"] for entry in skipped))
        return _("%(words)s, %(count)s left alone: %(reasons)s", words=words, count=len(skipped), reasons=reasons)

    # Unread, for each user --------------------------------------------------------------------

    def action_mark_seen(self):
        """Move the user's watermark to the last message."""
        self.check_access("read")
        for conversation in self.filtered("last_message_id"):
            self.env.cr.execute(SQL(
                "INSERT INTO message_conversation_member (conversation_id, user_id, seen_message_id) "
                "VALUES (%s, %s, %s) ON CONFLICT (user_id, conversation_id) "
                "DO UPDATE SET seen_message_id = excluded.seen_message_id",
                conversation.id, self.env.uid, conversation.last_message_id.id))
        self.env["message.conversation.member"].invalidate_model()
        self.invalidate_recordset(["unread"])

    def action_mark_unread(self):
        """Put the user's watermark before the last message."""
        self.check_access("read")
        members_sudo = self.env["message.conversation.member"].sudo().search(
            [("conversation_id", "in", self.ids), ("user_id", "=", self.env.uid)])
        members_sudo.seen_message_id = 0
        self.invalidate_recordset(["unread"])

    # Buttons ----------------------------------------------------------------------------------

    def _action_change(self, change):
        """Make a change and have the browser say what was done, with Undo."""
        return {"type": "ir.actions.client", "tag": "message_history.changed", "params": self.desk_change(change)}

    def action_assign_to_me(self):
        """Make the user responsible."""
        return self._action_change({"name": "assign", "user_id": self.env.uid})

    def action_done(self):
        """Close the conversation for the whole team; the next message opens it again."""
        return self._action_change({"name": "done"})

    def action_reopen(self):
        """Open a closed conversation again."""
        return self._action_change({"name": "reopen"})

    def action_spam(self):
        """Close the conversation as unwanted."""
        return self._action_change({"name": "spam"})

    def action_merge(self):
        """Make one conversation of several."""
        return {"type": "ir.actions.client", "tag": "message_history.changed", "params": self.desk_merge()}

    def action_put_on_document(self):
        """Ask for the document that the messages belong on."""
        self._check_handle()
        incoming = self.env["message.history"].search(
            [("conversation_id", "in", self.ids), ("direction", "=", "in"), ("kind", "!=", "bounce")])
        if not incoming:
            raise UserError(self.env._("Only incoming messages can be put on a document."))
        return incoming.action_put_on_document()

    def action_open_document(self):
        """Open the document of the conversation."""
        self.ensure_one()
        record = self._get_document()
        if not record:
            raise UserError(self.env._("There is no document, or you may not see it."))
        return record.get_formview_action()

    def action_view_messages(self):
        """Open the messages of the conversation, which are read by that."""
        self.ensure_one()
        self.action_mark_seen()
        action = self.env["ir.actions.act_window"]._for_xml_id("message_history.message_history_action")
        return {**action, "name": self.subject or self.env._("Messages"), "context": {},
                "domain": [("conversation_id", "=", self.id)]}
