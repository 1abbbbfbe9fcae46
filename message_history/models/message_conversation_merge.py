from odoo import models
from odoo.exceptions import UserError


class MessageConversation(models.Model):
    """What people join and part by hand, with a way back."""

    _inherit = "message.conversation"

    def desk_merge(self):
        """Make one conversation of several: the oldest. Returns the outcome, with its id as ``target``."""
        self.check_access("write")
        if len(self) < 2:
            raise UserError(self.env._("Choose at least two conversations."))
        target, *_others = self.sorted("id")
        others = self - target
        subjects = [one.subject or self.env._("No subject") for one in others]
        parts = [one._describe_part() for one in others]
        self.sudo()._merge_into(target.sudo())
        target.sudo()._settle_conversations(target.ids, moved=True)
        target.message_post(body=self.env._("Merged: %(subjects)s", subjects=", ".join(subjects)))
        self._notify_changed(target.ids)
        return {"target": target.id, "undo": [{"id": target.id, "merged": parts}],
                "text": self.env._("%(count)s merged.", count=len(subjects) + 1)}

    def desk_split(self, history_ids):
        """Make a conversation of its own of some of its messages. Returns the outcome, with its id as ``target``."""
        self.ensure_one().check_access("write")
        messages = self.sudo().history_ids.filtered(lambda message: message.id in set(history_ids))
        if not messages or messages == self.sudo().history_ids:
            raise UserError(self.env._("Some messages have to stay, and some have to go."))
        fresh = self._split_off(messages)
        return {"target": fresh.id, "undo": [{"id": self.id, "split": fresh.id}],
                "text": self.env._("%(count)s messages split off.", count=len(messages))}

    def _describe_part(self):
        """Return what makes the conversation one of its own again."""
        self.ensure_one()
        notes_sudo = self.env["mail.message"].sudo().search(
            [("model", "=", self._name), ("res_id", "=", self.id), ("message_type", "=", "comment")])
        return {**self._desk_values(["state", "assignee_id", "tag_ids"]), "subject": self.subject or "",
                "history_ids": self.sudo().history_ids.ids, "note_ids": notes_sudo.ids}

    def _undo_joining(self, entry):
        """Part what was merged, or join what was split; returns whether anything was done."""
        self.ensure_one().check_access("write")
        if "split" in entry:
            return self._undo_split(entry["split"])
        done = [self._part_again(part) for part in entry.get("merged", [])]
        return any(done)

    def _undo_split(self, fresh_id):
        fresh = self.browse(fresh_id).exists()
        if not fresh or fresh.split_from_id != self:
            return False
        fresh.check_access("write")
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
        tags = self.env["message.tag"].browse(part.get("tag_ids", [])).exists()
        fresh_sudo.write({"subject": part.get("subject") or fresh_sudo.subject, "split_from_id": False,
                          "state": part.get("state") or fresh_sudo.state, "tag_ids": [(6, 0, tags.ids)],
                          "assignee_id": self.env["res.users"].browse(part.get("assignee_id") or []).exists().id})
        notes_sudo = self.env["mail.message"].sudo().search([
            ("id", "in", part.get("note_ids", [])), ("model", "=", self._name), ("res_id", "=", self.id),
            ("message_type", "=", "comment")])
        notes_sudo.res_id = fresh_sudo.id
        return True
