from odoo import api, models

#: What two windows that write one draft can differ in.
_TEXT = ("recipients", "copies", "subject", "body")


class MessageDraft(models.Model):
    """No window overwrites what another one wrote, and no user keeps what somebody else typed in his browser."""

    _inherit = "message.draft"

    @api.model
    def store(self, values):
        """Keep a draft as :meth:`store` does, unless what the browser knows of it is no longer so.

        :param values: also ``stamp``, as the browser had it from the last answer (None: it knows of no draft),
            and ``user_id``, whose page it is; neither is asked for when it isn't there
        :return: the fields; with ``stale`` when the draft was changed elsewhere since, then nothing was written
            and the browser has to bring both together; or only ``other_user`` when somebody else has logged in
        """
        if values.get("user_id", self.env.uid) != self.env.uid:
            return {"other_user": True}
        draft = self._kept(values)
        draft._leave_what_is_gone()
        if draft.state == "draft" and "stamp" in values and values["stamp"] != str(draft.write_date):
            described = draft._describe()
            if any(name in values and values[name] != described[name] for name in _TEXT):
                return {**described, "stale": True}
        return super().store(values if draft else self._without_what_is_gone(values))

    def _kept(self, values):
        """Return the draft that values are for; empty if there is none yet."""
        draft = self.browse(values.get("id") or []).exists()
        if draft or not values.get("conversation_id"):
            return draft
        conversation = self.env["message.conversation"].browse(values["conversation_id"]).exists()
        return self._find(conversation, values.get("mode"))

    def _without_what_is_gone(self, values):
        """Return values that make a message of its own where the conversation was deleted, or is not for the user."""
        conversation = self.env["message.conversation"].browse(values.get("conversation_id") or [])
        if not conversation or (conversation.exists() and conversation.has_access("read")):
            return values
        return {**values, **self._values_alone(values.get("mode"))}

    def _leave_what_is_gone(self):
        """Make a draft a message of its own where its user may not see the conversation any more."""
        if self.state == "draft" and self.conversation_id and not self.conversation_id.has_access("read"):
            draft_sudo = self.sudo()
            draft_sudo.write(self._values_alone(self.mode))

    def _values_alone(self, mode):
        """Return values of a draft without a conversation; a note, meant for colleagues, has no recipients."""
        people = {"recipients": [], "copies": []} if mode == "note" else {}
        return {**people, "conversation_id": False, "history_id": False, "mode": "new"}
