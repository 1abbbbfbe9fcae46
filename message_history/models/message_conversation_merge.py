from odoo import models
from odoo.exceptions import UserError

from .message_conversation_desk import STATE_NAMES

#: What a conversation has of its own, and gets back when a merge is undone.
_OWN = (*STATE_NAMES, "assignee_id", "tag_ids", "spam")


class MessageConversation(models.Model):
    """What people join and part by hand, with a way back."""

    _inherit = "message.conversation"

    def desk_merge(self):
        """Make one conversation of several: the oldest. Returns the outcome, with its id as ``target``.

        Each reader goes on seeing what is on his channels, and that there is more.
        """
        self._check_handle()
        if len(self) < 2:
            raise UserError(self.env._("Choose at least two conversations."))
        target, *_others = self.sorted("id")
        others = self - target
        if self._shows_more():
            raise UserError(self.env._(
                "A colleague was given one of these alone, and would see what is on a channel that you do not see. "
                "Have somebody merge them who sees everything in them."))
        same_readers = len({frozenset(one.sudo().channel_ids.ids) for one in self}) == 1
        subjects = [one.subject or self.env._("No subject") for one in others]
        undo = {"id": target.id, "own": target._describe_part(), "merged": [one._describe_part() for one in others]}
        self.sudo()._merge_into(target.sudo())
        target.sudo()._settle_conversations(target.ids, moved=True)
        # what its readers did not see before is not told by its subject either
        said = self.env._("Merged: %(subjects)s", subjects=", ".join(subjects)) if same_readers else self.env._(
            "Merged with conversations of other channels.")
        message = target.message_post(body=said)
        if not same_readers:
            message.sudo().note_channel_id = False  # it quotes nothing, and is for all of them
        self._notify_changed(target.ids)
        return {"target": target.id, "undo": self.env["message.conversation.undo"]._keep([undo]),
                "text": self.env._("%(count)s merged.", count=len(subjects) + 1)}

    def desk_split(self, history_ids):
        """Make a conversation of its own of some of its messages. Returns the outcome, with its id as ``target``."""
        self.ensure_one()._check_handle()
        wanted = [one for one in history_ids if isinstance(one, int)]
        messages = self.env["message.history"].search([("conversation_id", "=", self.id), ("id", "in", wanted)])
        if not messages or messages.sudo() == self.sudo().history_ids:
            raise UserError(self.env._("Some messages have to stay, and some have to go."))
        fresh = self._split_off(messages.sudo())
        undo = {"id": self.id, "split": fresh.id}
        return {"target": fresh.id, "undo": self.env["message.conversation.undo"]._keep([undo]),
                "text": self.env._("%(count)s messages split off.", count=len(messages))}

    # The way back -----------------------------------------------------------------------------

    def _describe_part(self):
        """Return what makes the conversation one of its own again."""
        self.ensure_one()
        notes_sudo = self.env["mail.message"].sudo().search(
            [("model", "=", self._name), ("res_id", "=", self.id), ("message_type", "=", "comment")])
        drafts_sudo = self.env["message.draft"].sudo().search([("conversation_id", "=", self.id)])
        grants_sudo = self.env["message.conversation.grant"].sudo().search([("conversation_id", "=", self.id)])
        return {"values": self._desk_values(_OWN), "key": self.sudo().conversation_key,
                "document": [self.sudo().model, self.sudo().res_id] if self.sudo().res_id else None,
                "members": [[row.user_id.id, row.follows, row.starred, row.mentioned]
                            for row in self.sudo().member_ids],
                "grants": [[row.user_id.id, row.channel_id.id, row.reason] for row in grants_sudo],
                "history_ids": self.sudo().history_ids.ids, "note_ids": notes_sudo.ids, "draft_ids": drafts_sudo.ids}

    def _undo_joining(self, entry):
        """Part what was merged, or join what was split; returns whether anything was done."""
        self.ensure_one()._check_handle()
        if "split" in entry:
            return self._undo_split(entry["split"])
        done = [self._part_again(part) for part in entry.get("merged", [])]
        if any(done) and entry.get("own"):
            came = {row[0] for part in entry["merged"] for row in part.get("members", [])}
            self.sudo().member_ids.filtered(
                lambda row: row.user_id.id in came - {row[0] for row in entry["own"].get("members", [])}).unlink()
            self._give_back(entry["own"])
        return any(done)

    def _undo_split(self, fresh_id):
        fresh = self.browse(fresh_id).exists()
        if not fresh or fresh.split_from_id != self:
            return False
        fresh._check_handle()
        if (self | fresh)._shows_more():
            return False
        (self | fresh).sudo()._merge_into(self.sudo())
        self.sudo()._settle_conversations(self.ids, moved=True)
        self._notify_changed([self.id, fresh_id])
        return True

    def _part_again(self, part):
        """Make a conversation again of what came with one that was merged; only of what is still here."""
        wanted = set(part.get("history_ids", []))
        own_sudo = self.sudo().history_ids
        messages_sudo = own_sudo.filtered(lambda message: message.id in wanted)
        if not messages_sudo or messages_sudo == own_sudo:
            return False
        fresh_sudo = self._split_off(messages_sudo).sudo()
        fresh_sudo.write({"split_from_id": False})
        self._hand_notes(self.env["mail.message"].sudo().search([
            ("id", "in", part.get("note_ids", [])), ("model", "=", self._name), ("res_id", "=", self.id),
            ("message_type", "=", "comment")]), fresh_sudo)
        drafts_sudo = self.env["message.draft"].sudo().search(
            [("id", "in", part.get("draft_ids", [])), ("conversation_id", "=", self.id)])
        drafts_sudo.write({"conversation_id": fresh_sudo.id})
        fresh_sudo.with_env(self.env)._give_back(part)
        return True

    def _give_back(self, part):
        """Give a conversation back what it had of its own; what people and documents are gone is left out."""
        given = self.env["message.conversation.grant"]._given(self.ids)
        values = dict(part.get("values", {}))
        if "tag_ids" in values:
            values["tag_ids"] = [(6, 0, self.env["message.tag"].browse(values["tag_ids"]).exists().ids)]
        if values.get("assignee_id"):
            values["assignee_id"] = self.env["res.users"].browse(values["assignee_id"]).exists().id
        model, res_id = part.get("document") or (False, False)
        if not model or (model in self.env and self.env[model].sudo().browse(res_id).exists()):
            values |= {"model": model, "res_id": res_id}
        self.sudo().write({**values, "conversation_key": part.get("key")})
        self._give_back_marks(part, given)

    def _shows_more(self):
        """Whether joining these would show somebody, who was given some, what the present user does not see either."""
        grants, pairs = self.env["message.conversation.grant"], self.env["message.conversation.channel"]
        more = grants._would_show(self.env["message.threader"]._places(self.ids)) if not self.env.su else ()
        seen = {(pair.conversation_id.id, pair.channel_id.id) for pair in pairs.search(
            [("conversation_id", "in", self.ids)]).sudo()} if more else set()
        return any((conversation_id, channel_id) not in seen for _user_id, conversation_id, channel_id in more)

    def _give_back_marks(self, part, given):
        """Give a conversation back who followed it, and what each of them saw of it.

        :param given: {(user id, conversation id, channel id)} that is given until now: what was taken meanwhile, only
            who sees it gives again
        """
        members_sudo = self.env["message.conversation.member"].sudo()
        users = self.env["res.users"].browse(user_id for user_id, *_marks in part.get("members", [])).exists()
        known = {row.user_id.id: row for row in self.sudo().member_ids}
        for user_id, follows, starred, mentioned in part.get("members", []):
            marks = {"follows": bool(follows), "starred": bool(starred), "mentioned": bool(mentioned)}
            if user_id in known:
                known[user_id].write(marks)
            elif user_id in users.ids:
                members_sudo.create({"conversation_id": self.id, "user_id": user_id, **marks})
        pairs_sudo = self.env["message.conversation.channel"].search([("conversation_id", "=", self.id)]).sudo()
        seen = set(pairs_sudo.channel_id.ids)
        self.env["message.conversation.grant"]._give_back(self, [
            (user_id, channel_id, reason) for user_id, channel_id, reason in part.get("grants", ())
            if channel_id in seen or (user_id, self.id, channel_id) in given])
